"""What the plan of a cluster is built from. Pure."""

from collections.abc import Iterator

from reconciler.diff.change import Group
from reconciler.diff.compare import compare
from reconciler.facts.rollout import rollout
from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import ResourceKey
from reconciler.model.record import Safeguards
from reconciler.passes.cluster_sight import ClusterSight
from reconciler.plan.action import ActionId, Held, Verb
from reconciler.plan.build import Basis
from reconciler.plan.problem import CANNOT_INSTALL
from reconciler.settings import Settings


def cluster_basis(settings: Settings, sight: ClusterSight, before: Safeguards, *, unproven: str) -> Basis:
    """The basis of one cluster.

    `before` are limits that still count; `unproven` says why absence of a declaration is no evidence, "" if it is.
    """
    diff = compare(sight.desired, sight.live, sight.inventory)
    waits: dict[ActionId, Held] = dict(_waiting(sight))
    if unproven:
        held = Held(unproven)
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
        verify=dict(_unready(sight)),
        problems=tuple(
            Finding(CANNOT_INSTALL, Severity.ERROR, f"{name} cannot be installed: {why}", at)
            for name, why, at in sight.refused
        ),
    )


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
