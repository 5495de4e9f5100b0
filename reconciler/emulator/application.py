"""The ASGI application: routes, bounds, identity, faults, one transaction, one log entry.

Turns operations into Starlette routes and runs them. What an operation does is none of
its business. Both doors serve this one application.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from reconciler.emulator.caller import ANONYMOUS, caller
from reconciler.emulator.clock import microseconds
from reconciler.emulator.doors import CutResponse, TruncatedResponse, pause
from reconciler.emulator.exchange import Api, Call, Identity, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.faults import FaultKind, Strike
from reconciler.emulator.journal import Effect
from reconciler.emulator.setting import Setting
from reconciler.emulator.store import Transaction
from reconciler.emulator.wire import encode

LARGEST_HEADERS = 32_768
"""Bytes of all request headers; below what the HTTP server itself refuses, so both doors agree."""

_PATIENCE = 8
"""How many times the largest body is read before the connection is given up."""

_V1_PREFIXES = frozenset({"agents", "resources", "secretstores", "keys", "apps"})
_ERRORS_BEFORE = (FaultKind.TOO_MANY_REQUESTS, FaultKind.ERROR_BEFORE_EFFECT, FaultKind.REFUSED_ONCE)


def application(setting: Setting, operations: Sequence[Operation], control: Sequence[BaseRoute]) -> ASGIApp:
    """Return the ASGI application that serves `operations` and the control plane."""
    routes: list[BaseRoute] = [
        Route(operation.path, _Endpoint(setting, operation).answer, methods=[operation.verb])
        for operation in operations
    ]
    handlers = {HTTPException: _no_route, ApiError: _refused, Exception: _unforeseen}
    app = Starlette(routes=[*control, *routes], exception_handlers=handlers)
    # A trailing slash is another path, not a redirection (v2 section 3.1).
    app.router.redirect_slashes = False

    async def with_raw_path(scope: Scope, receive: Receive, send: Send) -> None:
        # Ids may hold an encoded slash (v1 section 7.1), so routes see the path undecoded.
        if scope["type"] == "http" and scope.get("raw_path"):
            scope = {**scope, "path": scope["raw_path"].decode("latin-1")}
        await app(scope, receive, send)

    return with_raw_path


@dataclass
class _Result:
    """What an operation came to: its reply, who asked, and what it wrote."""

    reply: Reply
    who: str
    effect: Effect
    object: str


class _Endpoint:
    """One operation at work."""

    def __init__(self, setting: Setting, operation: Operation) -> None:
        self._setting = setting
        self._operation = operation

    async def answer(self, request: Request) -> Response:
        """Read, run, log and answer one request."""
        operation = self._operation
        strikes = self._setting.faults.strikes(
            operation.verb,
            request.url.path,
            lists=operation.lists,
            registers_key=operation.registers_key,
        )
        kinds = {strike.rule.kind: strike for strike in strikes}
        body = await self._body(request)
        result = self._spoiled_before(request, kinds) or self._run(request, body, kinds)
        result.reply = _spoiled_after(operation.api, result.reply, kinds)
        cut = FaultKind.CUT_BEFORE_EFFECT in kinds or FaultKind.CUT_AFTER_EFFECT in kinds
        self._log(request, result, 0 if cut else result.reply.status, kinds)
        if FaultKind.DELAY in kinds:
            await pause(request.scope, request.receive, kinds[FaultKind.DELAY].rule.seconds)
        if cut:
            return CutResponse()
        return _response(result.reply, TruncatedResponse if FaultKind.TRUNCATED_BODY in kinds else Response)

    async def _body(self, request: Request) -> bytes:
        """Return the body; what is too large is read on and thrown away, within reason.

        A client still sending would never see an answer given before its end.
        """
        limit = self._setting.max_body_bytes
        chunks, size = [], 0
        async for chunk in request.stream():
            size += len(chunk)
            if size <= limit:
                chunks.append(chunk)
            elif size > limit * _PATIENCE:
                break
        if sum(len(name) + len(value) for name, value in request.headers.raw) > LARGEST_HEADERS:
            raise _for(
                self._operation.api,
                ApiError(431, f"request headers are larger than {LARGEST_HEADERS} bytes"),
            )
        if size > limit:
            raise _for(self._operation.api, ApiError(413, f"request body is larger than {limit} bytes"))
        return b"".join(chunks)

    def _spoiled_before(self, request: Request, kinds: dict[FaultKind, Strike]) -> _Result | None:
        place = self._object(request.path_params)
        for kind in _ERRORS_BEFORE:
            if kind in kinds:
                reply = _error_reply(self._operation.api, _injected(kinds[kind]))
                return _Result(reply, self._name(request), Effect.NONE, place)
        if FaultKind.CUT_BEFORE_EFFECT in kinds:
            return _Result(Reply(0), self._name(request), Effect.NONE, place)
        return None

    def _name(self, request: Request) -> str:
        try:
            return caller(request, self._operation.api, self._setting.tokens)
        except ApiError:
            return ANONYMOUS

    def _run(self, request: Request, body: bytes, kinds: dict[FaultKind, Strike]) -> _Result:
        setting, operation = self._setting, self._operation
        place = self._object(request.path_params)
        who = ANONYMOUS
        stale = kinds.get(FaultKind.STALE_LIST)
        store = stale.snapshot if stale and stale.snapshot else setting.store
        try:
            with setting.store.lock:
                call = self._call(request, body)
                slow = kinds.get(FaultKind.SLOW_KEY_AUTHORIZATION)
                call.key_delay = slow.rule.seconds if slow else 0.0
                who = self._prepare(request, call)
                with store.transaction() as state:
                    call.state = state
                    reply = operation.run(call)
                    effect, place = _effect(state, operation.collection, place)
        except ApiError as error:
            return _Result(_error_reply(operation.api, error), who, Effect.NONE, place)
        return _Result(reply, who, effect, place)

    def _call(self, request: Request, body: bytes) -> Call:
        return Call(
            state=Transaction(self._setting.store),
            path={name: unquote(value) for name, value in request.path_params.items()},
            query=request.query_params.multi_items(),
            body=body,
            content_type=request.headers.get("content-type", ""),
            now=self._setting.clock.now(),
            choices=self._setting.choices,
        )

    def _prepare(self, request: Request, call: Call) -> str:
        """Check identity and parameters in the order of the API; return who calls."""
        operation, tokens = self._operation, self._setting.tokens
        identity_first = operation.api is Api.V1 or tokens is not None
        if operation.accept and not identity_first:
            call.payload = operation.accept(call)
        if operation.identity is Identity.REQUIRED:
            call.actor = caller(request, operation.api, tokens)
        if operation.accept and identity_first:
            call.payload = operation.accept(call)
        if operation.api is Api.V1:
            self._setting.open_v1(call)
        return call.actor or ANONYMOUS

    def _object(self, parameters: dict[str, Any]) -> str:
        return "/".join((self._operation.collection, *(unquote(value) for value in parameters.values())))

    def _log(self, request: Request, result: _Result, status: int, kinds: dict[FaultKind, Strike]) -> None:
        self._setting.log.append(
            time=microseconds(self._setting.clock.now()),
            who=result.who,
            verb=request.method,
            path=request.url.path,
            query=request.url.query,
            object=result.object,
            status=status,
            effect=result.effect,
            faults=tuple(kinds),
        )


def _effect(state: Transaction, collection: str, place: str) -> tuple[Effect, str]:
    writes = sorted(state.writes, key=lambda write: write.collection.name != collection)
    if not writes:
        return Effect.NONE, place
    first = writes[0]
    named = "/".join((first.collection.name, *first.key))
    if first.before is None:
        return Effect.CREATED, named
    return (Effect.DELETED if first.after is None else Effect.UPDATED), named


def _injected(strike: Strike) -> ApiError:
    rule = strike.rule
    headers = {} if rule.retry_after is None else {"Retry-After": f"{rule.retry_after:g}"}
    return ApiError(rule.answer_status, "injected by a fault rule", headers=headers)


def _spoiled_after(api: Api, reply: Reply, kinds: dict[FaultKind, Strike]) -> Reply:
    if FaultKind.ERROR_AFTER_EFFECT in kinds:
        return _error_reply(api, _injected(kinds[FaultKind.ERROR_AFTER_EFFECT]))
    partial = kinds.get(FaultKind.PARTIAL_LIST)
    if partial is None or reply.status != 200:
        return reply
    if isinstance(reply.document, list):
        return replace(reply, document=_thinned(reply.document, partial))
    # A page that hides items looks complete: without a token nobody asks for more.
    return replace(reply, document={"items": _thinned(reply.document["items"], partial)})


def _thinned(items: list[Any], strike: Strike) -> list[Any]:
    missing = max(1, round(len(items) * strike.rule.share)) if items else 0
    gone = set(strike.chance.sample(range(len(items)), missing))
    return [item for number, item in enumerate(items) if number not in gone]


def _response(reply: Reply, kind: type[Response]) -> Response:
    if reply.document is None:
        return kind(status_code=reply.status, headers=dict(reply.headers))
    if isinstance(reply.document, str):
        return PlainTextResponse(reply.document, reply.status, dict(reply.headers))
    return kind(encode(reply.document), reply.status, dict(reply.headers), media_type="application/json")


def _error_reply(api: Api, error: ApiError) -> Reply:
    prefix = "API" if api is Api.V1 else "HTTP"
    document: dict[str, Any] = {"error": error.code or f"{prefix}-{error.status}", "message": error.message}
    if error.details is not None:
        document["details"] = dict(error.details)
    return Reply(error.status, document, error.headers)


class _DressedError(ApiError):
    """An ApiError that left its operation, with the API whose body it wears."""

    api: Api = Api.V2


def _for(api: Api, error: ApiError) -> _DressedError:
    dressed = _DressedError(
        error.status, error.message, details=error.details, code=error.code, headers=error.headers
    )
    dressed.api = api
    return dressed


def _api_of(path: str) -> Api:
    parts = path.split("/")
    return Api.V1 if parts[1:2] == ["orgs"] and len(parts) > 3 and parts[3] in _V1_PREFIXES else Api.V2


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    api = error.api if isinstance(error, _DressedError) else Api.V2
    return _response(_error_reply(api, error), Response)


async def _no_route(request: Request, error: Exception) -> Response:
    """Answer where no operation is: 404 or 405 in v1, always 404 in v2 (v2 section 3.1)."""
    assert isinstance(error, HTTPException)
    api = _api_of(request.url.path)
    wrong_verb = error.status_code == 405
    if api is Api.V1:
        refusal = ApiError(error.status_code, "method not allowed" if wrong_verb else "path not found")
    else:
        refusal = ApiError(404, "method not allowed" if wrong_verb else "no matching operation was found")
    return _response(_error_reply(api, refusal), Response)


async def _unforeseen(request: Request, _: Exception) -> Response:
    return _response(_error_reply(_api_of(request.url.path), ApiError(500, "Unexpected error")), Response)
