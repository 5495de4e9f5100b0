"""One operation at work: bounds, identity, faults, one transaction, one log entry, an answer.

What an operation does is none of its business. Called by the routes of `application`.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from reconciler.emulator.answer import ERRORS_BEFORE, error_reply, injected, response
from reconciler.emulator.caller import ANONYMOUS, caller, check_permission
from reconciler.emulator.clock import microseconds
from reconciler.emulator.dataplane.polls import WaitingPoll
from reconciler.emulator.doors import CutResponse, TruncatedResponse, pause, wait
from reconciler.emulator.exchange import Api, Call, Identity, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.faults import FaultKind, Strike
from reconciler.emulator.journal import Effect
from reconciler.emulator.setting import Setting
from reconciler.emulator.spoiling import spoiled
from reconciler.emulator.store import Transaction

LARGEST_HEADERS = 32_768
"""Bytes of all request headers; below what the HTTP server itself refuses, so both doors agree."""

_PATIENCE = 8
"""How many times the largest body is read before the connection is given up."""


@dataclass
class _Result:
    """What an operation came to: its reply, who asked, and what it wrote."""

    reply: Reply
    who: str
    effect: Effect
    object: str


class Endpoint:
    """One operation at work."""

    def __init__(self, setting: Setting, operation: Operation) -> None:
        self._setting = setting
        self._operation = operation

    async def answer(self, request: Request) -> Response:
        """Read, run, log and answer one request."""
        operation = self._operation
        strikes = self._setting.faults.strikes(
            operation.verb,
            raw_path(request),
            lists=operation.lists,
            registers_key=operation.registers_key,
            pages=operation.lists and operation.api is Api.V2,
        )
        kinds = {strike.rule.kind: strike for strike in strikes}
        place = self._object(request.path_params)
        try:
            body = await self._body(request)
        except ClientDisconnect:
            self._log(request, _Result(Reply(0), self._name(request), Effect.NONE, place), 0, kinds)
            return Response()
        except ApiError as error:
            result = _Result(error_reply(operation.api, error), self._name(request), Effect.NONE, place)
        else:
            result = self._spoiled_before(request, kinds) or self._run(request, body, kinds)
        if result.reply.waiting:
            result.reply = await self._awaited(request, result.reply.waiting)
        result.reply = spoiled(request, operation.api, result.reply, kinds)
        cut = FaultKind.CUT_BEFORE_EFFECT in kinds or FaultKind.CUT_AFTER_EFFECT in kinds
        self._log(request, result, 0 if cut else result.reply.status, kinds)
        if FaultKind.DELAY in kinds:
            await pause(request.scope, request.receive, kinds[FaultKind.DELAY].rule.seconds)
        if cut:
            return CutResponse()
        return response(result.reply, TruncatedResponse if FaultKind.TRUNCATED_BODY in kinds else Response)

    async def _awaited(self, request: Request, poll: WaitingPoll) -> Reply:
        """Return the message that comes to an agent's poll, or 204 when none does."""
        try:
            await wait(request.scope, request.receive, poll.outcome, self._setting.choices.poll_seconds)
        finally:
            message = self._setting.polls.leave(poll)
        return Reply(204) if message is None else Reply(200, message)

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
            raise ApiError(431, f"request headers are larger than {LARGEST_HEADERS} bytes")
        if size > limit:
            raise ApiError(413, f"request body is larger than {limit} bytes")
        return b"".join(chunks)

    def _spoiled_before(self, request: Request, kinds: dict[FaultKind, Strike]) -> _Result | None:
        place = self._object(request.path_params)
        for kind in ERRORS_BEFORE:
            if kind in kinds:
                reply = error_reply(self._operation.api, injected(kinds[kind]))
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
            return _Result(error_reply(operation.api, error), self._name(request), Effect.NONE, place)
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
            headers=request.headers,
            polls=self._setting.polls,
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
        if call.actor in self._setting.read_only:
            check_permission(operation, call)
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
            path=raw_path(request),
            query=raw_query(request),
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


def raw_path(request: Request) -> str:
    """Return the path as it was sent."""
    # Not from `request.url`, which trips over host headers that are none.
    return str(request.scope["path"])


def raw_query(request: Request) -> str:
    """Return the query as it was sent, without its question mark."""
    return bytes(request.scope["query_string"]).decode("latin-1")
