"""What must be done before what: requirements between actions, and an order that keeps them.

Kinds stand in levels; creations go down the list and deletions up (design decision 4.9):

    agent -> key -> agent definition -> definitions that refer to it
    runner -> runner rule

Three requirements cross that: a criterion that moves is deleted before it is added, over
the whole organization, because the server refuses equal criteria of one type; a key is
registered before another of the same agent goes, so that the agent always has one; a rule
that changes its runner is deleted only when its new runner is there.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush

from reconciler.model.desired import AGENT_TYPE
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json
from reconciler.model.kind import FACTS, Kind
from reconciler.model.placeholder import resource_references
from reconciler.model.secret import Expression
from reconciler.model.state import Resource
from reconciler.plan.action import Action, ActionId, Verb

_VERB_RANK = {Verb.FORGET: 0, Verb.ADOPT: 0, Verb.DELETE: 1, Verb.UPDATE: 2, Verb.CREATE: 3}


class CycleError(ValueError):
    """Requirements go round in a circle: our bug. Names the actions in it."""


def with_requirements(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Return the actions with `requires` filled in, in an order that satisfies it.

    Independent of the order given. Raises CycleError.
    """
    present = {action.id: action for action in actions}
    needed: dict[ActionId, set[ActionId]] = {identifier: set() for identifier in present}
    for before, after in _edges(list(present.values())):
        if before in present and after in present and before != after:
            needed[after].add(before)
    complete = {
        identifier: replace(action, requires=frozenset(needed[identifier]))
        for identifier, action in present.items()
    }
    return tuple(complete[identifier] for identifier in _sorted(complete))


def _edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """Pairs of (must come first, comes after); either may be missing in the plan."""
    yield from _agent_edges(actions)
    yield from _criteria_edges(actions)
    yield from _runner_edges(actions)


def _agent_edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    yield from _key_edges([action for action in actions if action.key.kind is Kind.KEY])
    definitions = [action for action in actions if action.key.kind is Kind.DEFINITION]
    links = [action for action in definitions if _type_of(action) == AGENT_TYPE]
    for link in links:
        yield from _link_edges(link)
    if links:
        for user in definitions:
            if _type_of(user) != AGENT_TYPE:
                yield from _user_edges(user, links)


def _key_edges(keys: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """An agent before its keys; its new keys before the old ones go."""
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
    """An agent definition stands between the agent's creation and its deletion."""
    new, old = _named_agent(link.subject.desired), _named_agent(link.subject.live)
    if new is not None:
        yield (Verb.CREATE, new), link.id
    if old is not None:
        yield link.id, (Verb.DELETE, old)


def _user_edges(user: Action, links: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """A definition that begins to refer comes after new agent definitions, one that ends before old ones go."""
    begins = user.verb is not Verb.DELETE and _refers_to_agent(user.subject.desired)
    ends = not begins and _refers_to_agent(user.subject.live)
    for link in links:
        if link.verb is Verb.DELETE and ends:
            yield user.id, link.id
        if link.verb is not Verb.DELETE and begins:
            yield link.id, user.id


def _criteria_edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """Whatever frees a (type, selector) comes before whatever takes it."""
    freed: dict[tuple[str, str], list[ActionId]] = defaultdict(list)
    for action in actions:
        for taken in _selectors_freed(action):
            freed[taken].append(action.id)
    for action in actions:
        if action.key.kind is Kind.CRITERION:
            yield (Verb.CREATE, action.subject.key), action.id
            yield (Verb.UPDATE, action.subject.key), action.id
        for taken in _selectors_taken(action):
            for before in freed.get(taken, ()):
                yield before, action.id


def _selectors_freed(action: Action) -> Iterator[tuple[str, str]]:
    return _selectors(action, action.subject.live if action.verb is Verb.DELETE else None)


def _selectors_taken(action: Action) -> Iterator[tuple[str, str]]:
    return _selectors(action, action.subject.desired if action.verb is Verb.CREATE else None)


def _selectors(action: Action, side: Resource | None) -> Iterator[tuple[str, str]]:
    """Pairs of (type, selector) that an action is about on one side of its change; none without that side."""
    if side is None:
        return
    kind = str(side.document.get("type", ""))
    if action.key.kind is Kind.CRITERION:
        yield kind, criterion_selector(action.key)
    elif action.key.kind is Kind.DEFINITION:
        for selector in side.criteria or ():
            yield kind, selector


def _runner_edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    deleted = {action.key for action in actions if action.verb is Verb.DELETE}
    for action in actions:
        if action.verb is Verb.CREATE:
            yield (Verb.DELETE, action.key), action.id
        if action.key.kind is not Kind.RUNNER_RULE:
            continue
        new, old = runner_of(action.subject.desired), runner_of(action.subject.live)
        if new is not None and (action.verb is Verb.CREATE or new not in deleted):
            yield (Verb.CREATE, new), action.id
        if old is not None and action.verb is Verb.DELETE:
            yield action.id, (Verb.DELETE, old)


def criterion_key(definition: ResourceKey, selector: str) -> ResourceKey:
    """Name one criterion of a definition."""
    return definition.beside(Kind.CRITERION, f"{definition.id}[{selector}]")


def criterion_selector(key: ResourceKey) -> str:
    """Invert `criterion_key`."""
    return key.id.partition("[")[2].removesuffix("]")


def agent_of(key: ResourceKey) -> ResourceKey:
    """The agent that a `Key` belongs to."""
    return key.beside(Kind.AGENT, key.id.partition("/")[0])


def runner_of(rule: Resource | None) -> ResourceKey | None:
    """The runner that a rule chooses."""
    if rule is None:
        return None
    return rule.key.beside(Kind.RUNNER, str(rule.document.get("runner_id", "")))


def _named_agent(definition: Resource | None) -> ResourceKey | None:
    if definition is None:
        return None
    values = definition.document.get("values")
    named = values.get("id") if isinstance(values, dict) else None
    if not isinstance(named, str):
        return None
    return definition.key.beside(Kind.AGENT, named)


def _type_of(action: Action) -> str:
    """The resource type an action is about: a delete is about what is live, also where that is replaced."""
    desired, live = action.subject.desired, action.subject.live
    side = live if action.verb is Verb.DELETE else desired
    return str(side.document.get("type", "")) if side is not None else ""


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


def _sorted(actions: Mapping[ActionId, Action]) -> list[ActionId]:
    """Topological order; among what is free, deletions bottom-up, then the rest top-down."""
    waiting = {identifier: set(action.requires) for identifier, action in actions.items()}
    followers: dict[ActionId, list[ActionId]] = defaultdict(list)
    for identifier, requires in waiting.items():
        for before in requires:
            followers[before].append(identifier)
    ready = [_rank(actions[identifier]) for identifier, requires in waiting.items() if not requires]
    heapify(ready)
    done: list[ActionId] = []
    while ready:
        *_, identifier = heappop(ready)
        done.append(identifier)
        for follower in followers[identifier]:
            waiting[follower].discard(identifier)
            if not waiting[follower]:
                heappush(ready, _rank(actions[follower]))
    if len(done) < len(actions):
        stuck = sorted(f"{verb} {key}" for verb, key in waiting.keys() - set(done))
        raise CycleError("actions require each other: " + ", ".join(stuck))
    return done


def _rank(action: Action) -> tuple[int, int, str, ActionId]:
    level = FACTS[action.key.kind].level
    return (
        _VERB_RANK[action.verb],
        -level if action.verb is Verb.DELETE else level,
        action.key.id,
        action.id,
    )
