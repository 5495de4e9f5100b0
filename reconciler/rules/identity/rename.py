"""The rule about ids changed in place (compatibility rules, Identity): R09.

An id cannot be changed, so a new id in a document means that one object is deleted and another created. The files
do not show that it was the same object; what stays the same does: an Agent keeps its key, a store its address.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from reconciler.facts.definition import AGENT_DRIVER, AGENT_TYPE
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declared
from reconciler.model.finding import Severity
from reconciler.model.json import JsonObject, canonical_text
from reconciler.model.key import KeyDocument
from reconciler.model.kind import Kind
from reconciler.model.secret_store import STORE_TYPES, SecretStoreDocument
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.rules.over import STORES, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject


@dataclass(frozen=True, slots=True)
class _KeyedAgent:
    """A declared Agent with `Key` documents; `old` is the id of a live, undeclared Agent that has one of its keys."""

    id: str
    old: str | None


def _agents(scope: Scope) -> Iterator[Subject[_KeyedAgent]]:
    keys, holders = _keys_by_agent(scope), _holders(scope)
    for agent in scope.agents:
        agent_id = agent.document.metadata.id
        documents = keys.get(agent_id, ())
        public_keys = (key for declared in documents for key in scope.public_keys_of(declared))
        found = (holders[key.fingerprint] for key in public_keys if key.fingerprint in holders)
        if documents:
            place, key = partial(agent.origin, ("metadata", "id")), scope.key(Kind.AGENT, agent_id)
            yield Subject(_KeyedAgent(agent_id, next(found, None)), scope, f"Agent `{agent_id}`", place, key)


KEYED_AGENTS = Over("Agent with keys", _agents)


def _holders(scope: Scope) -> Mapping[str, str]:
    """Live Agents that are no longer declared, by the fingerprints of their keys."""
    gone = {resource.key.id for resource in scope.live_of(Kind.AGENT)} - scope.agent_ids
    parts = (resource.key.id.partition("/") for resource in scope.live_of(Kind.KEY) if gone)
    return {fingerprint: agent_id for agent_id, _, fingerprint in parts if agent_id in gone}


def _agent_kept(subject: Subject[_KeyedAgent]) -> Iterator[Answer]:
    name, old = subject.fact.id, subject.fact.old
    for kind in (Kind.AGENT, Kind.KEY):
        subject.seen.live(kind)
    if old is not None and subject.scope.live_resource(Kind.AGENT, name) is None:
        yield subject.says(
            f"Agent `{name}` has the key of Agent `{old}`, which exists but is no longer declared: changing the id "
            f"means delete and create; references to `{old}` break in between{_referring(subject.scope, old)}",
            advice=f"Keep `{old}`, or declare `{name}` alongside it with its own key, move every reference, and then "
            f"remove `{old}`.",
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


def _store_kept(subject: Subject[Declared[SecretStoreDocument]]) -> Iterator[Answer]:
    document = subject.fact.document
    if document.spec.orchestrator is None:
        return
    name, declared = (
        document.metadata.id,
        {store.document.metadata.id for store in subject.scope.secret_stores},
    )
    stores, address = subject.seen.stores, _declared_address(subject.fact)
    if any(store.id == name for store in stores):
        return
    for store in reversed(stores):
        is_gone = store.id not in declared and store.id != BUILT_IN_STORE and bool(store.fields)
        if is_gone and _address(store.type, store.fields) == address:
            yield subject.says(
                f"Secret store `{name}` has the address of `{store.id}`, which exists but is no longer declared: "
                f"changing the id means delete and create; references to `{store.id}` break in between",
                advice=f"Keep `{store.id}`, or keep both until no reference and no cluster uses `{store.id}`.",
            )
            return


def _declared_address(store: Declared[SecretStoreDocument]) -> Hashable:
    for kind in STORE_TYPES:
        block = getattr(store.document.spec, kind)
        if block:
            return _address(kind, block)
    return None


def _address(kind: str, block: JsonObject) -> Hashable:
    """The fields that locate a store, without its credentials and empty fields."""
    return kind, canonical_text({name: value for name, value in block.items() if name != "auth" and value})


RULES = (
    Rule(
        id="R09",
        title="Ids are not changed in place",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        over=KEYED_AGENTS,
        check=_agent_kept,
        also=(Part(STORES, _store_kept),),
    ),
)
