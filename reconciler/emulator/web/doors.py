"""Functions that a door (`server`, `transport`) provides to the application to end a connection.

ASGI has no way to drop a connection, so each door puts a function into the scope.
"""

import asyncio
from concurrent.futures import Future
from typing import Any

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

CUT = "reconciler.emulator.cut"
"""Name of the scope extension whose value ends the connection at once."""


PAUSE = "reconciler.emulator.pause"
"""Name of an optional extension whose value waits for a number of seconds."""


WAIT = "reconciler.emulator.wait"
"""Name of an optional extension whose value waits for a future, at most a number of seconds."""


async def pause(scope: Scope, receive: Receive, seconds: float) -> None:
    """Wait before responding, but not if the client has gone."""
    lent: Any = scope.get("extensions", {}).get(PAUSE)
    if lent is not None:
        await lent(seconds)
        return
    async with anyio.create_task_group() as group:
        group.start_soon(_cancel_when_gone, receive, group.cancel_scope)
        await anyio.sleep(seconds)
        group.cancel_scope.cancel()


async def wait(scope: Scope, receive: Receive, outcome: Future[Any], seconds: float) -> None:
    """Wait until `outcome` is set, the time is up, or the client has gone."""
    lent: Any = scope.get("extensions", {}).get(WAIT)
    if lent is not None:
        await lent(outcome, seconds)
        return
    async with anyio.create_task_group() as group:
        group.start_soon(_cancel_when_gone, receive, group.cancel_scope)
        with anyio.move_on_after(seconds):
            # Shielded: a timeout must not cancel a future that another thread may set.
            await asyncio.shield(asyncio.wrap_future(outcome))
        group.cancel_scope.cancel()


async def _cancel_when_gone(receive: Receive, waiting: anyio.CancelScope) -> None:
    await _until_gone(receive)
    waiting.cancel()


async def _until_gone(receive: Receive) -> None:
    while not (await receive())["type"].endswith(".disconnect"):
        pass


class CutResponse(Response):
    """No response: the connection ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """End the connection before anything is sent."""
        await cut(scope, receive)


class TruncatedResponse(Response):
    """Headers that announce the whole body, half of the body, and the end of the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the first half and end the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await cut(scope, receive)


async def cut(scope: Scope, receive: Receive) -> None:
    """End the connection without another byte; raises RuntimeError on any other server."""
    lent: Any = scope.get("extensions", {}).get(CUT)
    if lent is None:
        raise RuntimeError("this server cannot cut connections; use the server of reconciler.emulator")
    await lent()
    # Returning now would make the server add its own response; wait until it notices the cut.
    await _until_gone(receive)
