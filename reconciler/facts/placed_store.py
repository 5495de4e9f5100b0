"""Where secret stores are custom resources: on clusters that their documents name, and on those with an Operator."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.facts.operator import DeclaredOperator
from reconciler.facts.scope import Scope
from reconciler.facts.store_block import blocks_of
from reconciler.model.declaration import Declared
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.operator import OPERATOR_NAMESPACE
from reconciler.model.origin import Origin
from reconciler.model.secret_name import may_name_secret
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.settings import Settings

WITHOUT_CREDENTIALS = frozenset(("awssm", "azurekv", "gcpsm", "kubernetes"))
"""Kinds of stores that an Operator reaches with the identity of its pod, or as it is (agent and operator 3.4)."""
_REFERENCE = "SecretRef"
_OF_REFERENCE = frozenset(("name", "key"))


@dataclass(frozen=True, slots=True)
class PlacedStore:
    """A store on one cluster. `path` leads to its entry in the document, and to nothing in particular if it has none.

    `auth` is None where the document does not say how the Operator signs in.
    """

    store: Declared[SecretStoreDocument]
    cluster: str
    namespace: str
    path: Path
    is_default: bool = False
    auth: JsonObject | None = None
    differing: JsonObject | None = None

    @property
    def id(self) -> str:
        """Id of the store."""
        return self.store.document.metadata.id

    def origin(self, *path: str) -> Origin:
        """Place of a field of the entry."""
        return self.store.origin((*self.path, *path))


def placed(
    store: Declared[SecretStoreDocument],
    operators: Sequence[DeclaredOperator],
    everywhere: Sequence[DeclaredOperator],
    settings: Settings,
) -> Iterator[PlacedStore]:
    """Every cluster that a store is on.

    One that names no clusters is on those that the settings reach and on which one of `operators`, which serve its
    organizations, can use it without credentials. Of `everywhere`, namespaces count.
    """
    spec, spaces = store.document.spec, _spaces(everywhere)
    for index, entry in enumerate(spec.clusters or ()):
        yield PlacedStore(
            store,
            entry.cluster,
            entry.namespace or spaces.get(entry.cluster, OPERATOR_NAMESPACE),
            ("spec", "clusters", index),
            entry.default,
            entry.auth,
            entry.differing,
        )
    if spec.clusters is not None or not blocks_of(spec).keys() <= WITHOUT_CREDENTIALS:
        return
    for cluster in dict.fromkeys(one.document.spec.cluster for one in operators if _uses(one, store)):
        reached = settings.clusters.get(cluster)
        if reached is not None and reached.is_reached:
            yield PlacedStore(store, cluster, spaces[cluster], ("spec",))


def _spaces(operators: Iterable[DeclaredOperator]) -> dict[str, str]:
    """Namespace of the first Operator of each cluster."""
    found: dict[str, str] = {}
    for one in operators:
        found.setdefault(one.document.spec.cluster, one.document.spec.namespace)
    return found


def _uses(operator: DeclaredOperator, store: Declared[SecretStoreDocument]) -> bool:
    listed = operator.document.spec.secretStores
    return listed is None or store.document.metadata.id in listed


def placed_of(scope: Scope, store: Declared[SecretStoreDocument]) -> tuple[PlacedStore, ...]:
    """Every cluster that a store of the target is on."""
    return tuple(placed(store, scope.operators, scope.everything.operators, scope.settings))


def placed_on(scope: Scope, cluster: str) -> tuple[PlacedStore, ...]:
    """Stores of any document on a cluster; what documents of other targets leave out counts in these."""
    own = {store.origin() for store in scope.secret_stores}
    return tuple(
        one
        for store in scope.everything.secret_stores
        for one in placed(
            store,
            scope.operators if store.origin() in own else (),
            scope.everything.operators,
            scope.settings,
        )
        if one.cluster == cluster
    )


def secret_references(auth: Json) -> Iterator[tuple[str, str, str]]:
    """Field, name and entry of each Secret with credentials."""
    for member, value in auth.items() if isinstance(auth, dict) else ():
        if member.endswith(_REFERENCE) and isinstance(value, dict) and isinstance(value.get("name"), str):
            key = value.get("key")
            yield member, str(value["name"]), key if isinstance(key, str) else ""


def values_in(auth: Json, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of credentials that are values and no references to Secrets.

    A custom resource shows them to everybody who may read it, so that none of them, whatever it comes from, goes there.
    """
    if not isinstance(auth, dict):
        if auth is not None and any(map(may_name_secret, at)):
            yield at
        return
    for member, value in auth.items():
        is_reference = (
            member.endswith(_REFERENCE) and isinstance(value, dict) and value.keys() <= _OF_REFERENCE
        )
        if not is_reference:
            yield from values_in(value, (*at, member))
