"""One connection to the port for health and metrics: short-lived, and the oldest is closed if there are too many.

A limit that refuses new connections would let idle ones make `/healthz` fail, and the pod would be restarted. Called
by `health`, which passes the class to uvicorn.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

LONGEST_S = 30.0
"""From the first byte to the last; a probe takes milliseconds, a scrape less than a second."""
MOST_CONNECTIONS = 100
"""Far below the number of files that a process may open."""


class ShortConnection(H11Protocol):
    """HTTP over one connection; closed after `LONGEST_S`, or when `MOST_CONNECTIONS` younger ones are open."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._began_s = 0.0
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Start the time, and close the oldest connection where there are too many."""
        super().connection_made(transport)
        self._began_s = self.loop.time()
        self._end = self.loop.call_later(LONGEST_S, self._cut)
        if len(self.connections) > MOST_CONNECTIONS:
            opened = [other for other in self.connections if isinstance(other, ShortConnection)]
            min(opened, key=lambda other: other._began_s)._cut()  # noqa: SLF001  of the same class

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time with the connection."""
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)

    def _cut(self) -> None:
        # Not `close`: it would wait until a client that reads nothing has taken what was sent.
        self.transport.abort()
