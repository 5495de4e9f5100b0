"""What a client is allowed to send, and what it has sent.

A read-only command gets a client whose transport refuses to write (design decision 4.2), so that
no bug in its callers can change anything. The transports here wrap the one that sends;
`reconciler.orchestrator.client` stacks them.
"""

import os
import ssl
import threading
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import httpcore
import httpx

from reconciler.errors import OrchestratorError, ReadOnlyError
from reconciler.orchestrator.deadline import DeadlineBackend

SAFE_VERBS = frozenset(("GET", "HEAD"))
"""Verbs that change nothing (RFC 9110, section 9.2.1) and that this client uses."""


class Access(StrEnum):
    """What the command that owns a client is allowed to do."""

    READ_ONLY = "read-only"
    READ_WRITE = "read-write"


class ReadOnlyTransport(httpx.BaseTransport):
    """Raises ReadOnlyError for every verb except GET and HEAD, before anything is sent."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on requests that only read."""
        if request.method not in SAFE_VERBS:
            raise ReadOnlyError(
                f"{request.method} {request.url.path}: refused, this command is read-only; nothing was sent"
            )
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the wrapped transport."""
        self._inner.close()


class Tally:
    """Requests sent, by verb; thread-safe."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, verb: str) -> None:
        """Count one request."""
        with self._lock:
            self._counts[verb] += 1

    def by_verb(self) -> Mapping[str, int]:
        """A copy of the counts, sorted by verb."""
        with self._lock:
            return dict(sorted(self._counts.items()))


class TalliedTransport(httpx.BaseTransport):
    """Counts every request handed to the network, including retries."""

    def __init__(self, inner: httpx.BaseTransport, tally: Tally) -> None:
        self._inner = inner
        self._tally = tally

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Count the request and pass it on."""
        self._tally.add(request.method)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the wrapped transport."""
        self._inner.close()


class EnvironmentTransport(httpx.BaseTransport):
    """Sends to one address, with the proxy and the certificates from the environment.

    httpx ignores the proxy variables if a client has its own transport, and a second client behind
    the first would do all work for a request twice. `certificates` can be shared, because loading them
    takes 25 ms. Raises OrchestratorError for a proxy that cannot be used.
    """

    def __init__(self, url: str, *, connections: int, certificates: ssl.SSLContext | None = None) -> None:
        self._transport = _DeadlineTransport(
            proxy_of(url, getproxies_environment()),
            connections=connections,
            certificates=certificates or httpx.create_ssl_context(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request as it is, and return the answer without reading its body."""
        return self._transport.handle_request(request)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


class _DeadlineTransport(httpx.HTTPTransport):
    """The transport of httpx with connections that keep the deadlines of requests."""

    def __init__(self, proxy: str | None, *, connections: int, certificates: ssl.SSLContext) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        super().__init__(verify=certificates, limits=limits, proxy=proxy)
        # httpx has no argument for the backend of httpcore, so the pool is the one that httpx makes, with a backend.
        if proxy is None:
            self._pool = httpcore.ConnectionPool(
                ssl_context=certificates,
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=limits.keepalive_expiry,
                network_backend=DeadlineBackend(),
            )
        elif (through := httpx.Proxy(proxy)).url.scheme in ("http", "https"):
            self._pool = httpcore.HTTPProxy(
                str(through.url),
                proxy_auth=through.raw_auth,
                proxy_headers=through.headers.raw,
                ssl_context=certificates,
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=limits.keepalive_expiry,
                network_backend=DeadlineBackend(),
            )


def proxy_of(url: str, proxies: Mapping[str, str]) -> str | None:
    """Proxy for an address according to variables such as `https_proxy`; None for a direct connection.

    `proxies` maps schemes to addresses, as read by `urllib.request.getproxies_environment`. `no_proxy` contains
    hosts, domains (including their subdomains), or `*`. Raises OrchestratorError for a proxy that is not an address of
    HTTP; the message does not quote it, because it can contain a password.

    >>> proxy_of("https://api.example", {"all": "proxy.example:3128", "no": "localhost,.internal"})
    'http://proxy.example:3128'
    >>> proxy_of("https://api.internal", {"https": "http://proxy.example", "no": "localhost,.internal"})
    """
    parts = urlsplit(url)
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or proxy_bypass(parts.netloc.rpartition("@")[2], dict(proxies)):
        return None
    proxy = found if "://" in found else f"http://{found}"
    if not _is_of_http(proxy):
        name = f"{parts.scheme if proxies.get(parts.scheme) else 'all'}_proxy".upper()
        what = (
            f"the proxy in {name} cannot be used: it is not of the form http://HOST:PORT or https://HOST:PORT"
        )
        raise OrchestratorError(
            what, advice=f"correct {name}, or list the host in NO_PROXY; SOCKS is not supported", cause=what
        )
    return proxy


def _is_of_http(proxy: str) -> bool:
    try:
        httpx.URL(proxy)
        parts: SplitResult = urlsplit(proxy)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        return False


def trusted_certificates(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Certificates of the authorities to trust, as chosen by the environment that httpx and OpenSSL read.

    Raises OrchestratorError that names the variable at fault.
    """
    chosen = environment.get("SSL_CERT_FILE", "")
    # Reading from a pipe or a device could block forever.
    if chosen and not Path(chosen).is_file():
        raise _unusable("SSL_CERT_FILE", "is not a file that can be read")
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        log = environment.get("SSLKEYLOGFILE", "")
        if log and error.filename == log:
            raise _unusable("SSLKEYLOGFILE", f"cannot be written: {error.strerror}") from error
        if isinstance(error, ssl.SSLError):
            raise _unusable("SSL_CERT_FILE", "has no certificate in PEM") from error
        raise _unusable("SSL_CERT_FILE", f"cannot be read: {error.strerror}") from error


def _unusable(variable: str, what: str) -> OrchestratorError:
    message = f"the file named by the environment variable {variable} {what}"
    return OrchestratorError(message, advice=f"correct {variable}, or unset it", cause=message)
