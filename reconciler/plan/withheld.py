"""Actions that cannot be sent, known before anything is.

Values of their secrets are not available, or they depend on a target in which nothing is carried out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model.identity import TargetName
from reconciler.model.kind import Kind
from reconciler.model.secret import Handed
from reconciler.model.state import Resource
from reconciler.plan.action import Action, ActionId, Held, TargetPlan, Verb
from reconciler.plan.graph import Graph


def missing_secrets(resource: Resource | None) -> tuple[str, ...]:
    """Why values that are handed in are not available, each reason once."""
    leaves = () if resource is None else resource.secrets.values()
    return tuple(dict.fromkeys(leaf.why for leaf in leaves if isinstance(leaf, Handed)))


def withheld(actions: Iterable[Action]) -> dict[ActionId, str]:
    """Why actions are not sent, by their ids.

    Creates and updates send every secret of an object, so all must be available. What would be deleted only to be
    created again is kept, and so is whatever would be deleted before it: the create is known to fail.
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
    """A delete and the deletes that it requires, transitively; nothing if `start` is not a delete."""
    waiting, seen = [start], set[ActionId]()
    while waiting:
        identifier = waiting.pop()
        action = by_id.get(identifier)
        if action is None or action.verb is not Verb.DELETE or identifier in seen:
            continue
        seen.add(identifier)
        yield identifier
        waiting.extend(action.requires)


def behind_stopped(plans: Sequence[TargetPlan], stopped: Mapping[TargetName, bool]) -> tuple[TargetPlan, ...]:
    """The plans, with actions held that depend on actions of targets in which nothing is carried out.

    `stopped` names these targets; the value is true if another run may succeed. Their own actions stay as
    they are.
    """
    if not stopped or len(plans) == len(stopped):
        return tuple(plans)
    graph = Graph({action.id: action for plan in plans for action in plan.actions})
    causes = {
        action.id: Held(
            f"depends on target {plan.target}, in which nothing is carried out",
            is_transient=stopped[plan.target],
        )
        for plan in plans
        if plan.target in stopped
        for action in plan.actions
    }
    found = {follower: causes[cause] for follower, cause in graph.behind(causes).items()}
    return tuple(plan if plan.target in stopped else _holding(plan, found) for plan in plans)


def _holding(plan: TargetPlan, found: Mapping[ActionId, Held]) -> TargetPlan:
    more = {a.id: found[a.id] for a in plan.actions if a.id in found and a.id not in plan.held}
    return replace(plan, held={**plan.held, **more}) if more else plan
