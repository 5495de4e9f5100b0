"""The door in the same process: an httpx transport for synchronous clients.

Runs the application on the caller's thread, without an event loop: a response of the
emulator waits only for what this door provides. So there is no background thread to stop,
and any number of threads can share one transport.
"""

import concurrent.futures
import time
from collections.abc import Coroutine
from typing import Any

import httpx
from starlette.types import ASGIApp, Message

from reconciler.emulator.web.doors import CUT, PAUSE, WAIT


class EmulatorTransport(httpx.BaseTransport):
    """Passes requests of an `httpx.Client` directly to an ASGI application.

    A cut connection raises httpx.RemoteProtocolError and a delay beyond the client's
    read timeout httpx.ReadTimeout, as over a real port.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The application's response to `request`."""
        exchange = _Exchange(request)
        _finish(self._app(exchange.scope(), exchange.receive, exchange.send))
        return exchange.response()


class _Exchange:
    """One request on the ASGI side; collects the response."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self._body = request.read()
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []

    def scope(self) -> dict[str, Any]:
        url = self._request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "extensions": {CUT: self._cut, PAUSE: self._pause, WAIT: self._wait},
        }

    async def receive(self) -> Message:
        body, self._body = self._body, b""
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = list(message.get("headers", []))
        elif self._request.method != "HEAD":
            self._chunks.append(bytes(message.get("body", b"")))

    def response(self) -> httpx.Response:
        body = b"".join(self._chunks)
        return httpx.Response(self._status, headers=self._headers, content=body, request=self._request)

    async def _cut(self) -> None:
        raise httpx.RemoteProtocolError("the emulator cut the connection", request=self._request)

    async def _wait(self, outcome: concurrent.futures.Future[Any], seconds: float) -> None:
        timeout = self._read_timeout()
        patience = seconds if timeout is None else min(timeout, seconds)
        concurrent.futures.wait([outcome], patience)
        if not outcome.done() and patience < seconds:
            raise httpx.ReadTimeout("the emulator answers too slowly", request=self._request)

    def _read_timeout(self) -> float | None:
        timeout: float | None = self._request.extensions.get("timeout", {}).get("read")
        return timeout

    async def _pause(self, seconds: float) -> None:
        timeout = self._read_timeout()
        if timeout is not None and timeout < seconds:
            time.sleep(timeout)  # noqa: ASYNC251 - there is no event loop here, only the caller's thread
            raise httpx.ReadTimeout("the emulator answers too slowly", request=self._request)
        time.sleep(seconds)  # noqa: ASYNC251 - as above


def _finish(coroutine: Any) -> None:
    """Run a coroutine to its end; it must not wait for an event loop."""
    assert isinstance(coroutine, Coroutine)
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("the application waits for something that this door does not provide")
