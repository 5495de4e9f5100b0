"""One cause, one finding: what both a rule and the plan say of a criterion that is held elsewhere. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.model.finding import Finding, Severity
from reconciler.passes.judge import Judged
from reconciler.passes.planned import Planned
from reconciler.plan.action import TargetPlan
from reconciler.plan.check import Taken, taken_criteria

TWICE = "R08"
"""The rule that reports criteria as well, from live alone."""


def said_once(planned: Planned, judged: Judged) -> tuple[Planned, Judged]:
    """The stronger finding of each pair: the rule's where a built-in definition holds it, else the plan's.

    Where the rule is switched off or weakened, the plan still says that the server refuses.
    """
    findings = judged.verdict.findings
    spoken = [finding for finding in findings if finding.rule == TWICE]
    if not spoken:
        return planned, judged
    pairs, repeated = [], set[Finding]()
    for sight, built in planned.pairs:
        taken = list(taken_criteria(built.actions, built.diff))
        left = _without_said(built, taken, spoken)
        repeated.update(found for one in taken for found in spoken if _is_weaker(found, one))
        pairs.append((sight, left))
    kept = tuple(finding for finding in findings if finding not in repeated)
    return (
        replace(planned, pairs=tuple(pairs)),
        replace(judged, verdict=replace(judged.verdict, findings=kept)),
    )


def _without_said(built: TargetPlan, taken: Iterable[Taken], spoken: list[Finding]) -> TargetPlan:
    said = {
        one.problem()
        for one in taken
        if any(found.severity is Severity.ERROR and _is_of(found, one) for found in spoken)
    }
    return replace(built, problems=tuple(problem for problem in built.problems if problem not in said))


def _is_weaker(found: Finding, taken: Taken) -> bool:
    """True for a warning of the rule about what the plan calls an error."""
    return found.severity is not Severity.ERROR and _is_of(found, taken)


def _is_of(found: Finding, taken: Taken) -> bool:
    return found.key == taken.action.subject.key and f"`{taken.holder.key.id}`" in found.message
