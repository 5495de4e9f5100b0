"""The loop around passes: poll, run a pass if one is due, wait.

Level-triggered, not edge-triggered: each poll compares the newest revision with that of the last pass, so a
trigger may be lost, duplicated or late. The pass reports what happened, and `backoff` decides how long to
wait. What a pass does, drift policy included, is up to `run_pass`, which `cli` provides.
"""

import logging
import math
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import random as system_random
from typing import Protocol, TypeVar

from reconciler.controller.backoff import (
    Progress,
    next_delay,
    poll_delay,
    progress_of_error,
    progress_of_result,
    resync_delay,
    retry_hint,
    shortened_hint,
)
from reconciler.controller.memory import release_pass
from reconciler.controller.metrics import Metrics
from reconciler.controller.status import StatusBoard
from reconciler.errors import ExitCode, ReconcilerError, SourceError, UnavailableError
from reconciler.log import pass_context, redact
from reconciler.passes.result import PassResult, Verdict
from reconciler.settings import Watch

_log = logging.getLogger(__name__)
T = TypeVar("T")

PASS_LIMIT_S = 3600.0
"""A pass that takes longer counts as hung, for `/healthz` only."""
LOOK_LIMIT_S = 300.0
GRACE_S = 60.0
_HISTORY_LENGTH = 100

_LEVELS = {
    Verdict.EMPTY: logging.INFO,
    Verdict.APPLIED: logging.INFO,
    Verdict.CHANGES: logging.INFO,
    Verdict.INTERRUPTED: logging.WARNING,
    Verdict.NOT_STARTED: logging.WARNING,
    Verdict.INVALID: logging.WARNING,
    Verdict.REFUSED: logging.WARNING,
    Verdict.STALE: logging.WARNING,
}


class Reason(StrEnum):
    """Why a pass runs."""

    FIRST = "first pass"
    REVISION = "new revision"
    RETRY = "retry"
    RESYNC = "resync"
    LAST_GOOD = "resync at the last good revision"
    """The repository cannot be read: drift is corrected, and nothing new is applied."""


@dataclass(frozen=True, slots=True)
class PassRequest:
    """Arguments of a pass. It reads everything else itself.

    `revision` is what the poll found; the source may already be ahead of it. Once `stop` is set,
    the pass finishes the action under way, starts no new one and returns.
    """

    id: str
    reason: Reason
    revision: str
    stop: threading.Event


class Clock(Protocol):
    """Clock of the loop."""

    def now(self) -> datetime:
        """Wall-clock time, with a time zone."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Return when the event is set or the time has passed."""
        ...


class SystemClock:
    """The system clock."""

    def now(self) -> datetime:
        """Current time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary fixed point."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Wait for the event."""
        event.wait(seconds)


@dataclass(slots=True)
class _Schedule:
    """Due times, in monotonic seconds; None: not due."""

    resync_at: float = 0.0
    retry_at: float | None = None
    not_before: float = 0.0
    """Earliest time of the next pass, whatever else is due: a server asked for the wait."""
    is_owed: bool = False
    """True after a failed poll: one pass corrects the status as soon as the repository can be read."""


class Loop:
    """Runs passes until stopped. Call `run` from one thread; `look` and `stop` from any.

    `revision` returns the newest revision (one `git ls-remote`) and may raise a ReconcilerError,
    as may `run_pass`. `random` returns numbers in [0, 1). `keeps_revisions` is true where a revision that a
    pass has read can be read again without the repository; then drift is corrected while it cannot be polled.
    """

    def __init__(
        self,
        run_pass: Callable[[PassRequest], PassResult],
        revision: Callable[[], str],
        watch: Watch,
        *,
        board: StatusBoard | None = None,
        metrics: Metrics | None = None,
        clock: Clock | None = None,
        random: Callable[[], float] = system_random,
        keeps_revisions: bool = False,
    ) -> None:
        self._run_pass = run_pass
        self._revision = revision
        self._watch = watch
        self._clock = clock or SystemClock()
        self._random = random
        self.board = board or StatusBoard(self._clock.now())
        self.metrics = metrics or Metrics()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._attempted: str | None = None
        self._keeps_revisions = keeps_revisions
        self._unread: _Setback | None = None
        self._good: str | None = None
        """Revision of the last pass that read its files."""
        self._history: deque[Progress] = deque(maxlen=_HISTORY_LENGTH)
        self._schedule = _Schedule()

    def look(self) -> None:
        """Poll the repository now instead of at the next interval."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the action under way, start no new one, and make `run` return."""
        self._stop.set()
        self._wake.set()

    def run(self) -> ExitCode:
        """Poll, run passes and wait until stopped. Returns 0: a stop is not a failure."""
        _log.info("watching", extra={"poll_s": self._watch.poll_s, "resync_s": self._watch.resync_s})
        while True:
            # Cleared before the test: a stop after the test then still wakes the wait.
            self._wake.clear()
            if self._stop.is_set():
                break
            self._wait(self._turn())
        _log.info("stopped", extra={"observed": self.board.snapshot().observed_revision})
        return ExitCode.DONE

    def _turn(self) -> float:
        """Poll once and run at most one pass. Returns the seconds to wait."""
        self._promise(LOOK_LIMIT_S, wake_at=None)
        found = self._guarded(self._revision, "cannot read the repository")
        if isinstance(found, _Setback):
            self._show_unread(found)
            self._schedule.is_owed = True
            delay_s = self._delay_after(found).total_seconds()
            return min(delay_s, self._at_last_good(found)) if self._keeps_revisions else delay_s
        self.metrics.looked()
        self.board.looked(self._clock.now())
        reason = self._due(found)
        if reason is not None and not self._stop.is_set():
            self._unread = self._pass(found, reason)
            release_pass()
        unread = self._unread
        if unread is None or found == self._good:
            self._unread = None
            return self._until_next_s()
        self._show_unread(unread)
        return min(self._at_last_good(unread), self._until_next_s())

    def _show_unread(self, failure: "_Setback") -> None:
        good = self._good if self._keeps_revisions else None
        self.board.unreadable(
            failure.message, failure.reason, good or "", failure.progress, self._clock.now()
        )
        self.metrics.look_failed()

    def _at_last_good(self, failure: "_Setback") -> float:
        """Run a pass at the last good revision if one is due. Returns the seconds until the next is due."""
        if self._good is None:
            return math.inf
        due_at = max(self._schedule.resync_at, self._schedule.not_before)
        if self._schedule.retry_at is not None:
            due_at = max(min(due_at, self._schedule.retry_at), self._schedule.not_before)
        if self._clock.monotonic() >= due_at and not self._stop.is_set():
            self._pass(self._good, Reason.LAST_GOOD, behind=failure)
            return self._until_next_s()
        return due_at - self._clock.monotonic()

    def _due(self, revision: str) -> Reason | None:
        now = self._clock.monotonic()
        schedule = self._schedule
        if now < schedule.not_before:
            return None
        if self._attempted is None:
            return Reason.FIRST
        if revision != self._attempted:
            return Reason.REVISION
        if schedule.is_owed or (schedule.retry_at is not None and now >= schedule.retry_at):
            return Reason.RETRY
        return Reason.RESYNC if now >= schedule.resync_at else None

    def _pass(self, revision: str, reason: Reason, *, behind: "_Setback | None" = None) -> "_Setback | None":
        """Run one pass. Returns why its revision could not be read, if so and if an older one can be used instead.

        `behind` is why a newer revision could not be read, for a pass at the last good one.
        """
        request = PassRequest(uuid.uuid4().hex[:12], reason, revision, self._stop)
        with pass_context(request.id, revision):
            self._attempted = revision
            self._promise(PASS_LIMIT_S, wake_at=None)
            self.board.started(revision, reason, self._clock.now())
            result = self._guarded(lambda: self._run_pass(request), "pass failed")
            if isinstance(result, _Setback):
                self.metrics.raised()
                setback: _Setback | None = result
            else:
                progress = progress_of_result(result)
                now = self._clock.now()
                hint = retry_hint(result)
                note = shortened_hint(hint, self._watch)
                self.board.finished(result, progress, result.source.revision or revision, now, note=note)
                if not result.error:
                    self._good = result.source.revision or revision
                # What the repository contains by now is not known, so nothing is known to be as desired.
                is_success = result.verdict in (Verdict.EMPTY, Verdict.APPLIED) and behind is None
                self.metrics.passed(result, success_at=now if is_success else None)
                _log.log(
                    _LEVELS.get(result.verdict, logging.ERROR), "pass finished", extra=_facts(reason, result)
                )
                is_unread = result.error_code is ExitCode.UNREADABLE and not result.targets
                setback = _Setback(progress, hint, result.error, SourceError.__name__, is_unread=is_unread)
                setback = setback if progress is not Progress.FINISHED else None
            has_older = behind is None and self._keeps_revisions and self._good not in (None, revision)
            unread = setback if has_older and setback is not None and setback.is_unread else None
            # A pass that could not read its revision looked at nothing: one at the last good revision is due as before.
            self._plan_next(setback, resyncs=unread is None)
            if behind is None:
                self._schedule.is_owed = False
            else:
                self.board.unreadable(
                    behind.message, behind.reason, revision, behind.progress, self._clock.now()
                )
        return unread

    def _plan_next(self, failure: "_Setback | None", *, resyncs: bool) -> None:
        """Set when the next pass is due, given how this one ended; with `resyncs` also the next resync."""
        now = self._clock.monotonic()
        schedule = self._schedule
        if resyncs:
            schedule.resync_at = now + resync_delay(self._watch, random=self._random()).total_seconds()
        schedule.retry_at = None
        schedule.not_before = 0.0
        if failure is None:
            self._history.append(Progress.FINISHED)
            return
        delay_s = self._delay_after(failure).total_seconds()
        if failure.progress is Progress.TRANSIENT:
            schedule.retry_at = now + delay_s
            if failure.retry_after_s is not None:
                schedule.not_before = schedule.retry_at

    def _delay_after(self, failure: "_Setback") -> timedelta:
        self._history.append(failure.progress)
        return next_delay(
            self._history, self._watch, retry_after_s=failure.retry_after_s, random=self._random()
        )

    def _until_next_s(self) -> float:
        """Seconds to the next poll: the interval, or sooner if a pass is due, or later if none may run yet."""
        schedule = self._schedule
        now = self._clock.monotonic()
        at = now + poll_delay(self._watch, random=self._random()).total_seconds()
        at = min(at, schedule.resync_at)
        if schedule.retry_at is not None:
            at = min(at, schedule.retry_at)
        return max(0.0, max(at, schedule.not_before) - now)

    def _guarded(self, call: Callable[[], T], phrase: str) -> "T | _Setback":
        """Result of one poll or pass; an exception is logged, recorded in the status and returned as a `_Setback`."""
        try:
            return call()
        except ReconcilerError as error:
            _log.error(
                phrase,
                extra={"error": str(error), "advice": error.advice, "is_transient": error.is_transient},
            )
            progress = progress_of_error(error)
            message, reason = redact(str(error)), type(error).__name__
            is_unread = isinstance(error, SourceError)
            hint = error.retry_after_s if isinstance(error, UnavailableError) else None
            note = shortened_hint(hint, self._watch)
            message = f"{message}; {note}" if note else message
        # The pass boundary: anything else that escapes a pass is a bug here. It must not end the loop, nor be silent.
        except Exception as error:  # noqa: BLE001  as above
            _log.exception(phrase, extra={"bug": True})
            progress, hint, is_unread = Progress.TRANSIENT, None, False
            message, reason = f"{type(error).__name__}: see the log", "UnexpectedError"
        self.board.raised(message, reason, progress, self._clock.now())
        return _Setback(progress, hint, message, reason, is_unread=is_unread)

    def _wait(self, seconds: float) -> None:
        self._promise(seconds + GRACE_S, wake_at=self._clock.now() + timedelta(seconds=seconds))
        self._clock.wait(self._wake, seconds)

    def _promise(self, seconds: float, *, wake_at: datetime | None) -> None:
        self.board.promise(alive_until=self._clock.monotonic() + seconds, next_wake_at=wake_at)
        self.metrics.next_wake(wake_at)


@dataclass(frozen=True, slots=True)
class _Setback:
    """How a poll or a pass fell short, and the server's hint in seconds."""

    progress: Progress
    retry_after_s: float | None
    message: str = ""
    reason: str = ""
    """Name of the error, for a condition."""
    is_unread: bool = False
    """Whether the files could not be read, so that nothing was looked at."""


def _facts(reason: Reason, result: PassResult) -> dict[str, object]:
    """Fields of the log record of a pass."""
    plans = [target.plan for target in result.targets if target.plan is not None]
    return {
        "verdict": result.verdict,
        "reason": reason,
        "seconds": round(result.seconds, 3),
        "targets": len(result.targets),
        "planned": sum(len(plan.actions) for plan in plans),
        "outcomes": dict(Counter(str(outcome.status) for outcome in result.outcomes)),
        "drift_reported": sum(len(plan.drift_reported) for plan in plans),
        "refusals": sum(len(plan.refusals) for plan in plans),
        "findings": len(result.findings) + sum(len(plan.problems) for plan in plans),
        "unknown_rules": len(result.unknown),
        "requests": sum(result.requests.values()),
        **_problems(result),
    }


def _problems(result: PassResult) -> dict[str, object]:
    """Errors, their settings and advice; empty ones are left out."""
    errors = [result.error] if result.error else []
    errors += [f"{target.target}: {target.error}" for target in result.targets if target.error]
    settings = [
        f"{result.places[cause.setting]}: {'.'.join(cause.setting)}"
        for target in result.targets
        for cause in target.causes
        if cause.setting in result.places
    ]
    errors += [
        f"{target.target}: {target.inventory_error}" for target in result.targets if target.inventory_error
    ]
    advice = [text for text in (result.advice, *(target.advice for target in result.targets)) if text]
    named: dict[str, object] = {"errors": errors, "settings": settings, "advice": list(dict.fromkeys(advice))}
    return {name: texts for name, texts in named.items() if texts}
