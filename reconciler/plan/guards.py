"""Limits that make a plan refuse, each with the exact option that lets one case through.

There is no switch that turns all of them off (design decision 4.8).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.diff.change import Diff, Group
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import Kind
from reconciler.model.state import Resource, State
from reconciler.plan.action import Action, Refusal, Verb
from reconciler.plan.order import agent_of, runner_of
from reconciler.settings import Safety

CONTESTED = "contested"
"""The guard of taking over; alone among guards it stops no other action."""

GUARDS: Mapping[str, str] = {
    "empty-tree": "the files declare nothing, and everything owned would be deleted",
    "deletes": "more things of one kind would be deleted than `safety.maxDelete` allows",
    "last-key": "an agent would lose its last key and be cut off",
    "protected": "something under `safety.protect` would be deleted",
    "cascade": "a delete would take along things that the plan does not delete itself",
    "replace": "something would be deleted and made anew, because a field of it cannot be changed",
    "state-storage": "a runner's state storage would change; existing state is not moved",
    CONTESTED: "something of somebody else would be taken over",
}
"""Every guard and what it refuses."""

Approval = tuple[str, int]
"""Guard and count, as given with `--accept GUARD:COUNT`: the number that the refusals of one run print."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the guards look at."""

    target: TargetName
    desired: State
    live: State
    diff: Diff
    actions: tuple[Action, ...]
    owned: Mapping[Kind, int]
    """Number of owned things by kind."""
    safety: Safety


def refusals(case: Case) -> list[Refusal]:
    """Every guard that trips, in the order of `GUARDS`. `contested` is not among them: it stops no other action."""
    found: list[Refusal] = []
    for guard in (_empty_tree, _deletes, _last_key, _protected, _cascade, _replace, _state_storage):
        found.extend(guard(case))
    return found


def counted(found: Iterable[Refusal]) -> dict[str, int]:
    """What is refused by each guard, over all targets of a run.

    >>> counted([])
    {}
    """
    total: Counter[str] = Counter()
    for refusal in found:
        total[refusal.guard] += refusal.count
    return dict(total)


def granted(found: Iterable[Refusal], approvals: frozenset[Approval]) -> frozenset[str]:
    """Guards whose whole count was approved. An approval with another number lets nothing through."""
    return frozenset(guard for guard, count in counted(found).items() if (guard, count) in approvals)


def allowed_deletes(limit: str, owned: int) -> int:
    """How many of `owned` things may go under a `safety.maxDelete`.

    >>> allowed_deletes("10% or 5", 20), allowed_deletes("10% or 5", 200), allowed_deletes("0", 9)
    (5, 20, 0)
    """
    allowed = 0
    for part in re.split(r" or ", limit):
        number = int(part.rstrip("%"))
        allowed = max(allowed, owned * number // 100 if part.endswith("%") else number)
    return allowed


def _deleted(action: Action) -> tuple[ResourceKey, ...]:
    """What one delete takes away: the keys of an agent go with it."""
    return (action.key, *(change.key for change in action.carried)) if action.verb is Verb.DELETE else ()


def _pruned(case: Case) -> dict[Kind, list[ResourceKey]]:
    """Things that would be deleted, by kind; replacements and criteria are counted elsewhere."""
    pruned: dict[Kind, list[ResourceKey]] = defaultdict(list)
    for action in case.actions:
        if action.subject.group is Group.PRUNE:
            for key in _deleted(action):
                pruned[key.kind].append(key)
    return pruned


def _empty_tree(case: Case) -> Iterator[Refusal]:
    keys = tuple(sorted(key for keys in _pruned(case).values() for key in keys))
    if not case.desired.resources:
        yield from _refused(
            case,
            "empty-tree",
            keys,
            f"the files of this target declare nothing; all {len(keys)} owned objects would be deleted",
        )


def _deletes(case: Case) -> Iterator[Refusal]:
    too_many: list[ResourceKey] = []
    told = []
    for kind, keys in sorted(_pruned(case).items()):
        owned = case.owned.get(kind, 0)
        allowed = allowed_deletes(case.safety.maxDelete, owned)
        if len(keys) > allowed:
            too_many.extend(keys)
            told.append(f"{len(keys)} of {owned} owned {kind} objects ({allowed} allowed)")
    yield from _refused(
        case,
        "deletes",
        tuple(sorted(too_many)),
        f"{', '.join(told)} would be deleted; safety.maxDelete is {case.safety.maxDelete}",
    )


def _last_key(case: Case) -> Iterator[Refusal]:
    gone = Counter(agent_of(key) for key in _pruned(case)[Kind.KEY])
    created = Counter(
        agent_of(action.key)
        for action in case.actions
        if action.verb is Verb.CREATE and action.key.kind is Kind.KEY
    )
    present = Counter(agent_of(resource.key) for resource in case.live.of(Kind.KEY))
    deleted_agents = set(_pruned(case)[Kind.AGENT])
    agents = tuple(
        sorted(
            agent
            for agent, count in gone.items()
            if agent not in deleted_agents and present[agent] + created[agent] - count <= 0
        )
    )
    names = ", ".join(agent.id for agent in agents)
    yield from _refused(
        case, "last-key", agents, f"the last key of {names} would be deleted; the agent would be cut off"
    )


def _protected(case: Case) -> Iterator[Refusal]:
    keys = tuple(
        key
        for action in case.actions
        for key in _deleted(action)
        if any(key.matches(pattern) for pattern in case.safety.protect)
    )
    yield from _refused(case, "protected", keys, f"protected objects would be deleted: {_names(keys)}")


def _cascade(case: Case) -> Iterator[Refusal]:
    """Deleting an agent deletes its keys, deleting a runner its rules, whoever made them (v1 2.3, v2 5.5).

    Whatever goes that way without being deleted by the plan itself is refused: things of others
    and things that policy keeps.
    """
    deleted = {key for action in case.actions for key in _deleted(action)}
    taken = tuple(
        sorted(
            resource.key
            for resource in case.live.resources.values()
            if resource.key not in deleted and _holder(resource) in deleted
        )
    )
    yield from _refused(
        case,
        "cascade",
        taken,
        f"{len(taken)} objects that this plan does not delete would be deleted along: {_names(taken)}",
    )


def _holder(resource: Resource) -> ResourceKey | None:
    match resource.key.kind:
        case Kind.KEY:
            return agent_of(resource.key)
        case Kind.RUNNER_RULE:
            return runner_of(resource)
        case _:
            return None


def _replace(case: Case) -> Iterator[Refusal]:
    keys = tuple(
        action.key
        for action in case.actions
        if action.verb is Verb.DELETE
        and action.subject.group is not Group.PRUNE
        and action.key.kind in (Kind.DEFINITION, Kind.RUNNER)
    )
    yield from _refused(
        case,
        "replace",
        keys,
        f"the type of {_names(keys)} cannot be changed; deleting and making anew is the only way",
    )


def _state_storage(case: Case) -> Iterator[Refusal]:
    keys = tuple(
        change.key
        for change in case.diff.of(Group.UPDATE)
        if change.key.kind is Kind.RUNNER
        and any(field.path[:1] == ("state_storage_configuration",) for field in change.fields)
        and any(action.key == change.key for action in case.actions)
    )
    yield from _refused(
        case,
        "state-storage",
        keys,
        f"the state storage of {_names(keys)} would change; state is not moved, "
        "what it describes would be orphaned",
    )


def _refused(case: Case, guard: str, keys: tuple[ResourceKey, ...], message: str) -> Iterator[Refusal]:
    """One refusal that counts `keys`; none where there are none."""
    if keys:
        yield Refusal(guard, case.target, message, len(keys), keys)


def _names(keys: tuple[ResourceKey, ...]) -> str:
    return ", ".join(map(str, keys))
