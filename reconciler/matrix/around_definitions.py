"""Circumstances of tables C to F: the stores, drivers, types and references of an organization's definitions."""

from collections.abc import Iterable, Iterator, Sequence

from reconciler.facts.agent_input import is_for_runner, uses_agent
from reconciler.facts.asking import Ask, Member
from reconciler.facts.definition import (
    AGENT_TYPE,
    CLUSTER_TYPE,
    LOGGING_TYPE,
    NAMESPACE_TYPE,
    ORCHESTRATOR_TYPES,
    DeclaredDefinition,
)
from reconciler.facts.driver import driver_classes
from reconciler.facts.git_target import is_git_target
from reconciler.facts.made_store import made_stores
from reconciler.facts.placed_store import placed_of
from reconciler.facts.scope import Scope
from reconciler.facts.secret_leaf import SecretLeaf, reference_leaves
from reconciler.matrix.beside import beside
from reconciler.matrix.circumstance import Circumstance
from reconciler.matrix.row import Column, Provisioned, Reference, StoreKind
from reconciler.model.declaration import Declared
from reconciler.model.kind import Kind
from reconciler.model.placeholder import has_placeholder
from reconciler.model.secret import Reference as LiveReference
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.model.state import Resource
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.model.wording import listed
from reconciler.vendor.driver import DriverClass

_KINDS = {
    "awssm": StoreKind.AWS,
    "azurekv": StoreKind.AZURE,
    "gcpsm": StoreKind.GOOGLE,
    "vault": StoreKind.VAULT,
    "kubernetes": StoreKind.KUBERNETES,
}
_TYPES = {
    CLUSTER_TYPE: Provisioned.CLUSTER,
    NAMESPACE_TYPE: Provisioned.NAMESPACE,
    AGENT_TYPE: Provisioned.AGENT,
    LOGGING_TYPE: Provisioned.LOGGING,
}
_REFERENCE_TO = {
    CLUSTER_TYPE: Reference.TO_CLUSTER,
    NAMESPACE_TYPE: Reference.TO_NAMESPACE,
    LOGGING_TYPE: Reference.TO_LOGGING,
}


def around_definitions(scope: Scope, target: DeclaredDefinition) -> Iterator[Circumstance]:
    """Circumstances for tables C to F, in table order."""
    members = beside(scope, target)
    declared = {member.id: member.declared for member in members if member.declared is not None}
    leaves = tuple(leaf for leaf in reference_leaves(scope) if leaf.definition.id in declared)
    live = tuple(r for r in scope.live_of(Kind.DEFINITION) if r.key.id in {member.id for member in members})
    yield from _built_in(scope, leaves, live)
    yield from _stores(scope, scope.cluster_of(target), leaves)
    yield from _drivers(scope, declared.values())
    yield from _types(declared.values(), live)
    yield from _references(scope, members, leaves)


def _stores(scope: Scope, cluster: str | None, leaves: Sequence[SecretLeaf]) -> Iterator[Circumstance]:
    referred = {leaf.member("store") for leaf in leaves}
    for store in scope.secret_stores:
        yield from _store(scope, store, cluster, is_referred=store.document.metadata.id in referred)
    for made in made_stores(scope):
        yield Circumstance(StoreKind.PER_ENVIRONMENT, f"definition `{made.definition.id}`")
    if len(scope.secret_stores) > 1:
        names = listed(store.document.metadata.id for store in scope.secret_stores)
        yield Circumstance(StoreKind.SEVERAL, f"stores {names}")


def _built_in(scope: Scope, leaves: Sequence[SecretLeaf], live: Sequence[Resource]) -> Iterator[Circumstance]:
    """The built-in store itself in legacy; otherwise each Operator-provisioned definition with a secret in it."""
    if scope.primary_store == BUILT_IN_STORE:
        yield Circumstance(StoreKind.BUILT_IN, "it is the primary store")
        return
    for leaf in leaves:
        if leaf.member("store") == BUILT_IN_STORE and leaf.definition.entity.type not in ORCHESTRATOR_TYPES:
            yield Circumstance(StoreKind.BUILT_IN, leaf.place)
    for resource in live:
        if resource.document.get("type") not in ORCHESTRATOR_TYPES and any(
            isinstance(leaf, LiveReference) and leaf.store == BUILT_IN_STORE
            for leaf in resource.secrets.values()
        ):
            yield Circumstance(StoreKind.BUILT_IN, f"live definition `{resource.key.id}`")


def _store(
    scope: Scope, store: Declared[SecretStoreDocument], cluster: str | None, *, is_referred: bool
) -> Iterator[Circumstance]:
    spec, name = store.document.spec, f"store `{store.document.metadata.id}`"
    kind = next((kind for member, kind in _KINDS.items() if getattr(spec, member) is not None), None)
    if kind is None:
        return
    is_old = kind is StoreKind.VAULT and spec.kvVersion == 1
    yield Circumstance(StoreKind.VAULT_V1 if is_old else kind, name)
    if kind is StoreKind.KUBERNETES:
        return  # it cannot be registered, so the rows about registration do not apply
    places = [placed.cluster for placed in placed_of(scope, store)]
    if spec.orchestrator is None:
        found = StoreKind.REFERRED_ON_CLUSTER if is_referred else StoreKind.DEFAULT_ON_CLUSTER
        if places:
            yield Circumstance(found, name)
    elif is_referred and (not places or cluster not in (None, *places)):
        yield Circumstance(StoreKind.NOT_ON_CLUSTER, name)
    elif is_referred and cluster is None:
        yield Circumstance(StoreKind.NOT_ON_CLUSTER, name, is_certain=False)


def _drivers(scope: Scope, definitions: Iterable[DeclaredDefinition]) -> Iterator[Circumstance]:
    for definition in definitions:
        if definition.entity.type in ORCHESTRATOR_TYPES:
            continue
        classes = driver_classes(definition, scope.surroundings.drivers)
        name = f"definition `{definition.id}` (driver `{definition.entity.driver_type}`)"
        has_agent = uses_agent(definition)
        # an unknown driver may be self-hosted, the worst row of table D
        for found in classes or (DriverClass.SELF_HOSTED,):
            yield Circumstance(found, name, is_certain=classes is not None)
            if has_agent:
                yield Circumstance(found, name, Column.WITH_AGENT, is_certain=classes is not None)


def _types(definitions: Iterable[DeclaredDefinition], live: Sequence[Resource]) -> Iterator[Circumstance]:
    for definition in definitions:
        name = f"definition `{definition.id}`"
        yield Circumstance(_TYPES.get(definition.entity.type, Provisioned.OTHER), name)
        if definition.entity.driver_account:
            yield Circumstance(Provisioned.WITH_ACCOUNT, name)
    for resource in live:
        if resource.is_built_in and resource.criteria:
            yield Circumstance(Provisioned.DEFAULT_DEFINITION, f"definition `{resource.key.id}`")


def _references(
    scope: Scope, members: Sequence[Member], leaves: Sequence[SecretLeaf]
) -> Iterator[Circumstance]:
    for member in members:
        is_opt = member.type in ORCHESTRATOR_TYPES
        for ask in member.asks:
            if ask.reference is None:
                continue
            because = f"`{member.id}` refers to `{ask.name}`"
            if is_opt:
                yield from _from_opt(member, ask, because)
            else:
                yield Circumstance(_from_other(scope, member, ask), because)
    yield from _leading_to_secrets(scope, members)
    for leaf in leaves:
        if leaf.member("store") is None:
            continue
        yield Circumstance(Reference.SECRET_ANYWHERE, leaf.place)
        if leaf.definition.entity.type in ORCHESTRATOR_TYPES:
            yield Circumstance(Reference.SECRET_IN_OPT, leaf.place)
        if any(has_placeholder(leaf.member(name) or "") for name in ("store", "ref", "version")):
            yield Circumstance(Reference.OPEN_SECRET, leaf.place)


def _from_opt(member: Member, ask: Ask, because: str) -> Iterator[Circumstance]:
    if member.type != CLUSTER_TYPE or ask.type != AGENT_TYPE:
        return
    is_git = None if member.declared is None else is_git_target(member.declared)
    if is_git is not True:
        yield Circumstance(Reference.CLUSTER_TO_AGENT, because, is_certain=is_git is False)
    if is_git is not False:
        yield Circumstance(Reference.GIT_TO_AGENT, because, is_certain=is_git is True)


def _from_other(scope: Scope, member: Member, ask: Ask) -> Reference:
    if ask.type != AGENT_TYPE:
        return _REFERENCE_TO.get(ask.type, Reference.AMONG_OTHERS)
    is_url = ask.reference is not None and ask.reference.accessor == ".outputs.url"
    return (
        Reference.TO_AGENT_OF_RUNNER if is_url and is_for_runner(scope, member, ask) else Reference.TO_AGENT
    )


def _leading_to_secrets(scope: Scope, members: Sequence[Member]) -> Iterator[Circumstance]:
    """References from definitions of the orchestrator's types, by whether the path ends at a secret."""
    graph = scope.references
    starting = [
        member
        for member in members
        if member.type in ORCHESTRATOR_TYPES
        and any(ask.reference is not None and ask.type not in ORCHESTRATOR_TYPES for ask in member.asks)
    ]
    for member in starting:
        explored = graph.explore(list(graph.starts(member)), {*graph.asked_types})
        goals = [node for node in explored.reached if node.member is not member and node.member.stored_secret]
        if goals:
            way = " to ".join(f"`{step.id}`" for step in explored.path_to(goals[0]))
            yield Circumstance(Reference.LEADING_TO_SECRET, way)
            continue
        is_whole = explored.is_whole and all(
            graph.winners(node.request(ask))
            for node in explored.reached
            for ask in node.member.asks
            if ask.reference is not None
        )
        yield Circumstance(Reference.FREE_OF_SECRETS, f"definition `{member.id}`", is_certain=is_whole)
        if not is_whole:
            yield Circumstance(Reference.LEADING_TO_SECRET, f"definition `{member.id}`", is_certain=False)
