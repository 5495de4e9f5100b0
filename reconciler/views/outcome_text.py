"""Result of an apply for people; the last line says whether to run again."""

from collections import Counter
from collections.abc import Sequence

from reconciler.model.wording import plural
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Outcome, Status
from reconciler.views import conclusion
from reconciler.views.agenda import Risk, entries
from reconciler.views.detail import BRIEF, Detail
from reconciler.views.page import Page, Tone
from reconciler.views.text import compared_text, head, trouble, unexamined

MAX_LISTED = 50
_FOLD_FROM = 3
_TONES = {
    Status.DONE: Tone.ADD,
    Status.UNCHANGED: Tone.PLAIN,
    Status.FAILED: Tone.REMOVE,
    Status.BLOCKED: Tone.CHANGE,
    Status.UNKNOWN: Tone.ATTENTION,
    Status.REFUSED: Tone.REMOVE,
    Status.SKIPPED: Tone.FAINT,
}
_LISTED = (Status.FAILED, Status.REFUSED, Status.UNKNOWN, Status.BLOCKED, Status.SKIPPED)
_ALL_NAMED = (Status.FAILED, Status.REFUSED, Status.UNKNOWN)
"""Named one by one even where many have the same message: each may have to be looked after."""


def outcome_line(outcome: Outcome) -> str:
    """One finished action on one line: `done create Definition/database in acme (0.3 s)`."""
    action = outcome.action
    text = f"{outcome.status} {action.verb} {action.key}"
    if action.carried:
        text += " with " + ", ".join(str(change.key) for change in action.carried)
    text += f" in {action.key.place}"
    if outcome.seconds:
        text += f" ({outcome.seconds:.1f} s)"
    return f"{text}: {outcome.message}" if outcome.message else text


def tone_of(outcome: Outcome) -> Tone:
    """Tone of an outcome's line."""
    return _TONES[outcome.status]


def render(
    result: PassResult,
    *,
    width: int = 80,
    color: bool = False,
    announced: PassResult | None = None,
    detail: Detail = BRIEF,
) -> str:
    """Text of the outcomes of an apply, without the progress that was printed as it ran.

    Where its plan was `announced` on the same page, targets, findings and what was not examined are not repeated.
    """
    return page_of(result, width=width, announced=announced, detail=detail).text(color=color)


def page_of(
    result: PassResult, *, width: int = 80, announced: PassResult | None = None, detail: Detail = BRIEF
) -> Page:
    """The page of `render`."""
    page = Page(width)
    if announced is None:
        head(page, result)
    trouble(page, result, announced, detail)
    _outcomes(page, result.outcomes, detail)
    for target in result.targets:
        if target.inventory_error:
            page.gap()
            page.say(
                f"! target {target.target}: changes were made but could not be written to the ownership record: "
                f"{target.inventory_error}",
                Tone.ATTENTION,
                hang=2,
            )
    _drift(page, result, detail)
    if result.verdict is Verdict.EMPTY:
        page.gap()
        for target in result.targets:
            page.say(f"Compared in {target.target}: {compared_text(target)}", hang=2)
    unexamined(page, result, announced, detail)
    page.gap()
    if result.stopped and result.error_code is None:
        page.say("Stopped by a signal: actions under way were finished, no new one was started.")
    page.say(f"Apply: {conclusion.headline(result)}", Tone.STRONG, hang=2)
    page.say(f"{conclusion.effect(result)} {conclusion.next_step(result)}".strip())
    page.say(conclusion.rerun(result).sentence, Tone.STRONG)
    return page


def _drift(page: Page, result: PassResult, detail: Detail) -> None:
    """Add what was changed or deleted outside Git and stays so, because the policy only reports it."""
    left = [entry for plan in conclusion.plans(result) for entry in entries(plan) if entry.risk is Risk.DRIFT]
    if not left:
        return
    page.gap()
    page.say(
        f"! {plural(len(left), 'drifted object')} left as found (policy `drift: report`):",
        Tone.ATTENTION,
        hang=2,
    )
    limit = len(left) if detail.full else MAX_LISTED
    for entry in left[:limit]:
        page.say(f"{entry.key}: {entry.explanation}", indent=4, hang=2)
    if len(left) > limit:
        page.say(f"… {len(left) - limit:,} more (--full)", indent=4)


def _outcomes(page: Page, outcomes: Sequence[Outcome], detail: Detail) -> None:
    for status in _LISTED:
        found = [outcome for outcome in outcomes if outcome.status is status]
        if found:
            page.gap()
        limit = len(found) if detail.full else MAX_LISTED
        lines = [line for group in _groups(found, detail) for line in _lines(group)]
        for line in lines[:limit]:
            page.say(line, _TONES[status], hang=4)
        if len(lines) > limit:
            page.say(f"… {len(lines) - limit:,} more {status} (--full)")


def _groups(found: Sequence[Outcome], detail: Detail) -> list[list[Outcome]]:
    """Outcomes that are counted together: blocked or skipped ones of one verb and message."""
    groups: dict[object, list[Outcome]] = {}
    for index, outcome in enumerate(found):
        alone = detail.full or outcome.status in _ALL_NAMED
        groups.setdefault(index if alone else (outcome.action.verb, outcome.message), []).append(outcome)
    return list(groups.values())


def _lines(group: Sequence[Outcome]) -> list[str]:
    first = group[0]
    if len(group) < _FOLD_FROM:
        return [f"! {outcome_line(outcome)}" for outcome in group]
    kinds = Counter(str(outcome.action.key.kind) for outcome in group)
    names = ", ".join(plural(number, kind) for kind, number in kinds.items())
    message = f": {first.message}" if first.message else ""
    return [f"! {first.status} {first.action.verb} {names}{message} (--full lists them)"]
