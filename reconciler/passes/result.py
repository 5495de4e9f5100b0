"""The one result object: what a pass saw, plans to do and did. Every view and the exit code come from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.diff.settings_change import SettingsChange
from reconciler.errors import ExitCode
from reconciler.model.excerpt import Excerpt
from reconciler.model.finding import Finding, Severity, Silenced, Unknown, sort_findings
from reconciler.model.identity import TargetName
from reconciler.model.origin import Origin
from reconciler.model.place import Realm
from reconciler.plan.action import Action, Outcome, Status, TargetPlan, Unexamined


class Purpose(StrEnum):
    """What the pass was asked to do."""

    VALIDATE = "validate"
    PLAN = "plan"
    APPLY = "apply"


class Verdict(StrEnum):
    """The result of a pass in a word or two."""

    INVALID = "invalid"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    STALE = "stale"
    CHANGES = "changes"
    EMPTY = "up to date"
    APPLIED = "applied"
    PARTIAL = "partly applied"
    FAILED = "not applied"
    INTERRUPTED = "interrupted"
    NOT_STARTED = "not started"


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What was read. `revision` is a full commit id, "" for a folder without one.

    `is_dirty` is true if the folder differs from its commit.
    """

    location: str
    revision: str = ""
    is_dirty: bool = False
    file_count: int = 0
    document_count: int = 0
    uncommitted: int = 0
    """Number of files that differ from the commit, 0 if it is not known."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an organization could not be read. `setting` is the path of the setting to correct, () for none."""

    text: str
    advice: str = ""
    setting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetResult:
    """One target: its plan, and what became of it. `error` is why it could not be read or is stopped, or ""."""

    target: TargetName
    organization: str
    endpoints: tuple[str, ...] = ()
    plan: TargetPlan | None = None
    outcomes: tuple[Outcome, ...] = ()
    error: str = ""
    advice: str = ""
    is_transient: bool = False
    error_code: ExitCode | None = None
    """Exit code of `error`, if it is not that of the verdict."""
    retry_after_s: float | None = None
    """Retry hint of the API, in seconds."""
    stopped_by: tuple[Finding, ...] = ()
    """Errors of the files because of which nothing is carried out in it; `error` names the first."""
    causes: tuple[Cause, ...] = ()
    """Why it could not be read, as far as its requests show; `error` is the same in one string."""
    inventory_error: str = ""
    """Why the ownership record could not be written after an apply, "" if it was."""
    realm: Realm = Realm.ORGANIZATION
    """`CLUSTER` for a cluster; `organization` is then its name in the settings."""

    @property
    def is_unread(self) -> bool:
        """True if its live state is not known, or only in part."""
        if self.plan is None:
            return True
        return (bool(self.error) and not self.stopped_by) or any(u.is_failure for u in self.plan.unexamined)


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan split by cause: this change's own effect, and what differs without it (`--against`).

    `own` has the same targets as the result; `existing_count` is the number of differences without
    the change; `withdrawn` names actions that only the base would take.
    """

    base: str
    own: tuple[TargetPlan, ...]
    existing_count: int
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PassResult:
    """Everything a pass found and did. `stopped` is true if a signal or a person ended it early.

    `error` is a failure before any target was reached (source, settings), `changed` what made
    a bound plan stale.
    """

    purpose: Purpose
    source: SourceInfo
    started_at: datetime
    findings: tuple[Finding, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    rules_off: tuple[tuple[str, str], ...] = ()
    """Rules switched off in the settings: id and reason."""
    silenced: tuple[Silenced, ...] = ()
    """Findings that annotations silenced."""
    checked_only: tuple[tuple[str, int], ...] = ()
    """What is declared and checked, but never applied: noun and number."""
    unexamined: tuple[Unexamined, ...] = ()
    """What was not looked at and belongs to no plan."""
    left_alone: tuple[tuple[str, int], ...] = ()
    """Documents of kinds that are known but not handled: kind and number."""
    excerpts: Mapping[Origin, Excerpt] = field(default_factory=dict)
    """Lines that findings point at, without secrets; lines that may not be shown are missing."""
    targets: tuple[TargetResult, ...] = ()
    preview: Preview | None = None
    existing: frozenset[Finding] | None = None
    """Those of `all_findings` that the base of a preview has as well; None if there is no base."""
    existing_unknown: frozenset[Unknown] | None = None
    """Those of `unknown` that the base of a preview has as well; None if there is no base."""
    selection: str = ""
    """What `--only` and `--target` select, in words; "" for everything."""
    notes: tuple[str, ...] = ()
    """Sentences about the run that a reader must not miss, such as approvals that approved nothing."""
    changed: tuple[str, ...] = ()
    error: str = ""
    advice: str = ""
    error_code: ExitCode | None = None
    stopped: bool = False
    seconds: float = 0.0
    unread: tuple[tuple[str, str], ...] = ()
    """Files that were not read as documents, each with the reason."""
    requests: dict[str, int] = field(default_factory=dict)
    """Number of requests sent, by verb."""
    settings_change: SettingsChange | None = None
    """What the change of a preview changes in the settings."""
    places: Mapping[tuple[str, ...], Origin] = field(default_factory=dict)
    """Lines of the settings, by path."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that refuse the plan."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Findings of the files and problems that only showed against live, sorted, without repetition."""
        problems = [p for target in self.targets if target.plan is not None for p in target.plan.problems]
        return sort_findings([*self.findings, *problems])

    @property
    def own_findings(self) -> tuple[Finding, ...]:
        """Those of `all_findings` that the base of a preview does not have; without a base, all of them."""
        return tuple(finding for finding in self.all_findings if finding not in (self.existing or ()))

    @property
    def existing_findings(self) -> tuple[Finding, ...]:
        """Those of `all_findings` that the base of a preview has as well."""
        return tuple(finding for finding in self.all_findings if finding in (self.existing or ()))

    @property
    def plans(self) -> tuple[TargetPlan, ...]:
        """The plans that count: with `--against` only this change's own part of each."""
        if self.preview is not None:
            return self.preview.own
        return tuple(target.plan for target in self.targets if target.plan is not None)

    @property
    def has_changes(self) -> bool:
        """True if some plan would write to its orchestrator."""
        return any(plan.has_changes for plan in self.plans)

    @property
    def carried_out(self) -> tuple[Action, ...]:
        """What an apply of this plan does: actions that are not held, of targets that were read whole."""
        return tuple(
            action
            for target in self.targets
            if target.plan is not None and not target.error
            for action in target.plan.allowed
        )

    @property
    def has_differences(self) -> bool:
        """True if something would be written, or drift is left as it is because policy only reports it."""
        return self.has_changes or any(plan.drift_reported for plan in self.plans)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Of all targets."""
        return tuple(outcome for target in self.targets for outcome in target.outcomes)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict that applies."""
        if self.changed:
            return Verdict.STALE
        if self.errors or self.is_stopped or self._has_problems:
            return Verdict.INVALID
        if self.error:
            return Verdict.UNREADABLE
        if self.purpose is Purpose.APPLY:
            return self._applied_verdict()
        if any(target.error for target in self.targets):
            return Verdict.UNREADABLE
        if any(plan.refusals or plan.contested for plan in self.plans):
            return Verdict.REFUSED
        return Verdict.CHANGES if self.has_changes else Verdict.EMPTY

    @property
    def is_stopped(self) -> bool:
        """True if the files or the settings stop a target."""
        return any(target.error_code is ExitCode.INVALID for target in self.targets)

    @property
    def _has_problems(self) -> bool:
        """Problems of one target stop only that one: an apply that did something elsewhere is partial."""
        return any(plan.problems for plan in self.plans) and not self.outcomes

    def _applied_verdict(self) -> Verdict:
        statuses = {outcome.status for outcome in self.outcomes}
        unreadable = any(target.error for target in self.targets)
        refused = any(plan.refusals for plan in self.plans)
        has_problems = any(plan.problems for plan in self.plans)
        happened = bool(statuses & {Status.DONE, Status.UNKNOWN}) or any(
            outcome.is_written for outcome in self.outcomes
        )
        if self.stopped:
            return Verdict.INTERRUPTED if self.outcomes else Verdict.NOT_STARTED
        left = statuses - {Status.DONE, Status.UNCHANGED}
        is_unrecorded = any(target.inventory_error for target in self.targets)
        if left - {Status.REFUSED} or is_unrecorded:
            return Verdict.PARTIAL if happened or is_unrecorded else Verdict.FAILED
        if unreadable or has_problems:
            if happened:
                return Verdict.PARTIAL
            return Verdict.UNREADABLE if unreadable else Verdict.REFUSED
        if left or refused:
            return Verdict.REFUSED
        return Verdict.APPLIED if happened else Verdict.EMPTY

    def exit_code(self, *, detailed: bool = False) -> ExitCode:
        """Exit code of the command; `detailed` makes a plan with changes or reported drift 2 instead of 0."""
        if self.error_code is not None:
            return self.error_code
        by_verdict = {
            Verdict.INVALID: ExitCode.INVALID,
            Verdict.UNREADABLE: ExitCode.UNREADABLE,
            Verdict.REFUSED: ExitCode.REFUSED,
            Verdict.STALE: ExitCode.STALE,
            Verdict.PARTIAL: ExitCode.PARTIAL,
            Verdict.FAILED: ExitCode.PARTIAL,
            Verdict.INTERRUPTED: ExitCode.PARTIAL,
            Verdict.NOT_STARTED: ExitCode.UNREADABLE,
            Verdict.CHANGES: ExitCode.CHANGES if detailed else ExitCode.DONE,
            Verdict.EMPTY: ExitCode.CHANGES if detailed and self.has_differences else ExitCode.DONE,
        }
        if self.verdict is Verdict.UNREADABLE:
            asked = {target.error_code for target in self.targets if target.error}
            if asked == {ExitCode.LEASED}:
                return ExitCode.LEASED
        return by_verdict.get(self.verdict, ExitCode.DONE)
