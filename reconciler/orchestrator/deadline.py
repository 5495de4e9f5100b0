"""A deadline for whole requests, kept by the connections themselves.

A timeout of httpx limits one read. A server that sends a byte of a header, or another early hint (RFC 8297), before
each timeout would be waited for without end: until the headers are complete, only the connection sees what arrives.
So the timeout of a request carries its deadline (`TimeoutBefore`), which httpcore hands on unchanged.
"""

import ssl
from collections.abc import Callable, Iterable
from typing import Any, Self

import httpcore


class TimeoutBefore(float):
    """A timeout in seconds that is shorter where less time is left to a deadline. `clock` returns monotonic seconds."""

    __slots__ = ("_clock", "_deadline_s")

    _deadline_s: float
    _clock: Callable[[], float]

    def __new__(cls, seconds: float, deadline_s: float, clock: Callable[[], float]) -> Self:
        """A float, because httpcore waits for a free connection with it."""
        made = super().__new__(cls, seconds)
        made._deadline_s, made._clock = deadline_s, clock
        return made

    def left_s(self) -> float:
        """Seconds that one operation may take from here on; 0 or less after the deadline."""
        return min(float(self), self._deadline_s - self._clock())


def _left_s(timeout: float | None, error: type[Exception]) -> float | None:
    """The timeout of one operation. Raises `error` after the deadline."""
    if not isinstance(timeout, TimeoutBefore):
        return timeout
    left_s = timeout.left_s()
    if left_s <= 0:
        raise error("the deadline of the request has passed")
    return left_s


class DeadlineStream(httpcore.NetworkStream):
    """A connection that keeps the deadlines of its requests."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Bytes that have arrived; empty at the end."""
        return self._inner.read(max_bytes, _left_s(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send everything."""
        self._inner.write(buffer, _left_s(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The connection, encrypted."""
        left_s = _left_s(timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, left_s))

    def get_extra_info(self, info: str) -> Any:
        """Facts about the connection, such as its socket."""
        return self._inner.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections that keep deadlines."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to a host."""
        left_s = _left_s(timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._inner.connect_tcp(host, port, left_s, local_address, socket_options))
