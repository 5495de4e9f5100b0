"""`doctor` for people: places with one line for each check, and below it what to do."""

from itertools import groupby

from reconciler.diagnosis.check import Check, Examination, Status
from reconciler.model.wording import plural
from reconciler.views.page import Page, Tone

_WIDTH = max(map(len, Status)) + 1
_TONES = {
    Status.OK: Tone.ADD,
    Status.WARNING: Tone.CHANGE,
    Status.PROBLEM: Tone.REMOVE,
    Status.UNKNOWN: Tone.ATTENTION,
    Status.MANUAL: Tone.PLAIN,
}
_COUNTED = (Status.PROBLEM, Status.UNKNOWN, Status.WARNING, Status.MANUAL, Status.OK)


def render(examination: Examination, *, width: int, color: bool) -> str:
    """Text of at most `width` columns."""
    page = Page(width)
    for place in examination.places:
        page.gap()
        page.say(place.title, Tone.STRONG)
        for subject, checks in groupby(place.checks, key=lambda check: check.subject):
            if subject:
                page.say(subject, Tone.FAINT, indent=2)
            for check in checks:
                _line(page, check)
    page.gap()
    page.say(_conclusion(examination), Tone.STRONG)
    return page.text(color=color)


def _line(page: Page, check: Check) -> None:
    indent = 4 if check.subject else 2
    lead = f"{check.status}".ljust(_WIDTH)
    page.say(check.what, _TONES[check.status], indent=indent, hang=_WIDTH, lead=lead)
    for step in check.advice:
        page.say(step, indent=indent + _WIDTH + 2, hang=2)


def _conclusion(examination: Examination) -> str:
    if not examination.places:
        return "Nothing to look at: the settings have no target and no cluster that is selected."
    counts = examination.counts
    words = {
        Status.PROBLEM: plural(counts.get(Status.PROBLEM, 0), "problem"),
        Status.UNKNOWN: f"{counts.get(Status.UNKNOWN, 0):,} unknown",
        Status.WARNING: plural(counts.get(Status.WARNING, 0), "warning"),
        Status.MANUAL: f"{counts.get(Status.MANUAL, 0):,} to do by hand",
        Status.OK: f"{counts.get(Status.OK, 0):,} ok",
    }
    shown = ", ".join(words[status] for status in _COUNTED if counts.get(status, 0))
    return f"{shown}."
