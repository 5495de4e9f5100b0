"""Quick retries of requests that an API server did not take."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from reconciler.errors import ClusterUnavailableError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long. A hint of the server replaces the computed delay; one beyond `total_s` ends the attempts.

    Servers under load answer 429 with a hint of one second (API priority and fairness).
    """

    tries: int = 4
    base_s: float = 0.25
    total_s: float = 20.0
    stop: Event | None = None
    """Set when the run is to end: it ends a pause, and no further attempt is made."""
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    """A number from 0 to 1."""

    def call(self, attempt: Callable[[], T]) -> T:
        """Result of `attempt`; the last ClusterUnavailableError is raised if all attempts fail."""
        waited_s = 0.0
        for number in range(self.tries):
            try:
                return attempt()
            except ClusterUnavailableError as error:
                delay_s = self._delay_s(error, number)
                waited_s += delay_s
                if number + 1 >= self.tries or waited_s > self.total_s or self._is_stopped_after(delay_s):
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _delay_s(self, error: ClusterUnavailableError, number: int) -> float:
        if error.retry_after_s is not None:
            return error.retry_after_s * (1 + 0.1 * self.chance())
        return self.base_s * 2.0**number * self.chance()

    def _is_stopped_after(self, delay_s: float) -> bool:
        if self.stop is None:
            self.sleep(delay_s)
            return False
        return self.stop.wait(delay_s)
