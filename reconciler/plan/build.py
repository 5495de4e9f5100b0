"""Diff, policy and approvals become a plan: which actions, which refusals, what is left to people."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.diff.change import Change, Diff, Group
from reconciler.diff.fields import NOT_COMPARABLE
from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.inventory import Inventory
from reconciler.model.kind import FACTS, WHOLE_KINDS, Kind
from reconciler.model.origin import Origin
from reconciler.model.state import State
from reconciler.plan.action import Action, ActionId, Refusal, TargetPlan, Unexamined, Verb
from reconciler.plan.drift import reported
from reconciler.plan.guards import CONTESTED, Case, refusals
from reconciler.plan.order import agent_of, criterion_key, criterion_selector, runner_of, with_requirements
from reconciler.plan.problem import AGENT_WITHOUT_KEY, BUILT_IN, CRITERION_TAKEN, KEY_WITHOUT_AGENT
from reconciler.settings import Policy, Prune, Safety


@dataclass(frozen=True, slots=True)
class Basis:
    """What a target's plan is built from. `includes` says whether a key was selected (`--only`)."""

    target: TargetName
    organization: str
    desired: State
    live: State
    inventory: Inventory
    diff: Diff
    policy: Policy
    safety: Safety
    granted: frozenset[str] = frozenset()
    """Guards that were approved for this run."""
    includes: Callable[[ResourceKey], bool] = lambda _: True
    unexamined: tuple[Unexamined, ...] = ()


def build(basis: Basis) -> TargetPlan:
    """Return the plan of one target; pure, independent of input order.

    A refusal or a problem leaves the actions in the plan, so that they can be shown; nothing of
    such a plan may be carried out. Contested things are left alone unless `contested` is granted,
    and stop nothing else.
    """
    kept = tuple(c for c in basis.diff.of(Group.PRUNE) if basis.policy.prune(c.key.kind) is Prune.NEVER)
    drift = reported(basis.diff, basis.policy)
    contested = tuple(c for c in basis.diff.of(Group.CONTESTED) if basis.includes(c.key))
    takeovers = takeover(basis.target, contested)
    takes_over = CONTESTED in basis.granted
    left = frozenset(change.key for change in (*kept, *drift))
    candidates = _Candidates(basis, left)
    actions = with_requirements(_selected(candidates.actions(), basis.includes))
    problems = tuple(sorted(_problems(basis, actions, contested), key=Finding.sort_key))
    owned = Counter(key.kind for key in basis.inventory.entries)
    found = refusals(Case(basis.target, basis.desired, basis.live, basis.diff, actions, owned, basis.safety))
    return TargetPlan(
        target=basis.target,
        organization=basis.organization,
        diff=basis.diff,
        actions=actions,
        drift_reported=tuple(c for c in drift if basis.includes(c.key)),
        kept=tuple(c for c in kept if basis.includes(c.key)),
        contested=tuple(c for c in contested if not takes_over or _is_built_in(c)),
        refusals=tuple(refusal for refusal in found if refusal.guard not in basis.granted),
        accepted=tuple(refusal for refusal in (*found, *takeovers) if refusal.guard in basis.granted),
        problems=problems,
        unexamined=(*basis.unexamined, *_uncompared_secrets(basis.diff)),
        counts=_counts(basis, owned),
    )


def takeover(target: TargetName, contested: tuple[Change, ...]) -> tuple[Refusal, ...]:
    """What taking over every contested thing has to be approved with; built-in ones are never taken over."""
    keys = tuple(change.key for change in contested if not _is_built_in(change))
    if not keys:
        return ()
    return (Refusal(CONTESTED, target, f"{len(keys)} objects that are not ours and differ", len(keys), keys),)


def _is_built_in(change: Change) -> bool:
    return change.live is not None and change.live.is_built_in


class _Candidates:
    """Turns changes into actions; requirements come later."""

    def __init__(self, basis: Basis, left: frozenset[ResourceKey]) -> None:
        self._basis = basis
        self._left = left
        self._takes_over = CONTESTED in basis.granted
        self._first_keys = self._choose_first_keys()
        self._pruned_agents = frozenset(c.key for c in self._changes(Group.PRUNE) if c.key.kind is Kind.AGENT)
        self._replaced_runners = frozenset(
            c.key for c in self._changes(Group.UPDATE) if c.key.kind is Kind.RUNNER and is_replacement(c)
        )

    def _changes(self, group: Group) -> list[Change]:
        return [change for change in self._basis.diff.of(group) if change.key not in self._left]

    def _choose_first_keys(self) -> dict[ResourceKey, Change]:
        """The key each new agent is created with: the lowest fingerprint, so that the choice is stable."""
        created = {c.key for c in self._changes(Group.CREATION) if c.key.kind is Kind.AGENT}
        first: dict[ResourceKey, Change] = {}
        for change in self._changes(Group.CREATION):
            if change.key.kind is Kind.KEY and agent_of(change.key) in created:
                first.setdefault(agent_of(change.key), change)
        return first

    def actions(self) -> list[Action]:
        found: list[Action] = []
        for change in self._basis.diff.changes.values():
            if change.key not in self._left:
                found.extend(self._for_change(change))
        return found

    def _for_change(self, change: Change) -> Iterator[Action]:
        match change.group:
            case Group.CREATION:
                yield from self._creation(change)
            case Group.UPDATE:
                yield from self._update(change)
            case Group.PRUNE:
                yield from self._prune(change)
            case Group.ADOPTION:
                yield Action(Verb.ADOPT, change.key, change, reason="equal, and owned by nobody")
            case Group.FORGOTTEN:
                yield Action(Verb.FORGET, change.key, change, reason="owned, and gone")
            case Group.CONTESTED:
                if self._takes_over and change.live is not None and not change.live.is_built_in:
                    yield from self._update(replace(change, group=Group.UPDATE))
                    if not change.fields and not change.criteria:
                        yield Action(Verb.ADOPT, change.key, change)
            case Group.UNCHANGED:
                if change.key.kind is Kind.RUNNER_RULE and runner_of(change.live) in self._replaced_runners:
                    yield Action(Verb.DELETE, change.key, change, reason="goes with its runner")
                    yield Action(Verb.CREATE, change.key, change, reason="comes back with its runner")
            case Group.UNMANAGED:
                return

    def _creation(self, change: Change) -> Iterator[Action]:
        if change.key.kind is Kind.AGENT:
            first = self._first_keys.get(change.key)
            yield Action(Verb.CREATE, change.key, change, carried=(first,) if first else ())
        elif change not in self._first_keys.values():
            yield Action(Verb.CREATE, change.key, change)

    def _update(self, change: Change) -> Iterator[Action]:
        reason = "drift" if change.is_drift else ""
        if FACTS[change.key.kind].is_replaced or is_replacement(change):
            yield Action(Verb.DELETE, change.key, change, reason="replaced")
            yield Action(Verb.CREATE, change.key, change, reason="replaced")
            return
        if change.fields:
            yield Action(Verb.UPDATE, change.key, change, reason=reason)
        for selector in change.criteria.removed:
            yield Action(Verb.DELETE, criterion_key(change.key, selector), change, reason=reason)
        for selector in change.criteria.added:
            yield Action(Verb.CREATE, criterion_key(change.key, selector), change, reason=reason)

    def _prune(self, change: Change) -> Iterator[Action]:
        if change.key.kind is Kind.KEY and agent_of(change.key) in self._pruned_agents:
            return
        carried: tuple[Change, ...] = ()
        if change.key.kind is Kind.AGENT:
            carried = tuple(
                other
                for other in self._changes(Group.PRUNE)
                if other.key.kind is Kind.KEY and agent_of(other.key) == change.key
            )
        yield Action(Verb.DELETE, change.key, change, reason="no longer declared", carried=carried)


def is_replacement(change: Change) -> bool:
    """True where a field differs that cannot be changed in place."""
    immutable = FACTS[change.key.kind].immutable
    return any(field.path == immutable != () for field in change.fields)


def _selected(actions: list[Action], includes: Callable[[ResourceKey], bool]) -> list[Action]:
    """Chosen actions, transitively what they require, and the second half of every replacement."""
    complete = {action.id: action for action in with_requirements(actions)}
    chosen: set[ActionId] = set()
    pending = [action.id for action in complete.values() if _is_included(action, includes)]
    while pending:
        identifier = pending.pop()
        if identifier in chosen:
            continue
        chosen.add(identifier)
        pending.extend(complete[identifier].requires)
        verb, key = identifier
        if verb is Verb.DELETE and (Verb.CREATE, key) in complete:
            pending.append((Verb.CREATE, key))
    return [replace(action, requires=frozenset()) for action in actions if action.id in chosen]


def _is_included(action: Action, includes: Callable[[ResourceKey], bool]) -> bool:
    """A chosen key brings its new agent along, never its agent's deletion."""
    if includes(action.subject.key):
        return True
    return action.verb is Verb.CREATE and any(includes(carried.key) for carried in action.carried)


def _problems(basis: Basis, actions: tuple[Action, ...], contested: tuple[Change, ...]) -> Iterator[Finding]:
    for action in actions:
        if (
            action.verb is Verb.CREATE
            and action.key.kind is Kind.AGENT
            and not action.carried
            and Kind.KEY in basis.live.complete
        ):
            yield _problem(
                AGENT_WITHOUT_KEY,
                action.subject,
                f"agent {action.key.id} does not exist in {action.key.place} and no Key declares its public key",
                "declare a Key with `for: {agent: " + action.key.id + "}`",
            )
    for action in actions:
        if action.verb is Verb.CREATE and action.key.kind is Kind.KEY:
            owner = agent_of(action.key)
            if (Verb.CREATE, owner) not in action.requires and owner not in basis.live.resources:
                yield _problem(
                    KEY_WITHOUT_AGENT,
                    action.subject,
                    f"{action.key} belongs to agent {owner.id}, which is neither declared nor registered in "
                    f"{owner.place}",
                    f"declare an Agent `{owner.id}`, or name one that exists",
                )
    for change in contested:
        if change.live is not None and change.live.is_built_in:
            yield _problem(
                BUILT_IN,
                change,
                f"{change.key} is a built-in definition of {change.key.place}; it is never touched",
                "declare a definition with an id of your own",
            )
    yield from _taken_criteria(basis, actions)


def _taken_criteria(basis: Basis, actions: tuple[Action, ...]) -> Iterator[Finding]:
    """Criteria that live holds elsewhere and this plan does not free."""
    holders: dict[tuple[str, str], Change] = {}
    for change in basis.diff.changes.values():
        if change.key.kind is Kind.DEFINITION and change.live is not None:
            for selector in change.live.criteria or ():
                holders[str(change.live.document.get("type", "")), selector] = change
    deleted = {action.key for action in actions if action.verb is Verb.DELETE}
    for action in actions:
        for selector in _criteria_added(action):
            desired = action.subject.desired
            kind = str(desired.document.get("type", "")) if desired is not None else ""
            holder = holders.get((kind, selector))
            if (
                holder is None
                or holder.key == action.subject.key
                or holder.key in deleted
                or criterion_key(holder.key, selector) in deleted
            ):
                continue
            yield _problem(
                CRITERION_TAKEN,
                action.subject,
                f"{action.subject.key} asks for the criterion [{selector or 'any'}] of type {kind}, "
                f"which {holder.key} holds ({_standing(holder)}); the server refuses a second one",
                f"change the criterion here, or remove it from {holder.key} first",
            )


def _criteria_added(action: Action) -> tuple[str, ...]:
    if action.verb is not Verb.CREATE or action.subject.desired is None:
        return ()
    if action.key.kind is Kind.DEFINITION:
        return tuple(action.subject.desired.criteria or ())
    if action.key.kind is Kind.CRITERION:
        return (criterion_selector(action.key),)
    return ()


def _standing(change: Change) -> str:
    if change.live is not None and change.live.is_built_in:
        return "built in"
    return {
        Group.UNMANAGED: "not managed by us",
        Group.CONTESTED: "contested",
        Group.PRUNE: "ours, and not deleted by this plan",
    }.get(change.group, "ours")


def _problem(rule: str, change: Change, message: str, advice: str) -> Finding:
    origin = change.desired.origin if change.desired is not None else None
    return Finding(rule, Severity.ERROR, message, origin or Origin(""), key=change.key, advice=advice)


def _uncompared_secrets(diff: Diff) -> Iterator[Unexamined]:
    """Secrets of unchanged things that could not be compared: silence would look like equality."""
    count = sum(
        field.note == NOT_COMPARABLE
        for change in diff.of(Group.UNCHANGED, Group.ADOPTION)
        for field in change.fields
    )
    if count:
        yield Unexamined(f"{count} secret values", "no digest of what was last sent")


def _counts(basis: Basis, owned: Mapping[Kind, int]) -> dict[Kind, tuple[int, int, int]]:
    desired = Counter(key.kind for key in basis.desired.resources)
    live = Counter(key.kind for key in basis.live.resources)
    return {
        kind: (desired[kind], live[kind], owned.get(kind, 0))
        for kind in WHOLE_KINDS
        if desired[kind] or live[kind] or owned.get(kind, 0)
    }
