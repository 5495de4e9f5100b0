"""What the clients of a run are waiting for right now, so that somebody can show it.

Knows nothing of screens: `reconciler.cli.waiting` looks here from time to time.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that is waited for. `what` reads after "waiting"; `since_s` is by the clock of its `Waits`."""

    number: int
    what: str
    since_s: float


class Waits:
    """Everything that is waited for; thread-safe. `clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._current: dict[int, Wait] = {}

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Mark the block inside as a wait."""
        wait = Wait(next(self._numbers), what, self.clock())
        with self._lock:
            self._current[wait.number] = wait
        try:
            yield
        finally:
            with self._lock:
                del self._current[wait.number]

    def current(self) -> list[Wait]:
        """Waits that have not ended, the oldest first."""
        with self._lock:
            return list(self._current.values())
