"""Quick retries within a pass; longer waits are left to the next pass.

`reconciler.orchestrator.http` decides what can be retried: it raises UnavailableError only if sending
again is safe, and this is the only error that is retried here.
"""

import logging
import random
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event
from typing import TypeVar

import tenacity

from reconciler.errors import UnavailableError

_LOG = logging.getLogger(__name__)
_SECONDS = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
_HINT_JITTER = 0.1
"""Maximum share of a hint that is added at random, so that threads with the same hint do not retry together."""

T = TypeVar("T")


def _unmarked(_: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long to retry. Delays are in seconds.

    The numbers are those of the official clients (v1 reference 1.2). A hint of the server
    (Retry-After) replaces the computed delay; a hint beyond `total_s` ends the attempts at once, and
    the error passes it to the caller.
    """

    tries: int = 4
    base_s: float = 0.25
    cap_s: float = 10.0
    total_s: float = 60.0
    stop: Event | None = None
    """Set when the run is to end: it ends a pause, and no further attempt is made."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    """A number from 0 to 1."""

    def call(
        self, attempt: Callable[[], T], waiting: Callable[[str], AbstractContextManager[None]] = _unmarked
    ) -> T:
        """Result of `attempt`; its last error is raised if all attempts fail.

        Each pause runs in the context that `waiting` returns for its reason.
        """
        started = self.clock()
        try:
            return attempt()
        except UnavailableError as error:
            # Nearly every call returns before this; setting up retries costs as much as reading an answer.
            failures = [error]
        first, reason = failures[0], ""

        def next_attempt() -> T:
            if failures:
                raise failures.pop()
            if self._is_stopped:
                raise first
            return attempt()

        def before_sleep(state: tenacity.RetryCallState) -> None:
            nonlocal reason
            reason = _pause_reason(state)
            _log_retry(state)

        def sleep(seconds: float) -> None:
            with waiting(reason):
                if self.stop is None:
                    self.sleep(seconds)
                else:
                    self.stop.wait(seconds)

        def gives_up(state: tenacity.RetryCallState) -> bool:
            elapsed = self.clock() - started
            return (
                self._is_stopped
                or state.attempt_number >= self.tries
                or elapsed + state.upcoming_sleep > self.total_s
            )

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(UnavailableError),
            wait=self._delay_s,
            stop=gives_up,
            sleep=sleep,
            before_sleep=before_sleep,
            reraise=True,
        )
        return retrying(next_attempt)

    @property
    def _is_stopped(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    def _delay_s(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, UnavailableError) and error.retry_after_s is not None:
            return error.retry_after_s * (1 + _HINT_JITTER * self.chance())
        return float(min(self.cap_s, self.base_s * 2 ** (state.attempt_number - 1)) * self.chance())


def _pause_reason(state: tenacity.RetryCallState) -> str:
    """Reason for a pause, to follow "waiting" in a sentence."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = isinstance(error, UnavailableError) and error.retry_after_s is not None
    by_whom = ", as requested by the server" if asked else ""
    return f"{state.upcoming_sleep:.0f} s before the next attempt{by_whom}: {error}"


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    _LOG.info(
        "request is retried",
        extra={"attempt": state.attempt_number, "wait_s": state.upcoming_sleep, "error": str(error)},
    )


def retry_after_s(text: str | None, *, now: datetime) -> float | None:
    """Seconds to wait according to a Retry-After header: a number or an HTTP date.

    None if there is no header or it is neither (RFC 9110, section 10.2.3). 0 for a date in the past. It can be years:
    who waits sets the limit.
    """
    if text is None:
        return None
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
