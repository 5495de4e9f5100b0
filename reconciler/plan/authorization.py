"""What waits until an agent is accepted: a definition that points at an agent without an authorized key has no effect.

The orchestrator registers a key at once and may authorize it later. Until then deployments that match the definition
of the agent fail, and those that matched another one before would lose it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.model.desired import AGENT_TYPE
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.plan.action import Action, ActionId, Verb
from reconciler.plan.barrier import Organization
from reconciler.plan.edges.agent import named_agent
from reconciler.plan.graph import Graph
from reconciler.plan.parts import agent_of, type_of

Waits = Mapping[ActionId, tuple[ResourceKey, ...]]
"""Actions, each with keys of which one must be authorized."""


def agent_waits(actions: Iterable[Action], organizations: Sequence[Organization]) -> Waits:
    """Actions that begin to use an agent none of whose keys was authorized when live state was read."""
    found = list(actions)
    accepted: set[ResourceKey] = set()
    candidates: dict[ResourceKey, set[ResourceKey]] = defaultdict(set)
    for one in organizations:
        live = one.live.resources if one.live is not None else {}
        for key in one.desired.resources:
            if key.kind is Kind.KEY:
                candidates[agent_of(key)].add(key)
        accepted.update(
            agent_of(key) for key, resource in live.items() if key.kind is Kind.KEY and resource.is_accepted
        )
    # The keys of an agent that is created again are new, whatever was accepted before.
    accepted -= {action.key for action in found if action.verb is Verb.CREATE}
    waits = {}
    for action in found:
        agent = _begun(action)
        if agent is not None and agent not in accepted and candidates[agent]:
            waits[action.id] = tuple(sorted(candidates[agent]))
    return waits


def _begun(action: Action) -> ResourceKey | None:
    """The agent that a definition points at from this action on."""
    change = action.subject
    if action.is_deletion or action.key.kind not in (Kind.DEFINITION, Kind.CRITERION):
        return None
    if not action.writes_orchestrator or type_of(change.desired) != AGENT_TYPE:
        return None
    agent = named_agent(change.desired)
    is_new = action.verb is Verb.CREATE or named_agent(change.live) != agent
    return agent if is_new else None


def key_edges(actions: Iterable[Action], waits: Waits) -> list[tuple[ActionId, ActionId]]:
    """Pairs that put the creation of keys before what waits for them."""
    created = {
        change.key: action.id
        for action in actions
        if action.verb is Verb.CREATE
        for change in (action.subject, *action.carried)
        if change.key.kind is Kind.KEY
    }
    return [(created[key], waiting) for waiting, keys in waits.items() for key in keys if key in created]


def awaiting(graph: Graph, waits: Waits) -> Graph:
    """The graph with the waits in its actions, and in deletes that free a value for one of them.

    Such a delete would leave deployments without a definition for as long as its successor waits. One that must
    come before the key itself, such as when a key moves to another agent, cannot wait for it.
    """
    whole = dict(waits)
    creations = key_edges(graph.actions.values(), waits)
    for deletion, creates in graph.frees.items():
        for create in sorted(creates & waits.keys()):
            keys = [key for key, waiting in creations if waiting == create]
            if deletion not in _required(graph, keys):
                whole.setdefault(deletion, waits[create])
    actions = {
        identifier: replace(action, awaits_any=whole[identifier]) if identifier in whole else action
        for identifier, action in graph.actions.items()
    }
    return replace(graph, actions=actions)


def _required(graph: Graph, start: Iterable[ActionId]) -> set[ActionId]:
    """Everything that must be done before these actions."""
    seen: set[ActionId] = set()
    waiting = list(start)
    while waiting:
        action = graph.actions.get(waiting.pop())
        for before in () if action is None else action.required - seen:
            seen.add(before)
            waiting.append(before)
    return seen
