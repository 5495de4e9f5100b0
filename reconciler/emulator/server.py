"""The door with a real port: uvicorn over the same application.

`running` serves in a background thread, for tests; `serve` blocks, for people.
"""

import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from reconciler.emulator.doors import CUT
from reconciler.emulator.emulator import Emulator

_logger = logging.getLogger(__name__)

_STOP_SECONDS = 2
"""How long a stop waits for answers under way; a delayed one is not worth more."""


def serve(
    host: str = "127.0.0.1",
    port: int = 8480,
    *,
    state_file: Path | None = None,
    organizations: Sequence[str] = (),
) -> None:
    """Serve an emulator until the process is told to stop.

    Raises StateFileError when `state_file` cannot be used, OSError when the port is taken.
    """
    emulator = Emulator(state_file, organizations)
    try:
        with _bound(host, port) as listener:
            _logger.warning(
                "emulator is for practice only",
                extra={"url": _url(host, listener), "state_file": str(state_file) if state_file else None},
            )
            _server(emulator.app).run(sockets=[listener])
    finally:
        emulator.close()


@contextmanager
def running(emulator: Emulator, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve `emulator` in a background thread and give its base URL; 0 picks a free port."""
    with _bound(host, port) as listener:
        server = _server(emulator.app)
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
    """HTTP over one connection, with the means to end it lent to the application."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        served: Any = self.app

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            await served({**scope, "extensions": {CUT: self._cut}}, receive, send)

        self.app: Any = with_cut

    async def _cut(self) -> None:
        self.transport.close()


class _AnnouncedServer(uvicorn.Server):
    """A server that tells other threads when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then announce it."""
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()


def _server(app: ASGIApp) -> _AnnouncedServer:
    config = uvicorn.Config(
        app,
        http=_CuttableProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    return _AnnouncedServer(config)


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        yield listener


def _url(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"
