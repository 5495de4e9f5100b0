"""The line that a finding points at, with a caret below it, cut so that the caret stays visible."""

from reconciler.model.excerpt import Excerpt
from reconciler.views.visible import columns, visible

_CUT = "..."


def quotation(excerpt: Excerpt, number: int, width: int) -> tuple[str, str]:
    """Two lines of at most `width` columns: line `number` of a file, and the caret.

    >>> for line in quotation(Excerpt("  id: eu_1", 6), 3, 40):
    ...     print(line)
    3 |   id: eu_1
      |       ^
    """
    gutter = f"{number} | "
    room = max(width - len(gutter), 8)
    before, after = visible(excerpt.text[: excerpt.caret]), visible(excerpt.text[excerpt.caret :])
    if columns(before + after) > room:
        before = _last(before, room * 2 // 3)
        after = _first(after, room - columns(before))
    blank = " " * (len(gutter) - 2)
    return f"{gutter}{before}{after}".rstrip(), f"{blank}| {' ' * columns(before)}^"


def _first(text: str, room: int) -> str:
    """As much of the start as fits, ending with a mark if something is cut."""
    if columns(text) <= room:
        return text
    kept = text[: max(room - len(_CUT), 0)]
    while columns(kept) > room - len(_CUT) and kept:
        kept = kept[:-1]
    return kept + _CUT[: max(room, 0)]


def _last(text: str, room: int) -> str:
    """As much of the end as fits, starting with a mark if something is cut."""
    if columns(text) <= room:
        return text
    kept = text[max(len(text) - room + len(_CUT), 0) :]
    while columns(kept) > room - len(_CUT) and kept:
        kept = kept[1:]
    return _CUT + kept
