"""The websocket end of the agent tunnel: `GET /tunnel`.

An agent sends its token (`v1/tunnel_token`) as `Authorization: Bearer <token>` with the
upgrade. It is accepted with 101, or refused with 401 and the error body of v1; only the list
of refusals has the reason. Nothing is ever sent through the tunnel, and what an agent
sends is discarded. If the emulator ends a tunnel, it closes it with code 1008 and a reason.

Fault rules match verb `GET` and path `/tunnel`: errors, cuts and delays apply before
the token is checked.
"""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from reconciler.emulator.exchange import Api
from reconciler.emulator.failure import ApiError
from reconciler.emulator.fault_effects import ERRORS_BEFORE, injected
from reconciler.emulator.faults import FaultKind
from reconciler.emulator.setting import Setting
from reconciler.emulator.v1.tunnel import RefusedTunnelError, Tunnels
from reconciler.emulator.web.answer import error_reply, response
from reconciler.emulator.web.caller import ANONYMOUS
from reconciler.emulator.web.doors import cut, pause

PATH = "/tunnel"
_POLICY = 1008
"""Close code of RFC 6455 section 7.4.1: the connection is no longer wanted."""
_CUTS = (FaultKind.CUT_BEFORE_EFFECT, FaultKind.CUT_AFTER_EFFECT)
_ERRORS = (*ERRORS_BEFORE, FaultKind.ERROR_AFTER_EFFECT)


def tunnel_routes(setting: Setting, tunnels: Tunnels) -> list[BaseRoute]:
    """The route that agents connect to, and the hint for requests without an upgrade."""
    return [
        WebSocketRoute(PATH, _Door(setting, tunnels).answer),
        Route(PATH, _without_upgrade, methods=["GET"]),
    ]


async def _without_upgrade(_: Request) -> Response:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    return response(
        error_reply(Api.V1, ApiError(426, "the tunnel uses the websocket protocol", headers=headers))
    )


class _Door:
    """Serves agents, one coroutine per connection."""

    def __init__(self, setting: Setting, tunnels: Tunnels) -> None:
        self._setting = setting
        self._tunnels = tunnels

    async def answer(self, websocket: WebSocket) -> None:
        """Accept or refuse one agent, and wait until it disconnects."""
        strikes = self._setting.faults.strikes("GET", PATH)
        faults = tuple(strikes)
        if FaultKind.DELAY in strikes:
            await pause(websocket.scope, websocket.receive, strikes[FaultKind.DELAY].rule.seconds)
        if any(kind in strikes for kind in _CUTS):
            self._log(ANONYMOUS, 0, "tunnels", faults)
            await cut(websocket.scope, websocket.receive)
            return
        error = next((injected(strikes[kind]) for kind in _ERRORS if kind in strikes), None)
        if error is not None:
            self._log(ANONYMOUS, error.status, "tunnels", faults)
            await self._refuse(websocket, error)
            return
        ending: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        try:
            connection = self._tunnels.admit(_token(websocket), _ender(ending))
        except RefusedTunnelError as refusal:
            place = f"tunnels/{refusal.fingerprint}" if refusal.fingerprint else "tunnels"
            self._log(ANONYMOUS, 401, place, faults)
            await self._refuse(websocket, ApiError(401, "unauthorized"))
            return
        try:
            agents = ",".join(f"{organization}/{agent}" for organization, agent in connection.agents.items())
            self._log(f"agent {agents}", 101, f"tunnels/{connection.fingerprint}", faults)
            await _stay(websocket, ending)
        finally:
            self._tunnels.leave(connection)

    async def _refuse(self, websocket: WebSocket, error: ApiError) -> None:
        await websocket.send_denial_response(response(error_reply(Api.V1, error)))

    def _log(self, who: str, status: int, place: str, faults: tuple[str, ...]) -> None:
        self._setting.log.append(
            who=who, verb="GET", path=PATH, query="", place=place, status=status, faults=faults
        )


def _token(websocket: WebSocket) -> str:
    scheme, _, token = websocket.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _ender(ending: "asyncio.Future[str]") -> Callable[[str], None]:
    loop = ending.get_loop()

    def settle(reason: str) -> None:
        if not ending.done():
            ending.set_result(reason)

    def end(reason: str) -> None:
        # A closed loop has already closed its connections.
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, reason)

    return end


async def _stay(websocket: WebSocket, ending: "asyncio.Future[str]") -> None:
    await websocket.accept()
    listening = asyncio.ensure_future(_until_gone(websocket))
    try:
        await asyncio.wait((listening, ending), return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            await websocket.close(_POLICY, ending.result())
    except WebSocketDisconnect:
        pass
    finally:
        listening.cancel()


async def _until_gone(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
