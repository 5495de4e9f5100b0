"""One cause, one finding: a rule and the plan may both report a criterion that is held elsewhere. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.model.finding import Finding, Severity
from reconciler.passes.judge import Judged
from reconciler.passes.planned import Planned
from reconciler.plan.action import TargetPlan
from reconciler.plan.check import Taken, taken_criteria

TWICE = "R08"
"""The rule that also reports such criteria, from live state alone."""


def reported_once(planned: Planned, judged: Judged) -> tuple[Planned, Judged]:
    """The stronger finding of each pair: the rule's if it is an error, else the plan's.

    If the rule is switched off or lowered to a warning, the plan still reports that the server refuses.
    """
    findings = judged.verdict.findings
    of_rule = [finding for finding in findings if finding.rule == TWICE]
    if not of_rule:
        return planned, judged
    pairs, repeated = [], set[Finding]()
    for sight, built in planned.pairs:
        taken = list(taken_criteria(built.actions, built.diff))
        left = _without_reported(built, taken, of_rule)
        repeated.update(found for one in taken for found in of_rule if _is_weaker(found, one))
        pairs.append((sight, left))
    kept = tuple(finding for finding in findings if finding not in repeated)
    return (
        replace(planned, plans=replace(planned.plans, pairs=tuple(pairs))),
        replace(judged, verdict=replace(judged.verdict, findings=kept)),
    )


def _without_reported(built: TargetPlan, taken: Iterable[Taken], of_rule: list[Finding]) -> TargetPlan:
    reported = {
        one.problem()
        for one in taken
        if any(found.severity is Severity.ERROR and _is_of(found, one) for found in of_rule)
    }
    return replace(built, problems=tuple(problem for problem in built.problems if problem not in reported))


def _is_weaker(found: Finding, taken: Taken) -> bool:
    """True for a warning of the rule about what the plan calls an error."""
    return found.severity is not Severity.ERROR and _is_of(found, taken)


def _is_of(found: Finding, taken: Taken) -> bool:
    return found.key == taken.action.subject.key and f"`{taken.holder.key.id}`" in found.message
