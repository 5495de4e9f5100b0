"""A deadline for whole requests to a cluster: connecting, sending, headers and body together.

A timeout of urllib3 limits one wait. A server or a proxy that sends a byte before each timeout would be waited for
without end: until the headers are complete, only the connection sees what arrives. So connections are shut down from
outside at the deadline, whatever they do. A name is resolved within the limits of the system's resolver.
"""

import contextlib
import os
import socket
import threading
from typing import Any, Self

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class Deadline:
    """Shuts down the connections of one request after `seconds`. A context, left when the answer was read.

    Pass its `timeout` to urllib3: the connection of the request finds the deadline there.
    """

    def __init__(self, seconds: float) -> None:
        self.has_passed = False
        """An answer that was read after this may be a part of the whole."""
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for line in self._lines:
                line.close()
            self._lines.clear()

    def timeout(self, seconds: float) -> float:
        """A timeout for one wait that carries this deadline."""
        return _TimeoutOf(seconds, self)

    def watch(self, number: int) -> None:
        """Shut down the connection with this file descriptor at the deadline, at once if it has passed.

        On a descriptor of its own: TLS and tunnels replace the socket of a connection, and the library closes it while
        a body is still read.
        """
        with self._lock:
            self._lines.append(socket.socket(fileno=os.dup(number)))
        if self.has_passed:
            self._end()

    def _end(self) -> None:
        self.has_passed = True
        with self._lock:
            for line in self._lines:
                with contextlib.suppress(OSError):  # the other side was faster
                    line.shutdown(socket.SHUT_RDWR)


class _TimeoutOf(float):
    """A float, because urllib3 hands it on to the connection unchanged."""

    __slots__ = ("deadline",)

    deadline: Deadline

    def __new__(cls, seconds: float, deadline: Deadline) -> Self:
        made = super().__new__(cls, seconds)
        made.deadline = deadline
        return made


class _Watched(HTTPConnection):
    """A connection that is shut down at the deadline of its request."""

    _watcher: Deadline | None = None

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        self._watch(made)
        return made

    def _tunnel(self) -> None:
        super()._tunnel()
        if self._watcher is not None and self._watcher.has_passed:
            # The library takes the end of the connection for the end of the proxy's headers, and starts TLS on it.
            raise TimeoutError

    def request(self, *args: Any, **more: Any) -> None:
        """Send a request, perhaps over a connection of an earlier one."""
        if self.sock is not None:
            self._watch(self.sock)
        super().request(*args, **more)

    def _watch(self, connected: socket.socket) -> None:
        timeout = self.timeout
        if isinstance(timeout, _TimeoutOf) and self._watcher is not timeout.deadline:
            self._watcher = timeout.deadline
            self._watcher.watch(connected.fileno())


class _WatchedTls(_Watched, HTTPSConnection):
    """The same with TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


def keep_deadlines(manager: PoolManager) -> None:
    """Make all connections of a manager, also those to a proxy, keep the deadlines of their requests."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
