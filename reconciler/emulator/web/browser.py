"""Keeps web pages out of what asks for no credential: the control plane, and paths of the services' own.

A page in a browser on the same machine can send requests to loopback, and after its own
name was pointed there (DNS rebinding) even read the answers. So these paths
answer 403 to requests that a page of another origin sent, and to names that somebody
could have registered. Programs send neither header wrongly and notice nothing.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request

from reconciler.emulator.failure import ApiError

_CLOSED_DOMAINS = (".localhost", ".local", ".internal", ".test")
"""Domains that nobody can register in public; cluster services live under `.local`."""


def refuse_foreign_pages(request: Request) -> None:
    """Raise ApiError 403 for a request that a foreign web page could have sent."""
    host = request.headers.get("host")
    if host is not None and not _is_ours(host):
        raise ApiError(403, "this path answers to addresses and local names only; check the host")
    origin = request.headers.get("origin")
    foreign = origin is not None and origin.partition("://")[2].lower() != (host or "").lower()
    # Browsers set it themselves; pages cannot (Fetch Metadata, a W3C working draft).
    if foreign or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise ApiError(403, "this path takes no requests from web pages of another origin")


def _is_ours(host: str) -> bool:
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if "." not in name and ":" not in name:
        return bool(name)
    if name.endswith(_CLOSED_DOMAINS):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
