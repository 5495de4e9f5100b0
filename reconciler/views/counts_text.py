"""The last lines of a plan or a validation, which stay on the screen: counts, checks, the next step."""

from collections import Counter
from collections.abc import Sequence

from reconciler.diff.change import Group
from reconciler.model.place import Realm
from reconciler.model.wording import plural
from reconciler.passes.result import PassResult, Purpose, Verdict
from reconciler.plan.action import TargetPlan
from reconciler.rules.registry import RULES
from reconciler.views import agenda, conclusion, unseen
from reconciler.views.agenda import UPDATES, Risk
from reconciler.views.detail import Detail
from reconciler.views.page import Page, Tone

_HANG = len("Plan: ")


def closing(page: Page, result: PassResult, detail: Detail, *, is_last: bool = True) -> None:
    """Add the last lines; a plan that `is_last` ends with the next step."""
    page.gap()
    if conclusion.is_without_changes(result):
        page.say(_no_changes(result), Tone.STRONG, hang=2)
    else:
        title = {Purpose.VALIDATE: "Check", Purpose.PLAN: "Plan", Purpose.APPLY: "Apply"}[result.purpose]
        page.say(f"{_sentence(conclusion.headline(result))}", Tone.STRONG, hang=_HANG, lead=f"{title}: ")
        decisions = " ".join(_decisions(conclusion.plans(result)))
        if decisions:
            page.say(decisions, indent=_HANG)
    step, sentence = _next(result) if is_last else ("", "")
    checks = checks_text(result, detail)
    if checks or step:
        page.say("  ".join(filter(None, (checks, step))), hang=2)
    if sentence:
        page.say(sentence, hang=2)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _no_changes(result: PassResult) -> str:
    """Verdict: `No changes. 19 objects match 8eeba14 (acme 12, beta 7; live read complete)`, as a sentence."""
    plans = conclusion.plans(result)
    numbers = [(_name(plan), len(plan.diff.of(Group.UNCHANGED))) for plan in plans]
    total = sum(number for _, number in numbers)
    matched = (
        f"{plural(total, 'object')} {'matches' if total == 1 else 'match'} {conclusion.match_text(result)}"
    )
    if result.preview is not None:
        matched = f"Compared with {result.preview.base}, {matched}"
    where = ", ".join(f"{name} {number:,}" for name, number in numbers)
    if not total:
        unmanaged = sum(len(plan.diff.of(Group.UNMANAGED)) for plan in plans)
        where = f"{where}; {unmanaged:,} unmanaged"
    return f"No changes. {matched} ({where}; live read complete)."


def _name(plan: TargetPlan) -> str:
    return f"cluster {plan.organization}" if plan.realm is Realm.CLUSTER else str(plan.target)


def _decisions(plans: Sequence[TargetPlan]) -> list[str]:
    """What of a plan is not simply done, each a sentence: `1 is refused (in-use)`, `1 is drift`."""
    held = Counter(
        guard
        for plan in plans
        for guard, _ in {(one.guard, identifier[1]) for identifier, one in plan.held.items()}
    )
    sentences = []
    for guard, number in sorted(held.items()):
        verb = "is" if number == 1 else "are"
        sentences.append(
            f"{number:,} {verb} refused ({guard})."
            if guard
            else f"{number:,} {'waits' if number == 1 else 'wait'}."
        )
    entries = [entry for plan in plans for entry in agenda.entries(plan)]
    # What is only reported is among the counts.
    drifted = sum(entry.change.is_drift and entry.risk in (*UPDATES, Risk.CREATE) for entry in entries)
    if drifted:
        sentences.append(f"{drifted:,} {'is' if drifted == 1 else 'are'} drift.")
    return sentences


def checks_text(result: PassResult, detail: Detail) -> str:
    """How many rules there are, and how many could not be evaluated: one line."""
    if result.error or result.changed:
        return ""
    off = {rule for rule, _ in result.rules_off}
    found = unseen.sorted_out(result)
    text = f"Checks: {plural(len(RULES) - len(off), 'rule')}"
    if found.later:
        text += f", {unseen.rules_of(found.later):,} of them need live state (reconciler plan)"
    blind = unseen.rules_of((*found.failed, *found.open))
    if blind:
        text += f", {blind:,} could not be evaluated"
        text += "" if detail.unknown else " (--unknown)"
    return f"{text}."


def _next(result: PassResult) -> tuple[str, str]:
    """The next command for the last line, or a sentence of its own where something is wrong."""
    if result.verdict is Verdict.CHANGES and not result.advice:
        return "Next: reconciler apply", ""
    if result.verdict is Verdict.EMPTY and not result.advice:
        return "", ""
    return "", " ".join(filter(None, (conclusion.NOTHING_CHANGED, conclusion.next_step(result))))
