"""What the clients of a run are currently waiting for.

`reconciler.cli.waiting` polls this and displays it.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wait:
    """One current wait. `what` follows "waiting" in a sentence; `since_s` is a time of the clock of its `Waits`."""

    number: int
    what: str
    since_s: float


class Waits:
    """All current waits; thread-safe. `clock` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._current: dict[int, Wait] = {}

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Record a wait for the duration of the block."""
        wait = Wait(next(self._numbers), what, self.clock())
        with self._lock:
            self._current[wait.number] = wait
        try:
            yield
        finally:
            with self._lock:
                del self._current[wait.number]

    def current(self) -> list[Wait]:
        """Waits that have not ended, oldest first."""
        with self._lock:
            return list(self._current.values())
