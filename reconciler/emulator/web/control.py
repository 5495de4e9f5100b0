"""The control plane under `/_emulator`: what a test or a demo does without the API.

Everything here is also a method of `Emulator`. Needs no credentials: it is meant for
loopback and for closed test networks; `browser` refuses web pages.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from reconciler.emulator.clock import Clock
from reconciler.emulator.dataplane.jobs import Jobs
from reconciler.emulator.failure import ApiError
from reconciler.emulator.faults import Faults, InvalidFaultError, rule_from
from reconciler.emulator.request_log import RequestLog
from reconciler.emulator.v1.tunnel import Tunnels
from reconciler.emulator.web.browser import refuse_foreign_pages
from reconciler.emulator.wire import Document, MalformedJsonError, decode, encode, is_number

CONTROL = "/_emulator"
"""Prefix of all paths of the control plane, and of no path of an API."""

LARGEST_SEED = 256 * 1024 * 1024
"""Bytes of a control request; about ten times a seed of 10,000 real definitions."""


class Controlled(Protocol):
    """The parts of an `Emulator` that the control plane uses."""

    clock: Clock
    faults: Faults
    jobs: Jobs
    log: RequestLog
    tunnels: Tunnels

    def reset(self, *, organizations: Sequence[str] | None = None) -> None:
        """Clear state, log, faults and clock offset."""

    def seed(self, seed: Mapping[str, Any]) -> dict[str, int]:
        """Add state without the API."""
        ...

    def deploy(self, organization: str, project: str, env: str) -> Document:
        """Perform the first deployment of an environment."""
        ...

    def credentials(self, organization: str, runner: str) -> Document | None:
        """Credentials stored for a `kubernetes` runner."""
        ...


def control_routes(emulator: Controlled) -> list[Route]:
    """The routes of the control plane of `emulator`."""
    plane = _ControlPlane(emulator)
    return [
        _route("POST", "reset", plane.reset),
        _route("POST", "seed", plane.seed),
        _route("POST", "deployments", plane.deploy),
        _route("GET", "log", plane.read_log),
        _route("DELETE", "log", plane.clear_log),
        _route("GET", "clock", plane.read_clock),
        _route("PUT", "clock", plane.move_clock),
        _route("GET", "faults", plane.list_faults),
        _route("POST", "faults", plane.add_fault),
        _route("DELETE", "faults", plane.clear_faults),
        _route("DELETE", "faults/{number}", plane.remove_fault),
        _route("GET", "tunnels", plane.list_tunnels),
        _route("DELETE", "tunnels/{number}", plane.drop_tunnel),
        _route("GET", "credentials/{org}/{runner}", plane.credentials),
        _route("POST", "jobs", plane.queue_job),
        _route("GET", "jobs/{org}/{deployment}", plane.read_job),
        _route("POST", "jobs/{org}/{deployment}/check", plane.check_job),
        _route("GET", "polls/{org}/{runner}", plane.count_polls),
    ]


def _route(verb: str, path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
    async def guarded(request: Request) -> Response:
        refuse_foreign_pages(request)
        return await answer(request)

    return Route(f"{CONTROL}/{path}", guarded, methods=[verb])


class _ControlPlane:
    """The methods of `Emulator` as HTTP endpoints."""

    def __init__(self, emulator: Controlled) -> None:
        self._emulator = emulator

    async def reset(self, request: Request) -> Response:
        names = (await _object(request)).get("organizations")
        self._emulator.reset(organizations=names)
        return Response(status_code=204)

    async def seed(self, request: Request) -> Response:
        return _json(self._emulator.seed(await _object(request)))

    async def deploy(self, request: Request) -> Response:
        body = await _object(request)
        place = _texts(body, "organization", "project", "env")
        return _json(self._emulator.deploy(*place))

    async def read_log(self, request: Request) -> Response:
        after = request.query_params.get("after", "0")
        if not after.isascii() or not after.isdigit():
            raise ApiError(400, "after must be an integer")
        return _json([entry.document() for entry in self._emulator.log.entries(after=int(after[:18]))])

    async def clear_log(self, _: Request) -> Response:
        self._emulator.log.clear()
        return Response(status_code=204)

    async def read_clock(self, _: Request) -> Response:
        clock = self._emulator.clock
        return _json({"now": clock.now().isoformat(), "offset_seconds": clock.offset.total_seconds()})

    async def move_clock(self, request: Request) -> Response:
        offset = (await _object(request)).get("offset_seconds")
        if not is_number(offset):
            raise ApiError(400, "offset_seconds must be a number")
        try:
            self._emulator.clock.offset = timedelta(seconds=offset)
        except (OverflowError, ValueError) as error:
            raise ApiError(400, "offset_seconds is out of range") from error
        return await self.read_clock(request)

    async def list_faults(self, _: Request) -> Response:
        return _json(self._emulator.faults.report())

    async def add_fault(self, request: Request) -> Response:
        try:
            rule = rule_from(await _object(request))
        except InvalidFaultError as error:
            raise ApiError(400, str(error)) from error
        return _json({"number": self._emulator.faults.add(rule)}, 201)

    async def clear_faults(self, _: Request) -> Response:
        self._emulator.faults.clear()
        return Response(status_code=204)

    async def remove_fault(self, request: Request) -> Response:
        if not self._emulator.faults.remove(_number(request)):
            raise ApiError(404, "no fault rule has this number")
        return Response(status_code=204)

    async def list_tunnels(self, _: Request) -> Response:
        tunnels = self._emulator.tunnels
        return _json(
            {
                "connections": [connection.document() for connection in tunnels.connections()],
                "refusals": [refusal.document() for refusal in tunnels.refusals()],
            }
        )

    async def drop_tunnel(self, request: Request) -> Response:
        if not self._emulator.tunnels.drop(_number(request)):
            raise ApiError(404, "no open tunnel has this number")
        return Response(status_code=204)

    async def credentials(self, request: Request) -> Response:
        held = self._emulator.credentials(*_place(request, "org", "runner"))
        if held is None:
            raise ApiError(404, "no credentials are stored for this runner")
        return _json(held)

    async def queue_job(self, request: Request) -> Response:
        return _json(self._emulator.jobs.queue(await _object(request)), 201)

    async def read_job(self, request: Request) -> Response:
        return _json(self._emulator.jobs.read(*_place(request, "org", "deployment")))

    async def check_job(self, request: Request) -> Response:
        return _json(self._emulator.jobs.check(*_place(request, "org", "deployment")))

    async def count_polls(self, request: Request) -> Response:
        waiting = self._emulator.jobs.waiting_agents(*_place(request, "org", "runner"))
        return _json({"waiting": waiting})


def _place(request: Request, *names: str) -> list[str]:
    return [unquote(request.path_params[name]) for name in names]


def _json(value: Any, status: int = 200) -> Response:
    # As in responses of the APIs: every accepted JSON text, lone surrogates included, can be returned.
    return Response(encode(value), status, media_type="application/json")


async def _object(request: Request) -> dict[str, Any]:
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > LARGEST_SEED:
                raise ApiError(413, f"request body is larger than {LARGEST_SEED} bytes")
            chunks.append(chunk)
    except ClientDisconnect as error:
        # The client has gone, so nobody reads it.
        raise ApiError(400, "request body ended early") from error
    try:
        value = decode(b"".join(chunks) or b"{}")
    except MalformedJsonError as error:
        raise ApiError(400, str(error)) from error
    if not isinstance(value, dict):
        raise ApiError(400, "request body must be an object")
    return value


def _number(request: Request) -> int:
    text = request.path_params["number"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else -1


def _texts(body: dict[str, Any], *names: str) -> list[str]:
    for name in names:
        if not isinstance(body.get(name), str):
            raise ApiError(400, f"{name} must be a string")
    return [body[name] for name in names]
