"""What the rotations of a pass are about, and what therefore belongs to a later round or to a run for single keys."""

from collections.abc import Callable, Collection, Iterator

from reconciler.model.identity import ResourceKey
from reconciler.model.key import KeyOwner
from reconciler.model.kind import Kind
from reconciler.passes.key_turn import Rotations
from reconciler.plan.action import Action, ActionId


def concerned(rotations: Rotations, owners: Collection[str] = ()) -> Callable[[ResourceKey], bool]:
    """Whether something is part of a rotation, of one of these owners if there are any."""
    turns = [one for one in rotations.turns if not owners or one.owner_name in owners]
    entries = {one.key for one in turns}
    names = {name for one in turns for name in _registered_as(one.owner)}
    names |= {(Kind.KEY, owner.removeprefix("Agent/")) for owner in owners if owner.startswith("Agent/")}
    workloads = {key for one in turns for key in one.workloads}
    has_operator = any(one.owner.operator for one in turns) or any(
        owner.startswith("Operator/") for owner in owners
    )

    def found(key: ResourceKey) -> bool:
        return (
            key in entries
            or key in workloads
            or (key.kind, key.id.partition("/")[0]) in names
            or (key.kind is Kind.OPERATOR_KEY and has_operator)
        )

    return found


def belongs(shown: frozenset[ActionId] | None, rotations: Rotations) -> Callable[[Action], bool]:
    """Whether an action may be carried out in this round: it was shown, or a rotation follows from it."""
    if shown is None:
        return lambda _: True
    is_concerned = concerned(rotations)
    return lambda action: action.id in shown or is_concerned(action.key)


def _registered_as(owner: KeyOwner) -> Iterator[tuple[Kind, str]]:
    if owner.agent is not None:
        yield Kind.KEY, owner.agent
        yield Kind.AGENT, owner.agent
    elif owner.runner is not None:
        yield Kind.RUNNER, owner.runner
