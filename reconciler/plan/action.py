"""Actions, plans and outcomes: what is to be done, in which order, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.diff.change import Change, Diff
from reconciler.model.finding import Finding
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import Kind
from reconciler.model.place import Realm
from reconciler.plan.approval import Accepted
from reconciler.plan.refusal import Refusal


class Verb(StrEnum):
    """What an action does.

    `ADOPT` and `FORGET` write only the ownership record, `VERIFY` writes nothing: it looks whether a workload that is
    as declared runs.
    """

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"
    FORGET = "forget"
    VERIFY = "verify"


ActionId = tuple[Verb, ResourceKey]


@dataclass(frozen=True, slots=True)
class Gate:
    """Opens when every member is done. One gate serves many actions, whatever the number of members."""

    members: frozenset[ActionId]


@dataclass(frozen=True, slots=True)
class Action:
    """One step. `subject` is the change it belongs to; for a criterion, that of its definition.

    `requires` are the ids of actions, of this or another place, that must be done before; `gate`
    holds further ones that many actions share. `reason` reads after the key. `carried` are changes made
    by the same call: an agent is created with its first key. A definition's create has its criteria in
    `subject.criteria.added`. `awaits` are keys that must be registered and authorized when the action is
    sent, which is checked just before; of the keys in `awaits_any` one must be. `forces` is true if a
    person approved the deletion of what is in use.
    """

    verb: Verb
    key: ResourceKey
    subject: Change
    requires: frozenset[ActionId] = frozenset()
    reason: str = ""
    carried: tuple[Change, ...] = ()
    gate: Gate | None = None
    awaits: tuple[ResourceKey, ...] = ()
    awaits_any: tuple[ResourceKey, ...] = ()
    forces: bool = False

    @property
    def id(self) -> ActionId:
        """Unique within a plan."""
        return (self.verb, self.key)

    @property
    def writes_orchestrator(self) -> bool:
        """False for actions that write only the ownership record, or nothing."""
        return self.verb not in (Verb.ADOPT, Verb.FORGET, Verb.VERIFY)

    @property
    def is_deletion(self) -> bool:
        """True if the action removes something."""
        return self.verb is Verb.DELETE

    @property
    def required(self) -> frozenset[ActionId]:
        """Everything that must be done before, the members of the gate included."""
        return self.requires if self.gate is None else self.requires | self.gate.members


@dataclass(frozen=True, slots=True)
class Unexamined:
    """Something the plan does not cover, and why; always printed."""

    subject: str
    reason: str
    is_failure: bool = False
    """True if it should have been examined and could not be (exit 6)."""


@dataclass(frozen=True, slots=True)
class Held:
    """Why an action is planned but not carried out. `guard` is "" if no guard holds it and it only waits."""

    reason: str
    guard: str = ""
    is_transient: bool = True
    """False if only a change of the files or the settings ends the wait."""


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """What to do in one target. `actions` are in an order that satisfies their requirements.

    `held` are those of them that are not carried out, with the reason. `drift_reported` are changes
    that policy only reports, `kept` prunes that policy forbids (`prune: never`), `released` owned
    objects that the files no longer manage. `contested` are left to a person unless approved.
    `problems` are findings that need live state. `accepted` are refusals that were approved.
    `counts` maps kinds to (desired, live, owned).
    """

    target: TargetName
    organization: str
    diff: Diff
    actions: tuple[Action, ...] = ()
    held: Mapping[ActionId, Held] = field(default_factory=dict)
    drift_reported: tuple[Change, ...] = ()
    kept: tuple[Change, ...] = ()
    released: tuple[Change, ...] = ()
    contested: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    problems: tuple[Finding, ...] = ()
    unexamined: tuple[Unexamined, ...] = ()
    counts: Mapping[Kind, tuple[int, int, int]] = field(default_factory=dict)
    users: Mapping[ResourceKey, tuple[str, ...]] = field(default_factory=dict)
    """What deployments have in use that a delete or a lost criterion takes away, by definition: `app/env/resource`."""
    realm: Realm = Realm.ORGANIZATION
    """`CLUSTER` for the plan of a cluster; `organization` is then its name in the settings."""

    @property
    def allowed(self) -> tuple[Action, ...]:
        """The actions that are carried out; none if there are problems."""
        return () if self.problems else tuple(a for a in self.actions if a.id not in self.held)

    @property
    def waiting(self) -> tuple[Action, ...]:
        """Actions that are held until something is observed, and need no approval."""
        return tuple(a for a in self.actions if (held := self.held.get(a.id)) is not None and not held.guard)

    @property
    def has_changes(self) -> bool:
        """True if applying would write to the orchestrator."""
        return any(action.writes_orchestrator for action in self.actions)


class Status(StrEnum):
    """What became of an action (design decision 4.6).

    `DONE`: happened. `UNCHANGED`: already as desired when read again. `FAILED`: did not happen, or was accepted
    and not kept. `BLOCKED`: something it requires did not happen. `UNKNOWN`: sent, and reading again did not show
    whether it happened. `REFUSED`: by the API or a guard. `SKIPPED`: not reached before the run was stopped.
    """

    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action. `message` reads alone; `is_transient` is true if trying again may help.

    `is_written` is true for one that failed after it was written: its pods did not become ready, or it is not gone yet.
    """

    action: Action
    status: Status
    message: str = ""
    is_transient: bool = False
    seconds: float = 0.0
    is_written: bool = False
