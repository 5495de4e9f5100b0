"""Execution of one operation: limits, identity, faults, one transaction, one log entry, a response.

Independent of what the operation does. Called by the routes of `application`.
"""

from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from reconciler.emulator.exchange import Api, Call, Identity, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.fault_effects import ERRORS_BEFORE, injected, spoiled
from reconciler.emulator.faults import KEY_FAULTS, LIST_FAULTS, PAGE_FAULTS, REQUEST_FAULTS, FaultKind, Strike
from reconciler.emulator.polls import WaitingPoll
from reconciler.emulator.request_log import Effect
from reconciler.emulator.setting import Setting
from reconciler.emulator.store import Transaction
from reconciler.emulator.v1.opening import open_at_first_use
from reconciler.emulator.web.answer import error_reply, response
from reconciler.emulator.web.caller import ANONYMOUS, caller, refuse_writing
from reconciler.emulator.web.doors import CutResponse, TruncatedResponse, pause, wait

LARGEST_HEADERS = 32_768
"""Bytes of all request headers; below the limit of the HTTP server, so that both doors agree."""

_PATIENCE = 8
"""Multiple of the largest body that is read before the connection is closed."""


@dataclass
class _Result:
    """Result of a request: its reply, the caller, its effect on the state, and the object affected."""

    reply: Reply
    who: str
    effect: Effect
    place: str


class Endpoint:
    """Execution of one operation."""

    def __init__(self, setting: Setting, operation: Operation) -> None:
        self._setting = setting
        self._operation = operation
        self._possible = _possible_faults(operation)

    async def answer(self, request: Request) -> Response:
        """Read, run and log one request, and send its response."""
        operation = self._operation
        strikes = self._setting.faults.strikes(operation.verb, raw_path(request), self._possible)
        try:
            body = await self._body(request)
        except ClientDisconnect:
            self._log(request, self._unanswered(request), 0, strikes)
            return Response()
        except ApiError as error:
            result = self._refused(request, error)
        else:
            result = self._spoiled_before(request, strikes) or self._run(request, body, strikes)
        if result.reply.waiting:
            result.reply = await self._awaited(request, result.reply.waiting)
        result.reply = spoiled(request, operation.api, result.reply, strikes)
        cut = FaultKind.CUT_BEFORE_EFFECT in strikes or FaultKind.CUT_AFTER_EFFECT in strikes
        self._log(request, result, 0 if cut else result.reply.status, strikes)
        if FaultKind.DELAY in strikes:
            await pause(request.scope, request.receive, strikes[FaultKind.DELAY].rule.seconds)
        if cut:
            return CutResponse()
        return response(result.reply, TruncatedResponse if FaultKind.TRUNCATED_BODY in strikes else Response)

    async def _awaited(self, request: Request, poll: WaitingPoll) -> Reply:
        """The message for an agent's poll, or 204 if there is none."""
        try:
            await wait(request.scope, request.receive, poll.outcome, self._setting.choices.poll_seconds)
        finally:
            message = self._setting.polls.leave(poll)
        return Reply(204) if message is None else Reply(200, message)

    async def _body(self, request: Request) -> bytes:
        """The body; a body that is too large is read on and discarded, up to a limit.

        A client that is still sending would not see an earlier response.
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

    def _spoiled_before(self, request: Request, strikes: dict[FaultKind, Strike]) -> _Result | None:
        for kind in ERRORS_BEFORE:
            if kind in strikes:
                return self._refused(request, injected(strikes[kind]))
        return self._unanswered(request) if FaultKind.CUT_BEFORE_EFFECT in strikes else None

    def _refused(self, request: Request, error: ApiError) -> _Result:
        reply = error_reply(self._operation.api, error)
        return _Result(reply, self._name(request), Effect.NONE, self._place(request))

    def _unanswered(self, request: Request) -> _Result:
        return _Result(Reply(0), self._name(request), Effect.NONE, self._place(request))

    def _name(self, request: Request) -> str:
        try:
            return caller(request, self._operation.api, self._setting.tokens)
        except ApiError:
            return ANONYMOUS

    def _run(self, request: Request, body: bytes, strikes: dict[FaultKind, Strike]) -> _Result:
        setting, operation = self._setting, self._operation
        stale = strikes.get(FaultKind.STALE_LIST)
        store = stale.snapshot if stale and stale.snapshot else setting.store
        try:
            with setting.store.lock:
                call = self._call(request, body)
                slow = strikes.get(FaultKind.SLOW_KEY_AUTHORIZATION)
                call.key_delay = slow.rule.seconds if slow else 0.0
                who = self._prepare(request, call)
                with store.transaction() as state:
                    call.state = state
                    reply = operation.run(call)
                    effect, place = _effect(state, operation.collection) or (
                        Effect.NONE,
                        self._place(request),
                    )
        except ApiError as error:
            return self._refused(request, error)
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
        """Check identity and parameters in the order of the API; return the caller."""
        operation, tokens = self._operation, self._setting.tokens
        identity_first = operation.api is Api.V1 or tokens is not None
        if operation.accept and not identity_first:
            call.payload = operation.accept(call)
        if operation.identity is Identity.REQUIRED:
            call.actor = caller(request, operation.api, tokens)
        if operation.accept and identity_first:
            call.payload = operation.accept(call)
        if call.actor in self._setting.read_only:
            refuse_writing(operation, call)
        if operation.api is Api.V1:
            open_at_first_use(call, self._setting)
        return call.actor or ANONYMOUS

    def _place(self, request: Request) -> str:
        """The name of the object that a path refers to."""
        return "/".join((self._operation.collection, *map(unquote, request.path_params.values())))

    def _log(self, request: Request, result: _Result, status: int, strikes: dict[FaultKind, Strike]) -> None:
        self._setting.log.append(
            who=result.who,
            verb=request.method,
            path=raw_path(request),
            query=raw_query(request),
            place=result.place,
            status=status,
            effect=result.effect,
            faults=strikes,
        )


@cache
def _possible_faults(operation: Operation) -> frozenset[FaultKind]:
    possible = REQUEST_FAULTS
    if operation.lists:
        # Only v2 names the next page in the body of a list.
        possible |= LIST_FAULTS | PAGE_FAULTS if operation.api is Api.V2 else LIST_FAULTS
    return possible | KEY_FAULTS if operation.registers_key else possible


def _effect(state: Transaction, collection: str) -> tuple[Effect, str] | None:
    """A transaction's effect and the object affected; one of `collection` if it wrote any."""
    writes = sorted(state.writes, key=lambda write: write.collection.name != collection)
    if not writes:
        return None
    first = writes[0]
    named = "/".join((first.collection.name, *first.key))
    if first.before is None:
        return Effect.CREATED, named
    return (Effect.DELETED if first.after is None else Effect.UPDATED), named


def raw_path(request: Request) -> str:
    """The path as it was sent."""
    # Not from `request.url`, which fails for invalid host headers.
    return str(request.scope["path"])


def raw_query(request: Request) -> str:
    """The query as it was sent, without its question mark."""
    return bytes(request.scope["query_string"]).decode("latin-1")
