"""What a change causes, and what differs without it.

The base is planned and judged with the settings, the live state and the rules of the pass, so that only the files
differ.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.model.declaration import Declarations
from reconciler.model.finding import Finding, once
from reconciler.passes.absence import absence
from reconciler.passes.begin import Pass
from reconciler.passes.cluster_sight import cluster_sight
from reconciler.passes.clusters import ClusterClients, by_cluster
from reconciler.passes.existing import OfBase, existing_findings
from reconciler.passes.judge import Judged, judge_files, judge_unseen, judge_world
from reconciler.passes.key_turn import NO_ROTATIONS
from reconciler.passes.live_after import after
from reconciler.passes.look import Looked
from reconciler.passes.planned import Planned, plans_of
from reconciler.passes.read import Base, Reading
from reconciler.passes.repeated import reported_once
from reconciler.passes.result import Preview
from reconciler.passes.rotations import with_keys, with_rotations
from reconciler.plan.action import Action, ActionId, TargetPlan
from reconciler.plan.saved import change_digest
from reconciler.source.selection import select


@dataclass(frozen=True, slots=True)
class PlannedBase:
    """The plan of the base, and everything that reading, rules and plan find there.

    `planned` is None if documents of the base cannot be read, or nothing live was read.
    """

    name: str
    found: OfBase
    planned: Planned | None = None


def judge_base(asked: Pass, base: Base) -> OfBase:
    """What the rules say about the base, judged by its files alone: for a pass that ends before the look."""
    return _found(judge_unseen(asked, judge_files(asked, base.reading)))


def plan_base(
    asked: Pass, reading: Reading, looked: Looked, planned: Planned, base: Base, *, clients: ClusterClients
) -> PlannedBase:
    """The base as it would be planned and judged in this pass. `planned` is the plan with the change."""
    judged = judge_files(asked, base.reading)
    if base.has_errors:
        live = {sight.name: sight.look.state for sight in looked.sights}
        return PlannedBase(base.name, _found(judge_world(asked, judged, live)))
    of_files, judged = with_keys(asked, base.reading, judged, looked.clusters)
    looked = _looked(asked, of_files.declarations, looked, clients)
    desired = {sight.name: sight.desired for sight in looked.sights}
    plans = plans_of(
        asked,
        reading,
        looked,
        desired,
        looked.clusters.sights,
        approvals=base.reading.approvals,
        use=planned.use,
        before=asked.adapters.base_disabled,
        missing=absence(asked, of_files, desired),
    )
    live = {sight.name: after(built, sight.look.state) for sight, built in plans.pairs}
    of_base = replace(planned, plans=plans)
    of_base, judged = reported_once(of_base, judge_world(asked, judged, live, of_base.cluster_states()))
    problems = [problem for _, built in of_base.pairs for problem in built.problems]
    return PlannedBase(base.name, _found(judged, problems), of_base)


def _found(judged: Judged, problems: Iterable[Finding] = ()) -> OfBase:
    return OfBase((*once(judged.reading, judged.verdict.findings), *problems), judged.verdict.unknown)


def _looked(asked: Pass, declarations: Declarations, looked: Looked, clients: ClusterClients) -> Looked:
    """What was seen, with what other files declare."""
    declared = by_cluster(asked, declarations)
    clusters = tuple(
        cluster_sight(sight.reading, declared.get(sight.place.name, ())) for sight in looked.clusters.sights
    )
    sights = tuple(
        replace(sight, desired=asked.desired(select(declarations, sight.target), asked.place(sight.name)))
        for sight in looked.sights
    )
    seen = replace(
        looked, sights=sights, clusters=replace(looked.clusters, sights=clusters), rotations=NO_ROTATIONS
    )
    return with_rotations(asked, declarations, seen, clients)


def preview(planned: Planned, base: PlannedBase) -> Preview | None:
    """The plan split into what the change causes and what differs without it.

    None if there is no plan of the base: then the whole plan is shown.
    """
    if base.planned is None:
        return None
    own: list[TargetPlan] = []
    existing = 0
    withdrawn: list[str] = []
    for built, before in zip(planned.plans.all, base.planned.plans.all, strict=True):
        mine = _own(built, before)
        own.append(mine)
        existing += _differences(built) - _differences(mine)
        here = {action.id for action in built.actions}
        withdrawn.extend(f"{action.verb} {action.key}" for action in before.actions if action.id not in here)
    return Preview(base.name, tuple(own), existing, tuple(withdrawn))


def _differences(plan: TargetPlan) -> int:
    return len(plan.actions) + len(plan.contested) + len(plan.drift_reported) + len(plan.kept)


def _own(built: TargetPlan, before: TargetPlan) -> TargetPlan:
    """The part of a plan that the plan of the base lacks."""
    without = {_effect(before, action) for action in before.actions}
    contested_before = {change_digest(change) for change in before.contested}
    drift_before = {change_digest(change) for change in before.drift_reported}
    kept_before = {change.key for change in before.kept}
    refused_before = {(refusal.guard, refusal.keys) for refusal in before.refusals}
    problems_before = existing_findings(built.problems, before.problems)
    return replace(
        built,
        actions=tuple(action for action in built.actions if _effect(built, action) not in without),
        contested=tuple(c for c in built.contested if change_digest(c) not in contested_before),
        drift_reported=tuple(c for c in built.drift_reported if change_digest(c) not in drift_before),
        kept=tuple(c for c in built.kept if c.key not in kept_before),
        refusals=tuple(r for r in built.refusals if (r.guard, r.keys) not in refused_before),
        problems=tuple(p for p in built.problems if p not in problems_before),
    )


def _effect(plan: TargetPlan, action: Action) -> tuple[ActionId, str, bool, bool]:
    """What an action does, and whether it is carried out: a change that only allows a delete is a change, too."""
    return action.id, change_digest(action.subject), action.id in plan.held, action.forces
