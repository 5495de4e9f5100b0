"""What the files of all targets declare together, and how the places of it are looked at side by side."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from reconciler.cluster.client import ClusterClient
from reconciler.diagnosis.by_hand import ElsewhereSight
from reconciler.diagnosis.key import Organizations
from reconciler.errors import ClusterError
from reconciler.facts.agent_installation import AGENT
from reconciler.facts.cluster_demand import cluster_demand
from reconciler.facts.delivery import Delivery
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.placed_key import made_in
from reconciler.facts.scope import Scope
from reconciler.footprint.agent import served_organizations
from reconciler.footprint.installation import Installed, declared, installations
from reconciler.model.declaration import Declarations
from reconciler.model.unread import Unread
from reconciler.passes.begin import Pass
from reconciler.passes.clusters import ClusterClients
from reconciler.passes.examine_cluster import ClusterAsked, Placed
from reconciler.passes.examine_target import TargetSight
from reconciler.passes.judge import scopes
from reconciler.source.selection import select

if TYPE_CHECKING:
    from reconciler.diagnosis.sight import OrganizationSight

N = TypeVar("N")
T = TypeVar("T")
_MOST_AT_ONCE = 8
NOT_REACHED = "the settings do not say how to reach it"
FOLDER = "it is a folder of files: nothing runs there"


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the files declare: installations on clusters by name, and Agents elsewhere."""

    clusters: Mapping[str, ClusterAsked]
    elsewhere: tuple[ElsewhereSight, ...]
    uses_helm: bool

    def organizations(self, names: Iterable[str]) -> frozenset[str]:
        """Organizations that installations on these clusters, and Agents elsewhere, serve."""
        served = [one.organizations for name in names for one in self.clusters[name].placed]
        served += [one.organizations for one in self.elsewhere]
        return frozenset(name for names in served for name in names)

    def of(self, installation: str) -> Iterator[Placed | ElsewhereSight]:
        """Installations of one document, such as `Agent/eu-1`, wherever they are."""
        everywhere: list[Placed | ElsewhereSight] = [
            one for at in self.clusters.values() for one in at.placed
        ]
        yield from (
            one for one in (*everywhere, *self.elsewhere) if one.footprint.installation == installation
        )


def world_of(asked: Pass, declarations: Declarations) -> World:
    """What the files of all targets install."""
    targets = {name: select(declarations, target) for name, target in asked.settings.targets.items()}
    known = {one.installed.origin(): one for one in declared(targets, asked.settings)}
    served = {
        origin: served_organizations(one.installed, one.site)
        if isinstance(one.installed, InstalledAgent)
        else one.site.organizations
        for origin, one in known.items()
    }
    found = installations(targets, asked.settings)
    of_files = scopes(asked.settings, asked.targets, declarations, asked.started_at)
    on_clusters = sorted({*asked.settings.clusters, *(one.cluster for one in found if one.cluster)})
    clusters = {
        name: ClusterAsked(
            tuple(Placed(one, served[one.origin]) for one in found if one.cluster == name),
            cluster_demand(of_files, name).kinds,
            _has_operator(of_files, name),
            made_in(declarations, name),
        )
        for name in on_clusters
    }
    elsewhere = tuple(
        ElsewhereSight(one, served[one.origin], _container(known[one.origin].installed))
        for one in found
        if not one.cluster
    )
    return World(clusters, elsewhere, any(one.delivery is Delivery.HELM for one in found))


def _has_operator(of_files: Iterable[Scope], cluster: str) -> bool:
    return any(
        operator.document.spec.cluster == cluster for scope in of_files for operator in scope.operators
    )


def _container(installed: Installed) -> str:
    """Name of the container on a machine with Docker."""
    docker = installed.install.docker if isinstance(installed, InstalledAgent) else None
    return AGENT if docker is None or not docker.name else docker.name


def each(names: Sequence[N], see: Callable[[N], T]) -> list[T]:
    """What `see` returns for each name, in parallel and in their order."""
    if not names:
        return []
    with ThreadPoolExecutor(max_workers=min(_MOST_AT_ONCE, len(names))) as pool:
        # One context for each: they carry the pass into log lines, and a context runs in one thread at a time.
        contexts = [copy_context() for _ in names]
        return list(pool.map(lambda at: contexts[at].run(see, names[at]), range(len(names))))


def organizations_of(looked: Iterable[TargetSight]) -> Organizations:
    """Organizations by id; of several targets with one organization, the first that was read counts."""
    found: dict[str, OrganizationSight] = {}
    for sight in looked:
        one, known = sight.organization, found.get(sight.organization.organization)
        if known is not None:
            one = replace(
                known,
                keys=one.keys if isinstance(known.keys, Unread) else known.keys,
                runners=one.runners if isinstance(known.runners, Unread) else known.runners,
                operator_keys=one.operator_keys
                if isinstance(known.operator_keys, Unread)
                else known.operator_keys,
            )
        found[one.organization] = one
    return found


def reached(asked: Pass, clients: ClusterClients, name: str) -> ClusterClient | Unread | str:
    """The client of a cluster; the reason why nothing runs there or connects to it as text, a failure as `Unread`."""
    cluster = asked.settings.clusters.get(name)
    if not (asked.adapters.has_any_cluster if cluster is None else cluster.is_reached):
        return NOT_REACHED
    try:
        client = clients.of(name)
    except ClusterError as error:
        return Unread(str(error), error.advice)
    return FOLDER if client.is_directory else client
