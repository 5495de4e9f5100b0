"""The request log: what was asked, by whom, what came of it. Append-only, in memory."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from reconciler.emulator.clock import Clock, microseconds

KEPT_ENTRIES = 200_000
"""Older entries are dropped beyond this number, so that a long demo stays small."""
LONGEST_TEXT = 500
"""Characters kept of a verb, a path, a query or an object; a client chooses how long they are."""


class Effect(StrEnum):
    """What a request did to the state."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    NONE = "none"


@dataclass(frozen=True)
class Entry:
    """One request; `number` grows by one per request, `status` is 0 when the answer was cut."""

    number: int
    time: str
    who: str
    verb: str
    path: str
    query: str
    object: str
    status: int
    effect: Effect
    faults: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        return {**asdict(self), "faults": list(self.faults)}


class RequestLog:
    """Requests in order of their effects, stamped with the emulator's time; thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._number = 0
        self._lock = threading.Lock()

    def append(
        self,
        *,
        who: str,
        verb: str,
        path: str,
        query: str,
        place: str,
        status: int,
        effect: Effect = Effect.NONE,
        faults: Iterable[str] = (),
    ) -> None:
        """Add an entry for a request answered now; `place` names the object it was about.

        What is longer than `LONGEST_TEXT` is cut and ends in an ellipsis.
        """
        time = microseconds(self._clock.now())
        verb, path, query, place = (_short(text) for text in (verb, path, query, place))
        with self._lock:
            self._number += 1
            entry = Entry(self._number, time, who, verb, path, query, place, status, effect, tuple(faults))
            self._entries.append(entry)

    def entries(self, *, after: int = 0) -> list[Entry]:
        """Return kept entries numbered above `after`, oldest first."""
        with self._lock:
            return [entry for entry in self._entries if entry.number > after]

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        with self._lock:
            self._entries.clear()


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
