"""Actions from changes: what is created, updated, deleted, adopted or forgotten. `graph` adds the requirements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from reconciler.diff.change import Change, Diff, Group
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import FACTS, Kind
from reconciler.plan.action import Action, Verb
from reconciler.plan.parts import agent_of, criterion_key, runner_of

NOTHING: Mapping[ResourceKey, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Leave:
    """Keys that policy leaves without an action, and contested keys that a person took over."""

    alone: frozenset[ResourceKey] = frozenset()
    taken_over: frozenset[ResourceKey] = frozenset()


def candidates(diff: Diff, leave: Leave, verify: Mapping[ResourceKey, str] = NOTHING) -> list[Action]:
    """Every action that the changes need, in the order of the changes; `verify` are reasons to look again."""
    return _Candidates(diff, leave, verify).actions()


class _Candidates:
    """The changes of one place, with what several of them need computed once."""

    def __init__(self, diff: Diff, leave: Leave, verify: Mapping[ResourceKey, str]) -> None:
        self._diff = diff
        self._leave = leave
        self._verify = verify
        self._first_keys = self._choose_first_keys()
        self._pruned_agents = frozenset(c.key for c in self._changes(Group.PRUNE) if c.key.kind is Kind.AGENT)
        self._replaced_runners = frozenset(
            c.key for c in self._changes(Group.UPDATE) if c.key.kind is Kind.RUNNER and is_replacement(c)
        )

    def _changes(self, group: Group) -> list[Change]:
        return [change for change in self._diff.of(group) if change.key not in self._leave.alone]

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
        for change in self._diff.changes.values():
            if change.key not in self._leave.alone:
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
                yield Action(Verb.ADOPT, change.key, change, reason="equal, and not owned by anybody")
            case Group.FORGOTTEN:
                yield Action(Verb.FORGET, change.key, change, reason="owned, and gone")
            case Group.CONTESTED:
                if change.key in self._leave.taken_over:
                    yield from self._update(replace(change, group=Group.UPDATE))
                    if not change.fields:
                        yield Action(Verb.ADOPT, change.key, change)
            case Group.UNCHANGED:
                yield from self._again(change)
            case Group.UNMANAGED | Group.RELEASED:
                return

    def _again(self, change: Change) -> Iterator[Action]:
        """Actions of what is as desired."""
        if change.key in self._verify:
            yield Action(Verb.VERIFY, change.key, change, reason=self._verify[change.key])
        # Deleting a runner deletes its rules on the server (v2 5.5), so they are created again.
        if change.key.kind is Kind.RUNNER_RULE and runner_of(change.live) in self._replaced_runners:
            yield Action(Verb.DELETE, change.key, change, reason="goes with its runner")
            yield Action(Verb.CREATE, change.key, change, reason="comes back with its runner")

    def _creation(self, change: Change) -> Iterator[Action]:
        if change.key.kind is Kind.AGENT:
            first = self._first_keys.get(change.key)
            yield Action(Verb.CREATE, change.key, change, carried=(first,) if first else ())
        elif change not in self._first_keys.values():
            yield Action(Verb.CREATE, change.key, change)

    def _update(self, change: Change) -> Iterator[Action]:
        reason = _why(change)
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
        # Deleting an agent deletes its keys, so they are carried by that action.
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


def _why(change: Change) -> str:
    if change.live is not None and change.live.is_built_in:
        is_disabled = bool(change.criteria.removed)
        return "makes room: under `builtIn.disabled`" if is_disabled else "no longer under `builtIn.disabled`"
    return "drift" if change.is_drift else ""


def is_replacement(change: Change) -> bool:
    """True if a field differs that cannot be changed in place."""
    immutable = FACTS[change.key.kind].immutable
    return any(field.path == immutable != () for field in change.fields)
