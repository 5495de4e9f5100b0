"""What guards examine in one target, and what they say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model.active_resource import ActiveResource
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import Kind
from reconciler.model.record import NO_SAFEGUARDS, Safeguards
from reconciler.model.state import State
from reconciler.plan.action import Action, ActionId
from reconciler.plan.doubt import Doubt
from reconciler.plan.reach import Reach
from reconciler.plan.refusal import Refusal
from reconciler.settings import Safety


@dataclass(frozen=True, slots=True)
class Case:
    """What the guards examine in one target."""

    target: TargetName
    desired: State
    live: State
    actions: Sequence[Action]
    owned: Mapping[Kind, int]
    """Number of owned objects by kind."""
    safety: Safety
    active: Mapping[str, tuple[ActiveResource, ...]] = field(default_factory=dict)
    """What deployments use, by id of its definition; definitions that were not looked up are missing."""
    is_one_of_many: bool = False
    """True if the run has several targets."""
    before: Safeguards = NO_SAFEGUARDS
    """Limits of the last applied commit that still count."""
    revision: str = ""
    newer: str = ""
    """The last applied commit, if `revision` is an ancestor of it; "" otherwise."""
    is_bare: bool = False
    """True if no file that the target's paths match has a document."""
    doubts: tuple[Doubt, ...] = ()
    is_cluster: bool = False
    registered: frozenset[str] = frozenset()
    """Agents and runners that stay registered in some place and are installed in none, such as `Agent/eu-1`."""
    reach: Reach | None = None
    """What a change of the primary store concerns; None if no store changes."""
    deployed: Mapping[ResourceKey, str] = field(default_factory=dict)
    """Workloads of Operators, with what was deployed through them, or why that is not known."""
    mounted: frozenset[ResourceKey] = frozenset()
    """Runners whose key is the one that their Secret has."""
    revoked: frozenset[str] = frozenset()
    """Ids of keys that a person named to be withdrawn at once."""


Holds = Mapping[ResourceKey, frozenset[ActionId]]
"""Keys that a guard names, each with the actions it holds."""


@dataclass(frozen=True, slots=True)
class Tripped:
    """A refusal, and the actions it holds for each object that it names."""

    refusal: Refusal
    holds: Holds


def refusal_of(
    case: Case, guard: str, holds: Holds, message: str, details: tuple[str, ...] = ()
) -> Iterator[Tripped]:
    """One refusal that names the objects of `holds`; none if there are none."""
    if holds:
        keys = tuple(sorted(holds))
        yield Tripped(Refusal(guard, case.target, message, keys, case.is_one_of_many, details), holds)


def names_of(keys: Iterable[ResourceKey]) -> str:
    """Names of objects, in words."""
    return ", ".join(map(str, sorted(keys)))
