"""Rules about secret stores on clusters (compatibility rules, Secrets and stores): R83, R84, R90."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.facts.definition import dig
from reconciler.facts.manifest import OPERATOR_API, STORE_KIND, secret_stores
from reconciler.facts.scope import Scope
from reconciler.facts.secret_leaf import reference_leaves
from reconciler.facts.store_block import blocks_of, on_cluster
from reconciler.model.cluster_state import ClusterState
from reconciler.model.declaration import Declared
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Json, JsonObject
from reconciler.model.origin import Origin
from reconciler.model.secret_store import STORE_TYPES, SecretStoreDocument, StoreOnCluster
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

DEFAULT_LABEL = "app.humanitec.io/default-store"
_COMPARED = ("region", "url", "path", "tenantID", "projectID", "namespace")


@dataclass(frozen=True, slots=True)
class _Placed:
    """One entry of a document's `clusters`."""

    store: Declared[SecretStoreDocument]
    entry: StoreOnCluster
    index: int

    @property
    def id(self) -> str:
        return self.store.document.metadata.id

    def origin(self, *path: str) -> Origin:
        return self.store.origin(("spec", "clusters", self.index, *path))


def _placed(scope: Scope, cluster: str) -> list[_Placed]:
    return [
        _Placed(store, entry, index)
        for store in scope.everything.secret_stores
        for index, entry in enumerate(store.document.spec.clusters or ())
        if entry.cluster == cluster
    ]


def _clusters(scope: Scope) -> list[str]:
    """Clusters with an Operator of the organization, in the order of the files."""
    return list(dict.fromkeys(operator.document.spec.cluster for operator in scope.operators))


def _used(scope: Scope) -> set[str]:
    return {store for leaf in reference_leaves(scope) if (store := leaf.member("store")) is not None}


def _present(scope: Scope) -> Iterator[Finding | Unknown]:
    used = _used(scope)
    manifests = {name for name, _ in secret_stores(scope.everything)}
    for cluster in _clusters(scope):
        state = scope.cluster_state(cluster)
        live = None if state is None else state.of(OPERATOR_API, STORE_KIND)
        missing: list[str] = []
        for store in scope.secret_stores:
            spec, name = store.document.spec, store.document.metadata.id
            placed = any(entry.cluster == cluster for entry in spec.clusters or ())
            if live is not None:
                found = next((o.body for o in live if o.name == name), None)
                if found is not None:
                    yield from _differing(scope, store, cluster, found)
                elif spec.orchestrator is not None and name in used and not placed:
                    yield _missing(store, name, cluster)
            elif spec.orchestrator is not None and name in used and not placed and name not in manifests:
                missing.append(name)
        if missing:
            yield Unknown(
                "R83",
                f"whether {listed(missing)} exist there: {scope.unseen(cluster)}",
                scope.unseen(cluster),
            )
    yield from _not_registered(scope, used)


def _missing(store: Declared[SecretStoreDocument], name: str, cluster: str) -> Finding:
    return Finding(
        "R83",
        Severity.ERROR,
        f"Secret store `{name}` is missing on cluster `{cluster}`, whose Operator looks it up by name",
        store.origin(("metadata", "id")),
        advice=f"Add cluster `{cluster}` to its `clusters`.",
    )


def _differing(
    scope: Scope, store: Declared[SecretStoreDocument], cluster: str, body: JsonObject
) -> Iterator[Finding]:
    spec = store.document.spec
    wanted = blocks_of(spec)
    there = [name for name in STORE_TYPES if dig(body, "spec", name) is not None]
    if len(wanted) != 1 or len(there) != 1:
        return
    (kind, block), found = next(iter(wanted.items())), there[0]
    placed = next((p for p in _placed(scope, cluster) if p.id == store.document.metadata.id), None)
    expected: JsonObject = {
        **on_cluster(kind, block),
        **((placed.entry.differing or {}) if placed is not None else {}),
    }
    if found != kind:
        difference = f"of kind `{found}` instead of `{kind}`"
    else:
        names = [n for n in _COMPARED if n in expected and dig(body, "spec", kind, n) != expected[n]]
        if not names:
            return
        difference = "different in " + listed(names)
    yield Finding(
        "R83",
        Severity.ERROR,
        f"Secret store `{store.document.metadata.id}` is {difference} on cluster `{cluster}`",
        store.origin(("spec", kind)),
        advice="Make both sides name the same store; fields that must differ go under `clusters[].differing`.",
    )


def _not_registered(scope: Scope, used: set[str]) -> Iterator[Finding]:
    """A store that is only on clusters works as the default store; as a target of references nothing shows it."""
    live = {store.id for store in scope.surroundings.stores or ()}
    for store in scope.secret_stores:
        spec, name = store.document.spec, store.document.metadata.id
        if spec.orchestrator is None and name in used and name not in live:
            yield Finding(
                "R83",
                Severity.WARNING,
                f"Secret store `{name}` is referred to and not registered at the orchestrator",
                store.origin(("metadata", "id")),
                advice="Add `orchestrator: {}` to register it; references to stores that only clusters know are "
                "unverified.",
            )


def _one_default(scope: Scope) -> Iterator[Finding | Unknown]:
    for cluster in _clusters(scope):
        state = scope.cluster_state(cluster)
        declared = [placed for placed in _placed(scope, cluster) if placed.entry.default]
        live = None if state is None else _live_defaults(scope, cluster, state)
        if live is None and not declared:
            yield Unknown(
                "R84", f"which store is the default one: {scope.unseen(cluster)}", scope.unseen(cluster)
            )
            continue
        names = sorted({placed.id for placed in declared} | set(live or ()))
        if len(names) == 1:
            continue
        operator = scope.operators_on(cluster)[0]
        yield Finding(
            "R84",
            Severity.ERROR if names else Severity.WARNING,
            f"{len(names) or 'No'} default stores on cluster `{cluster}`, expected one"
            + (": " + listed(names) if names else ""),
            declared[-1].origin("default") if declared else operator.origin(("spec", "cluster")),
            others=tuple(placed.origin("default") for placed in declared[:-1]),
            advice="Give exactly one store of the cluster `default: true`: the Operator keeps its own data there.",
        )


def _live_defaults(scope: Scope, cluster: str, state: ClusterState) -> Sequence[str] | None:
    """Labelled stores in the Operators' namespaces, those left out that a document of ours would unlabel."""
    stores = state.of(OPERATOR_API, STORE_KIND)
    if stores is None:
        return None
    namespaces = {operator.document.spec.namespace for operator in scope.operators_on(cluster)}
    managed = {placed.id for placed in _placed(scope, cluster)}
    return [
        store.name
        for store in stores
        if store.namespace in namespaces
        and store.name not in managed
        and dig(store.body, "metadata", "labels", DEFAULT_LABEL) == "true"
    ]


def _reachable(scope: Scope) -> Iterator[Finding | Unknown]:
    for cluster in dict.fromkeys(
        entry.cluster for store in scope.secret_stores for entry in store.document.spec.clusters or ()
    ):
        namespaces = {operator.document.spec.namespace for operator in scope.operators_on(cluster)}
        own = {store.origin() for store in scope.secret_stores}
        mine = [placed for placed in _placed(scope, cluster) if placed.store.origin() in own]
        elsewhere = [p for p in mine if namespaces and p.entry.namespace not in namespaces]
        for placed in elsewhere:
            if placed.entry.default:
                yield _unreachable(
                    placed,
                    f"namespace `{placed.entry.namespace}` is not the Operator's",
                    "namespace",
                    "Put the default store into the Operator's namespace.",
                )
        hidden = sorted(p.id for p in elsewhere if not p.entry.default)
        if hidden:
            yield Unknown(
                "R90",
                f"whether {listed(hidden)} on cluster `{cluster}` stand in the namespace of the application that needs "
                "them",
            )
        yield from _credentials(scope, cluster, mine)


def _credentials(scope: Scope, cluster: str, placed: Sequence[_Placed]) -> Iterator[Finding | Unknown]:
    state = scope.cluster_state(cluster)
    referring = [(p, at, *named) for p in placed for at, named in _secret_refs(p.entry.auth)]
    if referring and (state is None or not state.has_read_secrets):
        yield Unknown(
            "R90",
            f"whether the Secrets with credentials of stores are there: {scope.unseen(cluster)}",
            scope.unseen(cluster),
        )
        return
    for store, at, name, key in referring:
        secret = None if state is None else state.secret(store.entry.namespace, name)
        if secret is None:
            problem = f"Secret `{name}` is not in namespace `{store.entry.namespace}`"
        elif key and key not in secret.entries:
            problem = f"Secret `{name}` has no entry `{key}`"
        else:
            continue
        yield _unreachable(
            store, problem, "auth", f"Create it in namespace `{store.entry.namespace}`.", at=at
        )


def _secret_refs(auth: Json) -> Iterator[tuple[str, tuple[str, str]]]:
    for member, value in auth.items() if isinstance(auth, dict) else ():
        name, key = dig(value, "name"), dig(value, "key")
        if member.endswith("SecretRef") and isinstance(name, str):
            yield member, (name, key if isinstance(key, str) else "")


def _unreachable(placed: _Placed, problem: str, member: str, advice: str, *, at: str = "") -> Finding:
    return Finding(
        "R90",
        Severity.ERROR,
        f"Secret store `{placed.id}` will not be found on cluster `{placed.entry.cluster}`: {problem}"
        if member == "namespace"
        else f"Secret store `{placed.id}` cannot sign in on cluster `{placed.entry.cluster}`: {problem}",
        placed.origin(member, at) if at else placed.origin(member),
        advice=advice,
    )


RULES = (
    Rule(
        id="R83",
        title="A store is the same on both sides",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_present,
    ),
    Rule(
        id="R84",
        title="Every cluster with an Operator has one default store",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_one_default,
    ),
    Rule(
        id="R90",
        title="Stores and their credentials are where the Operator looks",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_reachable,
    ),
)
