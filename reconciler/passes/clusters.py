"""Reads every cluster in parallel; one that cannot be read fails alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.cluster.client import ClusterClient
from reconciler.errors import ClusterError, ClusterForbiddenError, UnknownKindError
from reconciler.facts.cluster_demand import ClusterDemand, cluster_demand
from reconciler.facts.scope import Scope
from reconciler.footprint.installation import installations
from reconciler.footprint.value import Footprint
from reconciler.model.declaration import Declarations
from reconciler.model.identity import ResourceKey, target_of_cluster
from reconciler.model.json import JsonObject
from reconciler.model.kind import CLUSTER_KINDS, FACTS, Kind
from reconciler.model.kubernetes_object import INSTANCE_LABEL, key_of, namespace_and_name, text_of
from reconciler.model.place import Realm, cluster
from reconciler.passes.begin import Pass
from reconciler.passes.cluster_sight import ClusterReading, ClusterSight, cluster_sight
from reconciler.passes.result import TargetResult
from reconciler.plan.action import Unexamined
from reconciler.source.selection import select

if TYPE_CHECKING:
    from reconciler.model.cluster_state import SecretObject


@dataclass(frozen=True, slots=True)
class LookedClusters:
    """Every cluster of the pass: those that were seen, and the results of those that were not."""

    sights: tuple[ClusterSight, ...] = ()
    failed: tuple[TargetResult, ...] = ()
    unexamined: tuple[Unexamined, ...] = ()
    """Clusters on which nothing is declared, and which could not be read."""
    unseen: tuple[str, ...] = ()
    """Names of clusters of which it is not known what runs there."""


NO_CLUSTERS = LookedClusters()


@dataclass(frozen=True, slots=True)
class _Unread:
    """A cluster that could not be read, and whether something of ours may run there."""

    name: str
    result: TargetResult | Unexamined
    may_run: bool


class ClusterClients:
    """Clients of the clusters of one pass; opened on demand, closed together."""

    def __init__(self, asked: Pass) -> None:
        self._asked = asked
        self._open: dict[str, ClusterClient] = {}

    def of(self, name: str) -> ClusterClient:
        """The client of a cluster of the settings. Raises ClusterError."""
        if name not in self._open:
            self._open[name] = self._asked.adapters.connect_cluster(name)
        return self._open[name]

    @property
    def requests(self) -> Iterator[dict[str, int]]:
        """Number of requests sent so far, by verb, of each cluster."""
        return (client.requests for client in self._open.values())

    def close(self) -> None:
        """Close all of them."""
        for client in self._open.values():
            client.close()


def look_at_clusters(
    asked: Pass, declarations: Declarations, scopes: Sequence[Scope], clients: ClusterClients
) -> LookedClusters:
    """Live objects of every cluster that the settings say how to reach, with what the rules of `scopes` need.

    One that cannot be read fails alone. If nothing is declared on it, that is only reported: its connection
    may serve values of secrets alone.
    """
    declared = by_cluster(asked, declarations)
    names = clusters_of(asked, declared)
    if not names:
        return LookedClusters()
    with ThreadPoolExecutor(max_workers=min(8, len(names))) as pool:
        # One context for each, as for organizations.
        contexts = [copy_context() for _ in names]
        seen = list(
            pool.map(
                lambda at: contexts[at].run(
                    _see,
                    asked.settings.instance,
                    names[at],
                    declared.get(names[at], ()),
                    cluster_demand(scopes, names[at]),
                    clients,
                ),
                range(len(names)),
            )
        )
    unread = [one for one in seen if isinstance(one, _Unread)]
    return LookedClusters(
        tuple(one for one in seen if isinstance(one, ClusterSight)),
        tuple(one.result for one in unread if isinstance(one.result, TargetResult)),
        tuple(one.result for one in unread if isinstance(one.result, Unexamined)),
        tuple(one.name for one in unread if one.may_run),
    )


def clusters_of(asked: Pass, declared: Iterable[str]) -> tuple[str, ...]:
    """The selected clusters that can be reached, sorted; `declared` are those that the files name.

    They are selected by the name under which they are reported; targets alone select none of them.
    """
    known = {name for name, found in asked.settings.clusters.items() if found.is_reached}
    if asked.adapters.has_any_cluster:
        known.update(declared)
    chosen = asked.selection.targets
    return tuple(name for name in sorted(known) if not chosen or target_of_cluster(name) in chosen)


def by_cluster(asked: Pass, declarations: Declarations) -> Mapping[str, tuple[Footprint, ...]]:
    """Installations that the files declare, by cluster."""
    found: dict[str, list[Footprint]] = {}
    targets = {name: select(declarations, target) for name, target in asked.settings.targets.items()}
    for one in installations(targets, asked.settings):
        if one.cluster:
            found.setdefault(one.cluster, []).append(one)
    return {name: tuple(footprints) for name, footprints in found.items()}


def _see(
    instance: str,
    name: str,
    footprints: Sequence[Footprint],
    demand: ClusterDemand,
    clients: ClusterClients,
) -> ClusterSight | _Unread:
    try:
        reading = _Look(instance, name, footprints, demand, clients.of(name)).read()
    except ClusterError as error:
        if not footprints:
            # Where nothing may be read, as for clusters that serve secrets alone, nothing was installed either.
            may_run = not isinstance(error, ClusterForbiddenError)
            unexamined = Unexamined(f"objects of this instance on cluster {name}", str(error))
            return _Unread(name, unexamined, may_run)
        result = TargetResult(
            target_of_cluster(name),
            name,
            error=str(error),
            advice=error.advice,
            is_transient=error.is_transient,
            error_code=error.exit_code,
            realm=Realm.CLUSTER,
        )
        return _Unread(name, result, may_run=True)
    return cluster_sight(reading, footprints)


class _Look:
    """One look at one cluster."""

    def __init__(
        self,
        instance: str,
        name: str,
        footprints: Sequence[Footprint],
        demand: ClusterDemand,
        client: ClusterClient,
    ) -> None:
        self._instance = instance
        self._place = cluster(name)
        self._name = name
        self._footprints = footprints
        self._demand = demand
        self._client = client
        self._found: dict[ResourceKey, JsonObject] = {}
        self._complete: set[Kind] = set()
        self._absent: set[Kind] = set()
        """Kinds that the cluster does not have: what brings them may be installed later."""
        self._observed: dict[str, tuple[JsonObject, ...]] = {}
        self._unexamined: list[Unexamined] = []
        self._secrets: dict[tuple[str, str], SecretObject | None] = {}

    def read(self) -> ClusterReading:
        """The cluster. Raises ClusterError if something of a declared installation cannot be read."""
        declared = [key_of(body, self._place) for one in self._footprints for body in one.objects]
        if not self._client.is_directory:
            self._observe()
        self._list_owned(declared)
        for key in declared:
            if key not in self._found and key.kind not in self._absent:
                namespace, name = namespace_and_name(key)
                found = self._client.get(key.kind, namespace, name)
                if found is not None:
                    self._found[key] = found
        if not self._client.is_directory:
            own = ((entry.namespace, entry.name) for one in self._footprints for entry in one.secrets)
            for at in dict.fromkeys((*own, *self._demand.secrets)):
                self._read_secret(*at)
        return ClusterReading(
            self._place,
            self._instance,
            self._client.address,
            self._found,
            frozenset(self._complete),
            self._observed,
            self._secrets,
            tuple(self._unexamined),
            self._client.is_directory,
        )

    def _observe(self) -> None:
        """What rules read. What may not be read leaves its rules unknown, which they say themselves."""
        for kind in self._demand.kinds:
            try:
                self._observed[kind.name] = self._client.observe(kind)
            except ClusterForbiddenError as error:
                self._unexamined.append(
                    Unexamined(f"all objects of kind {kind.kind} on cluster {self._name}", str(error))
                )

    def _list_owned(self, wanted: Iterable[ResourceKey]) -> None:
        """Everything that carries this instance's label: one list for each kind.

        Where only namespaces may be listed, those of the files are; what is elsewhere is then not seen.
        """
        for kind in CLUSTER_KINDS:
            observed = self._observed.get(f"{FACTS[kind].api_version} {kind}")
            if observed is None:
                listed = self._listed(kind, wanted)
            else:
                listed = tuple(
                    body for body in observed if text_of(body, "labels", INSTANCE_LABEL) == self._instance
                )
            if listed is not None:
                self._complete.add(kind)
                self._found.update((key_of(body, self._place), body) for body in listed)

    def _listed(self, kind: Kind, wanted: Iterable[ResourceKey]) -> tuple[JsonObject, ...] | None:
        """Owned objects of one kind; None if they cannot be listed, and none of the kind is declared."""
        selector = f"{INSTANCE_LABEL}={self._instance}"
        try:
            return self._client.list(kind, label_selector=selector)
        except UnknownKindError:
            if "/" not in FACTS[kind].api_version:
                raise  # every cluster has those of the core: this is another server
            self._absent.add(kind)
            return ()
        except ClusterForbiddenError as error:
            namespaces = sorted({namespace_and_name(key)[0] for key in wanted} - {""})
            if not FACTS[kind].is_namespaced or not namespaces:
                return self._refused(kind, error, wanted)
            try:
                listed = tuple(
                    body
                    for namespace in namespaces
                    for body in self._client.list(kind, namespace, label_selector=selector)
                )
            except ClusterForbiddenError as nearer:
                return self._refused(kind, nearer, wanted)
            self._unexamined.append(
                Unexamined(
                    f"{FACTS[kind].plural} on cluster {self._name} outside of the declared namespaces",
                    f"{error}; what the files no longer declare there is not seen",
                )
            )
            return listed

    def _refused(
        self, kind: Kind, error: ClusterForbiddenError, wanted: Iterable[ResourceKey]
    ) -> tuple[JsonObject, ...] | None:
        """As `_listed`. Namespaces can also be read one by one, which is enough for those that are declared.

        Raises the error for other kinds of which something is declared.
        """
        if kind is not Kind.NAMESPACE and any(key.kind is kind for key in wanted):
            raise error
        self._unexamined.append(
            Unexamined(
                f"{FACTS[kind].plural} on cluster {self._name}",
                f"{error}; what the files no longer declare is not seen",
            )
        )
        return () if kind is Kind.NAMESPACE else None

    def _read_secret(self, namespace: str, name: str) -> None:
        try:
            self._secrets[namespace, name] = self._client.secret(namespace, name)
        except ClusterForbiddenError as error:
            self._unexamined.append(
                Unexamined(
                    f"Secret {namespace}/{name} on cluster {self._name}",
                    f"{error}; whether the key is there, and a restart after it changed, are not known",
                )
            )
