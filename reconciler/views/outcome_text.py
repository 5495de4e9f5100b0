"""Result of an apply for people; the last line says whether to run again."""

from collections.abc import Sequence

from reconciler.model.wording import plural
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Outcome, Status
from reconciler.views import conclusion
from reconciler.views.agenda import Risk, entries
from reconciler.views.page import Page, Tone
from reconciler.views.text import compared_text, head, trouble, unexamined

MAX_LISTED = 50
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
    result: PassResult, *, width: int = 80, color: bool = False, announced: PassResult | None = None
) -> str:
    """Text of the outcomes of an apply, without the progress that was printed as it ran.

    Where its plan was `announced` on the same page, findings and what was not examined are not repeated.
    """
    page = Page(width)
    head(page, result)
    trouble(page, result, announced)
    _outcomes(page, result.outcomes)
    for target in result.targets:
        if target.inventory_error:
            page.gap()
            page.say(
                f"! target {target.target}: changes were made but could not be written to the ownership record: "
                f"{target.inventory_error}",
                Tone.ATTENTION,
                hang=2,
            )
    _drift(page, result)
    if result.verdict is Verdict.EMPTY:
        page.gap()
        for target in result.targets:
            page.say(f"Compared in {target.target}: {compared_text(target)}", hang=2)
    unexamined(page, result, announced)
    page.gap()
    if result.stopped and result.error_code is None:
        page.say("Stopped by a signal: actions under way were finished, no new one was started.")
    page.say(f"{conclusion.effect(result)} {conclusion.next_step(result)}".strip())
    page.say(conclusion.rerun(result).sentence, Tone.STRONG)
    return page.text(color=color)


def _drift(page: Page, result: PassResult) -> None:
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
    for entry in left[:MAX_LISTED]:
        page.say(f"{entry.key}: {entry.explanation}", indent=4, hang=2)
    if len(left) > MAX_LISTED:
        page.say(f"… {len(left) - MAX_LISTED:,} more; -o json has all", indent=4)


def _outcomes(page: Page, outcomes: Sequence[Outcome]) -> None:
    for status in _LISTED:
        found = [outcome for outcome in outcomes if outcome.status is status]
        if found:
            page.gap()
        for outcome in found[:MAX_LISTED]:
            page.say(f"! {outcome_line(outcome)}", _TONES[status], hang=4)
        if len(found) > MAX_LISTED:
            page.say(f"… {len(found) - MAX_LISTED:,} more {status}; -o json has all")
