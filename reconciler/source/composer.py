"""YAML events to values, the place of every node, and a finding for every problem.

Works without recursion and counts depth and expanded values while reading, so that the cost of hostile input is
proportional to its size. For most texts only the places are read here, and only on demand:
`reconciler.source.clean_yaml` reads their values. Tags become values in `Composer._on_scalar` and
`Composer._open`.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from sys import intern
from typing import Any, NamedTuple

from reconciler.model.finding import Finding
from reconciler.model.json import Json
from reconciler.model.origin import Origin, Places
from reconciler.model.reading_rule import problem
from reconciler.model.wording import plural
from reconciler.settings import Limits
from reconciler.source.quoted import looks_like_key, quoted
from reconciler.source.scalar import RESOLVABLE_START, plain_value, tagged_value
from reconciler.source.yaml_event import NextEvent

MAX_FINDINGS = 50
"""Per document; further ones are left out, which the last one reports."""
_MAPPING_TAGS = ("!", "tag:yaml.org,2002:map")
_SEQUENCE_TAGS = ("!", "tag:yaml.org,2002:seq")


@dataclass(frozen=True, slots=True)
class Composed:
    """One document. If `findings` is not empty, `value` is a best effort."""

    value: Json
    places: Places
    findings: tuple[Finding, ...]


class BoundExceededError(Exception):
    """The document exceeds a limit, or an alias cannot be resolved: reading ends here."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class _Role:
    """The role of the next node of a container, if it is not the value of a key."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


_ROOT = _Role("the document itself")
_ITEM = _Role("an item of a list")
_KEY = _Role("a key")
_MERGE = _Role("what `<<` brings in")
_DROPPED = _Role("the value of a key that cannot be kept")


class _Frame(NamedTuple):
    """A container that is partly filled, saved while a nested one is filled."""

    container: Any
    key: str | _Role
    key_place: int
    start: int
    anchor: str | None
    merges: "list[_Part] | None"
    height: int


@dataclass(slots=True)
class _Part:
    """A finished node: its value, and the index of its places in a pair of arrays."""

    value: Json
    values: "array[int]"
    keys: "array[int]"
    start: int
    end: int
    height: int
    characters: int = -1
    """Of all its strings; counted when an alias first needs it, -1 before."""


class Composer:
    """Builds documents from events. Its state is one partly built document."""

    def __init__(self, file: str, limits: Limits) -> None:
        self.documents: list[Composed] = []
        """The finished documents that are not empty, even if `compose` ends with an error."""
        self._file = file
        self._limits = limits
        self._is_open = True
        self._begin()

    def compose(self, next_event: NextEvent) -> None:
        """Handle events to the end of the stream; each call starts from scratch.

        Raises BoundExceededError, and whatever `next_event` raises.
        """
        self.documents = []
        self._is_open = True
        handlers: dict[type, Callable[[Any], None]] = {}
        while self._is_open:
            event = next_event()
            kind = type(event)
            handler = handlers.get(kind)
            if handler is None:
                handler = handlers[kind] = getattr(self, _HANDLERS[kind.__name__])
            handler(event)

    def _begin(self) -> None:
        self._values: array[int] = array("q")
        self._keys: array[int] = array("q")
        self._container: Any = None
        self._key: str | _Role = _ROOT
        self._key_place = 0
        self._start = 0
        self._anchor: str | None = None
        self._merges: list[_Part] | None = None
        self._height = 0
        self._stack: list[_Frame] = []
        self._parts: dict[str, _Part | None] = {}
        self._placed_parts: list[_Part] = []
        self._dropped = 0
        self._repeated_characters = 0
        self._findings: list[Finding] = []

    def _on_boundary(self, event: Any) -> None:
        del event

    def _on_stream_end(self, event: Any) -> None:
        del event
        self._is_open = False

    def _on_document_start(self, event: Any) -> None:
        del event
        self._begin()

    def _on_document_end(self, event: Any) -> None:
        del event
        self._check_size(0, self._values[0] if self._values else 0)
        if self._container is not None or self._findings:
            places = Places(self._values, self._keys)
            self.documents.append(Composed(self._container, places, tuple(self._findings)))

    def _on_scalar(self, event: Any) -> None:
        mark = event.start_mark
        place = (mark.line + 1 << 32) | (mark.column + 1)
        text = value = event.value
        if event.tag is not None:
            value = self._scalar_value(tagged_value, place, text, event.tag)
        elif event.implicit[0] and text[:1] in RESOLVABLE_START:
            value = self._scalar_value(plain_value, place, text)
        key = self._key
        if key is _KEY:
            if event.anchor is not None:
                self._parts[event.anchor] = _Part(value, array("q", (place,)), array("q", (place,)), 0, 1, 0)
            if type(value) is not str or value in self._container or text == "<<":
                self._take_odd_key(value, text, place, is_plain=event.implicit[0])
            else:
                self._key, self._key_place = intern(value), place
            return
        self._values.append(place)
        self._keys.append(self._key_place or place)
        if event.anchor is not None:
            self._add_part(event.anchor, value, len(self._values) - 1, 0)
        if type(key) is str:
            self._container[key] = value
            self._key = _KEY
        elif key is _ITEM:
            self._container.append(value)
        else:
            self._complete(value, len(self._values) - 1, 0)

    def _scalar_value(self, read: Callable[..., Json], place: int, text: str, *tag: str) -> Json:
        try:
            return read(text, *tag)
        except ValueError as error:
            self._report("F02" if tag else "F06", f"{error}", place)
            return text

    def _take_odd_key(self, value: Json, text: str, place: int, *, is_plain: bool) -> None:
        """Handle a key that is not a string, is a merge key, or is already in the mapping."""
        self._key_place = place
        if text == "<<" and is_plain:
            if self._merges is None:
                self._merges = []
                self._key = _MERGE
            else:
                message = "the merge key `<<` appears twice in one mapping; use one with a list"
                self._report("F03", message, place)
                self._key = _DROPPED
            return
        if type(value) is not str:
            self._report("F06", "a key is not a string", place, advice="put it in quotes")
        if text in self._container:
            first = self._place_of(text)
            advice = "remove one of the two"
            shown = "a key" if looks_like_key(text) else quoted(text)
            message = f"{shown} appears twice in one mapping"
            self._report("F03", message, place, advice=advice, other=first)
            self._key = _DROPPED
        else:
            self._key = intern(text)

    def _place_of(self, key: str) -> int:
        """Place of a key of the open container."""
        if len(self._findings) >= MAX_FINDINGS:
            return 0
        index = self._start + 1
        for name, child in self._container.items():
            if name == key:
                return self._keys[index]
            index += _size(child)
        return 0

    def _on_mapping_start(self, event: Any) -> None:
        self._open({}, _KEY, _MAPPING_TAGS, event)

    def _on_sequence_start(self, event: Any) -> None:
        self._open([], _ITEM, _SEQUENCE_TAGS, event)

    def _open(self, container: Any, role: _Role, tags: tuple[str, ...], event: Any) -> None:
        mark = event.start_mark
        place = (mark.line + 1 << 32) | (mark.column + 1)
        if event.tag is not None and event.tag not in tags:
            self._report(
                "F02", "unknown tag; the known ones are !!map, !!seq, !env, !file and !secret", place
            )
        if len(self._stack) >= self._limits.max_depth:
            self._refuse(
                f"the document is nested deeper than {plural(self._limits.max_depth, 'level')}", place
            )
        self._stack.append(
            _Frame(
                self._container,
                self._key,
                self._key_place,
                self._start,
                self._anchor,
                self._merges,
                self._height,
            )
        )
        self._start = len(self._values)
        self._values.append(place)
        self._keys.append(self._key_place or place)
        if event.anchor is not None:
            self._parts[event.anchor] = None
        self._container, self._key, self._key_place = container, role, 0
        self._anchor, self._merges, self._height = event.anchor, None, 0

    def _on_collection_end(self, event: Any) -> None:
        del event
        if self._merges:
            self._merge(self._merges)
        value, start, anchor, height = self._container, self._start, self._anchor, self._height + 1
        self._check_size(0, self._values[start])
        frame = self._stack.pop()
        self._container, self._key, self._key_place = frame.container, frame.key, frame.key_place
        self._start, self._anchor, self._merges = frame.start, frame.anchor, frame.merges
        if anchor is not None:
            self._add_part(anchor, value, start, height)
        self._height = max(frame.height, height)
        key = self._key
        if type(key) is str:
            self._container[key] = value
            self._key = _KEY
        else:
            self._complete(value, start, height)

    def _complete(self, value: Json, start: int, height: int) -> None:
        """Put a finished node in the place given by its role."""
        role = self._key
        if role is _ITEM:
            self._container.append(value)
        elif role is _ROOT:
            self._container = value
        else:
            part = self._cut(value, start, height)
            if role is _KEY:
                message = "a key is a mapping or a list"
                self._report("F06", message, part.values[0], advice="keys must be strings")
                self._key_place, self._key = part.values[0], _DROPPED
                return
            if role is _MERGE and self._merges is not None:
                self._collect(part, self._merges)
            self._key = _KEY

    def _add_part(self, anchor: str, value: Json, start: int, height: int) -> None:
        part = _Part(value, self._values, self._keys, start, len(self._values), height)
        self._parts[anchor] = part
        self._placed_parts.append(part)

    def _cut(self, value: Json, start: int, height: int) -> _Part:
        """Remove the last finished node, with the anchors inside it, from the document and return it."""
        values, keys = self._values[start:], self._keys[start:]
        del self._values[start:], self._keys[start:]
        self._dropped += len(values)
        # Parts are finished in document order, so those inside the node are the last ones.
        while self._placed_parts and self._placed_parts[-1].start >= start:
            inner = self._placed_parts.pop()
            inner.values, inner.keys = values, keys
            inner.start, inner.end = inner.start - start, inner.end - start
        return _Part(value, values, keys, 0, len(values), height)

    def _on_alias(self, event: Any) -> None:
        mark = event.start_mark
        place = (mark.line + 1 << 32) | (mark.column + 1)
        part = self._parts.get(event.anchor)
        if part is None:
            why = (
                "is inside the node it refers to"
                if event.anchor in self._parts
                else "has no anchor before it"
            )
            raise BoundExceededError(problem("F02", f"the alias {why}", self._origin(place)))
        if self._key is _KEY and isinstance(part.value, str):
            self._take_alias_key(part.value, place)
            return
        self._charge(part, place)
        start = len(self._values)
        self._values.extend(part.values[part.start : part.end])
        self._keys.extend(part.keys[part.start : part.end])
        self._keys[start] = self._key_place or place
        self._height = max(self._height, part.height)
        key = self._key
        if type(key) is str:
            self._container[key] = part.value
            self._key = _KEY
        else:
            self._complete(part.value, start, part.height)

    def _take_alias_key(self, text: str, place: int) -> None:
        if text in self._container:
            self._take_odd_key(text, text, place, is_plain=False)
        else:
            self._key, self._key_place = intern(text), place

    def _charge(self, part: _Part, place: int) -> None:
        """Refuse an alias that would expand the document beyond a limit."""
        self._check_size(part.end - part.start, place)
        if len(self._stack) + part.height > self._limits.max_depth:
            self._refuse(
                f"aliases nest the document deeper than {plural(self._limits.max_depth, 'level')}", place
            )
        if part.characters < 0:
            part.characters = _characters(part.value)
        self._repeated_characters += part.characters
        if self._repeated_characters > self._limits.max_file_bytes:
            self._refuse(
                f"aliases expand to more than {plural(self._limits.max_file_bytes, 'character')}", place
            )

    def _check_size(self, more: int, place: int) -> None:
        if len(self._values) + self._dropped + more > self._limits.max_nodes:
            message = f"the document has more than {plural(self._limits.max_nodes, 'value')} after expanding aliases"
            self._refuse(message, place)

    def _collect(self, part: _Part, merges: list[_Part]) -> None:
        """Remember the mappings to merge: the value of `<<` is a mapping, or a list in which earlier ones win."""
        sources = [part]
        if isinstance(part.value, list):
            sources, index = [], 1
            for item in part.value:
                size = _size(item)
                sources.append(_Part(item, part.values, part.keys, index, index + size, part.height))
                index += size
        for source in sources:
            if isinstance(source.value, dict):
                merges.append(source)
            else:
                message = "`<<` must have a mapping or a list of mappings"
                self._report("F06", message, source.values[source.start])

    def _merge(self, merges: list[_Part]) -> None:
        for source in merges:
            assert isinstance(source.value, dict)
            index = source.start + 1
            for name, child in source.value.items():
                size = _size(child)
                if name not in self._container:
                    self._container[name] = child
                    self._values.extend(source.values[index : index + size])
                    self._keys.extend(source.keys[index : index + size])
                    self._dropped -= size
                index += size

    def _origin(self, place: int) -> Origin:
        return Origin(self._file, place >> 32, place & 0xFFFFFFFF)

    def _report(self, rule: str, message: str, place: int, *, advice: str = "", other: int = 0) -> None:
        if len(self._findings) > MAX_FINDINGS:
            return
        if len(self._findings) == MAX_FINDINGS:
            message, advice, other = "further problems of the document are not listed", "", 0
        others = (self._origin(other),) if other else ()
        self._findings.append(problem(rule, message, self._origin(place), advice=advice, others=others))

    def _refuse(self, message: str, place: int) -> None:
        advice = "make it smaller, or raise `limits` in the settings"
        raise BoundExceededError(problem("F04", message, self._origin(place), advice=advice))


_HANDLERS: dict[str, str] = {
    "StreamStartEvent": "_on_boundary",
    "StreamEndEvent": "_on_stream_end",
    "DocumentStartEvent": "_on_document_start",
    "DocumentEndEvent": "_on_document_end",
    "MappingStartEvent": "_on_mapping_start",
    "MappingEndEvent": "_on_collection_end",
    "SequenceStartEvent": "_on_sequence_start",
    "SequenceEndEvent": "_on_collection_end",
    "ScalarEvent": "_on_scalar",
    "AliasEvent": "_on_alias",
}


def _size(value: Json) -> int:
    """Number of nodes in a value; recursion is limited by the depth of the document."""
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(_size, value))
    return 1


def _characters(value: Json) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(name) + _characters(child) for name, child in value.items())
    if isinstance(value, list):
        return sum(map(_characters, value))
    return 8
