"""The door with a real port: uvicorn over the same application.

`running` serves in a background thread, for tests; `serve` blocks, for people.
"""

import asyncio
import ipaddress
import logging
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from reconciler.emulator.doors import CUT
from reconciler.emulator.emulator import Emulator

_logger = logging.getLogger(__name__)

_STOP_SECONDS = 2
"""How long a stop waits for answers under way; a delayed one is not worth more."""
_PATIENCE_SECONDS = 30.0
"""How long a client may take over the head of a request, or be silent in its body."""
_BACKLOG = 2_048
"""Connections that may wait to be accepted, as uvicorn has it."""
_LARGEST_MESSAGE = 65_536
"""Bytes of a websocket message; the tunnel throws them away."""
_MOST_UPGRADE_HEADERS = 100
_LONGEST_UPGRADE_HEADER = 8_000
"""Below the limits of the websocket library: 128 lines, 8,192 bytes each with its ends."""


def serve(
    host: str = "127.0.0.1",
    port: int = 8480,
    *,
    state_file: Path | None = None,
    organizations: Sequence[str] = (),
    listening: Callable[[str], None] | None = None,
) -> None:
    """Serve an emulator until the process is told to stop.

    `listening` is called with the base URL, its port the real one, once clients can
    connect; a line of the log by default. Raises StateFileError when `state_file` cannot
    be used, ApiError for an organization id that is none, OSError when the port is taken.
    """
    emulator = Emulator(state_file, organizations)
    try:
        with _bound(host, port) as listener, _terminable():
            url = _url(host, listener)
            if not _is_loopback(listener):
                _logger.warning(
                    "emulator is open to the network: who reaches it can read and change everything",
                    extra={"url": url},
                )
            (listening or _announce)(url)
            # The server stops in good order first and then raises the signal anew.
            with suppress(KeyboardInterrupt):
                _server(emulator).run(sockets=[listener])
    finally:
        emulator.close()


def _announce(url: str) -> None:
    _logger.warning("emulator is for practice only", extra={"url": url})


@contextmanager
def _terminable() -> Iterator[None]:
    """Make a request to terminate raise what Ctrl-C raises, so that what is open gets closed."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def running(emulator: Emulator, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve `emulator` in a background thread and give its base URL; 0 picks a free port."""
    with _bound(host, port) as listener:
        server = _server(emulator)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="emulator", daemon=True
        )
        thread.start()
        server.ready.wait()
        try:
            yield _url(host, listener)
        finally:
            server.should_exit = True
            thread.join()


class _CuttableProtocol(H11Protocol):
    """HTTP over one connection, with the means to end it lent to the application.

    Gives a connection up that takes too long over the head of a request or stops in its
    body: idle clients must not use up all connections.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.app: Any = _lending(self.app, self._cut)
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._wait_for_client()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            self._stop_waiting()
            self._wait_for_client()
        elif state is not h11.IDLE:
            self._stop_waiting()
        elif self._patience is None and self.conn.trailing_data[0]:
            self._wait_for_client()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._stop_waiting()
        lines = [len(name) + len(value) for name, value in event.headers]
        if len(lines) > _MOST_UPGRADE_HEADERS or max(lines) > _LONGEST_UPGRADE_HEADER:
            # The websocket library would give up on its own terms, without an answer.
            self.send_400_response("Too many or too large headers.")
            return
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_client(self) -> None:
        self._patience = self.loop.call_later(_PATIENCE_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    async def _cut(self) -> None:
        self.transport.close()


class _CuttableWebsocket(WebSocketsSansIOProtocol):
    """A websocket connection, with the means to end it lent to the application."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.app: Any = _lending(self.app, self._cut)

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            # A refusal ends the handshake too; the base class would log it as a mistake of ours.
            self.handshake_complete = True

    async def _cut(self) -> None:
        self.handshake_complete = True
        self.transport.close()


def _lending(app: Any, cut: Callable[[], Awaitable[None]]) -> ASGIApp:
    async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
        extensions = {**scope.get("extensions", {}), CUT: cut}
        await app({**scope, "extensions": extensions}, receive, send)

    return with_cut


class _AnnouncedServer(uvicorn.Server):
    """A server that tells other threads when it listens, and calls `stopping` before it stops."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then announce it."""
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in good order: agents that wait get an answer first."""
        self._stopping()
        await super().shutdown(sockets)


def _server(emulator: Emulator) -> _AnnouncedServer:
    config = uvicorn.Config(
        emulator.app,
        http=_CuttableProtocol,
        loop="asyncio",
        ws=_CuttableWebsocket,
        ws_max_size=_LARGEST_MESSAGE,
        # A small frame could unfold into a large message.
        ws_per_message_deflate=False,
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    return _AnnouncedServer(config, emulator.end_polls)


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named in full: asyncio sends small answers at once only where it reads "TCP" on the socket.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Here, so that a taken port is found out before anything is announced.
        listener.listen(_BACKLOG)
        yield listener


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def _url(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"
