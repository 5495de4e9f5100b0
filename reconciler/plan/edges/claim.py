"""Freed before taken: a value that only one object on the server can have passes from one to the next.

A claim is such a value: a criterion of a type, a key of any agent, the natural key of a rule, an id.
Sources: v1 reference 3.3 (keys), 4.5 (criteria), 4.2 (ids); v2 reference 5.2, 8.2.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.state import Resource
from reconciler.plan.action import Action, ActionId, Verb
from reconciler.plan.parts import criterion_selector, fingerprint_of, type_of

Claim = tuple[Place, str, str, str]
"""Place, what kind of value it is, and the value in two parts."""


def claim_edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """Edges from the delete that frees a value to the creates that take it."""
    freed: dict[Claim, list[ActionId]] = defaultdict(list)
    for action in actions:
        if action.verb is Verb.DELETE:
            for claim in _claims(action, action.subject.live):
                freed[claim].append(action.id)
    if not freed:
        return
    for action in actions:
        if action.verb is Verb.CREATE:
            for claim in _claims(action, action.subject.desired):
                for before in freed.get(claim, ()):
                    yield before, action.id


def _claims(action: Action, side: Resource | None) -> Iterator[Claim]:
    """Values that an action frees or takes, with one side of its change."""
    place = action.key.place
    yield place, "id", str(action.key.kind), action.key.id
    match action.key.kind:
        case Kind.CRITERION:
            yield place, "criterion", type_of(side), criterion_selector(action.key)
        case Kind.DEFINITION if side is not None:
            for selector in side.criteria or ():
                yield place, "criterion", type_of(side), selector
        case Kind.KEY:
            yield place, "fingerprint", "", fingerprint_of(action.key)
        case Kind.AGENT:
            for change in action.carried:
                yield place, "fingerprint", "", fingerprint_of(change.key)
        case _:
            return
