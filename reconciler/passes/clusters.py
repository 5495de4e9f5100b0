"""Reads every cluster in parallel; one that cannot be read fails alone."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from reconciler.cluster.client import ClusterClient
from reconciler.errors import (
    ClusterAccessError,
    ClusterError,
    ClusterForbiddenError,
    DeniedError,
    InvalidObjectError,
    UnknownKindError,
)
from reconciler.facts.cluster_demand import OF_DEPLOYMENTS, ClusterDemand, cluster_demand
from reconciler.facts.placed_key import secrets_on
from reconciler.facts.scope import Scope
from reconciler.footprint.installation import installations
from reconciler.footprint.value import Footprint
from reconciler.model.cluster_state import ObservedKind
from reconciler.model.declaration import Declarations
from reconciler.model.identity import ResourceKey, target_of_cluster
from reconciler.model.json import JsonObject
from reconciler.model.kind import CLUSTER_KINDS, FACTS, WORKLOAD_KINDS, Kind, type_name
from reconciler.model.kubernetes_object import (
    INSTALLATION_ANNOTATION,
    INSTANCE_LABEL,
    OPERATOR_INSTALLATIONS,
    key_of,
    namespace_and_name,
    text_of,
)
from reconciler.model.place import Realm, cluster
from reconciler.passes.begin import Pass
from reconciler.passes.cluster_sight import ClusterReading, ClusterSight, bodies_of, cluster_sight
from reconciler.passes.result import TargetResult
from reconciler.plan.action import Unexamined
from reconciler.source.selection import select

if TYPE_CHECKING:
    from reconciler.model.cluster_state import SecretObject

T = TypeVar("T")
R = TypeVar("R")
_AT_ONCE = 8
"""Objects of one cluster that are read at the same time, where each takes a request."""


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
    left_out = tuple(sorted(_reached(asked, declared) - set(names)))
    if not names:
        return LookedClusters(unseen=left_out)
    with ThreadPoolExecutor(max_workers=min(8, len(names))) as pool:
        # One context for each, as for organizations.
        contexts = [copy_context() for _ in names]
        seen = list(
            pool.map(
                lambda at: contexts[at].run(
                    _see,
                    asked,
                    names[at],
                    declared.get(names[at], ()),
                    _demand(scopes, declarations, names[at]),
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
        (*(one.name for one in unread if one.may_run), *left_out),
    )


def _demand(scopes: Sequence[Scope], declarations: Declarations, name: str) -> ClusterDemand:
    """What rules read of a cluster, with the Secrets that public keys follow from, whichever target needs them."""
    found = cluster_demand(scopes, name)
    return found._replace(secrets=tuple(dict.fromkeys((*found.secrets, *secrets_on(declarations, name)))))


def clusters_of(asked: Pass, declared: Iterable[str]) -> tuple[str, ...]:
    """The selected clusters that can be reached, sorted; `declared` are those that the files name.

    They are selected by the name under which they are reported; targets alone select none of them.
    """
    chosen = asked.selection.targets
    return tuple(
        name for name in sorted(_reached(asked, declared)) if not chosen or target_of_cluster(name) in chosen
    )


def _reached(asked: Pass, declared: Iterable[str]) -> set[str]:
    known = {name for name, found in asked.settings.clusters.items() if found.is_reached}
    return known.union(declared if asked.adapters.has_any_cluster else ())


def by_cluster(asked: Pass, declarations: Declarations) -> Mapping[str, tuple[Footprint, ...]]:
    """Installations that the files declare, by cluster."""
    found: dict[str, list[Footprint]] = {}
    targets = {name: select(declarations, target) for name, target in asked.settings.targets.items()}
    for one in installations(targets, asked.settings):
        if one.cluster:
            found.setdefault(one.cluster, []).append(one)
    return {name: tuple(footprints) for name, footprints in found.items()}


def _see(
    asked: Pass,
    name: str,
    footprints: Sequence[Footprint],
    demand: ClusterDemand,
    clients: ClusterClients,
) -> ClusterSight | _Unread:
    try:
        client = clients.of(name)
        reading = _Look(asked.settings.instance, name, footprints, demand, client).read()
        if asked.adapters.tries_on_clusters and not client.is_directory:
            reading = _tried(reading, footprints, client)
    except ClusterError as error:
        if not footprints and not demand.secrets:
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


def _tried(reading: ClusterReading, footprints: Sequence[Footprint], client: ClusterClient) -> ClusterReading:
    """Add what the server says of every declared object. Raises ClusterAccessError if it is not reached."""
    tried: dict[ResourceKey, JsonObject] = {}
    denied: dict[ResourceKey, str] = {}
    unexamined: list[Unexamined] = []
    for key, body in bodies_of(reading, footprints).items():
        found = reading.found.get(key)
        try:
            tried[key] = client.tried(body, force=found is not None and reading.is_own(found))
        except ClusterAccessError:
            raise
        except (DeniedError, InvalidObjectError) as error:
            denied[key] = str(error)
        except ClusterError as error:
            unexamined.append(Unexamined(f"a dry run of {key} on cluster {reading.place}", str(error)))
    return replace(reading, tried=tried, denied=denied, unexamined=(*reading.unexamined, *unexamined))


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
        self._observed: dict[str, tuple[JsonObject, ...]] = {}
        self._absent_kinds: set[Kind] = set()
        self._unlisted: dict[Kind, str] = {}
        """Kinds of which nothing is declared and that may not be listed, with the reason."""
        self._unexamined: list[Unexamined] = []
        self._secrets: dict[tuple[str, str], SecretObject | None] = {}

    def read(self) -> ClusterReading:
        """The cluster. Raises ClusterError if something of a declared installation cannot be read."""
        # A namespace of several installations is declared by each of them.
        declared = tuple(
            dict.fromkeys(key_of(body, self._place) for one in self._footprints for body in one.applied)
        )
        if not self._client.is_directory:
            self._observe(self._demand.kinds)
        self._list_owned(declared)
        if not self._client.is_directory:
            self._observe(self._of_leaving_operator(declared))
        missing = self._get_unlisted(declared)
        if not self._client.is_directory:
            self._read_secrets(missing)
        return ClusterReading(
            self._place,
            self._instance,
            self._client.address,
            self._found,
            frozenset(self._complete),
            observed=self._observed,
            secrets=self._secrets,
            unexamined=(*self._unexamined, *self._leftovers()),
            is_directory=self._client.is_directory,
            absent_kinds=frozenset(self._absent_kinds),
        )

    def _observe(self, kinds: Iterable[ObservedKind]) -> None:
        """Everything of some kinds, for rules and guards. What may not be read stays unknown to them, as they say."""
        for kind in kinds:
            try:
                self._observed[kind.name] = self._client.observe(kind)
            except ClusterForbiddenError as error:
                self._unexamined.append(
                    Unexamined(f"all objects of kind {kind.kind} on cluster {self._name}", str(error))
                )

    def _of_leaving_operator(self, declared: Collection[ResourceKey]) -> Sequence[ObservedKind]:
        """Kinds that a guard looks for before an Operator is removed that files no longer declare."""
        is_leaving = any(
            key.kind in WORKLOAD_KINDS
            and key not in declared
            and text_of(body, "annotations", INSTALLATION_ANNOTATION).startswith(OPERATOR_INSTALLATIONS)
            for key, body in self._found.items()
        )
        asked = {kind.name for kind in self._demand.kinds}
        return [kind for kind in OF_DEPLOYMENTS if kind.name not in asked] if is_leaving else []

    def _list_owned(self, wanted: Iterable[ResourceKey]) -> None:
        """Everything that carries this instance's label: one list for each kind.

        Where only namespaces may be listed, those of the files are; what is elsewhere is then not seen.
        """
        for kind in CLUSTER_KINDS:
            observed = self._observed.get(f"{FACTS[kind].api_version} {type_name(kind)}")
            # A kind that rules read and that the cluster does not have looks like one of which there is nothing.
            if observed is None or (kind is Kind.STORE_RESOURCE and not observed):
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
        try:
            return self._listed_as_allowed(kind, wanted)
        except UnknownKindError:
            self._absent_kinds.add(kind)
            return ()

    def _listed_as_allowed(self, kind: Kind, wanted: Iterable[ResourceKey]) -> tuple[JsonObject, ...] | None:
        selector = f"{INSTANCE_LABEL}={self._instance}"
        try:
            return self._client.list(kind, label_selector=selector)
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
        self._unlisted[kind] = str(error)
        return () if kind is Kind.NAMESPACE else None

    def _leftovers(self) -> Iterator[Unexamined]:
        if self._unlisted:
            names = ", ".join(FACTS[kind].plural for kind in self._unlisted)
            reason = next(iter(self._unlisted.values()))
            more = ", and so for the others" if len(self._unlisted) > 1 else ""
            yield Unexamined(
                f"{names} on cluster {self._name}",
                f"{reason}{more}; what the files no longer declare is not seen",
            )

    def _get_unlisted(self, declared: Sequence[ResourceKey]) -> frozenset[str]:
        """Read what no list showed: what does not exist, or has no label of ours. Returns namespaces that are missing.

        There is nothing in these, which is not asked for: before a first apply, that is nearly everything.
        """
        unlisted = [key for key in declared if key not in self._found and key.kind not in self._absent_kinds]
        spaces = [key for key in unlisted if key.kind is Kind.NAMESPACE]
        missing = frozenset(
            key.id for key, body in zip(spaces, self._get_each(spaces), strict=True) if body is None
        )
        if self._client.is_directory:
            missing = frozenset()  # files are not in a namespace
        self._get_each(
            [
                key
                for key in unlisted
                if key.kind is not Kind.NAMESPACE and namespace_and_name(key)[0] not in missing
            ]
        )
        return missing

    def _get_each(self, keys: Sequence[ResourceKey]) -> Sequence[JsonObject | None]:
        found = self._at_once(self._get, keys)
        self._found.update((key, body) for key, body in zip(keys, found, strict=True) if body is not None)
        return found

    def _get(self, key: ResourceKey) -> JsonObject | None:
        namespace, name = namespace_and_name(key)
        if key.kind is not Kind.NAMESPACE:
            return self._client.get(key.kind, namespace, name)
        read = partial(self._client.get, key.kind, namespace, name)
        return read() or (read() if self._has_found(name) else None)

    def _has_found(self, namespace: str, kinds: Collection[Kind] = CLUSTER_KINDS) -> bool:
        """True if something of these kinds was found in a namespace: one wrong 404 must not contradict it.

        Rules would stop a whole organization because of it.
        """
        return any(key.kind in kinds and namespace_and_name(key)[0] == namespace for key in self._found)

    def _read_secrets(self, missing: frozenset[str]) -> None:
        """One request for each Secret: to list them is to read all of a namespace, and metadata has no fingerprint."""
        own = ((entry.namespace, entry.name) for one in self._footprints for entry in one.needed)
        wanted = tuple(dict.fromkeys((*own, *self._demand.secrets)))
        asked = [at for at in wanted if at[0] not in missing]
        found = dict(zip(asked, self._at_once(self._secret, asked), strict=True))
        for at in wanted:
            one = found.get(at)
            if isinstance(one, Unexamined):
                self._unexamined.append(one)
            else:
                self._secrets[at] = one

    def _secret(self, at: tuple[str, str]) -> "SecretObject | Unexamined | None":
        namespace, name = at
        try:
            found = self._client.secret(namespace, name)
            is_missed = found is None and self._has_found(namespace, WORKLOAD_KINDS)
            return self._client.secret(namespace, name) if is_missed else found
        except ClusterForbiddenError as error:
            return Unexamined(
                f"Secret {namespace}/{name} on cluster {self._name}",
                f"{error}; whether the key is there, and a restart after it changed, are not known",
            )

    def _at_once(self, read: Callable[[T], R], wanted: Sequence[T]) -> Sequence[R]:
        """What was read of each, in the same order. Raises the first error."""
        if self._client.is_directory or len(wanted) < _AT_ONCE:
            return [read(one) for one in wanted]
        contexts = [copy_context() for _ in wanted]
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return list(pool.map(lambda context, one: context.run(read, one), contexts, wanted))
