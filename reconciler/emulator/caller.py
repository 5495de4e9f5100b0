"""Who calls: the two ways to say so, and the refusals (v1 section 1, v2 section 2.1).

With a table of tokens the emulator plays the public gateway and checks identity before
anything else. Without one, any token is taken, and v2 checks identity where a backend
does, after validation (v2 section 2.2).
"""

import ipaddress
import uuid
from collections.abc import Mapping

from starlette.requests import Request

from reconciler.emulator.exchange import Api
from reconciler.emulator.failure import ApiError

ANONYMOUS = "anonymous"


def caller(request: Request, api: Api, tokens: Mapping[str, str] | None) -> str:
    """Return who sends a request; raises ApiError 401.

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
        try:
            return str(uuid.UUID(sender))
        except ValueError as error:
            raise _unauthorized(api, "Unauthorized") from error
    if tokens is not None:
        raise _unauthorized(api, "Unauthorized", challenge="Cookie, Bearer")
    raise _unauthorized(api, "unauthorized")


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
