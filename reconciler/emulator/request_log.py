"""The request log: requests, callers and effects. Append-only, in memory."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from reconciler.emulator.clock import Clock, microseconds

KEPT_ENTRIES = 200_000
"""Beyond this number older entries are dropped, to limit memory."""
LONGEST_TEXT = 500
"""Characters kept of a verb, a path, a query or an object, whose lengths clients choose."""


class Effect(StrEnum):
    """What a request did to the state."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    NONE = "none"


@dataclass(frozen=True)
class Entry:
    """One request; `number` increases by one per request, `status` is 0 if the connection was cut."""

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
        """The entry as JSON values."""
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
        """Add an entry for a request answered now; `place` names its object.

        Texts longer than `LONGEST_TEXT` are truncated and end in an ellipsis.
        """
        time = microseconds(self._clock.now())
        verb, path, query, place = (_short(text) for text in (verb, path, query, place))
        with self._lock:
            self._number += 1
            entry = Entry(self._number, time, who, verb, path, query, place, status, effect, tuple(faults))
            self._entries.append(entry)

    def entries(self, *, after: int = 0) -> list[Entry]:
        """Kept entries with numbers above `after`, oldest first."""
        with self._lock:
            return [entry for entry in self._entries if entry.number > after]

    def clear(self) -> None:
        """Remove all entries; numbering continues."""
        with self._lock:
            self._entries.clear()


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
