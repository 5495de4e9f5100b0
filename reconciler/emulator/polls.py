"""Agents whose poll is waiting for a message, in memory only (v2 section 9.3).

Thread-safe: agents wait on a server's event loop or on separate threads, messages come from
requests and from tests.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime

from reconciler.emulator.wire import Document

RunnerKey = tuple[str, str]
"""Organization and id of a runner."""


class WaitingPoll:
    """One waiting request of an agent of `runner`, until a moment of the emulator's clock.

    `outcome` is the message once there is one, None if the wait was cancelled.
    """

    def __init__(self, runner: RunnerKey, until: datetime) -> None:
        self.runner = runner
        self.until = until
        self.outcome: Future[Document | None] = Future()


class Polls:
    """The waiting polls of every runner."""

    def __init__(self) -> None:
        self._waiting: dict[RunnerKey, list[WaitingPoll]] = {}
        self._lock = threading.Lock()

    def join(self, runner: RunnerKey, until: datetime) -> WaitingPoll:
        """Start to wait for messages to a runner; the caller must `leave` afterwards."""
        poll = WaitingPoll(runner, until)
        with self._lock:
            self._waiting.setdefault(runner, []).append(poll)
        return poll

    def leave(self, poll: WaitingPoll) -> Document | None:
        """End a wait and return its message, or None; nothing reaches the poll afterwards."""
        with self._lock:
            self._take(poll.runner, lambda one: one is poll)
            return poll.outcome.result() if poll.outcome.done() else None

    def push(self, runner: RunnerKey, message: Document) -> int:
        """Send a message to every waiting agent and return their number."""
        # The lock prevents a poll from leaving between being counted and being answered.
        with self._lock:
            taken = self._take(runner, lambda _: True)
            for poll in taken:
                poll.outcome.set_result(message)
            return len(taken)

    def expire(self, now: datetime) -> None:
        """End the waits that last until `now` or earlier, without a message."""
        with self._lock:
            for runner in list(self._waiting):
                for poll in self._take(runner, lambda one: one.until <= now):
                    poll.outcome.set_result(None)

    def release(self) -> None:
        """End every wait without a message."""
        with self._lock:
            for runner in list(self._waiting):
                for poll in self._take(runner, lambda _: True):
                    poll.outcome.set_result(None)

    def count(self, runner: RunnerKey) -> int:
        """Number of waiting agents of a runner."""
        with self._lock:
            return len(self._waiting.get(runner, ()))

    def _take(self, runner: RunnerKey, is_taken: Callable[[WaitingPoll], bool]) -> list[WaitingPoll]:
        polls = self._waiting.pop(runner, [])
        staying = [poll for poll in polls if not is_taken(poll)]
        if staying:
            self._waiting[runner] = staying
        return [poll for poll in polls if poll not in staying]
