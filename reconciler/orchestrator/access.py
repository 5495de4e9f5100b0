"""What a client may send, and what it has sent.

A command that only looks is handed a client whose transport refuses to write (design
decision 4.2), so that no mistake above it can change anything. The transports here wrap
the one that really sends; `reconciler.orchestrator.client` stacks them.
"""

import ssl
import threading
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import httpx

from reconciler.errors import ReadOnlyError

SAFE_VERBS = frozenset(("GET", "HEAD"))
"""Verbs that change nothing (RFC 9110, section 9.2.1) and that this client uses."""


class Access(StrEnum):
    """What the command that owns a client is allowed to do."""

    READ_ONLY = "read-only"
    READ_WRITE = "read-write"


class ReadOnlyTransport(httpx.BaseTransport):
    """Raises ReadOnlyError for every verb but GET and HEAD, before anything leaves."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on what only reads."""
        if request.method not in SAFE_VERBS:
            raise ReadOnlyError(
                f"{request.method} {request.url.path}: refused, this command only looks; nothing was sent"
            )
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close what really sends."""
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
        """Return a copy, verbs in order of the alphabet."""
        with self._lock:
            return dict(sorted(self._counts.items()))


class TalliedTransport(httpx.BaseTransport):
    """Counts every request that is handed to the network, each retry included."""

    def __init__(self, inner: httpx.BaseTransport, tally: Tally) -> None:
        self._inner = inner
        self._tally = tally

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Count and pass on."""
        self._tally.add(request.method)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close what really sends."""
        self._inner.close()


class EnvironmentTransport(httpx.BaseTransport):
    """Sends to one address, through the proxy and with the certificates that the environment names.

    httpx ignores the proxy variables for a client that was given a transport, and a second client
    behind the first would do all work of a request twice. `certificates` may be shared, since loading
    them costs 25 ms.
    """

    def __init__(self, url: str, *, connections: int, certificates: ssl.SSLContext | None = None) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._transport = httpx.HTTPTransport(
            verify=certificates or True, limits=limits, proxy=proxy_of(url, getproxies_environment())
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request as it is; the body of the answer is not read yet."""
        return self._transport.handle_request(request)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def proxy_of(url: str, proxies: Mapping[str, str]) -> str | None:
    """The proxy that variables such as `https_proxy` name for an address; None for a direct connection.

    `proxies` maps schemes to addresses, as `urllib.request.getproxies_environment` reads them. `no_proxy` holds
    hosts, domains with everything below them, or `*`.

    >>> proxy_of("https://api.example", {"all": "proxy.example:3128", "no": "localhost,.internal"})
    'http://proxy.example:3128'
    >>> proxy_of("https://api.internal", {"https": "http://proxy.example", "no": "localhost,.internal"})
    """
    parts = urlsplit(url)
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or proxy_bypass(parts.netloc.rpartition("@")[2], dict(proxies)):
        return None
    return found if "://" in found else f"http://{found}"
