"""Pruned last: a deletion waits for what takes its object's place, unless it has to come first.

A deletion that frees a value for a create has to come before it. Such an early deletion waits for
everything else that the create requires, so that it is not started for a create that cannot follow.
Every other deletion is late: it waits for the creates and updates of its kind (of definitions: of its
resource type) in its place, and is held back when one of them failed.
"""

from collections import defaultdict
from collections.abc import Mapping

from reconciler.model.kind import FACTS, Kind
from reconciler.model.place import Place
from reconciler.plan.action import Action, ActionId, Gate, Verb
from reconciler.plan.parts import type_of

Requirements = dict[ActionId, set[ActionId]]
_Group = tuple[Place, Kind, str]


def add_preparations(
    actions: Mapping[ActionId, Action], needed: Requirements, frees: Mapping[ActionId, set[ActionId]]
) -> None:
    """Let each deletion that frees a value wait for what the creates that take it require; adds to `needed`.

    What itself waits for the deletion is left out, because it would form a cycle.
    """
    followers: dict[ActionId, set[ActionId]] = defaultdict(set)
    for after, befores in needed.items():
        for before in befores:
            followers[before].add(after)
    for deletion, creates in sorted(frees.items()):
        below = _reached(deletion, followers)
        for create in sorted(creates):
            for before in sorted(needed[create]):
                if before != deletion and before not in below and not actions[before].is_deletion:
                    needed[deletion].add(before)
                    followers[before].add(deletion)


def _reached(start: ActionId, followers: Mapping[ActionId, set[ActionId]]) -> set[ActionId]:
    seen: set[ActionId] = set()
    waiting = [start]
    while waiting:
        for follower in followers.get(waiting.pop(), ()):
            if follower not in seen:
                seen.add(follower)
                waiting.append(follower)
    return seen


def gates(actions: Mapping[ActionId, Action], needed: Requirements) -> dict[ActionId, Gate]:
    """The gate of each late deletion; deletions that nothing succeeds have none.

    No cycle can result: no create or update waits for a late deletion.
    """
    early: set[ActionId] = set()
    waiting = [identifier for identifier, action in actions.items() if _succeeds(action)]
    seen = set(waiting)
    while waiting:
        for before in needed[waiting.pop()]:
            if before not in seen:
                seen.add(before)
                waiting.append(before)
                if actions[before].is_deletion:
                    early.add(before)
    members: dict[_Group, set[ActionId]] = defaultdict(set)
    for identifier, action in actions.items():
        if _succeeds(action):
            members[_group(action)].add(identifier)
    made = {group: Gate(frozenset(ids)) for group, ids in members.items()}
    return {
        identifier: made[group]
        for identifier, action in actions.items()
        if action.is_deletion and identifier not in early and (group := _group(action)) in made
    }


def _succeeds(action: Action) -> bool:
    return action.verb in (Verb.CREATE, Verb.UPDATE)


def _group(action: Action) -> _Group:
    """A criterion counts as its definition; only definitions of one resource type succeed each other."""
    parent = FACTS[action.key.kind].parent
    kind = parent if FACTS[action.key.kind].is_part and parent is not None else action.key.kind
    side = action.subject.live if action.is_deletion else action.subject.desired
    return action.key.place, kind, type_of(side)
