"""What the Kubernetes client sends its requests through: guarded, bounded, and with errors of our own.

It takes the place of `ApiClient.rest_client`. Nothing is logged and no redirect is followed. The client's own errors
contain bodies, so that none of them is ever raised: every failure is a ClusterError here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any

import urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTClientObject

from reconciler.cluster.failure import Refusal, failure
from reconciler.cluster.opening import headers as headers_of
from reconciler.cluster.request import Permit, Request, check
from reconciler.cluster.retry import Retry
from reconciler.cluster.unreachable import NETWORK, NO_API_SERVER, SERVER, TRUST, unreachable
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


class Transport:
    """Requests to one API server; thread-safe. `timeouts` are of the connection and of the answer, in seconds."""

    def __init__(
        self, configuration: Configuration, permit: Permit, *, timeouts: tuple[float, float], retry: Retry
    ) -> None:
        self._configuration = configuration
        self._permit = permit
        self._timeouts = timeouts
        self._retry = retry
        self._pool = RESTClientObject(configuration)
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
        response = self._response(request, sent, body)
        try:
            if not 200 <= response.status < 300:
                raise self._failure(request, response, sent)
            return Answer(response.status, self._content(request, response, sent["Accept"]))
        finally:
            response.close()

    def _response(self, request: Request, headers: dict[str, str], body: object) -> urllib3.BaseHTTPResponse:
        with self._lock:
            self.requests += 1
        try:
            found: Any = self._pool.request(
                request.method, request.url, headers=headers, body=body, _request_timeout=self._timeouts
            )
        except ApiException as error:
            # The library reports every TLS error so; only a refused certificate is certain to come before the request.
            if request.changes and "CERTIFICATE_VERIFY_FAILED" not in str(error.reason):
                raise _lost(request, "the connection broke") from None
            raise ClusterAccessError("the API server's certificate is not accepted", advice=TRUST) from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if request.changes and not _was_never_sent(error):
                raise _lost(request, str(unreachable(error))) from None
            raise unreachable(error) from None
        response: urllib3.BaseHTTPResponse = found.response
        return response

    def _content(self, request: Request, response: urllib3.BaseHTTPResponse, accepted: str) -> Content:
        is_text = accepted == PLAIN
        try:
            read = self._read(response, MOST_TEXT_BYTES if is_text else MOST_BYTES, cuts=is_text)
            if is_text:
                return Content({}, read.decode("utf-8", "replace"), len(read))
            return Content(_object(read), "", len(read), response.headers.get("Date", ""))
        except (urllib3.exceptions.HTTPError, OSError, ClusterError) as error:
            words = error if isinstance(error, ClusterError) else unreachable(error)
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

    def _read(self, response: urllib3.BaseHTTPResponse, limit: int, *, cuts: bool) -> bytes:
        until = monotonic() + self._timeouts[1]
        parts: list[bytes] = []
        size = 0
        # read1 returns what has arrived, so that a server that sends a byte at a time meets the deadline.
        while part := response.read1(_CHUNK_BYTES, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > limit:
                if cuts:
                    break
                raise TooLargeAnswerError(f"the API server's answer is larger than {limit} bytes")
            if monotonic() > until:
                raise ClusterAccessError("the API server did not answer in time", advice=NETWORK)
        return b"".join(parts)[:limit]


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
