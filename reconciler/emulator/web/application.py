"""The ASGI application: operations as routes, and responses where there is none.

Both doors serve this one application; `endpoint` runs the operations.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from reconciler.emulator.exchange import Api, Operation
from reconciler.emulator.failure import ApiError
from reconciler.emulator.setting import Setting
from reconciler.emulator.web.answer import error_reply, response
from reconciler.emulator.web.browser import refuse_foreign_pages
from reconciler.emulator.web.caller import ANONYMOUS, caller
from reconciler.emulator.web.control import CONTROL
from reconciler.emulator.web.endpoint import Endpoint, raw_path, raw_query

LONGEST_TARGET = 8_192
"""Bytes of path and query; ids and filters are far shorter, and fault rules are matched against paths."""

_V1_COLLECTIONS = frozenset({"agents", "resources", "secretstores", "keys", "apps"})
"""The path segment after the organization in v1 paths, and in none of v2."""

_V1_CLIENT = "humanitec-user-agent"
"""The header of v1 clients (v1 section 1); the services have separate hosts, here both APIs share one."""


def application(setting: Setting, operations: Sequence[Operation], others: Sequence[BaseRoute]) -> ASGIApp:
    """The ASGI application that serves `operations` and other routes, which come first."""

    async def no_route(request: Request, error: Exception) -> Response:
        return _no_route(setting, request, error)

    handlers = {HTTPException: no_route, ApiError: _refused, Exception: _unforeseen}
    app = Starlette(routes=[*others, *_routes(tuple(operations))], exception_handlers=handlers)
    app.state.setting = setting
    # A trailing slash is a different path, not a redirection (v2 section 3.1).
    app.router.redirect_slashes = False

    async def with_raw_path(scope: Scope, receive: Receive, send: Send) -> None:
        # Ids can contain an encoded slash (v1 section 7.1), so routes see the path undecoded.
        if scope["type"] != "lifespan" and scope.get("raw_path"):
            scope = {**scope, "path": scope["raw_path"].decode("latin-1")}
        if scope["type"] == "http" and len(scope["path"]) + len(scope["query_string"]) > LONGEST_TARGET:
            await _too_long(setting, Request(scope))(scope, receive, send)
            return
        await app(scope, receive, send)

    return with_raw_path


@cache
def _routes(operations: tuple[Operation, ...]) -> tuple[Route, ...]:
    """A route for each verb on each path. All emulators of a process share them: compiling the paths takes time."""
    shared: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for operation in operations:
        shared[operation.verb, operation.path].append(operation)
    return tuple(_route(*same) for same in shared.values())


def _route(operation: Operation, *others: Operation) -> Route:
    """The route of an operation; with `others` on its path, clients of each API get its operation."""
    served = {one.api: one for one in (operation, *others)}

    async def answer(request: Request) -> Response:
        is_v1 = Api.V2 not in served or (Api.V1 in served and _V1_CLIENT in request.headers)
        endpoint = Endpoint(request.app.state.setting, served[Api.V1 if is_v1 else Api.V2])
        return await endpoint.answer(request)

    async def guarded(request: Request) -> Response:
        refuse_foreign_pages(request)
        return await answer(request)

    # Internal paths of the services need no credentials here, like the control plane.
    is_internal = operation.path.startswith("/internal/")
    route = Route(operation.path, guarded if is_internal else answer, methods=[operation.verb])
    # Starlette adds HEAD to GET; the APIs have no such operations.
    route.methods = {operation.verb}
    return route


def _api_of(path: str) -> Api:
    parts = path.split("/")
    return Api.V1 if parts[1:2] == ["orgs"] and len(parts) > 3 and parts[3] in _V1_COLLECTIONS else Api.V2


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return response(error_reply(Api.V2, error))


def _no_route(setting: Setting, request: Request, error: Exception) -> Response:
    """Respond where there is no operation: 404 or 405 in v1, always 404 in v2 (v2 section 3.1)."""
    assert isinstance(error, HTTPException)
    wrong_verb = error.status_code == 405
    if _api_of(raw_path(request)) is Api.V1:
        refusal = ApiError(
            error.status_code,
            "method not allowed" if wrong_verb else "path not found",
            headers={"Allow": _verbs_of(request)} if wrong_verb else None,
        )
    else:
        refusal = _v2_refusal(
            setting, request, "method not allowed" if wrong_verb else "no matching operation was found"
        )
    return _logged(setting, request, refusal)


def _too_long(setting: Setting, request: Request) -> Response:
    return _logged(setting, request, ApiError(414, f"path and query are longer than {LONGEST_TARGET} bytes"))


def _logged(setting: Setting, request: Request, refusal: ApiError) -> Response:
    """The response to a request that reached no operation, which is logged."""
    path = raw_path(request)
    # Requests to the control plane do not come from the program under test, so they are not logged.
    if not path.startswith(CONTROL):
        setting.log.append(
            who=ANONYMOUS,
            verb=request.method,
            path=path,
            query=raw_query(request),
            place="",
            status=refusal.status,
        )
    return response(error_reply(_api_of(path), refusal))


def _v2_refusal(setting: Setting, request: Request, message: str) -> ApiError:
    """A 404, or the 401 of the gateway, which checks the token first (v2 section 2.2)."""
    if setting.tokens is not None and raw_path(request).startswith("/orgs/"):
        try:
            caller(request, Api.V2, setting.tokens)
        except ApiError as error:
            return error
    return ApiError(404, message)


def _verbs_of(request: Request) -> str:
    """The verbs of a path, which every 405 has to list (RFC 9110 section 15.5.6)."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    return ", ".join(
        sorted(
            verb
            for route in routes
            if route.matches(request.scope)[0] is not Match.NONE
            for verb in route.methods or ()
        )
    )


async def _unforeseen(request: Request, _: Exception) -> Response:
    return response(error_reply(_api_of(raw_path(request)), ApiError(500, "Unexpected error")))
