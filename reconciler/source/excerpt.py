"""Lines of the files that findings point at, without any secret.

There is no search for secrets: a part is shown only if it is known to be harmless, and the rest of the
line is masked:

- Structure (indentation, dashes, colons, brackets) is shown, comments are not.
- A key is shown if it is a name of this tool's formats, or looks like a name and is not below a secret.
- A value is shown if its key names something harmless, no key on the path to it can name a secret, no
  anchor can share it with a secret, it is on one line, and it consists of plain words, placeholders and
  numbers.
- If a file cannot be parsed to its end, or only slowly after many others, only a leading name of this tool's
  formats is shown; if it is not read as YAML, nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.excerpt import Excerpt
from reconciler.model.origin import Origin
from reconciler.model.secret_name import may_name_secret
from reconciler.settings import MOST_DEPTH
from reconciler.source.harmless import (
    CLOSED_WORDS,
    HARMLESS,
    is_harmless,
    is_name,
    is_reference,
    vocabulary,
)
from reconciler.source.tree import is_document
from reconciler.source.yaml_event import SlowReading, YamlError, every, read_events
from reconciler.source.yaml_text import lines_of

MASK = "***"
"""Shown in place of everything that is not known to be harmless."""
MAX_PLACES = 1_000
"""Per call; further findings are reported without their line."""
_MAX_LINE_CHARACTERS = 4_000
"""Longer lines are not shown: nobody reads them, and masking them is slow."""

_LEADING_NAME = re.compile(r"([ -]*)([\w<][\w.<-]*)(:)(?: |$)", re.ASCII)
_STRUCTURE = frozenset(" -?:,{}[]")


def excerpts(files: Mapping[str, bytes], places: Iterable[Origin]) -> dict[Origin, Excerpt]:
    """Excerpts of the lines at the first `MAX_PLACES` places.

    A place has none if its line does not exist or contains nothing that can be shown, or if its file
    does not exist, is not a YAML or JSON file, or is not UTF-8 text.
    """
    by_file: dict[str, list[Origin]] = defaultdict(list)
    for place in list(dict.fromkeys(place for place in places if place.line))[:MAX_PLACES]:
        if is_document(place.file) and place.file in files:
            by_file[place.file].append(place)
    found: dict[Origin, Excerpt] = {}
    slow = SlowReading()
    for file, wanted in by_file.items():
        try:
            text = files[file].decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
        found.update(_of_file(text, wanted, slow))
    return found


def _of_file(text: str, wanted: list[Origin], slow: SlowReading) -> Iterator[tuple[Origin, Excerpt]]:
    lines = lines_of(text)
    numbers = frozenset(
        place.line - 1
        for place in wanted
        if place.line <= len(lines) and len(lines[place.line - 1]) <= _MAX_LINE_CHARACTERS
    )
    try:
        spans = read_events(text, lambda next_event: _spans(text, numbers, every(next_event)), slow)
    except (YamlError, _TooDeepError):
        spans = None
    for place in wanted:
        number = place.line - 1
        if number not in numbers:
            continue
        line = lines[number]
        parts = _leading(line) if spans is None else _laid_out(line, spans.get(number, []))
        shown = _excerpt(parts, place.column - 1)
        if shown is not None:
            yield place, shown


class _TooDeepError(Exception):
    """The text is nested deeper than any document that is read; parsers take quadratic time for such text."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A part of a line, from `start` up to but not including `end` (columns from 0), and what is shown for it."""

    start: int
    end: int
    shown: str


def _excerpt(parts: list[_Span], column: int) -> Excerpt | None:
    """The joined parts; None if they contain nothing but the mask."""
    text = "".join(part.shown for part in parts)
    kept = text.rstrip()
    if not kept.replace(MASK, "").strip(" -"):
        return None
    caret, at = None, 0
    for part in parts:
        if caret is None and column < part.end:
            inside = column - part.start if len(part.shown) == part.end - part.start else 0
            caret = at + max(0, inside)
        at += len(part.shown)
    if column < 0:
        caret = len(text) - len(text.lstrip(" "))
    return Excerpt(kept, min(len(kept) if caret is None else caret, len(kept)))


def _leading(line: str) -> list[_Span]:
    """Parts of a line that was not parsed: a known name at its start, and the mask."""
    found = _LEADING_NAME.match(line)
    if found is None or found[2] not in vocabulary():
        return []
    parts = [_Span(0, found.end(3), line[: found.end(3)])]
    rest = line[found.end(3) :]
    if rest.strip():
        parts += [_Span(found.end(3), found.end(3) + 1, " "), _Span(found.end(3) + 1, len(line), MASK)]
    return parts


def _laid_out(line: str, spans: list[_Span]) -> list[_Span]:
    """Parts of a parsed line, up to a comment: its nodes, and the structure between them."""
    parts: list[_Span] = []
    at = 0
    for span in (*spans, _Span(len(line), len(line), "")):
        for column in range(at, min(span.start, len(line))):
            character = line[column]
            if character == "#":
                return parts
            shown = " " if character == "\t" else character
            # An anchor or a tag that is left out leaves two blanks; keep one.
            is_left_out = shown not in _STRUCTURE or (shown == " " and _is_behind_gap(parts))
            parts.append(_Span(column, column + 1, "" if is_left_out else shown))
        if span.shown:
            parts.append(span)
        at = max(at, span.end)
    return parts


def _is_behind_gap(parts: list[_Span]) -> bool:
    """True if the last part is left out and a blank precedes it."""
    if not parts or parts[-1].shown:
        return False
    return next((part.shown[-1] == " " for part in reversed(parts) if part.shown), False)


@dataclass(slots=True)
class _Frame:
    """An open container. `name` is the key of the next value, "" if it must not be shown."""

    is_mapping: bool
    is_hidden: bool
    name: str = ""
    is_key_next: bool = True

    def step(self) -> None:
        """Continue after a finished node."""
        if self.is_mapping:
            self.is_key_next = not self.is_key_next


def _spans(text: str, numbers: frozenset[int], events: Iterator[Any]) -> dict[int, list[_Span]]:
    """Nodes of the wanted lines, in order, each with what can be shown of it."""
    found: dict[int, list[_Span]] = defaultdict(list)
    stack: list[_Frame] = []
    for event in events:
        kind = type(event).__name__
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            if len(stack) >= MOST_DEPTH:
                raise _TooDeepError
            stack.append(_opened(event, stack[-1] if stack else None, is_mapping=kind[0] == "M"))
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            stack.pop()
            if stack:
                stack[-1].step()
        elif kind in ("ScalarEvent", "AliasEvent"):
            first, last = event.start_mark, event.end_mark
            shown = MASK
            if kind == "ScalarEvent" and first.line == last.line:
                raw = text[first.index : last.index]
                shown = raw if _may_be_shown(event, raw, stack[-1] if stack else None) else MASK
            _enter(event, kind, stack)
            for number in range(first.line, last.line + 1):
                if number in numbers:
                    found[number].append(_on_line(first, last, number, shown))
    return found


_WHOLE_LINE = 1 << 30


def _on_line(first: Any, last: Any, number: int, shown: str) -> _Span:
    """The part of a node on one line; if the node has several lines, the rest of the line counts as part of it."""
    if first.line == last.line:
        return _Span(first.column, last.column, shown if last.column > first.column else "")
    if number == last.line:
        return _Span(0, last.column, MASK if last.column else "")
    return _Span(first.column if number == first.line else 0, _WHOLE_LINE, MASK)


def _opened(event: Any, parent: _Frame | None, *, is_mapping: bool) -> _Frame:
    """Frame for a container; hidden if it may contain a secret, or if an anchor could repeat it where one is."""
    is_hidden = event.anchor is not None or event.tag is not None
    if parent is None:
        return _Frame(is_mapping, is_hidden)
    is_key = parent.is_mapping and parent.is_key_next
    if is_key:
        parent.name = ""
    is_hidden = is_hidden or parent.is_hidden or is_key or may_name_secret(parent.name)
    return _Frame(is_mapping, is_hidden, "" if is_mapping else parent.name)


def _enter(event: Any, kind: str, stack: list[_Frame]) -> None:
    """Remember a key as the name of the value that follows."""
    if not stack:
        return
    frame = stack[-1]
    if frame.is_mapping and frame.is_key_next:
        frame.name = event.value if kind == "ScalarEvent" and event.anchor is None else ""
    frame.step()


def _may_be_shown(event: Any, raw: str, frame: _Frame | None) -> bool:
    """True if the source text of a scalar on one line can be shown."""
    value = event.value
    # With escapes, the source text would have to be checked as well as the value.
    is_plain = raw in (value, f'"{value}"', f"'{value}'") and value.isprintable()
    if frame is None or event.anchor is not None or event.tag is not None or not is_plain:
        return False
    if frame.is_mapping and frame.is_key_next:
        return value in vocabulary() or (not frame.is_hidden and is_name(value))
    if is_reference(value):
        return True
    if frame.is_hidden or may_name_secret(frame.name):
        return False
    return raw in CLOSED_WORDS or (frame.name in HARMLESS and is_harmless(value))
