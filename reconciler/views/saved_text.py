"""A saved plan as it was shown, and the result of its apply; any width and colour, whatever those were.

The file may have been edited by anybody: what is read from it is text to print, and binds nothing.
"""

from collections.abc import Iterable, Sequence

from reconciler.model.json import Json, JsonObject
from reconciler.plan.saved import SavedPlan
from reconciler.views.page import Page, Paragraph, Tone

_MOST_COLUMNS = 60
_TONES = frozenset(map(str, Tone))


def as_json(paragraphs: Iterable[Paragraph]) -> list[Json]:
    """Paragraphs for a file; members that say nothing are left out."""
    found: list[Json] = []
    for one in paragraphs:
        members: JsonObject = {
            "text": one.text,
            "tone": str(one.tone),
            "indent": one.indent,
            "hang": one.hang,
            "lead": one.lead,
            "aside": one.aside,
            "cut": one.is_cut,
        }
        found.append({name: value for name, value in members.items() if value})
    return found


def render(saved: SavedPlan, *, width: int, color: bool) -> str:
    """Text of the plan, then of its result, then when it was saved and whether it was applied."""
    page = Page(width)
    if saved.shown:
        _add(page, saved.shown)
    else:
        page.say("Saved by a version that keeps only the actions:", Tone.STRONG)
        for line in saved.summary:
            page.say(line, indent=2, hang=2)
    page.gap()
    if saved.applied:
        page.say(f"Applied at {saved.applied_at}:", Tone.STRONG)
        page.gap()
        _add(page, saved.applied)
        page.gap()
    end = "" if saved.applied else "; as far as this file shows, it was not applied"
    page.say(f"Saved at {saved.created_at}{end}.", Tone.FAINT, hang=2)
    return page.text(color=color)


def _add(page: Page, shown: Sequence[Json]) -> None:
    for one in shown:
        if isinstance(one, dict):
            page.add(_paragraph(one))


def _paragraph(one: JsonObject) -> Paragraph:
    tone = one.get("tone")
    return Paragraph(
        _text(one.get("text")),
        Tone(tone) if isinstance(tone, str) and tone in _TONES else Tone.PLAIN,
        _columns(one.get("indent")),
        _columns(one.get("hang")),
        _text(one.get("lead")),
        _text(one.get("aside")),
        is_cut=one.get("cut") is True,
    )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _columns(value: Json) -> int:
    return min(max(value, 0), _MOST_COLUMNS) if isinstance(value, int) else 0
