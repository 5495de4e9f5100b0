"""`doctor`: the steps read and look, then what `diagnosis` makes of them. Sends nothing that could change anything."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from reconciler.diagnosis.by_hand import elsewhere_checks, without_a_key
from reconciler.diagnosis.check import Check, Examination, PlaceChecks, Status, problem
from reconciler.diagnosis.cluster import server_checks, unreached
from reconciler.diagnosis.key import Organizations, key_checks
from reconciler.diagnosis.organization import target_checks
from reconciler.diagnosis.pasted import pasted_checks
from reconciler.diagnosis.sight import InstallationSight, ServerSight
from reconciler.diagnosis.tool import helm_check
from reconciler.diagnosis.workload import workload_checks
from reconciler.footprint.value import WorkloadKey
from reconciler.model.finding import Severity
from reconciler.model.identity import target_of_cluster
from reconciler.model.json import JsonObject
from reconciler.model.unread import Unread
from reconciler.passes.begin import Adapters, Pass, begin
from reconciler.passes.clusters import ClusterClients
from reconciler.passes.examine_cluster import ClusterAsked, see_installation, see_server
from reconciler.passes.examine_target import TargetSight, see_target
from reconciler.passes.read import read
from reconciler.passes.result import Purpose
from reconciler.passes.world import NOT_REACHED, World, each, organizations_of, reached, world_of
from reconciler.plan.selection import Selection
from reconciler.settings import Settings

N = TypeVar("N")
T = TypeVar("T")
_MOST_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for. `pasted` is a name and its text; `helm` asks Helm for its version, None without it.

    `masked` takes secrets out of a text; logs are only seen after it.
    """

    targets: frozenset[str] = frozenset()
    pasted: tuple[str, str] | None = None
    helm: Callable[[], str | None] = lambda: None
    masked: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Probable:
    """An Agent from whose network a probe can try the connection."""

    cluster: str
    subject: str
    workload: WorkloadKey
    deployment: JsonObject


@dataclass(frozen=True, slots=True)
class Examined:
    """The examination, the Agents that can be probed, and how many errors of the files left something out."""

    examination: Examination
    probable: tuple[Probable, ...] = ()
    refused: int = 0


def examine(settings: Settings, adapters: Adapters, wanted: Asked) -> Examined:
    """Every selected place. Raises ReconcilerError if the files cannot be read."""
    asked = begin(settings, adapters, Selection(), Purpose.PLAN)
    declarations = read(asked).declarations
    world = world_of(asked, declarations)
    chosen = [
        name for name in world.clusters if not wanted.targets or target_of_cluster(name) in wanted.targets
    ]
    needed = world.organizations(chosen)
    targets = [
        name
        for name, target in asked.targets.items()
        if not wanted.targets or name in wanted.targets or target.organization in needed
    ]
    agents = {agent.document.metadata.id for agent in declarations.agents}
    looked = each(
        targets, partial(see_target, asked, agents=agents, has_operators=bool(declarations.operators))
    )
    organizations = organizations_of(looked)
    clients = ClusterClients(asked)
    try:
        seen = each(
            chosen, lambda name: _see_cluster(asked, clients, name, world.clusters[name], wanted.masked)
        )
    finally:
        clients.close()
    places = [
        *_here(world, wanted),
        *(_of_target(asked, sight) for sight in looked if not wanted.targets or sight.name in wanted.targets),
        *(_of_cluster(one, organizations) for one in seen),
        *_elsewhere(world, organizations, wanted),
        *_pasted(world, organizations, wanted),
    ]
    refused = sum(finding.severity is Severity.ERROR for finding in declarations.findings)
    return Examined(
        Examination(tuple(place for place in places if place.checks)),
        tuple(probable for one in seen for probable in _probable(one)),
        refused,
    )


def with_probes(examined: Examined, found: Mapping[str, Sequence[Check]]) -> Examination:
    """The examination with the results of probes, by cluster."""
    return Examination(
        tuple(
            replace(place, checks=(*place.checks, *found.get(place.id.removeprefix("cluster:"), ())))
            for place in examined.examination.places
        )
    )


@dataclass(frozen=True, slots=True)
class _ClusterSeen:
    """One cluster as it was seen. `server` is None for one that nothing connects to, with the reason in `why`."""

    name: str
    server: ServerSight | Unread | None
    installations: tuple[InstallationSight, ...] = ()
    why: str = ""


def _see_cluster(
    asked: Pass, clients: ClusterClients, name: str, wanted: ClusterAsked, masked: Callable[[str], str]
) -> _ClusterSeen:
    client = reached(asked, clients, name)
    if isinstance(client, str):
        return _ClusterSeen(name, None, why="" if client == NOT_REACHED and not wanted.placed else client)
    if isinstance(client, Unread):
        return _ClusterSeen(name, client)
    server = see_server(client, wanted, asked.adapters.now)
    if isinstance(server, Unread):
        return _ClusterSeen(name, server)
    seen = (_masked(see_installation(client, one), masked) for one in wanted.placed)
    return _ClusterSeen(name, server, tuple(seen))


def _masked(sight: InstallationSight, masked: Callable[[str], str]) -> InstallationSight:
    """The sight with its logs masked, each as a whole: a key has many lines."""
    logs = {
        pod: lines if isinstance(lines, Unread) else tuple(masked("\n".join(lines)).splitlines())
        for pod, lines in sight.logs.items()
    }
    return replace(sight, logs=logs)


def _of_cluster(seen: _ClusterSeen, organizations: Organizations) -> PlaceChecks:
    return PlaceChecks(
        target_of_cluster(seen.name), f"Cluster {seen.name}", tuple(_cluster_checks(seen, organizations))
    )


def _cluster_checks(seen: _ClusterSeen, organizations: Organizations) -> Iterator[Check]:
    if seen.server is None:
        if seen.why:
            yield Check("connection", Status.MANUAL, f"not looked at: {seen.why}")
        return
    if isinstance(seen.server, Unread):
        yield unreached(seen.server)
        return
    yield from server_checks(seen.server)
    for one in seen.installations:
        footprint = one.footprint
        if footprint.refusal:
            what = f"cannot be installed: {footprint.refusal}"
            yield problem("installation", what, subject=footprint.installation)
            continue
        yield from workload_checks(one, organizations)
        yield from key_checks(one, organizations)


def _probable(seen: _ClusterSeen) -> Iterator[Probable]:
    for one in seen.installations:
        workload = one.footprint.workload
        if one.is_agent and workload is not None and isinstance(one.deployment, dict):
            yield Probable(seen.name, one.footprint.installation, workload, one.deployment)


def _of_target(asked: Pass, sight: TargetSight) -> PlaceChecks:
    organization = asked.settings.targets[sight.name].organization
    title = f"Target {sight.name}" + ("" if organization == sight.name else f", organization {organization}")
    return PlaceChecks(sight.name, title, tuple(target_checks(organization, sight.apis)))


def _here(world: World, wanted: Asked) -> Iterator[PlaceChecks]:
    if world.uses_helm:
        yield PlaceChecks("here", "This machine", (helm_check(wanted.helm()),))


def _elsewhere(world: World, organizations: Organizations, wanted: Asked) -> Iterator[PlaceChecks]:
    if world.elsewhere and not wanted.targets:
        checks = tuple(check for one in world.elsewhere for check in elsewhere_checks(one, organizations))
        yield PlaceChecks("elsewhere", "Other hosts", checks)


def _pasted(world: World, organizations: Organizations, wanted: Asked) -> Iterator[PlaceChecks]:
    if wanted.pasted is not None:
        name, text = wanted.pasted
        refused_by = dict.fromkeys(
            name for one in world.elsewhere for name in without_a_key(one, organizations)
        )
        yield PlaceChecks("log", f"Log {name}", tuple(pasted_checks(wanted.masked(text), tuple(refused_by))))
