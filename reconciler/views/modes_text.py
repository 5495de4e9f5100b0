"""`modes` for people: organizations, and below each the modes, the next step and what stops working."""

from reconciler.model.unread import Unread
from reconciler.model.wording import plural
from reconciler.procedure.store_switch import (
    SHARED_VALUES,
    WORDS,
    Course,
    DefinitionMode,
    ModeReport,
    Phase,
    StoreSwitch,
    store_switch,
)
from reconciler.views.page import Page, Tone

_UNKNOWN = "unknown"


def render(report: ModeReport, *, width: int, color: bool) -> str:
    """Text of at most `width` columns."""
    page = Page(width)
    for name, facts in report.switches.items():
        page.gap()
        page.say(f"Target {name}, organization {facts.organization}", Tone.STRONG)
        page.say(f"primary secret store: {_change(facts.before, facts.after)}", indent=2, hang=2)
        for one in facts.definitions:
            _definition(page, one)
        if not facts.definitions:
            page.say("no cluster definition: nothing is deployed to a cluster", indent=2, hang=2)
        _course(page, facts, store_switch(facts))
    for name, unread in report.unread.items():
        page.gap()
        page.say(f"{name} was not read: {unread.reason}", Tone.ATTENTION, hang=2)
        if unread.advice:
            page.say(unread.advice, indent=2)
    page.gap()
    page.say(_conclusion(report), Tone.STRONG)
    return page.text(color=color)


def _definition(page: Page, one: DefinitionMode) -> None:
    where = f" on cluster {one.cluster}" if one.cluster else ", cluster not known"
    tone = (
        Tone.ATTENTION
        if isinstance(one.after, Unread) or isinstance(one.before, Unread)
        else Tone.PLAIN
        if one.before == one.after
        else Tone.CHANGE
    )
    place = one.place or "only live"
    page.say(f"{one.id}: {_change(one.before, one.after)}{where} ({place})", tone, indent=2, hang=2)
    for unread in dict.fromkeys(mode for mode in (one.before, one.after) if isinstance(mode, Unread)):
        page.say(f"not known: {unread.reason}", Tone.ATTENTION, indent=4, hang=2)


def _course(page: Page, facts: StoreSwitch, course: Course) -> None:
    if course.phase is not Phase.NONE or course.lacks:
        page.say(f"next: {WORDS[course.phase]}", Tone.STRONG, indent=2, hang=2)
    for lack in course.lacks:
        words = "not known" if lack.is_unread else "missing"
        page.say(f"{words}: {lack.what}", Tone.ATTENTION, indent=4, hang=2)
    for reason in course.unread:
        page.say(f"not known: {reason}", Tone.ATTENTION, indent=4, hang=2)
    for one in course.stopping:
        words = "stops working" if one.is_sure else "may stop working"
        page.say(f"{words}: {one}", Tone.REMOVE if one.is_sure else Tone.CHANGE, indent=4, hang=2)
    if facts.leaves_legacy:
        page.say(f"not looked at: {SHARED_VALUES}", Tone.ATTENTION, indent=4, hang=2)


def _change(before: str | Unread, after: str | Unread) -> str:
    first, second = (_UNKNOWN if isinstance(one, Unread) else one or "new" for one in (before, after))
    return first if first == second else f"{first} -> {second}"


def _conclusion(report: ModeReport) -> str:
    switching = sum(facts.may_switch for facts in report.switches.values())
    if not report.switches and not report.unread:
        return "No target"
    is_open = any(isinstance(facts.before, Unread) for facts in report.switches.values())
    if switching:
        may = "may" if is_open else "would"
        words = f"{plural(switching, 'organization')} of {len(report.switches)} {may} change the mode"
    elif is_open or not report.switches:
        words = "Whether the files switch an organization to another mode is not known"
    else:
        words = "The files switch no organization to another mode"
    return words + ("" if not report.exit_code else "; not everything is known")
