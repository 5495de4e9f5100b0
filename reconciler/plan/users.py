"""What deployments use of the objects that a plan takes away, for its readers; the guard `in-use` decides."""

from collections.abc import Iterable, Mapping

from reconciler.model.active_resource import ActiveResource
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.plan.action import Action
from reconciler.plan.parts import criterion_selector


def users(
    actions: Iterable[Action], active: Mapping[str, tuple[ActiveResource, ...]]
) -> Mapping[ResourceKey, tuple[str, ...]]:
    """Active resources by the definition that is deleted or loses the criterion they match, sorted."""
    found: dict[ResourceKey, set[str]] = {}
    for action in actions:
        definition = action.subject.key
        if not action.is_deletion or action.key.kind not in (Kind.DEFINITION, Kind.CRITERION):
            continue
        lost = [one for one in active.get(definition.id, ()) if _is_lost(action, one)]
        if lost:
            found.setdefault(definition, set()).update(map(str, lost))
    return {key: tuple(sorted(names)) for key, names in sorted(found.items())}


def _is_lost(action: Action, used: ActiveResource) -> bool:
    if action.key.kind is Kind.DEFINITION:
        return True
    return used.fits(action.subject.criteria.removed.get(criterion_selector(action.key), {}))
