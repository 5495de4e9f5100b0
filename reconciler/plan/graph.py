"""All actions of a plan, over every place, with what each requires, in an order that satisfies it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from reconciler.model.kind import FACTS
from reconciler.plan.action import Action, ActionId, Gate, Verb
from reconciler.plan.edges import claim_edges, edges
from reconciler.plan.edges.succession import add_preparations, gates

if TYPE_CHECKING:
    from reconciler.model.identity import ResourceKey

_Node = ActionId | Gate
_VERB_RANK = {
    Verb.FORGET: 0,
    Verb.ADOPT: 0,
    Verb.DELETE: 1,
    Verb.UPDATE: 2,
    Verb.CREATE: 3,
    Verb.VERIFY: 4,
}


class CycleError(ValueError):
    """Requirements form a cycle. `actions` are those in it or behind it, sorted."""

    def __init__(self, actions: Sequence[ActionId]) -> None:
        super().__init__("actions require each other: " + ", ".join(f"{verb} {key}" for verb, key in actions))
        self.actions = tuple(actions)


@dataclass(frozen=True, slots=True)
class Graph:
    """Actions by id, in order, and `frees`: which creates each deletion frees a value for."""

    actions: Mapping[ActionId, Action]
    frees: Mapping[ActionId, frozenset[ActionId]] = field(default_factory=dict)

    def behind(self, start: Iterable[ActionId]) -> Mapping[ActionId, ActionId]:
        """What cannot be done if these actions are not, each with the one of `start` that causes it.

        That is whatever requires one of them, and deletions that free a value for a create among those:
        without the create there is no reason to delete.
        """
        followers = _followers(self.actions)
        for deletion, creates in self.frees.items():
            for create in creates:
                followers[create].append(deletion)
        causes: dict[_Node, ActionId] = {identifier: identifier for identifier in start}
        waiting: list[_Node] = list(causes)
        while waiting:
            node = waiting.pop()
            for follower in followers[node]:
                if follower not in causes:
                    causes[follower] = causes[node]
                    waiting.append(follower)
        return {node: cause for node, cause in causes.items() if not isinstance(node, Gate) and node != cause}

    def with_requirements(self, start: Iterable[ActionId]) -> frozenset[ActionId]:
        """All actions of the objects of `start`, and of the objects that these require, transitively."""
        whole: dict[ResourceKey, list[ActionId]] = defaultdict(list)
        for identifier, action in self.actions.items():
            whole[action.subject.key].append(identifier)
        leading: dict[_Node, list[_Node]] = {
            identifier: [*action.requires, *whole[action.subject.key]]
            for identifier, action in self.actions.items()
        }
        return self._closed(start, leading)

    def _closed(
        self, start: Iterable[ActionId], leading: Mapping[_Node, Iterable[_Node]]
    ) -> frozenset[ActionId]:
        chosen: set[_Node] = set(start)
        waiting = list(chosen)
        while waiting:
            for node in leading.get(waiting.pop(), ()):
                if node not in chosen:
                    chosen.add(node)
                    waiting.append(node)
        return frozenset(node for node in chosen if not isinstance(node, Gate) and node in self.actions)


def _followers(actions: Mapping[ActionId, Action]) -> dict[_Node, list[_Node]]:
    """What directly waits for each action and each gate."""
    followers: dict[_Node, list[_Node]] = defaultdict(list)
    seen: set[Gate] = set()
    for identifier, action in actions.items():
        for before in action.requires:
            followers[before].append(identifier)
        gate = action.gate
        if gate is not None:
            followers[gate].append(identifier)
            if gate not in seen:
                seen.add(gate)
                for member in gate.members:
                    followers[member].append(gate)
    return followers


def connect(actions: Iterable[Action], more: Iterable[tuple[ActionId, ActionId]] = ()) -> Graph:
    """The actions with `requires` and `gate` filled in, in an order that satisfies both.

    `more` are further pairs (must come first, comes after). Independent of the order of `actions`.
    Raises CycleError.
    """
    present = {action.id: action for action in sorted(actions, key=_rank)}
    needed: dict[ActionId, set[ActionId]] = {identifier: set() for identifier in present}
    listed = list(present.values())
    for before, after in (*edges(listed), *more):
        if before in present and after in present and before != after:
            needed[after].add(before)
    frees: dict[ActionId, set[ActionId]] = defaultdict(set)
    for before, after in claim_edges(listed):
        needed[after].add(before)
        frees[before].add(after)
    add_preparations(present, needed, frees)
    shared = gates(present, needed)
    complete = {
        identifier: replace(action, requires=frozenset(needed[identifier]), gate=shared.get(identifier))
        for identifier, action in present.items()
    }
    return Graph(
        {identifier: complete[identifier] for identifier in _sorted(complete)},
        {before: frozenset(after) for before, after in frees.items()},
    )


def _sorted(actions: Mapping[ActionId, Action]) -> list[ActionId]:
    """Topological order; among actions that are free, deletions bottom-up, then the rest top-down.

    Kahn's algorithm with a heap. A gate is a node without a place in the order: it is settled together
    with its last member.
    """
    missing: dict[_Node, int] = {
        identifier: len(action.requires) + (action.gate is not None) for identifier, action in actions.items()
    }
    missing.update({a.gate: len(a.gate.members) for a in actions.values() if a.gate is not None})
    followers = _followers(actions)
    ready = [_rank(actions[identifier]) for identifier in actions if not missing[identifier]]
    heapify(ready)
    done: list[ActionId] = []
    while ready:
        *_, identifier = heappop(ready)
        done.append(identifier)
        settled: list[_Node] = [identifier]
        while settled:
            for follower in followers[settled.pop()]:
                missing[follower] -= 1
                if missing[follower]:
                    continue
                if isinstance(follower, Gate):
                    settled.append(follower)
                else:
                    heappush(ready, _rank(actions[follower]))
    if len(done) < len(actions):
        raise CycleError(sorted(actions.keys() - set(done)))
    return done


def _rank(action: Action) -> tuple[int, int, str, ActionId]:
    """Sort key of actions that are free: the id last, so that the order never depends on the input."""
    level = FACTS[action.key.kind].level
    return (
        _VERB_RANK[action.verb],
        -level if action.verb is Verb.DELETE else level,
        action.key.id,
        action.id,
    )
