"""Untrusted values made safe and short, for terminals and for Markdown.

Values come from files and from the network, so they may contain escape sequences, line breaks,
bidirectional overrides or lone surrogates. Views pass every such string through `visible`.
"""

import json
import unicodedata
from collections.abc import Iterator

from reconciler.diff.change import Absent
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.wording import visible as visible  # noqa: PLC0414  views import it from here

ELLIPSIS = "…"
NOT_SET = "(not set)"
_CONTEXT = 16


def clipped(text: str, limit: int) -> str:
    """The string cut to `limit` characters, with its full length if anything was cut.

    >>> clipped("abcdefghijklmnopqrstuvwxyz", 20)
    'abc… (26 characters)'
    """
    if len(text) <= limit:
        return text
    note = f"{ELLIPSIS} ({len(text):,} characters)"
    return text[: max(limit - len(note), 1)] + note


def value_text(value: Json | Absent, limit: int) -> str:
    """A value on one line: JSON, escaped, cut to `limit` characters."""
    return clipped(_whole(value), limit)


def pair_text(before: Json | Absent, after: Json | Absent, limit: int) -> tuple[str, str]:
    """Two values on one line each, cut so that the place where they differ stays visible."""
    old, new = _whole(before), _whole(after)
    if len(old) <= limit and len(new) <= limit:
        return old, new
    shared = next(
        (index for index, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    start = max(shared - _CONTEXT, 0) if shared > limit // 2 else 0
    return _window(old, start, limit), _window(new, start, limit)


def _window(text: str, start: int, limit: int) -> str:
    if start == 0 or len(text) <= limit:
        return clipped(text, limit)
    note = f" ({len(text):,} characters)"
    room = max(limit - len(note) - 2, 1)
    part = text[start : start + room]
    tail = ELLIPSIS if start + room < len(text) else ""
    return f"{ELLIPSIS}{part}{tail}{note}"


def centred(old: str, new: str, limit: int) -> tuple[str, str]:
    """Two lines; of longer ones than `limit`, what differs in whole words, with a little of what surrounds it.

    What differs is never cut, whatever its length.

    >>> centred("a" * 50 + " size small", "a" * 50 + " size large", 40)
    ('…aaaaaaaaa size small (61 characters)', '…aaaaaaaaa size large (61 characters)')
    """
    if len(old) <= limit and len(new) <= limit:
        return old, new
    most = min(len(old), len(new))
    start = next((index for index in range(most) if old[index] != new[index]), most)
    end = next((index for index in range(most - start) if old[-1 - index] != new[-1 - index]), most - start)
    start = _word_edge(old, start, -1)
    end = len(old) - _word_edge(old, len(old) - end, 1)
    return _around(old, start, end), _around(new, start, end)


def _word_edge(text: str, index: int, step: int) -> int:
    """The index moved to the edge of its word, if that is near."""
    for moved in range(_CONTEXT):
        at = index + step * moved
        before = text[at - 1 : at] if step < 0 else text[at : at + 1]
        if not before or before.isspace():
            return at
    return index


def _around(text: str, start: int, end: int) -> str:
    """The text between `start` and `end` characters from its end, with its surroundings and its whole length."""
    first, last = max(start - _CONTEXT, 0), min(len(text) - end + _CONTEXT, len(text))
    if not first and last == len(text):
        return text
    head, tail = ELLIPSIS if first else "", ELLIPSIS if last < len(text) else ""
    return f"{head}{text[first:last]}{tail} ({len(text):,} characters)"


def whole_pair(before: Json | Absent, after: Json | Absent, limit: int) -> tuple[str, str]:
    """Two values on one line each; what differs is shown whole, and long values are cut around it."""
    if isinstance(before, Absent) or isinstance(after, Absent):
        return _whole(before), _whole(after)
    return centred(_whole(before), _whole(after), limit)


def _whole(value: Json | Absent) -> str:
    if isinstance(value, Absent):
        return NOT_SET
    return visible(json.dumps(value, ensure_ascii=False))


def leaves(document: JsonObject) -> Iterator[tuple[Path, Json]]:
    """Values of a document that contain no further mapping, with their paths, in document order."""
    yield from _leaves(document, ())


def _leaves(value: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, dict) and value:
        for name, child in value.items():
            yield from _leaves(child, (*path, name))
    elif isinstance(value, list) and any(isinstance(child, dict | list) for child in value):
        for index, child in enumerate(value):
            yield from _leaves(child, (*path, index))
    else:
        yield path, value


def columns(text: str) -> int:
    """Terminal columns of a printable string; East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(character) for character in text)


def _columns_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Lines of at most `width` columns from a printable string, broken at spaces where possible.

    `first` starts the first line, `rest` the others. A word longer than a line is broken.
    """
    lines: list[str] = []
    line, used, has_word = first, columns(first), False
    for word in text.split(" "):
        remaining = word
        gap = " " if has_word else ""
        if has_word and used + 1 + columns(remaining) > width >= columns(rest + remaining):
            lines.append(line)
            line, used, has_word, gap = rest, columns(rest), False, ""
        while used + columns(gap + remaining) > width and used < width:
            head = _fitting(remaining, width - used - len(gap))
            lines.append(line + gap + head)
            remaining = remaining[len(head) :]
            line, used, gap = rest, columns(rest), ""
        line += gap + remaining
        used += columns(gap + remaining)
        has_word = True
    lines.append(line)
    return [line.rstrip() for line in lines]


def _fitting(text: str, room: int) -> str:
    """Longest prefix that fits, at least one character: otherwise `wrapped` would never end."""
    used = 0
    for index, character in enumerate(text):
        used += _columns_of(character)
        if used > room:
            return text[: max(index, 1)]
    return text
