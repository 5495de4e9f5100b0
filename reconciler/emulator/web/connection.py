"""One client's connection to the server: can be cut, has limits, and is closed if it stays silent.

Called by `server`, which passes both classes to uvicorn.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from reconciler.emulator.web.doors import CUT

PATIENCE_S = 30.0
"""Maximum time for the head of a request, and for silence in its body."""

_MOST_UPGRADE_HEADERS = 100
_LONGEST_UPGRADE_HEADER = 8_000
"""Below the limits of the websocket library: 128 lines of 8,192 bytes, line ends included."""


class HttpConnection(H11Protocol):
    """HTTP over one connection, which the application can end.

    Closes a connection that takes too long for the head of a request or stops in its
    body: idle clients must not use up all connections.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.app: Any = _lending(self.app, self._cut)
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Start the timeout for the head of the first request."""
        super().connection_made(transport)
        self._wait_for_client()

    def data_received(self, data: bytes) -> None:
        """Restart the timeout while a body arrives; stop it once the request is complete."""
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
        """Pass the connection to the websocket protocol, unless its headers are too many or too large."""
        self._stop_waiting()
        lines = [len(name) + len(value) for name, value in event.headers]
        if len(lines) > _MOST_UPGRADE_HEADERS or max(lines) > _LONGEST_UPGRADE_HEADER:
            # The websocket library would close the connection without a response.
            self.send_400_response("Too many or too large headers.")
            return
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeout with the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_client(self) -> None:
        self._patience = self.loop.call_later(PATIENCE_S, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    async def _cut(self) -> None:
        self.transport.close()


class WebsocketConnection(WebSocketsSansIOProtocol):
    """A websocket connection, which the application can end."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.app: Any = _lending(self.app, self._cut)

    async def send(self, message: Any) -> None:
        """Send a message of the application; a refusal ends the handshake."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            # A refusal also ends the handshake; the base class would log it as an error of the application.
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        """Pass on a message; text that is not UTF-8 ends the connection (RFC 6455 section 8.1)."""
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            # The base class does the same, but logs it with a traceback like an error of the application.
            self.frames = []
            self.conn.send_close(1007)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    async def _cut(self) -> None:
        self.handshake_complete = True
        self.transport.close()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _lending(app: Any, cut: Callable[[], Awaitable[None]]) -> ASGIApp:
    async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
        extensions = {**scope.get("extensions", {}), CUT: cut}
        await app({**scope, "extensions": extensions}, receive, send)

    return with_cut
