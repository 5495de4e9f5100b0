"""One plan from the diffs of all places, policy and approvals: what is done, held, refused, or left to a person."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.diff.change import Change, Diff, Group, SecretDifference
from reconciler.model.active_resource import ActiveResource
from reconciler.model.finding import Finding
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import WHOLE_KINDS, Kind
from reconciler.model.place import Place, Realm
from reconciler.model.record import NO_SAFEGUARDS, Inventory, Safeguards
from reconciler.model.state import State
from reconciler.model.wording import plural
from reconciler.plan.action import Action, ActionId, Held, TargetPlan, Unexamined
from reconciler.plan.approval import Accepted, Approval, split
from reconciler.plan.authorization import agent_waits, awaiting, key_edges
from reconciler.plan.barrier import Organization, barrier
from reconciler.plan.candidate import Leave, candidates
from reconciler.plan.case import Case
from reconciler.plan.check import cycle, problems
from reconciler.plan.doubt import NO_ABSENCE, Doubt, Name, is_shared
from reconciler.plan.drift import reported
from reconciler.plan.edges.installation import workload_keys
from reconciler.plan.graph import CycleError, Graph, connect
from reconciler.plan.guards import CONTESTED, EMPTY_TREE, takeover, tripped
from reconciler.plan.parts import agent_of
from reconciler.plan.reach import Reach
from reconciler.plan.refusal import Refusal
from reconciler.plan.users import users
from reconciler.plan.withheld import missing_secrets
from reconciler.settings import Policy, Prune, Safety

NOT_SHOWN = "it was not in the plan: run again"
"""Why an action waits that a later round of an apply found."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What the plan of one target is built from."""

    target: TargetName
    place: Place
    desired: State
    live: State
    inventory: Inventory
    diff: Diff
    policy: Policy
    safety: Safety
    active: Mapping[str, tuple[ActiveResource, ...]] = field(default_factory=dict)
    """What deployments use, by id of its definition."""
    unexamined: tuple[Unexamined, ...] = ()
    before: Safeguards = NO_SAFEGUARDS
    """Limits of the last applied commit that still count, apart from those of `safety`."""
    revision: str = ""
    newer: str = ""
    """The last applied commit, if `revision` is an ancestor of it; "" otherwise."""
    is_bare: bool = False
    """As in `case.Case`."""
    doubts: tuple[Doubt, ...] = ()
    mounted: frozenset[ResourceKey] = frozenset()
    """Runners whose key is the one that their Secret has."""
    waits: Mapping[ActionId, Held] = field(default_factory=dict)
    """Actions that wait for something outside the plan."""
    verify: Mapping[ResourceKey, str] = field(default_factory=dict)
    """Unchanged objects that do not run as they should, with the reason."""
    awaits: Mapping[ActionId, tuple[ResourceKey, ...]] = field(default_factory=dict)
    """Keys that must be registered and authorized before actions, in whatever organization."""
    reach: Reach | None = None
    """As in `case.Case`, as is `deployed`."""
    deployed: Mapping[ResourceKey, str] = field(default_factory=dict)
    problems: tuple[Finding, ...] = ()
    """Errors in what is declared that keep the target as it is."""


@dataclass(frozen=True, slots=True)
class _Left:
    """What one target leaves as it is, by reason."""

    kept: tuple[Change, ...]
    drift: tuple[Change, ...]
    released: tuple[Change, ...]
    contested: tuple[Change, ...]
    takeovers: tuple[Accepted, ...]
    includes: Callable[[ResourceKey], bool]

    def shown(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """The selected ones."""
        return tuple(change for change in changes if self.includes(change.key))

    @property
    def leave(self) -> Leave:
        return Leave(
            frozenset(change.key for change in (*self.kept, *self.drift)),
            frozenset(key for accepted in self.takeovers for key in accepted.refusal.keys),
        )


@dataclass(frozen=True, slots=True)
class _Guarded:
    """What the guards of one target refuse, and what was approved."""

    refusals: tuple[Refusal, ...]
    accepted: tuple[Accepted, ...]


@dataclass(slots=True)
class _Whole:
    """The actions of all targets in one graph, and those of them that are held."""

    graph: Graph
    held: dict[ActionId, Held] = field(default_factory=dict)
    cycle: CycleError | None = None
    is_of_many: bool = False
    """True if the run has several targets."""

    def force(self, approved: Iterable[ActionId]) -> None:
        """Make these deletions remove what is in use as well."""
        forced = {identifier: replace(self.graph.actions[identifier], forces=True) for identifier in approved}
        self.graph = replace(self.graph, actions={**self.graph.actions, **forced})

    def of(self, place: Place) -> tuple[Action, ...]:
        return tuple(action for action in self.graph.actions.values() if action.key.place == place)


def build(
    bases: Sequence[Basis],
    *,
    includes: Callable[[ResourceKey], bool] = lambda _: True,
    approvals: frozenset[Approval] = frozenset(),
    organizations: Sequence[Organization] = (),
    unread: str = "",
    emptied: Mapping[TargetName, frozenset[Name]] = NO_ABSENCE.emptied,
    belongs: Callable[[Action], bool] = lambda _: True,
    revoked: frozenset[str] = frozenset(),
) -> tuple[TargetPlan, ...]:
    """The plan of each target, in the order of `bases`; independent of the order of what they contain.

    `includes` is true for selected keys (`--only`). `organizations` are all that the key barrier has
    to examine, also those without a basis. `unread` names files whose documents may belong to any
    target: what one of them may declare is not deleted. `emptied` are targets without a basis that declare
    nothing, with what they own. `belongs` is false for actions that this round of an apply leaves to another run.
    `revoked` are ids of keys that are withdrawn whatever is cut off by it.

    One graph spans all targets, so an action of one may require one of another. A guard or the key
    barrier holds what it names and whatever depends on that; the rest is carried out. A problem
    leaves the actions of its target in the plan, so that they can be shown, but none of them is
    carried out. Contested objects are left alone unless approved by name.
    """
    is_one_of_many = len(bases) > 1
    left = [_left(basis, includes, approvals, is_one_of_many=is_one_of_many) for basis in bases]
    whole = _whole(bases, left, includes, organizations, revoked)
    whole.is_of_many = is_one_of_many
    for basis, alone in zip(bases, left, strict=True):
        _hold_keys_of_contested_agents(basis, alone, whole)
        for identifier, held in basis.waits.items():
            if identifier in whole.graph.actions:
                whole.held.setdefault(identifier, held)
    registered = _registered_alone(bases)
    guarded = [_guard(basis, whole, approvals, registered, revoked) for basis in bases]
    if unread:
        _hold_unproven(whole, unread)
    _hold_shared(bases, guarded, whole, emptied)
    for action in whole.graph.actions.values():
        if not belongs(action):
            whole.held.setdefault(action.id, Held(NOT_SHOWN))
    _hold_followers(whole)
    return tuple(
        _target_plan(basis, alone, whole, found)
        for basis, alone, found in zip(bases, left, guarded, strict=True)
    )


def _left(
    basis: Basis,
    includes: Callable[[ResourceKey], bool],
    approvals: frozenset[Approval],
    *,
    is_one_of_many: bool,
) -> _Left:
    contested = tuple(c for c in basis.diff.of(Group.CONTESTED) if includes(c.key))
    refused = takeover(basis.target, contested, is_one_of_many=is_one_of_many)
    parted = [split(refusal, approvals) for refusal in refused]
    return _Left(
        kept=tuple(c for c in basis.diff.of(Group.PRUNE) if basis.policy.prune(c.key.kind) is Prune.NEVER),
        drift=reported(basis.diff, basis.policy),
        released=tuple(basis.diff.of(Group.RELEASED)),
        contested=contested,
        includes=includes,
        takeovers=tuple(accepted for _, accepted in parted if accepted is not None),
    )


def _whole(
    bases: Sequence[Basis],
    left: Sequence[_Left],
    includes: Callable[[ResourceKey], bool],
    organizations: Sequence[Organization],
    revoked: frozenset[str],
) -> _Whole:
    """The selected actions of all targets, connected, with what the key barrier holds."""
    actions = [
        action
        for basis, alone in zip(bases, left, strict=True)
        for action in candidates(basis.diff, alone.leave, basis.verify)
    ]
    try:
        chosen = _selected(actions, includes)
        judged = barrier(chosen, organizations, revoked)
        awaits = {**judged.awaits, **{i: keys for basis in bases for i, keys in basis.awaits.items()}}
        waiting = [replace(a, awaits=awaits[a.id]) if a.id in awaits else a for a in chosen]
        waits = agent_waits(waiting, organizations)
        graph = connect(waiting, (*judged.edges, *key_edges(waiting, waits)))
        return _Whole(awaiting(graph, waits), dict(judged.held))
    except CycleError as error:
        return _Whole(Graph({action.id: action for action in actions}), cycle=error)


def _selected(actions: Sequence[Action], includes: Callable[[ResourceKey], bool]) -> list[Action]:
    """All actions of selected objects, and transitively all actions of the objects that they require."""
    start = [action.id for action in actions if _is_included(action, includes)]
    if len(start) == len(actions):
        return list(actions)
    chosen = connect(actions).with_requirements(start)
    return [action for action in actions if action.id in chosen]


def _is_included(action: Action, includes: Callable[[ResourceKey], bool]) -> bool:
    """True if the action is selected. A selected key includes the create of its agent, never the deletion."""
    if includes(action.subject.key):
        return True
    return not action.is_deletion and any(includes(carried.key) for carried in action.carried)


def _registered_alone(bases: Sequence[Basis]) -> frozenset[str]:
    """Agents and runners that are declared and installed on no cluster, such as `Agent/eu-1`."""
    keys = [key for basis in bases for key in basis.desired.resources]
    installed = {name for basis in bases for name in workload_keys(basis.desired.resources).values()}
    return frozenset(f"{key.kind}/{key.id}" for key in keys if key.kind in _REGISTRATIONS) - installed


_REGISTRATIONS = frozenset((Kind.AGENT, Kind.RUNNER))


def _guard(
    basis: Basis,
    whole: _Whole,
    approvals: frozenset[Approval],
    registered: frozenset[str],
    revoked: frozenset[str],
) -> _Guarded:
    """Refusals of one target, and those that were approved. Holds the actions that the former name."""
    actions = whole.of(basis.place)
    owned = Counter(key.kind for key in basis.inventory.entries)
    refusals: list[Refusal] = []
    approved: list[Accepted] = []
    case = Case(
        basis.target, basis.desired, basis.live, actions, owned, basis.safety, basis.active, whole.is_of_many,
        basis.before, basis.revision, basis.newer, basis.is_bare, basis.doubts,
        basis.place.realm is Realm.CLUSTER, registered, basis.reach,
        basis.deployed, basis.mounted, revoked,
    )  # fmt: skip
    for found in tripped(case):
        keys, accepted = split(found.refusal, approvals)
        if accepted is not None:
            approved.append(accepted)
            if found.refusal.guard == "in-use":
                whole.force(i for key in accepted.refusal.keys for i in found.holds[key])
        if keys:
            refusals.append(found.refusal if accepted is None else replace(found.refusal, keys=keys))
            for identifier in (identifier for key in keys for identifier in found.holds[key]):
                # The first guard is named; one that refuses goes before a wait, which needs no person.
                held = whole.held.get(identifier)
                if held is None or not held.guard:
                    guard = found.refusal.guard
                    whole.held[identifier] = Held(f"refused by guard {guard}", guard)
    return _Guarded(tuple(refusals), tuple(approved))


def _hold_keys_of_contested_agents(basis: Basis, left: _Left, whole: _Whole) -> None:
    """Hold what would register a key on a contested agent, whether or not the agent was selected."""
    contested = {change.key for change in basis.diff.of(Group.CONTESTED)} - left.leave.taken_over
    for action in whole.graph.actions.values():
        if action.key.kind is Kind.KEY and not action.is_deletion and agent_of(action.key) in contested:
            whole.held[action.id] = Held(f"{agent_of(action.key)} is contested", CONTESTED)


def _hold_unproven(whole: _Whole, unread: str) -> None:
    """Hold deletes that follow from the absence of documents that `unread` may contain."""
    held = Held(f"{unread} could not be read and may declare it")
    for action in whole.graph.actions.values():
        parts = (action.subject, *action.carried)
        if action.is_deletion and any(
            part.group is Group.PRUNE and part.key.kind in _OF_ORGANIZATIONS for part in parts
        ):
            whole.held.setdefault(action.id, held)


def _hold_shared(
    bases: Sequence[Basis],
    guarded: Sequence[_Guarded],
    whole: _Whole,
    emptied: Mapping[TargetName, frozenset[Name]],
) -> None:
    """Hold deletes of what a target shares with another one whose files are all gone, until that is approved there."""
    causes: list[tuple[Place | None, frozenset[Name], Held]] = [
        (
            basis.place,
            frozenset((key.kind, key.id) for key in refusal.keys),
            Held(f"{basis.target} has it too: refused there by guard {refusal.guard}", refusal.guard),
        )
        for basis, found in zip(bases, guarded, strict=True)
        for refusal in found.refusals
        if refusal.guard == EMPTY_TREE
    ]
    for name, owned in emptied.items():
        reason = f"target {name} has it too, and its files declare nothing any more: plan that target as well"
        causes.append((None, owned, Held(reason, is_transient=False)))
    live = (
        {key: resource for basis in bases for key, resource in basis.live.resources.items()} if causes else {}
    )
    for action in whole.graph.actions.values() if causes else ():
        pruned = [part.key for part in (action.subject, *action.carried) if part.group is Group.PRUNE]
        shared = {(key.kind, key.id) for key in pruned if is_shared(key, live.get(key))}
        for place, names, held in causes:
            if action.is_deletion and place != action.key.place and shared & names:
                whole.held.setdefault(action.id, held)


_OF_ORGANIZATIONS = frozenset(
    (Kind.AGENT, Kind.KEY, Kind.DEFINITION, Kind.CRITERION, Kind.SECRET_STORE, Kind.OPERATOR_KEY)
)
"""Kinds that a document declares in every organization that it lists, wherever its file is."""


def _hold_followers(whole: _Whole) -> None:
    """Hold whatever depends on something that is held, for the same cause."""
    if not whole.held:
        return
    for follower, cause in whole.graph.behind(whole.held).items():
        verb, key = cause
        held = whole.held[cause]
        whole.held[follower] = Held(f"depends on {verb} {key}: {held.reason}", held.guard)


def _target_plan(basis: Basis, left: _Left, whole: _Whole, guarded: _Guarded) -> TargetPlan:
    actions = whole.of(basis.place)
    ids = {action.id for action in actions}
    taken_over = left.leave.taken_over
    found = (
        *problems(actions, basis.diff, basis.live, left.contested, waits=basis.waits),
        *basis.problems,
    )
    if whole.cycle is not None:
        found = (*found, *cycle(whole.cycle, actions))
    return TargetPlan(
        target=basis.target,
        organization=basis.place.name,
        diff=basis.diff,
        actions=actions,
        held={identifier: held for identifier, held in whole.held.items() if identifier in ids},
        drift_reported=left.shown(left.drift),
        kept=left.shown(left.kept),
        released=left.shown(left.released),
        contested=tuple(c for c in left.contested if c.key not in taken_over),
        refusals=guarded.refusals,
        accepted=(*guarded.accepted, *left.takeovers),
        problems=tuple(sorted(found, key=Finding.sort_key)),
        unexamined=(*basis.unexamined, *_uncompared_secrets(basis.diff)),
        counts=_counts(basis),
        users=users(actions, basis.active),
        realm=basis.place.realm,
    )


def _uncompared_secrets(diff: Diff) -> Iterator[Unexamined]:
    """Secrets of unchanged objects that could not be compared: silence would look like equality."""
    counts = Counter(
        field.because or _WHY_UNCOMPARED.get(field.secret, "")
        for change in diff.of(Group.UNCHANGED, Group.ADOPTION)
        for field in change.fields
        if field.secret is not None and not field.is_known
    )
    for reason, count in sorted(counts.items()):
        yield Unexamined(plural(count, "secret value"), reason)
    for change in diff.of(Group.CREATION, Group.UPDATE):
        missing = missing_secrets(change.desired)
        if missing:
            yield Unexamined(
                f"secrets of {change.key}",
                f"{'; '.join(missing)}; an apply without them does not send the change",
            )


_WHY_UNCOMPARED = {
    SecretDifference.NOT_COMPARABLE: "no digest of what was last sent",
    SecretDifference.OTHER_KEY: (
        "the record's digests were made with another key; an apply records digests of the files' values and "
        "sends none of them"
    ),
    SecretDifference.NO_KEY: "the key of the record's digests is not available",
}


def _counts(basis: Basis) -> Mapping[Kind, tuple[int, int, int]]:
    desired = Counter(key.kind for key in basis.desired.resources)
    live = Counter(key.kind for key in basis.live.resources)
    owned = Counter(key.kind for key in basis.inventory.entries)
    return {
        kind: (desired[kind], live[kind], owned[kind])
        for kind in WHOLE_KINDS
        if desired[kind] or live[kind] or owned[kind]
    }
