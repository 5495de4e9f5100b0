"""Where a value came from: file, line and column, kept compactly for every node of a document."""

from array import array  # noqa: TC003  dataclass fields are resolved at run time
from dataclasses import dataclass, field

from reconciler.model.json import Json, Path


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


@dataclass(frozen=True, slots=True)
class Positions:
    """Start of every node of one document, in preorder: `line << 32 | column`, counted from 1.

    The order is that of walking the parsed value, mappings in insertion order. `keys` holds
    the start of the mapping key that leads to the node (the node's own start elsewhere).
    16 bytes a node: 10,000 definitions cost about 4 MB.
    """

    file: str
    values: "array[int]" = field(repr=False)
    keys: "array[int]" = field(repr=False)

    def origin(self, document: Json, path: Path = ()) -> Origin:
        """Place of the value under `path`, or of its nearest existing ancestor."""
        return self._at(self.values, document, path)

    def key_origin(self, document: Json, path: Path = ()) -> Origin:
        """Place of the key under `path`, or of its nearest existing ancestor."""
        return self._at(self.keys, document, path)

    def _at(self, packed: "array[int]", document: Json, path: Path) -> Origin:
        index, value = 0, document
        for step in path:
            found = _child(value, step)
            if found is None:
                break
            offset, value = found
            index += offset
        if index >= len(packed):
            return Origin(self.file)
        return Origin(self.file, packed[index] >> 32, packed[index] & 0xFFFFFFFF)


def _child(value: Json, step: str | int) -> tuple[int, Json] | None:
    """Offset of the child in preorder, and the child; None where there is none."""
    if isinstance(value, dict):
        offset = 1
        for key, child in value.items():
            if key == step:
                return offset, child
            offset += _size(child)
    elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return 1 + sum(_size(child) for child in value[:step]), value[step]
    return None


def _size(value: Json) -> int:
    if isinstance(value, dict):
        return 1 + sum(_size(child) for child in value.values())
    if isinstance(value, list):
        return 1 + sum(_size(child) for child in value)
    return 1
