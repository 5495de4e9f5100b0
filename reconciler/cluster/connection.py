"""Read-only requests to the API server of one cluster.

Uses the configuration and the transport of the Kubernetes client, and none of its generated methods: importing those
takes longer than a whole pass. Nothing is logged, redirects are not followed, and only GET can be sent.
"""

import json
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import urllib3
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTClientObject

from reconciler.cluster.access import Access
from reconciler.cluster.deadline import Deadline, keep_deadlines
from reconciler.cluster.opening import headers, opened
from reconciler.cluster.unreachable import NO_API_SERVER, PROXY, SERVER, TRUST, late, unreachable
from reconciler.errors import ClusterAccessError, ClusterError
from reconciler.model.json import JsonObject

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
"""For a whole request, from connecting to the end of the body."""
MOST_BYTES = 4_194_304
"""Limit on a response. etcd accepts objects of 1.5 MiB, with the data of Secrets in base64."""
_CHUNK_BYTES = 65_536


class AbsentObjectError(ClusterError):
    """404."""


class ForbiddenReadError(ClusterError):
    """403."""


class Connection:
    """One cluster. Certificates that its kubeconfig contains are in a private folder as long as this object lives."""

    def __init__(
        self,
        access: Access,
        environment: Mapping[str, str],
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        """Read the credentials, without a request. Raises ClusterAccessError."""
        self._timeouts = (connect_timeout_s, read_timeout_s)
        folder = Path(tempfile.mkdtemp(prefix="reconciler-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        configuration = opened(access, environment, folder)
        self._server = configuration.host
        self._headers = headers(configuration)
        try:
            self._transport = RESTClientObject(configuration)
            keep_deadlines(self._transport.pool_manager)
        except (urllib3.exceptions.HTTPError, ValueError, OSError, ImportError):
            raise ClusterAccessError("the proxy of the cluster cannot be used", advice=PROXY) from None

    def __repr__(self) -> str:
        return f"Connection({self._server})"

    def get(self, *path: str) -> JsonObject:
        """The object at a path, given as its segments.

        Raises AbsentObjectError, ForbiddenReadError, ClusterAccessError if other reads would fail as well, and
        ClusterError for every other answer.
        """
        url = "/".join([self._server, *(quote(segment, safe="") for segment in path)])
        with Deadline(self._timeouts[1]) as deadline:
            try:
                status, content = self._answer(url, deadline)
            except ApiException:
                error = ClusterAccessError("the API server's certificate is not accepted", advice=TRUST)
                raise (late() if deadline.has_passed else error) from None
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise (late() if deadline.has_passed else unreachable(error)) from None
            if deadline.has_passed:
                raise late()
        _check_status(status)
        return _object(content)

    def _answer(self, url: str, deadline: Deadline) -> tuple[int, bytes]:
        """Status and body; no body unless the status is 200."""
        timeouts = tuple(deadline.timeout(seconds) for seconds in self._timeouts)
        response = self._transport.request(
            "GET", url, headers=dict(self._headers), _request_timeout=timeouts
        ).response
        try:
            return response.status, self._content(response) if response.status == 200 else b""
        finally:
            response.close()

    def _content(self, response: urllib3.BaseHTTPResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := response.read1(_CHUNK_BYTES, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise ClusterError(f"the API server's answer is larger than {MOST_BYTES} bytes")
        return b"".join(parts)


def _check_status(status: int) -> None:
    """Raise the error for a status other than 200."""
    if status == 200:
        return
    if status == 401:
        raise ClusterAccessError(
            "the API server does not accept the credentials (401)",
            advice="renew those of the kubeconfig's user",
        )
    if status == 403:
        raise ForbiddenReadError("the API server does not allow this read (403)")
    if status == 404:
        raise AbsentObjectError("the object does not exist (404)")
    if 300 <= status < 400:
        raise ClusterAccessError(
            f"the API server redirects ({status}), which is not followed",
            advice=SERVER,
        )
    raise ClusterError(f"the API server answers {status}", advice="try again later")


def _object(content: bytes) -> JsonObject:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ClusterError(NO_API_SERVER, advice=SERVER)
    return found
