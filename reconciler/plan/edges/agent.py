"""Agents, their keys, the definitions that point at them, and the definitions that refer to those.

agent -> key -> agent definition -> definitions that refer to it; deletions the other way. A new key
of an agent comes before an old one goes, so that the agent always has one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from reconciler.model.desired import AGENT_TYPE
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json
from reconciler.model.kind import Kind
from reconciler.model.placeholder import resource_references
from reconciler.model.secret import Expression
from reconciler.model.state import Resource
from reconciler.plan.action import Action, ActionId, Verb
from reconciler.plan.parts import agent_of, type_of


def agent_edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """Edges between an agent, its keys, its definition, and definitions that refer to that."""
    yield from _key_edges([action for action in actions if action.key.kind is Kind.KEY])
    definitions = [action for action in actions if action.key.kind is Kind.DEFINITION]
    links = [action for action in definitions if _type(action) == AGENT_TYPE]
    for link in links:
        yield from _link_edges(link)
    if links:
        for user in definitions:
            if _type(user) != AGENT_TYPE:
                yield from _user_edges(user, links)


def _key_edges(keys: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """An agent is created before its keys, and its new keys before old ones are deleted."""
    created = defaultdict(list)
    for action in keys:
        if action.verb is Verb.CREATE:
            created[agent_of(action.key)].append(action.id)
            yield (Verb.CREATE, agent_of(action.key)), action.id
    for action in keys:
        if action.verb is Verb.DELETE:
            for creation in created[agent_of(action.key)]:
                yield creation, action.id


def _link_edges(link: Action) -> Iterator[tuple[ActionId, ActionId]]:
    """An agent definition is created after its agent and deleted before it."""
    new, old = named_agent(link.subject.desired), named_agent(link.subject.live)
    if new is not None:
        yield (Verb.CREATE, new), link.id
    if old is not None:
        yield link.id, (Verb.DELETE, old)


def _user_edges(user: Action, links: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """A definition that refers to agents follows new agent definitions; one that stops comes before old ones go."""
    begins = user.verb is not Verb.DELETE and _refers_to_agent(user.subject.desired)
    ends = not begins and _refers_to_agent(user.subject.live)
    for link in links:
        if link.verb is Verb.DELETE and ends:
            yield user.id, link.id
        if link.verb is not Verb.DELETE and begins:
            yield link.id, user.id


def named_agent(definition: Resource | None) -> ResourceKey | None:
    """The agent that an agent definition points at."""
    if definition is None:
        return None
    values = definition.document.get("values")
    named = values.get("id") if isinstance(values, dict) else None
    if not isinstance(named, str):
        return None
    return definition.key.beside(Kind.AGENT, named)


def _type(action: Action) -> str:
    """The resource type an action concerns: for a delete that of the live side, also if it is a replacement."""
    return type_of(action.subject.live if action.is_deletion else action.subject.desired)


def _refers_to_agent(definition: Resource | None) -> bool:
    if definition is None:
        return False
    texts = [leaf.text for leaf in definition.secrets.values() if isinstance(leaf, Expression)]
    texts.extend(_texts(definition.document.get("values")))
    return any(
        reference.type == AGENT_TYPE
        for text in texts
        if "${" in text
        for reference in resource_references(text)
    )


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _texts(child)
