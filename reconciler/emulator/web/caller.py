"""Identity and permissions of callers (v1 section 1, v2 sections 2.1 and 2.3).

With a token table the emulator behaves like the public gateway and checks identity before
anything else. Without one, any token is accepted, and v2 checks identity where a backend
does, after validation (v2 section 2.2). Permissions come last in both cases.
"""

import ipaddress
import re
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from reconciler.emulator.exchange import Api, Call, Operation
from reconciler.emulator.failure import ApiError

ANONYMOUS = "anonymous"
"""The caller in the log if it could not be identified."""

_UUID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_PERMISSIONS = {
    "runners": "runner",
    "runner_rules": "runner_rule",
    "env_types": "environment_type",
    "projects": "project",
    "environments": "environment",
    "v2_resource_types": "resource_type",
    "module_providers": "module_provider",
    "modules": "module",
    "module_rules": "module_rule",
}
"""Collection of v2 to the stem of its permissions."""


def caller(request: Request, api: Api, tokens: Mapping[str, str] | None) -> str:
    """The sender of a request; raises ApiError 401.

    `tokens` maps known tokens to names.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() == "bearer" and token:
        if tokens is None:
            return "token-holder"
        if token in tokens:
            return tokens[token]
        raise _unauthorized(api, "Unauthorized", challenge='Cookie, Bearer error="invalid_token"')
    sender = request.headers.get("from")
    if api is Api.V2 and sender is not None and _is_loopback(request):
        if not _UUID.fullmatch(sender):
            raise _unauthorized(api, "Unauthorized")
        return str(uuid.UUID(sender))
    if tokens is not None:
        raise _unauthorized(api, "Unauthorized", challenge="Cookie, Bearer")
    raise _unauthorized(api, "unauthorized")


def refuse_writing(operation: Operation, call: Call) -> None:
    """Raise ApiError 403 unless `operation` only reads; in v2 with the missing permission."""
    if operation.verb == "GET":
        return
    details: dict[str, Any] | None = None
    stem = _PERMISSIONS.get(operation.collection)
    if operation.api is Api.V2 and stem:
        check = {"resource": f"organization:{call.organization}", "permission": f"{stem}_write"}
        details = {"failed_checks": [check]}
    raise ApiError(403, "Forbidden", details=details)


def _unauthorized(api: Api, message: str, *, challenge: str = "") -> ApiError:
    headers = {"WWW-Authenticate": challenge} if challenge and api is Api.V2 else {}
    return ApiError(401, message, headers=headers)


def _is_loopback(request: Request) -> bool:
    if request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
