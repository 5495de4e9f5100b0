"""What the Kubernetes client sends its requests through: guarded, bounded, and with errors of our own.

It takes the place of `ApiClient.rest_client`. Nothing is logged and no redirect is followed. The client's own errors
contain bodies, so that none of them is ever raised: every failure is a ClusterError here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTClientObject

from reconciler.cluster.deadline import Deadline, keep_deadlines
from reconciler.cluster.failure import Refusal, failure
from reconciler.cluster.opening import headers as headers_of
from reconciler.cluster.request import Permit, Request, check
from reconciler.cluster.retry import Retry
from reconciler.cluster.unreachable import NO_API_SERVER, SERVER, TRUST, late, unreachable
from reconciler.errors import ClusterAccessError, ClusterError, ClusterLostAnswerError
from reconciler.model.json import JsonObject
from reconciler.model.secret import Secret

MOST_BYTES = 16_777_216
"""Limit on an answer: a page of 500 Deployments with their `managedFields` has about five megabytes."""
MOST_TEXT_BYTES = 262_144
"""Limit on a log; what follows is left out."""
PLAIN = "text/plain, */*"
"""The `Accept` of answers that are text, which are cut and not refused where they are too large."""
_MOST_REFUSAL_BYTES = 1_048_576
_CHUNK_BYTES = 65_536
_NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.LocationValueError,
)


class TooLargeAnswerError(ClusterError):
    """The answer exceeds the limit; a smaller page may not."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of an answer: an object, or text where that was asked for, and its size on the wire.

    `date` is the header, the time by the server's clock.
    """

    body: JsonObject
    text: str
    bytes: int
    date: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with success, in the form that the client expects of its transport."""

    status: int
    response: Content


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request may take, in seconds: to connect, and as a whole. Trials and reviews count as changes."""

    connect_s: float = 5.0
    read_s: float = 30.0
    change_s: float = 65.0
    """The server itself ends a request after a minute (kube-apiserver, `--request-timeout`)."""


class Transport:
    """Requests to one API server; thread-safe."""

    def __init__(self, configuration: Configuration, permit: Permit, *, limits: Limits, retry: Retry) -> None:
        self._configuration = configuration
        self._permit = permit
        self._limits = limits
        self._retry = retry
        self._pool = RESTClientObject(configuration)
        keep_deadlines(self._pool.pool_manager)
        self._lock = Lock()
        self.requests = 0
        """Requests that were handed to the network, attempts included."""

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        post_params: object = None,  # noqa: ARG002  the client's signature
        _request_timeout: object = None,
    ) -> Answer:
        """Send one request. Raises ClusterError, and ReadOnlyError for what is not permitted."""
        request = Request(method, url, body)
        check(request, self._permit)
        return self._retry.call(lambda: self._once(request, headers or {}, body))

    def _once(self, request: Request, given: Mapping[str, str], body: object) -> Answer:
        sent = headers_of(self._configuration)
        sent |= {name: given[name] for name in ("Accept", "Content-Type") if name in given}
        limit_s = self._limits.read_s if request.method == "GET" else self._limits.change_s
        with Deadline(limit_s) as deadline:
            response = self._response(request, sent, body, deadline)
            try:
                if not 200 <= response.status < 300:
                    raise self._failure(request, response, sent)
                return Answer(response.status, self._content(request, response, sent["Accept"], deadline))
            finally:
                response.close()

    def _response(
        self, request: Request, headers: dict[str, str], body: object, deadline: Deadline
    ) -> urllib3.BaseHTTPResponse:
        with self._lock:
            self.requests += 1
        timeouts = tuple(deadline.timeout(limit) for limit in (self._limits.connect_s, self._limits.change_s))
        try:
            found: Any = self._pool.request(
                request.method, request.url, headers=headers, body=body, _request_timeout=timeouts
            )
        except ApiException as error:
            # The library reports every TLS error so; only a refused certificate certainly precedes the request.
            if request.changes and "CERTIFICATE_VERIFY_FAILED" not in str(error.reason):
                raise _lost(request, "the connection broke") from None
            refused = ClusterAccessError("the API server's certificate is not accepted", advice=TRUST)
            raise (late() if deadline.has_passed else refused) from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            words = late() if deadline.has_passed else unreachable(error)
            if request.changes and not _was_never_sent(error):
                raise _lost(request, str(words)) from None
            raise words from None
        response: urllib3.BaseHTTPResponse = found.response
        return response

    def _content(
        self, request: Request, response: urllib3.BaseHTTPResponse, accepted: str, deadline: Deadline
    ) -> Content:
        is_text = accepted == PLAIN
        try:
            read = self._read(response, MOST_TEXT_BYTES if is_text else MOST_BYTES, cuts=is_text)
            if deadline.has_passed:
                raise late()  # what was read may be a part
            if is_text:
                return Content({}, read.decode("utf-8", "replace"), len(read))
            return Content(_object(read), "", len(read), response.headers.get("Date", ""))
        except (urllib3.exceptions.HTTPError, OSError, ClusterError) as error:
            words = late() if deadline.has_passed else _as_cluster_error(error)
            if request.changes:
                raise _lost(request, str(words)) from None
            raise words from None

    def _failure(
        self, request: Request, response: urllib3.BaseHTTPResponse, sent: Mapping[str, str]
    ) -> ClusterError:
        try:
            body = _object(self._read(response, _MOST_REFUSAL_BYTES, cuts=True))
        except (urllib3.exceptions.HTTPError, OSError, ClusterError):
            body = {}  # the status says enough
        token = sent.get("Authorization", "").partition(" ")[2]
        hidden = (Secret(token),) if token else ()
        return failure(Refusal(request, response.status, body, response.headers.get("Retry-After"), hidden))

    @staticmethod
    def _read(response: urllib3.BaseHTTPResponse, limit: int, *, cuts: bool) -> bytes:
        parts: list[bytes] = []
        size = 0
        # read1 returns what has arrived, so that a body is never read much beyond the limit.
        while part := response.read1(_CHUNK_BYTES, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > limit:
                if cuts:
                    break
                raise TooLargeAnswerError(f"the API server's answer is larger than {limit} bytes")
        return b"".join(parts)[:limit]


def _as_cluster_error(error: Exception) -> ClusterError:
    return error if isinstance(error, ClusterError) else unreachable(error)


def _was_never_sent(error: Exception) -> bool:
    cause = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error
    return isinstance(cause, _NEVER_SENT)


def _lost(request: Request, words: str) -> ClusterLostAnswerError:
    return ClusterLostAnswerError(f"{request}: sent, but the answer was lost: {words}")


def _object(content: bytes) -> JsonObject:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ClusterError(NO_API_SERVER, advice=SERVER)
    return found
