"""Requests to one endpoint, with every failure as an error of `reconciler.errors`.

Invariant: a mutating request that was handed to the network is retried only after a failure that
proves that nothing was done (no connection, 429, 503 with Retry-After). Any other failure is a
LostAnswerError, and the caller reads again (design decision 4.4). Reads are retried after any
transient failure.

Messages never contain the token, a body, or more of the server's message than its first line.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote, urlsplit

import httpx

import reconciler
from reconciler.errors import (
    AbsentError,
    ConflictError,
    ConnectionPart,
    InUseError,
    LostAnswerError,
    OrchestratorError,
    RejectedError,
    UnauthorizedError,
    UnavailableError,
)
from reconciler.model.json import Json
from reconciler.model.kind import Generation
from reconciler.model.secret import Secret
from reconciler.model.wording import plural
from reconciler.orchestrator.access import SAFE_VERBS
from reconciler.orchestrator.broken import SlowAnswerError, reason, remedy
from reconciler.orchestrator.deadline import TimeoutBefore
from reconciler.orchestrator.message import error_message, missing_permissions, quoted, rematches
from reconciler.orchestrator.retry import Retry, retry_after_s
from reconciler.orchestrator.shape import ShapeError
from reconciler.orchestrator.volume import TooLargeError, Volume, decoded
from reconciler.orchestrator.waiting import Waits

T = TypeVar("T")

_LOCAL_USER = "00000000-0000-0000-0000-000000000000"
"""User for v2 if a local host is addressed without a token (v2 reference 2.1)."""
_LOCAL_HOSTS = frozenset(("localhost", "127.0.0.1"))
_TIMEOUTS = {"connect": 5.0, "read": 30.0, "write": 30.0, "pool": 30.0}
"""Of single operations, in seconds."""
_LONGEST_ANSWER_S = 120.0
"""From sending to the end of the body; a server that sends a byte from time to time meets the timeouts above."""
_SENDABLE_TOKEN = re.compile(r"[!-~]+")
"""What a header transmits unchanged: visible ASCII (RFC 9110, section 5.5)."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NO_SUCH_PATH = frozenset(("method not allowed", "no matching operation was found"))
"""Messages in a 404 of v2 that concern the address, not the object (v2 reference 3.1)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address of one of the two APIs. If `url` has a path, it is the prefix of all paths."""

    url: str
    token: Secret | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    """One request; as a string, its name in errors."""

    verb: str
    path: str
    query: Mapping[str, str]
    body: Json = field(repr=False)

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"

    @property
    def is_read(self) -> bool:
        return self.verb in SAFE_VERBS


class Channel:
    """Requests to one endpoint; thread-safe.

    `slots` limits the number of concurrent requests; a request that waits for its next attempt does not
    count. `waits` records what the channel waits for, `volume` adds up the answers. `clock` returns monotonic
    seconds. Raises OrchestratorError for a token that cannot be sent in a header.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        generation: Generation,
        *,
        transport: httpx.BaseTransport,
        slots: threading.Semaphore,
        retry: Retry,
        clock: Callable[[], float] = time.monotonic,
        waits: Waits | None = None,
        volume: Volume | None = None,
    ) -> None:
        self._waits = waits or Waits()
        self._volume = volume or Volume()
        self._prefix = endpoint.url.rstrip("/")
        self._token = endpoint.token
        self._sent: dict[Secret, None] = {}
        """Secrets in the bodies of all requests so far: a server can repeat them in any later message."""
        self._slots = slots
        self._retry = retry
        self._clock = clock
        # Not a `Client`: its cookies, redirects and authentication are not wanted, and take a third of the time.
        self._transport = transport
        self._headers = httpx.Headers(_headers(endpoint, generation))
        self._body_headers = httpx.Headers({**self._headers, "Content-Type": "application/json"})
        self._url = lru_cache(maxsize=64)(httpx.URL)

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self._prefix).netloc.rpartition("@")[2]

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def get(
        self, parts: Sequence[str], parse: Callable[[Json], T], *, query: Mapping[str, str] | None = None
    ) -> T:
        """The answer, parsed by `parse`; a ShapeError becomes an OrchestratorError."""
        request = _Request("GET", path_of(parts), query or {}, None)
        answer = self._retry.call(lambda: self._exchange(request), self._waits.on)
        try:
            return parse(answer)
        except ShapeError as error:
            raise OrchestratorError(f"{request}: the answer cannot be used: {error}") from error

    def send(
        self,
        verb: str,
        parts: Sequence[str],
        parse: Callable[[Json], T],
        *,
        body: Json,
        hidden: Sequence[Secret] = (),
    ) -> T:
        """Send a change and return the answer, parsed by `parse`.

        An answer that cannot be used is a LostAnswerError: the change was made, but its result is
        not known.
        """
        request = _Request(verb, path_of(parts), {}, body)
        self._sent.update(dict.fromkeys(hidden))
        answer = self._retry.call(lambda: self._exchange(request), self._waits.on)
        try:
            return parse(answer)
        except ShapeError as error:
            raise LostAnswerError(f"{request}: done, but the answer cannot be used: {error}") from error

    def delete(self, parts: Sequence[str], *, query: Mapping[str, str] | None = None) -> None:
        """Send a DELETE without a body. Raises AbsentError if there is nothing, InUseError if it is still in use."""
        request = _Request("DELETE", path_of(parts), query or {}, None)
        self._retry.call(lambda: self._exchange(request), self._waits.on)

    def _exchange(self, request: _Request) -> Json:
        """Send once. Raises UnavailableError exactly if sending again is safe."""
        response, content = self._answer(request)
        if not response.is_success:
            raise self._failure(request, response, content)
        if request.verb == "DELETE" and not content:
            return None
        try:
            self._volume.add(content)
            return _parsed(content)
        except TooLargeError as error:
            raise _too_large(request, error) from None
        except ValueError as error:
            raise self._broken(
                request, f"the answer is not JSON ({plural(len(content), 'byte')})", error
            ) from None

    def _answer(self, request: _Request) -> tuple[httpx.Response, bytes]:
        prepared = self._prepared(request)
        try:
            with self._slots, self._waits.on(f"for {self.host}: {request}"):
                deadline_s = self._clock() + _LONGEST_ANSWER_S
                prepared.extensions["timeout"] = {
                    name: TimeoutBefore(seconds, deadline_s, self._clock)
                    for name, seconds in _TIMEOUTS.items()
                }
                response = self._transport.handle_request(prepared)
                response.request = prepared
                try:
                    if isinstance(response.stream, httpx.SyncByteStream):
                        response.stream = _TimedStream(response.stream, deadline_s, self._clock)
                    return response, decoded(response, self._volume)
                finally:
                    response.close()
        except _NEVER_SENT as error:
            words = reason(error)
            cause = f"no connection to {self.host}: {words}"
            raise UnavailableError(
                f"{request}: {cause}", advice=remedy(words), cause=cause, part=ConnectionPart.URL
            ) from None
        except (httpx.TransportError, httpx.DecodingError, httpx.StreamError) as error:
            raise self._broken(request, reason(error), error) from None
        except TooLargeError as error:
            raise _too_large(request, error) from None

    def _prepared(self, request: _Request) -> httpx.Request:
        try:
            return httpx.Request(
                request.verb,
                self._url(self._prefix + request.path),
                params=request.query or None,
                content=None if request.body is None else _encoded(request),
                headers=self._headers if request.body is None else self._body_headers,
            )
        except httpx.InvalidURL as error:
            words = reason(error)
            raise OrchestratorError(
                f"{request}: cannot be sent: {words}",
                advice=remedy(words),
                cause=words,
                part=ConnectionPart.URL,
            ) from None

    def _broken(self, request: _Request, what: str, cause: Exception) -> OrchestratorError:
        """Error for a failure after which the server may or may not have acted."""
        if isinstance(cause, httpx.UnsupportedProtocol):
            return OrchestratorError(
                f"{request}: cannot be sent: {what}", advice=remedy(what), cause=what, part=ConnectionPart.URL
            )
        if request.is_read:
            why = f"no usable answer from {self.host}: {what}"
            if isinstance(cause, httpx.TimeoutException):
                advice = "the server or the network is slow: try again later"
                return UnavailableError(f"{request}: {what}", advice=advice, cause=why)
            return UnavailableError(
                f"{request}: {what}", advice=remedy(what), cause=why, part=ConnectionPart.URL
            )
        return LostAnswerError(f"{request}: sent, but the answer was lost: {what}")

    def _failure(self, request: _Request, response: httpx.Response, content: bytes) -> OrchestratorError:
        status = response.status_code
        try:
            body = _parsed(content)
        except ValueError:
            body = None
        secrets = (*self._sent, *((self._token,) if self._token else ()))
        request_id = quoted(response.headers.get("x-request-id", ""), secrets)
        words = quoted(error_message(body), secrets)
        message = f"{request}: {status}" + (f": {words}" if words else f" {_phrase(status)}".rstrip())
        cause = f"{self.host} answers {status}: {words or _phrase(status)}".rstrip(" :")
        hint_s = retry_after_s(response.headers.get("retry-after"), now=_server_now(response))
        refused_unread = status == 429 or (status == 503 and hint_s is not None)
        if refused_unread or (request.is_read and (status >= 500 or status == 408)):
            return UnavailableError(
                message, status=status, request_id=request_id, retry_after_s=hint_s, cause=cause
            )
        if status >= 500 or status == 408:
            return LostAnswerError(message, status=status, request_id=request_id)
        if 300 <= status < 400:
            return OrchestratorError(
                f"{request}: {status}: the server redirects to another address, to which the token is not sent",
                status=status,
                request_id=request_id,
                advice="set the url to the final address of the API",
                cause=f"{self.host} answers {status}, a redirect to another address; the token is not sent there",
                part=ConnectionPart.URL,
            )
        if status == 404:
            return _absence(message, body, cause, is_empty=not content, request_id=request_id)
        if status == 409 and request.verb == "DELETE":
            return InUseError(
                message,
                status=status,
                request_id=request_id,
                advice=_IN_USE,
                rematches=rematches(body, secrets),
            )
        error, advice = _TERMINAL.get(status, (RejectedError, ""))
        if status == 401 and self._token is None:
            advice = "no token is set: name one in the settings"
        lacking = missing_permissions(body)
        if lacking:
            advice = f"the token lacks {quoted(', '.join(lacking), secrets)}"
        part = ConnectionPart.TOKEN if status in (401, 403) else ConnectionPart.NONE
        return error(message, status=status, request_id=request_id, advice=advice, cause=cause, part=part)


_IN_USE = "remove it from the environments that use it, or deploy them without it, and apply again"
_TERMINAL: dict[int, tuple[type[OrchestratorError], str]] = {
    401: (UnauthorizedError, "check that the token is set, belongs to this installation and has not expired"),
    403: (UnauthorizedError, "the token is valid, but does not permit this"),
    407: (UnauthorizedError, "the proxy requires credentials"),
    409: (ConflictError, ""),
}


def _absence(message: str, body: Json, cause: str, *, is_empty: bool, request_id: str) -> OrchestratorError:
    """Error for a 404: AbsentError if the object does not exist, another if the address is not that of the API.

    v1 can send an error without a body (v1 reference 8). An error page of a proxy, or a message of v2
    about paths, proves nothing about the object.
    """
    explained = error_message(body)
    if is_empty or (explained and explained not in _NO_SUCH_PATH):
        return AbsentError(message, status=404, request_id=request_id, cause=cause)
    return OrchestratorError(
        f"{message}; this is not an address of the API",
        status=404,
        request_id=request_id,
        advice="correct the url: the server there is not this API, or the path is wrong",
        cause=f"{cause}; this is not an address of the API",
        part=ConnectionPart.URL,
    )


def path_of(parts: Sequence[str]) -> str:
    """Path of percent-encoded parts, so that an id can never become several parts.

    Raises RejectedError for parts that a server would remove: empty, `.` and `..`.
    """
    for part in parts:
        if part in ("", ".", ".."):
            raise RejectedError(f"{part!r} cannot be part of an address; nothing was sent")
    return "".join("/" + quote(part, safe="") for part in parts)


UNSENDABLE = "contains a space, a line break, a control character or a character that is not ASCII"
"""Follows the name of a token in a message; for a token that is not `is_sendable`."""


def is_sendable(token: Secret) -> bool:
    """True if the token can be sent in a header."""
    text = token.reveal()
    return isinstance(text, str) and _SENDABLE_TOKEN.fullmatch(text) is not None


def _headers(endpoint: Endpoint, generation: Generation) -> dict[str, str]:
    client = f"reconciler/{reconciler.__version__}"
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "keep-alive",
        "User-Agent": client,
    }
    if generation is Generation.V1:
        headers["Humanitec-User-Agent"] = f"app {client}"
    if endpoint.token is not None:
        if not is_sendable(endpoint.token):
            raise OrchestratorError(f"the token {UNSENDABLE}; nothing was sent")
        headers["Authorization"] = f"Bearer {endpoint.token.reveal()}"
    elif generation is Generation.V2 and urlsplit(endpoint.url).hostname in _LOCAL_HOSTS:
        headers["From"] = _LOCAL_USER
    return headers


class _TimedStream(httpx.SyncByteStream):
    """The raw body; raises SlowAnswerError at the first part that arrives after the deadline.

    Raw, because an answer can continue endlessly and decompress to nothing.
    """

    def __init__(self, inner: httpx.SyncByteStream, deadline_s: float, clock: Callable[[], float]) -> None:
        self._inner = inner
        self._deadline_s = deadline_s
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        for part in self._inner:
            if self._clock() > self._deadline_s:
                raise SlowAnswerError("")
            yield part

    def close(self) -> None:
        self._inner.close()


def _too_large(request: _Request, error: TooLargeError) -> OrchestratorError:
    message = f"{request}: the answer {error}"
    return OrchestratorError(message) if request.is_read else LostAnswerError(message)


def _encoded(request: _Request) -> bytes:
    """The body as JSON. Raises RejectedError for numbers that YAML has and JSON does not."""
    try:
        return json.dumps(request.body, allow_nan=False).encode()
    except ValueError:
        # Not chained: the message of the encoder may quote the value.
        raise RejectedError(
            f"{request}: the body contains a number that is not finite; nothing was sent"
        ) from None


def _parsed(content: bytes) -> Json:
    """The parsed JSON. Raises ValueError for anything else, including JSON nested too deeply for the interpreter."""
    try:
        parsed: Json = json.loads(content, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return parsed


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _server_now(response: httpx.Response) -> datetime:
    """Time of the server, to which its dates refer; the local time if the answer has no date."""
    text = response.headers.get("date", "")
    try:
        moment = datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return datetime.now(UTC)
    return moment


def _phrase(status: int) -> str:
    """Standard phrase of a status; the server can put anything in the phrase of the answer."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
