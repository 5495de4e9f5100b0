"""Status of the loop for the outside: conditions, the last result, the time of the next poll.

The loop writes it and `health` reads it from another thread; no decision depends on it. Times are
arguments: there is no clock here.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from reconciler.controller.backoff import Progress
from reconciler.passes.result import PassResult, Verdict


class ConditionType(StrEnum):
    """What a condition describes.

    `READY`: the last pass found or made live state as desired. `RECONCILING`: a pass runs or will
    be tried again. `STALLED`: nothing improves until someone changes something. `SOURCE_READ`: the last poll
    could read the repository.
    """

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    SOURCE_READ = "SourceRead"


class ConditionStatus(StrEnum):
    """`UNKNOWN` until a pass has ended."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Statement(NamedTuple):
    """New status, reason and message of a condition."""

    status: ConditionStatus
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. `since` is when `status` last changed; a new reason or message does not affect it."""

    type: ConditionType
    status: ConditionStatus
    reason: str
    message: str
    since: datetime

    def moved(self, statement: Statement, now: datetime) -> "Condition":
        """The condition with a new statement, and a new `since` where the status differs."""
        since = self.since if statement.status is self.status else now
        return Condition(self.type, *statement, since)


Conditions = Mapping[ConditionType, Condition]


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """A consistent snapshot.

    `observed_revision` is that of the last pass that read everything it needed, "" before the first;
    `attempted_revision` is that of the last pass begun. `alive_until` is on the loop's monotonic
    clock, in seconds: the time by which it promised to report again. `is_reading` is false after a
    pass or a poll that could not read what it needed.
    """

    conditions: Conditions
    observed_revision: str = ""
    attempted_revision: str = ""
    last_result: PassResult | None = None
    last_error: str = ""
    last_success_at: datetime | None = None
    next_wake_at: datetime | None = None
    alive_until: float = 0.0
    is_reading: bool = False


class StatusBoard:
    """The current `WatchStatus`; every method is safe to call from any thread."""

    def __init__(self, now: datetime) -> None:
        self._lock = threading.Lock()
        nothing = (ConditionStatus.UNKNOWN, "NotStarted", "no pass has run yet")
        self._status = WatchStatus({kind: Condition(kind, *nothing, now) for kind in ConditionType})

    def snapshot(self) -> WatchStatus:
        """The current status."""
        with self._lock:
            return self._status

    def promise(self, *, alive_until: float, next_wake_at: datetime | None) -> None:
        """Record by when the loop reports again, and when it wakes (None: it is working)."""
        with self._lock:
            self._status = replace(self._status, alive_until=alive_until, next_wake_at=next_wake_at)

    def started(self, revision: str, reason: str, now: datetime) -> None:
        """Record that a pass began."""
        running = Statement(ConditionStatus.TRUE, "PassRunning", reason)
        with self._lock:
            self._status = replace(
                self._status,
                conditions=_moved(self._status.conditions, {ConditionType.RECONCILING: running}, now),
                attempted_revision=revision,
            )

    def finished(
        self, result: PassResult, progress: Progress, revision: str, now: datetime, *, note: str = ""
    ) -> None:
        """Record the result of a pass, successful or not. `note` is added to the message of the conditions."""
        verdict = result.verdict
        reason = "".join(word.capitalize() for word in verdict.split())
        message = result.error or next((t.error for t in result.targets if t.error), str(verdict))
        message = f"{message}; {note}" if note else message
        is_good = verdict in (Verdict.EMPTY, Verdict.APPLIED)
        is_complete = (
            verdict is not Verdict.UNREADABLE
            and not result.stopped
            and not any(target.error and not target.stopped_by for target in result.targets)
        )
        with self._lock:
            old = self._status
            self._status = replace(
                old,
                conditions=_moved(
                    old.conditions, _statements(progress, reason, message, is_good=is_good), now
                ),
                last_result=result,
                last_error="",
                last_success_at=now if is_good else old.last_success_at,
                observed_revision=revision if is_complete else old.observed_revision,
                is_reading=is_complete,
            )

    def looked(self, now: datetime) -> None:
        """Record that a poll could read the repository."""
        statement = Statement(ConditionStatus.TRUE, "Polled", "the last poll could read the repository")
        with self._lock:
            self._status = replace(
                self._status,
                conditions=_moved(self._status.conditions, {ConditionType.SOURCE_READ: statement}, now),
            )

    def unreadable(self, message: str, reason: str, good: str, progress: Progress, now: datetime) -> None:
        """Record that a poll could not read the repository. `message` contains no secret.

        `good` is the revision at which drift is corrected in the meantime, "" if there is none.
        """
        if good:
            message += f"; until it can be read, drift is corrected at revision {good[:12]} and nothing new is applied"
        self.raised(message, reason, progress, now)
        statement = Statement(ConditionStatus.FALSE, reason, message)
        with self._lock:
            self._status = replace(
                self._status,
                conditions=_moved(self._status.conditions, {ConditionType.SOURCE_READ: statement}, now),
            )

    def raised(self, message: str, reason: str, progress: Progress, now: datetime) -> None:
        """Record that a poll or a pass ended with an error. `message` contains no secret."""
        with self._lock:
            old = self._status
            self._status = replace(
                old,
                conditions=_moved(old.conditions, _statements(progress, reason, message, is_good=False), now),
                last_error=message,
                is_reading=False,
            )


def _statements(
    progress: Progress, reason: str, message: str, *, is_good: bool
) -> dict[ConditionType, Statement]:
    """Statements for all three conditions, so that none is left over from an earlier pass."""
    retried = progress is Progress.TRANSIENT
    stalled = progress is Progress.STALLED
    return {
        ConditionType.READY: Statement(_status(is_good), reason, message),
        ConditionType.RECONCILING: Statement(_status(retried), "Retrying" if retried else "Waiting", message),
        ConditionType.STALLED: Statement(_status(stalled), reason if stalled else "NotStalled", message),
    }


def _status(is_true: bool) -> ConditionStatus:  # noqa: FBT001  the value itself, not an option
    return ConditionStatus.TRUE if is_true else ConditionStatus.FALSE


def _moved(
    conditions: Conditions, statements: Mapping[ConditionType, Statement], now: datetime
) -> dict[ConditionType, Condition]:
    return {
        kind: condition.moved(statements[kind], now) if kind in statements else condition
        for kind, condition in conditions.items()
    }
