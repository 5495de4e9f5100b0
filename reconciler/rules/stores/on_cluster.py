"""Rules about secret stores on clusters (compatibility rules, Secrets and stores): R83, R84, R90."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial

from reconciler.facts.definition import dig
from reconciler.facts.deployment_mode import clusters_used_on
from reconciler.facts.manifest import OPERATOR_API, STORE_KIND, secret_stores
from reconciler.facts.placed_store import PlacedStore, placed_of, placed_on, secret_references
from reconciler.facts.scope import Scope
from reconciler.facts.secret_leaf import reference_leaves
from reconciler.facts.store_block import blocks_of, on_cluster
from reconciler.model.declaration import Declared
from reconciler.model.finding import Severity
from reconciler.model.json import JsonObject
from reconciler.model.origin import Origin
from reconciler.model.secret_store import STORE_TYPES, SecretStoreDocument
from reconciler.model.unseen import never_read
from reconciler.model.wording import listed
from reconciler.rules.over import TARGET, Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.operator import DEFAULT_STORE_LABEL

_COMPARED = ("region", "url", "path", "tenantID", "projectID", "namespace")


def _placed(scope: Scope) -> Iterator[Subject[PlacedStore]]:
    for placed in (placed for store in scope.secret_stores for placed in placed_of(scope, store)):
        name = f"secret store `{placed.id}` on cluster `{placed.cluster}`"
        yield Subject(placed, scope, name, placed.origin)


def _clusters(scope: Scope) -> Iterator[Subject[str]]:
    for cluster in dict.fromkeys(operator.document.spec.cluster for operator in scope.operators):
        place = partial(scope.operators_on(cluster)[0].origin, ("spec", "cluster"))
        yield Subject(cluster, scope, f"stores on cluster `{cluster}`", place)


PLACED_STORES = Over("secret store on a cluster", _placed)
OPERATED_CLUSTERS = Over("cluster with an Operator", _clusters)


def _same_on_both_sides(target: Subject[Scope]) -> Iterator[Answer]:
    scope, used = target.scope, _used(target.scope)
    for cluster in _clusters(scope):
        yield from _on(cluster, used)
    live = {store.id for store in scope.surroundings.stores or ()}
    for store in scope.secret_stores:
        name = store.document.metadata.id
        # A store that exists only on clusters works as the default store; as the target of references it is unproven.
        if store.document.spec.orchestrator is None and name in used and name not in live:
            yield target.says(
                f"Secret store `{name}` is referred to but not registered with the orchestrator",
                at=store.origin(("metadata", "id")),
                advice="Add `orchestrator: {}` to register it; references to stores that exist only on clusters are "
                "not verified to work.",
                severity=Severity.WARNING,
            )


def _used(scope: Scope) -> Mapping[str, Mapping[str, Origin]]:
    """Clusters that need each referenced store, by store, each with the place of a reference."""
    members = {m.declared.id: m for m in scope.references.members if m.declared is not None}
    found: dict[str, dict[str, Origin]] = defaultdict(dict)
    for leaf in reference_leaves(scope):
        store = leaf.member("store")
        if store is not None:
            places = found[store]
            for cluster in clusters_used_on(scope, members[leaf.definition.id]):
                places.setdefault(cluster, leaf.origin("store"))
    return found


def _on(cluster: Subject[str], used: Mapping[str, Mapping[str, Origin]]) -> Iterator[Answer]:
    scope, name = cluster.scope, cluster.fact
    state = scope.cluster_state(name)
    live = None if state is None else state.of(OPERATOR_API, STORE_KIND)
    manifests = {manifest for manifest, _ in secret_stores(scope.everything)}
    doubtful: list[str] = []
    for store in scope.secret_stores:
        identifier, spec = store.document.metadata.id, store.document.spec
        there = next((one.body for one in live or () if one.name == identifier), None)
        if there is not None:
            yield from _differing(cluster, store, there)
            continue
        is_placed = any(placed.cluster == name for placed in placed_of(scope, store))
        if is_placed or spec.orchestrator is None or name not in used.get(identifier, {}):
            continue
        if live is not None or (spec.clusters and identifier not in manifests):
            yield cluster.says(
                f"Secret store `{identifier}` is missing on cluster `{name}`, whose Operator looks it up by name",
                at=store.origin(("metadata", "id")),
                others=(used[identifier][name],),
                advice=f"Add cluster `{name}` to the store's `clusters`.",
            )
        elif identifier not in manifests:
            doubtful.append(identifier)
    if doubtful:
        yield cluster.doubts(f"whether {listed(doubtful)} exist there", scope.unseen(name, STORE_KIND))


def _differing(
    cluster: Subject[str], store: Declared[SecretStoreDocument], body: JsonObject
) -> Iterator[Answer]:
    identifier, wanted = store.document.metadata.id, blocks_of(store.document.spec)
    there = [name for name in STORE_TYPES if dig(body, "spec", name) is not None]
    if len(wanted) != 1 or len(there) != 1:
        return
    (kind, block), found = next(iter(wanted.items())), there[0]
    placed = next((p for p in placed_on(cluster.scope, cluster.fact) if p.id == identifier), None)
    expected: JsonObject = {
        **on_cluster(kind, block),
        **((placed.differing or {}) if placed is not None else {}),
    }
    names = [n for n in _COMPARED if n in expected and dig(body, "spec", kind, n) != expected[n]]
    if found == kind and not names:
        return
    difference = (
        f"of kind `{found}` instead of `{kind}`" if found != kind else "different in " + listed(names)
    )
    yield cluster.says(
        f"Secret store `{identifier}` is {difference} on cluster `{cluster.fact}`",
        at=store.origin(("spec", kind)),
        others=() if placed is None else (placed.origin(),),
        advice="Make both sides the same; fields that must differ go under `clusters[].differing`.",
    )


def _one_default(cluster: Subject[str]) -> Iterator[Answer]:
    scope, name = cluster.scope, cluster.fact
    placed = placed_on(scope, name)
    declared = [one for one in placed if one.is_default]
    state = scope.cluster_state(name)
    if not declared or (state is not None and state.of(OPERATOR_API, STORE_KIND) is not None):
        live = _live_defaults(cluster, managed={one.id for one in placed})
    else:
        live = []
    names = sorted({one.id for one in declared} | set(live))
    if len(names) != 1:
        yield cluster.says(
            f"{len(names) or 'No'} default stores on cluster `{name}`, expected one"
            + (": " + listed(names) if names else ""),
            at=declared[-1].origin("default") if declared else None,
            others=tuple(one.origin("default") for one in declared[:-1]),
            advice="Set `default: true` for exactly one store of the cluster: the Operator keeps its own data there.",
            severity=Severity.ERROR if names else Severity.WARNING,
        )


def _live_defaults(cluster: Subject[str], managed: set[str]) -> list[str]:
    """Labelled stores in the Operators' namespaces, except managed ones, whose label the documents decide."""
    stores = cluster.seen.objects(cluster.fact, OPERATOR_API, STORE_KIND)
    namespaces = {one.document.spec.namespace for one in cluster.scope.operators_on(cluster.fact)}
    return [
        store.name
        for store in stores
        if store.namespace in namespaces
        and store.name not in managed
        and dig(store.body, "metadata", "labels", DEFAULT_STORE_LABEL) == "true"
    ]


def _reachable(store: Subject[PlacedStore]) -> Iterator[Answer]:
    placed, cluster = store.fact, store.fact.cluster
    operators = store.scope.operators_on(cluster)
    if operators and placed.namespace not in {one.document.spec.namespace for one in operators}:
        if placed.is_default:
            yield store.says(
                f"Secret store `{placed.id}` will not be found on cluster `{cluster}`: namespace "
                f"`{placed.namespace}` is not the Operator's",
                at=placed.origin("namespace"),
                others=(operators[0].origin(("spec", "namespace")),),
                advice="Place the default store in the Operator's namespace.",
            )
        else:
            yield store.doubts(
                f"whether {store.name} is in the namespace of the application that needs it",
                never_read("namespaces of applications are known only at deployment"),
            )
    if _is_held(store.scope, placed):
        return
    for member, name, key in secret_references(placed.auth):
        secret = store.seen.secret(cluster, placed.namespace, name)
        if secret is None or (key and key not in secret.entries):
            problem = (
                f"is not in namespace `{placed.namespace}`" if secret is None else f"has no entry `{key}`"
            )
            yield store.says(
                f"Secret store `{placed.id}` cannot sign in on cluster `{cluster}`: Secret `{name}` {problem}",
                at=placed.origin("auth", member),
                advice=f"Create it in namespace `{placed.namespace}`.",
            )


def _is_held(scope: Scope, placed: PlacedStore) -> bool:
    """True where the custom resource is not there after the plan, which creates it once its Secrets are there."""
    state = scope.cluster_state(placed.cluster)
    live = None if state is None else state.of(OPERATOR_API, STORE_KIND)
    return live is not None and not any(
        (one.namespace, one.name) == (placed.namespace, placed.id) for one in live
    )


RULES = (
    Rule(
        id="R83",
        title="A store is the same on both sides",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE, Side.CLUSTER),
        over=TARGET,
        check=_same_on_both_sides,
    ),
    Rule(
        id="R84",
        title="Every cluster with an Operator has one default store",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.CLUSTER),
        over=OPERATED_CLUSTERS,
        check=_one_default,
    ),
    Rule(
        id="R90",
        title="Stores and their credentials are where the Operator looks",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.CLUSTER),
        over=PLACED_STORES,
        check=_reachable,
    ),
)
