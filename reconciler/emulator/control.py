"""The control plane under `/_emulator`: what a test or a demo does behind the API's back.

Everything here is also a method of `Emulator`. Needs no credential: it is meant for
loopback and for closed test networks.
"""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.failure import ApiError
from reconciler.emulator.faults import InvalidFaultError, rule_from
from reconciler.emulator.wire import MalformedJsonError, decode

if TYPE_CHECKING:
    from reconciler.emulator.emulator import Emulator

LARGEST_SEED = 256 * 1024 * 1024
"""Bytes of a control request; a seed of 10,000 real definitions has about a tenth of it."""


def control_routes(emulator: "Emulator") -> list[Route]:
    """Return the routes of the control plane of `emulator`."""
    plane = _ControlPlane(emulator)
    return [
        Route("/_emulator/reset", plane.reset, methods=["POST"]),
        Route("/_emulator/seed", plane.seed, methods=["POST"]),
        Route("/_emulator/deployments", plane.deploy, methods=["POST"]),
        Route("/_emulator/log", plane.read_log, methods=["GET"]),
        Route("/_emulator/log", plane.clear_log, methods=["DELETE"]),
        Route("/_emulator/clock", plane.read_clock, methods=["GET"]),
        Route("/_emulator/clock", plane.move_clock, methods=["PUT"]),
        Route("/_emulator/faults", plane.list_faults, methods=["GET"]),
        Route("/_emulator/faults", plane.add_fault, methods=["POST"]),
        Route("/_emulator/faults", plane.clear_faults, methods=["DELETE"]),
        Route("/_emulator/faults/{number:int}", plane.remove_fault, methods=["DELETE"]),
        Route("/_emulator/credentials/{org}/{runner}", plane.credentials, methods=["GET"]),
    ]


class _ControlPlane:
    """HTTP dress of the methods of `Emulator`."""

    def __init__(self, emulator: "Emulator") -> None:
        self._emulator = emulator

    async def reset(self, request: Request) -> Response:
        names = (await _object(request)).get("organizations")
        self._emulator.reset(organizations=names)
        return Response(status_code=204)

    async def seed(self, request: Request) -> Response:
        return JSONResponse(self._emulator.seed(await _object(request)))

    async def deploy(self, request: Request) -> Response:
        body = await _object(request)
        place = _texts(body, "organization", "project", "env")
        return JSONResponse(self._emulator.deploy(*place))

    async def read_log(self, request: Request) -> Response:
        after = request.query_params.get("after", "0")
        if not after.isascii() or not after.isdigit():
            raise ApiError(400, "after must be a whole number")
        return JSONResponse([entry.document() for entry in self._emulator.log.entries(after=int(after[:18]))])

    async def clear_log(self, _: Request) -> Response:
        self._emulator.log.clear()
        return Response(status_code=204)

    async def read_clock(self, _: Request) -> Response:
        clock = self._emulator.clock
        return JSONResponse({"now": clock.now().isoformat(), "offset_seconds": clock.offset.total_seconds()})

    async def move_clock(self, request: Request) -> Response:
        offset = (await _object(request)).get("offset_seconds")
        if not isinstance(offset, int | float):
            raise ApiError(400, "offset_seconds must be a number")
        clock = self._emulator.clock
        clock.advance(seconds=offset - clock.offset.total_seconds())
        return await self.read_clock(request)

    async def list_faults(self, _: Request) -> Response:
        return JSONResponse(self._emulator.faults.report())

    async def add_fault(self, request: Request) -> Response:
        try:
            rule = rule_from(await _object(request))
        except InvalidFaultError as error:
            raise ApiError(400, str(error)) from error
        return JSONResponse({"number": self._emulator.faults.add(rule)}, 201)

    async def clear_faults(self, _: Request) -> Response:
        self._emulator.faults.clear()
        return Response(status_code=204)

    async def remove_fault(self, request: Request) -> Response:
        if not self._emulator.faults.remove(request.path_params["number"]):
            raise ApiError(404, "no fault rule of that number")
        return Response(status_code=204)

    async def credentials(self, request: Request) -> Response:
        held = self._emulator.credentials(request.path_params["org"], request.path_params["runner"])
        if held is None:
            raise ApiError(404, "no credentials held for this runner")
        return JSONResponse(held)


async def _object(request: Request) -> dict[str, Any]:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_SEED:
            raise ApiError(413, f"request body is larger than {LARGEST_SEED} bytes")
        chunks.append(chunk)
    try:
        value = decode(b"".join(chunks) or b"{}")
    except MalformedJsonError as error:
        raise ApiError(400, str(error)) from error
    if not isinstance(value, dict):
        raise ApiError(400, "request body must be an object")
    return value


def _texts(body: dict[str, Any], *names: str) -> list[str]:
    for name in names:
        if not isinstance(body.get(name), str):
            raise ApiError(400, f"{name} must be text")
    return [body[name] for name in names]
