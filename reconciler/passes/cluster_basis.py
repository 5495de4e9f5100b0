"""What the plan of a cluster is built from. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.diff.change import Diff, Group
from reconciler.diff.compare import compare
from reconciler.facts.rollout import rollout
from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.record import Safeguards
from reconciler.passes.cluster_sight import ClusterSight
from reconciler.plan.action import ActionId, Held, Verb
from reconciler.plan.build import Basis
from reconciler.plan.doubt import Doubt
from reconciler.plan.problem import CANNOT_INSTALL
from reconciler.settings import Settings

_REGISTERED = frozenset((Kind.AGENT, Kind.KEY, Kind.RUNNER))


@dataclass(frozen=True, slots=True)
class Absences:
    """Why something that no file declares may still be declared.

    `unproven` holds deletes until the files can be read, "" if they can. `doubts` and `is_bare` are as in
    `plan.guards.Case`, for the files of all targets.
    """

    unproven: str = ""
    doubts: tuple[Doubt, ...] = ()
    is_bare: bool = False


def cluster_basis(settings: Settings, sight: ClusterSight, before: Safeguards, absences: Absences) -> Basis:
    """The basis of one cluster. `before` are limits that still count."""
    diff = compare(sight.desired, sight.live, sight.inventory)
    waits: dict[ActionId, Held] = dict(_waiting(sight))
    if absences.unproven:
        held = Held(absences.unproven)
        waits.update({(Verb.DELETE, change.key): held for change in diff.of(Group.PRUNE)})
    return Basis(
        target=sight.name,
        place=sight.place,
        desired=sight.desired,
        live=sight.live,
        inventory=sight.inventory,
        diff=diff,
        policy=settings.policy,
        safety=settings.safety,
        before=before,
        unexamined=sight.reading.unexamined,
        waits=waits,
        doubts=absences.doubts,
        is_bare=absences.is_bare,
        verify=dict(_unready(sight)),
        problems=tuple(
            Finding(CANNOT_INSTALL, Severity.ERROR, f"{name} cannot be installed: {why}", at)
            for name, why, at in sight.refused
        ),
    )


def held_registrations(diff: Diff, unseen: Sequence[str]) -> dict[ActionId, Held]:
    """Deletes of registrations that wait, because their workload may still run on a cluster that was not seen."""
    if not unseen:
        return {}
    names = ", ".join(unseen)
    held = Held(f"waits: its workload may still run on cluster {names}, which could not be read")
    return {
        (Verb.DELETE, change.key): held for change in diff.of(Group.PRUNE) if change.key.kind in _REGISTERED
    }


def _unready(sight: ClusterSight) -> Iterator[tuple[ResourceKey, str]]:
    """Workloads that are as declared, and whose newest template is not rolled out."""
    if sight.reading.is_directory:
        return
    for key in sorted(sight.workloads):
        found = sight.reading.found.get(key)
        missing = "" if found is None else rollout(found, ()).missing
        if missing:
            yield key, f"not ready: {missing}"


def _waiting(sight: ClusterSight) -> Iterator[tuple[ActionId, Held]]:
    """Workloads that would start without their key."""
    for key, lacks in sight.lacking.items():
        verb = Verb.UPDATE if key in sight.live.resources else Verb.CREATE
        yield (verb, key), Held(f"waits: {lacks}")
