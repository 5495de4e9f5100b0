"""Actions that cannot be sent, known before anything is: the secrets that they carry are not at hand."""

from collections.abc import Iterable, Iterator

from reconciler.model.kind import Kind
from reconciler.model.secret import Handed
from reconciler.model.state import Resource
from reconciler.plan.action import Action, ActionId, Verb


def missing_secrets(resource: Resource | None) -> tuple[str, ...]:
    """Why values that are handed in are not at hand, each reason once."""
    leaves = () if resource is None else resource.secrets.values()
    return tuple(dict.fromkeys(leaf.why for leaf in leaves if isinstance(leaf, Handed)))


def withheld(actions: Iterable[Action]) -> dict[ActionId, str]:
    """Why actions are not sent, by their ids.

    Creates and updates send every secret of a thing, so all must be at hand. What is deleted to be created again
    stays, and with it whatever would be deleted first: the create is known to fail.
    """
    by_id = {action.id: action for action in actions}
    found: dict[ActionId, str] = {}
    lost: list[tuple[Action, str]] = []
    for action in by_id.values():
        if action.verb in (Verb.CREATE, Verb.UPDATE) and action.key.kind is not Kind.CRITERION:
            reasons = missing_secrets(action.subject.desired)
            if reasons:
                found[action.id] = reason = "; ".join(reasons)
                lost.append((action, reason))
    for action, reason in lost:
        for before in action.requires:
            for identifier in _deletes_before(before, by_id):
                found.setdefault(identifier, f"{action.key} could not be created after it: {reason}")
    return found


def _deletes_before(start: ActionId, by_id: dict[ActionId, Action]) -> Iterator[ActionId]:
    """A delete and the deletes that it requires, however far."""
    waiting, seen = [start], set[ActionId]()
    while waiting:
        identifier = waiting.pop()
        action = by_id.get(identifier)
        if action is None or action.verb is not Verb.DELETE or identifier in seen:
            continue
        seen.add(identifier)
        yield identifier
        waiting.extend(action.requires)
