"""The request log: what was asked, by whom, what came of it. Append-only, in memory."""

import threading
from collections import deque
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

KEPT_ENTRIES = 200_000
"""Older entries are dropped beyond this number, so that a long demo stays small."""


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
    """Requests in order of their effects."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._number = 0
        self._lock = threading.Lock()

    def append(self, **facts: Any) -> None:
        """Add an entry; `facts` are the fields of `Entry` without its number."""
        with self._lock:
            self._number += 1
            self._entries.append(Entry(number=self._number, **facts))

    def entries(self, *, after: int = 0) -> list[Entry]:
        """Return kept entries numbered above `after`, oldest first."""
        with self._lock:
            return [entry for entry in self._entries if entry.number > after]

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        with self._lock:
            self._entries.clear()
