"""Live state of an organization as a plan leaves it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.kind import FACTS, Kind
from reconciler.model.state import State
from reconciler.plan.action import Action, TargetPlan
from reconciler.plan.guards import deleted
from reconciler.plan.parts import criterion_selector

if TYPE_CHECKING:
    from reconciler.model.identity import ResourceKey


def _is_of_built_in(action: Action) -> bool:
    return action.subject.live is not None and action.subject.live.is_built_in


def after(plan: TargetPlan, live: State) -> State:
    """Live state as the plan leaves it; what is held stays.

    Criteria of built-in definitions count as removed even if that is held: whatever holds it reports it.
    """
    doing = [
        action
        for action in plan.actions
        if action.is_deletion and (action.id not in plan.held or _is_of_built_in(action))
    ]
    gone = {key for action in doing for key in deleted(action)}
    moved: dict[ResourceKey, set[str]] = {}
    for action in doing:
        if action.key.kind is Kind.CRITERION:
            moved.setdefault(action.subject.key, set()).add(criterion_selector(action.key))
    if not gone:
        return live
    left = {key: resource for key, resource in live.resources.items() if key not in gone}
    for key, selectors in moved.items():
        resource = left.get(key)
        if resource is not None:
            criteria = {name: of for name, of in (resource.criteria or {}).items() if name not in selectors}
            left[key] = replace(resource, criteria=criteria)
    listed = {(beside, key.id) for key in gone if (beside := FACTS[key.kind].collection) is not None}
    return replace(live, resources=left, surroundings=live.surroundings.without(listed))
