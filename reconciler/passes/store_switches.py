"""The switch of each organization to another primary store, from what a pass saw before its plan. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.diff.change import Diff, Group
from reconciler.facts.mode import declared_primary
from reconciler.facts.mode_switch import mode_changes, stopping, unread_stopping, with_primary
from reconciler.facts.operated_cluster import missing_key, missing_operator, missing_store
from reconciler.facts.operator import without_operator
from reconciler.facts.scope import Scope
from reconciler.model.cluster_state import ClusterState
from reconciler.model.kind import Kind
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.model.unread import Unread
from reconciler.passes.begin import Pass
from reconciler.passes.cluster_sight import ClusterSight, cluster_state
from reconciler.passes.judge import scopes
from reconciler.passes.look import Sight
from reconciler.passes.read import Reading
from reconciler.plan.action import TargetPlan
from reconciler.plan.parts import is_primary
from reconciler.plan.reach import Reach
from reconciler.procedure.store_switch import (
    SHARED_VALUES,
    STEPS,
    WORDS,
    DefinitionMode,
    OperatedCluster,
    StoreSwitch,
    store_switch,
)

_LEFT_ALONE = frozenset((Group.CONTESTED, Group.UNMANAGED, Group.RELEASED))


def reach_of(
    asked: Pass, reading: Reading, sight: Sight, diff: Diff, clusters: Sequence[ClusterSight]
) -> Reach | None:
    """What a change of the primary store would concern, from the files and from what is live before the plan."""
    if not any(key.kind is Kind.SECRET_STORE for key in diff.changes):
        return None
    scope = scope_before(asked, reading, sight, clusters)
    number, without, undeclared = without_operator(scope)
    named = (*(one.id for one in without), *("",) * undeclared)
    reach = Reach(scope.primary_now or "", number, named)
    facts = switch_of(scope, diff) if _primary_after(diff) is not None else None
    if facts is None or not facts.may_switch:
        return reach
    course = store_switch(facts)
    is_waiting = course.phase in STEPS
    return replace(
        reach,
        phase=WORDS[course.phase] if is_waiting else "",
        missing=tuple(lack.what for lack in course.lacks if is_waiting and not lack.is_unread),
        stopping=course.stopping,
        unread=(*(lack.what for lack in course.lacks if lack.is_unread), *course.unread),
        unexamined=(SHARED_VALUES,) if facts.leaves_legacy else (),
    )


def scope_before(asked: Pass, reading: Reading, sight: Sight, clusters: Sequence[ClusterSight]) -> Scope:
    """One target with everything that was read of it and of clusters, before the plan."""
    (scope,) = scopes(asked.settings, {sight.name: sight.target}, reading.declarations, asked.started_at)
    return scope.with_live(sight.look.state, states_before(clusters))


def states_before(clusters: Sequence[ClusterSight]) -> Mapping[str, ClusterState]:
    """Clusters as they are, by name; not those that are folders, where nothing is known to run."""
    return {
        one.place.name: cluster_state(one, TargetPlan(one.name, one.place.name, Diff({})))
        for one in clusters
        if not one.reading.is_directory
    }


def switch_of(scope: Scope, diff: Diff) -> StoreSwitch:
    """What is known of the switch that a target's difference makes; of none if it makes none."""
    now = scope.primary_now
    before = Unread(scope.primary.why) if now is None else now
    wanted = _primary_after(diff)
    if wanted is None and now is None:
        declared = declared_primary(scope.secret_stores)
        wanted = None if declared is None else declared.id
    if wanted is None:
        wanted = now
    after = scope if wanted is None else with_primary(scope, wanted)
    definitions = tuple(
        DefinitionMode(
            one.id,
            _known(scope, one.id, one.before),
            _known(after, one.id, one.after),
            one.cluster,
            one.place,
        )
        for one in mode_changes(scope, after)
    )
    if wanted is None:
        return StoreSwitch(scope.organization, before, before, definitions=definitions)
    needed = dict.fromkeys(one.cluster for one in definitions if one.needs_operator and one.cluster)
    return StoreSwitch(
        scope.organization,
        before,
        wanted,
        _registered(scope, wanted),
        definitions,
        tuple(
            OperatedCluster(
                name,
                missing_key(scope, name),
                missing_operator(scope, name),
                "" if wanted == BUILT_IN_STORE else missing_store(scope, name, wanted),
            )
            for name in needed
        ),
        stopping(scope, after),
        tuple(map(Unread, unread_stopping(scope, after))),
    )


def _primary_after(diff: Diff) -> str | None:
    """Id of the store that becomes primary; None if none does.

    Where the primary one goes and no other is named, it is taken to be the built-in one: no source says.
    """
    stores = [
        change
        for key, change in diff.changes.items()
        if key.kind is Kind.SECRET_STORE and change.group not in _LEFT_ALONE
    ]
    promoted = [one for one in stores if is_primary(one.desired) and not is_primary(one.live)]
    if promoted:
        return promoted[0].key.id
    is_demoted = any(is_primary(one.live) and not is_primary(one.desired) for one in stores)
    return BUILT_IN_STORE if is_demoted else None


def _known(scope: Scope, identifier: str, mode: str | None) -> str | Unread:
    if mode is not None:
        return str(mode)
    if scope.primary.id is None:
        return Unread(scope.primary.why)
    if not scope.has_read(Kind.DEFINITION):
        return Unread(f"definitions of organization {scope.organization} were not read")
    return Unread(f"whether {identifier} deploys to Git is known at deployment only")


def _registered(scope: Scope, store: str) -> str | Unread:
    found = scope.surroundings.stores
    if found is None:
        return Unread(f"secret stores of organization {scope.organization} were not read")
    return "" if any(one.id == store for one in found) else f"store {store} is not registered"
