"""An HTTP server between a client and the server that it means, for what a server cannot do to itself.

Every answer goes over a real socket as bytes that a trick writes, so it can be cut, doubled, slowed down,
compressed or wrong in any way. Without a trick, answers pass unchanged. Requests reach the server through a
transport: the emulator's door without a network, or connections to an API server.
"""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Never, Self

import httpx

_CHUNK = 65_536
_HOP_BY_HOP = frozenset((b"content-length", b"transfer-encoding", b"connection"))


class _Gone(Exception):  # noqa: N818 - not an error: how a connection ends
    """The connection is closed, by either side."""


@dataclass(frozen=True)
class Answer:
    """An answer in parts, so that a trick can change each."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def head(self) -> bytes:
        """Status line and headers without length and without the empty line."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}".encode()]
        lines += [b"%s: %s" % pair for pair in self.headers]
        return b"\r\n".join(lines) + b"\r\n"

    @property
    def raw(self) -> bytes:
        """The whole answer, as it should be."""
        return self.head + b"content-length: %d\r\n\r\n" % len(self.body) + self.body


def plain(
    status: int, body: bytes, kind: str = "application/json", headers: Mapping[str, str] | None = None
) -> Answer:
    """An answer that the server did not give."""
    pairs = {"content-type": kind, **(headers or {})}
    return Answer(status, tuple((name.encode(), value.encode()) for name, value in pairs.items()), body)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


@dataclass
class Exchange:
    """One request, and what a trick can do with it."""

    verb: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    _connection: socket.socket = field(repr=False)
    _upstream: httpx.BaseTransport = field(repr=False)
    elsewhere: str = ""
    """Base URL of another server, to redirect to."""

    def forward(self) -> Answer:
        """Send the request to the server: this is where its effect happens."""
        request = httpx.Request(
            self.verb, f"http://server{self.target}", headers=list(self.headers), content=self.body
        )
        try:
            response = self._upstream.handle_request(request)
        except httpx.TransportError:  # a fault rule of the emulator cuts
            self.cut()
        headers = tuple((n, v) for n, v in response.headers.raw if n.lower() not in _HOP_BY_HOP)
        return Answer(response.status_code, headers, response.read())

    def write(self, data: bytes) -> None:
        """Send bytes to the client."""
        try:
            self._connection.sendall(data)
        except OSError:
            raise _Gone from None

    def drip(self, data: bytes, *, every_s: float, size: int = 1) -> None:
        """Send bytes slowly."""
        for start in range(0, len(data), size):
            self.write(data[start : start + size])
            time.sleep(every_s)

    def wait(self, seconds: float) -> None:
        """Do nothing, until the client leaves or the time is over."""
        self._connection.settimeout(seconds)
        with contextlib.suppress(OSError):
            self._connection.recv(1)
        raise _Gone

    def cut(self) -> Never:
        """Close the connection."""
        raise _Gone

    def reset(self) -> Never:
        """Close the connection in a way that the client sees as an error of the network."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise _Gone


Trick = Callable[[Exchange], None]
"""Answers one request in its own way."""


@dataclass
class _Set:
    """A trick, which requests it is for, and how often it was used."""

    trick: Trick
    verb: str
    path: re.Pattern[str]
    skip: int
    left: int | None


class Proxy:
    """Serves on a loopback port until closed; usable as a context manager. Thread-safe.

    `requests` counts what arrived, `elsewhere` is the base URL of a second server that nothing may be sent
    to, and `strayed` counts what arrived there.
    """

    def __init__(self, upstream: httpx.BaseTransport) -> None:
        self._upstream = upstream
        self._lock = threading.Lock()
        self._set: _Set | None = None
        self._open: set[socket.socket] = set()
        self._closed = False
        self.requests = 0
        self.struck = 0
        self.strayed = 0
        self._listeners = [_listener() for _ in range(2)]
        self.url, self.elsewhere = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in self._listeners)
        for listener, serve in zip(self._listeners, (self._serve, self._stray), strict=True):
            threading.Thread(target=self._accept, args=(listener, serve), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop, and close all connections."""
        self._closed = True
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close all connections, so that nothing of the last client is left."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def playing(
        self, trick: Trick, verb: str, path: str, *, skip: int = 0, times: int | None = 1
    ) -> Iterator[None]:
        """Use a trick for requests that match, after `skip` of them, at most `times`; None for all."""
        with self._lock:
            self._set = _Set(trick, verb, re.compile(path), skip, times)
            self.struck = 0
        try:
            yield
        finally:
            with self._lock:
                self._set = None

    def _trick_for(self, verb: str, target: str) -> Trick | None:
        with self._lock:
            self.requests += 1
            chosen = self._set
            if chosen is None or not re.fullmatch(chosen.verb, verb):
                return None
            if not chosen.path.fullmatch(target.partition("?")[0]) or chosen.left == 0:
                return None
            if chosen.skip:
                chosen.skip -= 1
                return None
            if chosen.left is not None:
                chosen.left -= 1
            self.struck += 1
            return chosen.trick

    def _accept(self, listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        while not self._closed:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._connected, args=(connection, serve), daemon=True).start()

    def _connected(self, connection: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        try:
            serve(connection)
        except (_Gone, OSError):
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _stray(self, connection: socket.socket) -> None:
        connection.recv(_CHUNK)
        with self._lock:
            self.strayed += 1
        connection.sendall(plain(200, b"[]").raw)

    def _serve(self, connection: socket.socket) -> None:
        buffered = b""
        while True:
            while b"\r\n\r\n" not in buffered:
                buffered += _received(connection)
            head, _, buffered = buffered.partition(b"\r\n\r\n")
            first, *lines = head.split(b"\r\n")
            verb, target, _ = first.decode("latin-1").split(" ", 2)
            pairs = tuple((name, value.strip()) for name, _, value in (one.partition(b":") for one in lines))
            length = next((int(value) for name, value in pairs if name.lower() == b"content-length"), 0)
            while len(buffered) < length:
                buffered += _received(connection)
            body, buffered = buffered[:length], buffered[length:]
            exchange = Exchange(verb, target, pairs, body, connection, self._upstream, self.elsewhere)
            trick = self._trick_for(verb, target)
            if trick is None:
                exchange.write(exchange.forward().raw)
            else:
                trick(exchange)


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(_CHUNK)
    if not data:
        raise _Gone
    return data
