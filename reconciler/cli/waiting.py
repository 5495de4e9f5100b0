"""Notices on stderr about what a run is waiting for, so that a slow server is not mistaken for a hang."""

import threading
from types import TracebackType
from typing import Self

from reconciler.cli.output import notice
from reconciler.orchestrator.waiting import Wait, Waits

FIRST_S = 2.0
_AGAIN_S = (10.0, 30.0)
_EVERY_S = 30.0
_LOOK_S = 0.2


class WaitingNotices:
    """Shows a wait after 2 s, 10 s, 30 s and then every 30 s, from a thread of its own."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._due: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="waiting", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_S):
            line = self.line()
            if line:
                notice(line)

    def line(self) -> str:
        """The notice due now; "" for none. Several waits share one line."""
        now_s = self._waits.clock()
        current = self._waits.current()
        self._due = {wait.number: self._due.get(wait.number, FIRST_S) for wait in current}
        late = [wait for wait in current if now_s - wait.since_s >= self._due[wait.number]]
        if not late:
            return ""
        for wait in current:
            self._due[wait.number] = max(self._due[wait.number], _next_s(now_s - wait.since_s))
        return _line(late[0], len(current) - 1, now_s)


def _next_s(age_s: float) -> float:
    """Age in seconds at which a wait is shown next."""
    if age_s < FIRST_S:
        return FIRST_S
    for again_s in _AGAIN_S:
        if age_s < again_s:
            return again_s
    return age_s + _EVERY_S


def _line(wait: Wait, others: int, now_s: float) -> str:
    more = f", and {others} more" if others else ""
    return f"waiting {wait.what} ({now_s - wait.since_s:.0f} s so far{more})"
