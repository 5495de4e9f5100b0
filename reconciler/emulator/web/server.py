"""The door with a real port: uvicorn with the same application.

`running` serves in a background thread, for tests; `serve` blocks, for people.
"""

import ipaddress
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn

from reconciler.emulator.choices import Choices
from reconciler.emulator.emulator import Emulator
from reconciler.emulator.web.connection import HttpConnection, WebsocketConnection

_logger = logging.getLogger(__name__)

_STOP_S = 2
"""How long a stop waits for responses in progress."""
_BACKLOG = 2_048
"""Connections that can wait to be accepted, as in uvicorn."""
_LARGEST_MESSAGE = 65_536
"""Bytes of a websocket message; the tunnel discards them."""


def serve(
    host: str = "127.0.0.1",
    port: int = 8480,
    *,
    state_file: Path | None = None,
    organizations: Sequence[str] = (),
    choices: Choices | None = None,
    listening: Callable[[str], None] | None = None,
) -> None:
    """Serve an emulator until the process is stopped.

    `listening` is called with the base URL and its actual port once clients can
    connect; by default a line is logged. Raises StateFileError if `state_file` cannot
    be used, ApiError for an invalid organization id, OSError if the port is in use.
    """
    # The port first: if it is in use, no state file is created or changed.
    with (
        _bound(host, port) as listener,
        Emulator(state_file, organizations, choices=choices) as emulator,
        _terminable(),
    ):
        url = _url(host, listener)
        if not _is_loopback(listener):
            _logger.warning(
                "emulator is open to the network: anyone who can reach it can read and change everything",
                extra={"url": url},
            )
        (listening or _announce)(url)
        # The server shuts down gracefully and then raises the signal again.
        with suppress(KeyboardInterrupt):
            _server(emulator).run(sockets=[listener])


def _announce(url: str) -> None:
    _logger.warning("emulator is for practice only", extra={"url": url})


@contextmanager
def _terminable() -> Iterator[None]:
    """Make SIGTERM raise the same exception as Ctrl-C, so that open resources are closed."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def running(emulator: Emulator, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve `emulator` in a background thread and yield its base URL; port 0 picks a free one."""
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


class _AnnouncedServer(uvicorn.Server):
    """A server that signals other threads when it listens, and calls `stopping` before it stops."""

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
        """Shut down gracefully: waiting agents get a response first."""
        self._stopping()
        await super().shutdown(sockets)


def _server(emulator: Emulator) -> _AnnouncedServer:
    config = uvicorn.Config(
        emulator.app,
        http=HttpConnection,
        loop="asyncio",
        ws=WebsocketConnection,
        ws_max_size=_LARGEST_MESSAGE,
        # Disabled because a small frame could decompress into a large message.
        ws_per_message_deflate=False,
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_STOP_S,
    )
    return _AnnouncedServer(config, emulator.end_polls)


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP is named because asyncio sends small responses at once only on sockets of this protocol.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Here, so that a port in use is detected before anything is announced.
        listener.listen(_BACKLOG)
        yield listener


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def _url(host: str, listener: socket.socket) -> str:
    address, port = listener.getsockname()[:2]
    # An empty host means every address; clients need a specific one.
    shown = host or address
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
