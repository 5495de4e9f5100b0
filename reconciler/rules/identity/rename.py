"""The rule about ids that are changed in place (compatibility rules, Identity): R09.

An id cannot be changed, so a new id in a document means that one thing goes and another one comes.
Files do not tell that it was one thing. What stays the same does: an Agent keeps its key, a store its address.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence

from reconciler.facts.definition import AGENT_DRIVER, AGENT_TYPE
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declared
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import JsonObject, canonical_text
from reconciler.model.key import KeyDocument
from reconciler.model.kind import Kind
from reconciler.model.secret_store import STORE_TYPES, SecretStoreDocument
from reconciler.model.surroundings import BUILT_IN_STORE, Beside
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side


def _kept(scope: Scope) -> Iterator[Finding | Unknown]:
    yield from _agents(scope)
    yield from _stores(scope)


def _agents(scope: Scope) -> Iterator[Finding | Unknown]:
    keys = _keys_by_agent(scope)
    for kind in (Kind.AGENT, Kind.KEY):
        if not scope.has_read(kind):
            if any(agent_id in scope.agent_ids for agent_id in keys):
                yield Unknown(
                    "R09",
                    f"{scope.unread(kind)}: whether a declared Agent had another id is not known",
                    scope.unread(kind),
                )
            return
    gone = {resource.key.id for resource in scope.live_of(Kind.AGENT)} - scope.agent_ids
    holders: dict[str, str] = {}
    for resource in scope.live_of(Kind.KEY) if gone else ():
        agent_id, _, fingerprint = resource.key.id.partition("/")
        if agent_id in gone:
            holders[fingerprint] = agent_id
    for agent in scope.agents if holders else ():
        agent_id = agent.document.metadata.id
        if scope.live_resource(Kind.AGENT, agent_id) is not None:
            continue
        public_keys = (scope.public_key(declared.origin()) for declared in keys.get(agent_id, ()))
        old = next(
            (holders[key.fingerprint] for key in public_keys if key and key.fingerprint in holders), None
        )
        if old is not None:
            yield Finding(
                "R09",
                Severity.WARNING,
                f"Agent `{agent_id}` has the key of Agent `{old}`, which exists and is not declared any more: changing "
                f"the id means delete and create; references to `{old}` break in between{_referring(scope, old)}",
                agent.origin(("metadata", "id")),
                key=scope.key(Kind.AGENT, agent_id),
                advice=f"Keep `{old}`, or declare `{agent_id}` with a key of its own beside it, move every reference, "
                f"and then remove `{old}`.",
            )


def _keys_by_agent(scope: Scope) -> Mapping[str, Sequence[Declared[KeyDocument]]]:
    found: dict[str, list[Declared[KeyDocument]]] = defaultdict(list)
    for declared in scope.declarations.keys:
        if declared.document.spec.for_.agent is not None:
            found[declared.document.spec.for_.agent].append(declared)
    return found


def _referring(scope: Scope, agent_id: str) -> str:
    count = sum(
        definition.entity.driver_type == AGENT_DRIVER and definition.input("values", "id") == agent_id
        for definition in scope.of_type(AGENT_TYPE)
    )
    return f" ({count} in these files)" if count else ""


def _stores(scope: Scope) -> Iterator[Finding | Unknown]:
    declared = [store for store in scope.secret_stores if store.document.spec.orchestrator is not None]
    if not declared:
        return
    stores = scope.surroundings.stores
    if stores is None:
        yield Unknown(
            "R09",
            f"the secret stores of organization `{scope.organization}` were not read: whether one had another id",
            scope.unread(Beside.STORES),
        )
        return
    ids = {store.document.metadata.id for store in scope.secret_stores}
    live = {store.id for store in stores}
    gone = {
        _address(store.type, store.fields): store.id
        for store in stores
        if store.id not in ids and store.id != BUILT_IN_STORE and store.fields
    }
    for store in declared:
        store_id = store.document.metadata.id
        old = None if store_id in live else gone.get(_declared_address(store))
        if old is not None:
            yield Finding(
                "R09",
                Severity.WARNING,
                f"Secret store `{store_id}` has the address of `{old}`, which exists and is not declared any more: "
                f"changing the id means delete and create; references to `{old}` break in between",
                store.origin(("metadata", "id")),
                advice=f"Keep `{old}`, or have both until no reference and no cluster names `{old}` any more.",
            )


def _declared_address(store: Declared[SecretStoreDocument]) -> Hashable:
    for kind in STORE_TYPES:
        block = getattr(store.document.spec, kind)
        if block:
            return _address(kind, block)
    return None


def _address(kind: str, block: JsonObject) -> Hashable:
    """What says where a store is: neither its credentials nor fields that are left empty."""
    return kind, canonical_text({name: value for name, value in block.items() if name != "auth" and value})


RULES = (
    Rule(
        id="R09",
        title="Ids stay as they are",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_kept,
    ),
)
