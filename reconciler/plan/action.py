"""Actions, plans and outcomes: intent, its order, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.diff.change import Change, Diff
from reconciler.model.finding import Finding
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import Kind


class Verb(StrEnum):
    """What an action does. `ADOPT` and `FORGET` write only our own record."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"
    FORGET = "forget"


ActionId = tuple[Verb, ResourceKey]


@dataclass(frozen=True, slots=True)
class Action:
    """One step. `subject` is the change it belongs to; a criterion's is its definition's.

    `requires` are the ids of actions that must be done before; `reason` reads after the key.
    `carried` are changes done by the same call: an agent is created with its first key. A
    definition's create carries its criteria in `subject.criteria.added`.
    """

    verb: Verb
    key: ResourceKey
    subject: Change
    requires: frozenset[ActionId] = frozenset()
    reason: str = ""
    carried: tuple[Change, ...] = ()

    @property
    def id(self) -> ActionId:
        """Unique within a plan."""
        return (self.verb, self.key)

    @property
    def writes_orchestrator(self) -> bool:
        """False for actions that touch only our own record."""
        return self.verb not in (Verb.ADOPT, Verb.FORGET)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A guard that trips. `total` is its count over all targets of the run, 0 where only this one counts."""

    guard: str
    target: TargetName
    message: str
    count: int
    keys: tuple[ResourceKey, ...] = ()
    total: int = 0

    @property
    def approval(self) -> str:
        """The exact command-line option that lets this case through, such as `--accept deletes:7`."""
        return f"--accept {self.guard}:{self.total or self.count}"


@dataclass(frozen=True, slots=True)
class Unexamined:
    """Something the plan does not cover, and why; always printed."""

    subject: str
    reason: str
    is_failure: bool = False
    """True where it should have been examined and could not be (exit 6)."""


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """What to do in one target. `actions` are in an order that satisfies their requirements.

    `drift_reported` are changes that policy only reports, `kept` those it would prune and may
    not (`prune: never`). `contested` are left to a person unless approved. `problems` are findings that only
    showed against live. `counts` maps kinds to (desired, live, owned).
    """

    target: TargetName
    organization: str
    diff: Diff
    actions: tuple[Action, ...] = ()
    drift_reported: tuple[Change, ...] = ()
    kept: tuple[Change, ...] = ()
    contested: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    accepted: tuple[Refusal, ...] = ()
    problems: tuple[Finding, ...] = ()
    unexamined: tuple[Unexamined, ...] = ()
    counts: Mapping[Kind, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def has_changes(self) -> bool:
        """True where applying would write to the orchestrator."""
        return any(action.writes_orchestrator for action in self.actions)


class Status(StrEnum):
    """What became of an action (design decision 4.6).

    `DONE` happened. `UNCHANGED`: found as wanted when looked at again. `FAILED`: did not happen.
    `BLOCKED`: something it requires did not happen. `UNKNOWN`: sent, and reading again did not
    tell. `REFUSED`: the API or a guard said no. `SKIPPED`: not reached, because the run was stopped.
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
    """What became of one action. `message` reads alone; `is_transient` says trying again may help."""

    action: Action
    status: Status
    message: str = ""
    is_transient: bool = False
    seconds: float = 0.0
