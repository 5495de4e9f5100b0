"""Protection of paths without credentials against web pages: the control plane, and internal paths.

A page in a browser on the same machine can send requests to loopback, and after DNS rebinding
even read the responses. These paths therefore respond with 403 to requests from a page of
another origin, and to host names that somebody could have registered. Programs send neither
and are not affected.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request

from reconciler.emulator.failure import ApiError

_CLOSED_DOMAINS = (".localhost", ".local", ".internal", ".test")
"""Domains that cannot be registered publicly; names of cluster services end in `.local`."""


def refuse_foreign_pages(request: Request) -> None:
    """Raise ApiError 403 for a request that a web page of another origin could have sent."""
    host = request.headers.get("host")
    if host is not None and not _is_local(host):
        raise ApiError(403, "this path accepts only IP addresses and local names as host; check the host")
    origin = request.headers.get("origin")
    foreign = origin is not None and origin.partition("://")[2].lower() != (host or "").lower()
    # Set by browsers; pages cannot set it (Fetch Metadata, a W3C working draft).
    if foreign or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise ApiError(403, "this path does not accept requests from web pages of another origin")


def _is_local(host: str) -> bool:
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
