"""Where values come from: file, line and column of every node of a document."""

from array import array  # noqa: TC003  fields are resolved at run time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.model.json import Json, Path

_COSTLY_OFFSET = 500
"""Nodes before a child, from which on the places of all its siblings are kept."""


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A place in the source. Lines and columns count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


class Places(NamedTuple):
    """Start of every node of one document, in preorder: `line << 32 | column`, counted from 1.

    The order is that of walking the parsed value, mappings in insertion order. `keys` contains
    the start of the mapping key that leads to the node (the node's own start elsewhere).
    """

    values: "array[int]"
    keys: "array[int]"


class Positions:
    """Places of the values of one document, computed on first use: most are never needed."""

    __slots__ = ("_find", "_indexes", "_places", "_start", "file")

    def __init__(self, file: str, start: int, find: Callable[[], Places]) -> None:
        self.file = file
        self._start = start
        """Place of the document itself."""
        self._find = find
        self._places: Places | None = None
        self._indexes: dict[int, _Index] = {}

    @classmethod
    def known(cls, file: str, places: Places) -> "Positions":
        """Positions that are already known."""
        return cls(file, places.values[0] if places.values else 0, lambda: places)

    @property
    def places(self) -> Places:
        """Every place of the document."""
        if self._places is None:
            self._places = self._find()
        return self._places

    def origin(self, document: Json, path: Path = ()) -> Origin:
        """Place of the value under `path`, or of its nearest existing ancestor."""
        return self._at(self.places.values, document, path) if path else self._of_document()

    def key_origin(self, document: Json, path: Path = ()) -> Origin:
        """Place of the key under `path`, or of its nearest existing ancestor."""
        return self._at(self.places.keys, document, path) if path else self._of_document()

    def _of_document(self) -> Origin:
        return Origin(self.file, self._start >> 32, self._start & 0xFFFFFFFF)

    def walk(self, document: Json) -> Iterator[tuple[Path, Json, Origin]]:
        """Every scalar of the document with its path and place."""
        places = iter(self.places.values)
        stack: list[tuple[Path, Json]] = [((), document)]
        while stack:
            path, value = stack.pop()
            packed = next(places, 0)
            if isinstance(value, dict):
                stack.extend(((*path, name), child) for name, child in reversed(value.items()))
            elif isinstance(value, list):
                stack.extend(((*path, index), value[index]) for index in range(len(value) - 1, -1, -1))
            else:
                yield path, value, Origin(self.file, packed >> 32, packed & 0xFFFFFFFF)

    def _at(self, packed: "array[int]", document: Json, path: Path) -> Origin:
        index, value = 0, document
        for step in path:
            found = self._child(value, step)
            if found is None:
                break
            offset, value = found
            index += offset
        if index >= len(packed):
            return Origin(self.file)
        return Origin(self.file, packed[index] >> 32, packed[index] & 0xFFFFFFFF)

    def _child(self, value: Json, step: str | int) -> tuple[int, Json] | None:
        """Offset of the child in preorder, and the child; None if there is none."""
        if isinstance(value, dict):
            if step not in value:
                return None
            child = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            child = value[step]
        else:
            return None
        index = self._indexes.get(id(value))
        if index is None:
            offset = 1
            for name, sibling in value.items() if isinstance(value, dict) else enumerate(value):
                if name == step:
                    break
                offset += _size(sibling)
            if offset > _COSTLY_OFFSET:
                # The next search here would cost as much, and a document with many problems has many.
                self._indexes[id(value)] = _Index(value, _indexed(value))
            return offset, child
        return index.offsets[step], child


@dataclass(frozen=True, slots=True)
class _Index:
    """Offset of every child of a container in preorder. Keeps the container, so that its id stays its own."""

    container: Json
    offsets: Mapping[str | int, int]


def _indexed(container: Mapping[str, Json] | Sequence[Json]) -> dict[str | int, int]:
    offsets: dict[str | int, int] = {}
    offset = 1
    children = container.items() if isinstance(container, Mapping) else enumerate(container)
    for step, child in children:
        offsets[step] = offset
        offset += _size(child)
    return offsets


def _size(value: Json) -> int:
    if isinstance(value, dict):
        return 1 + sum(_size(child) for child in value.values())
    if isinstance(value, list):
        return 1 + sum(_size(child) for child in value)
    return 1
