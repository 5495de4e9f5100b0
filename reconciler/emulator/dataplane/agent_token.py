"""The token that an agent of the first generation signs (v2 section 9.2).

Only the signature and, if present, the times are checked: claims are not compared
with the path. The service behaves the same way.
"""

from datetime import datetime
from typing import Any

import jwt

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2.collections import RUNNERS
from reconciler.emulator.wire import is_number

_ALGORITHM = "EdDSA"
_SCHEMES = ("JWT", "Bearer")
_AGENT = "kubernetes-agent"
_REFUSED = "failed to validate JWT token"

_ONLY_THE_SIGNATURE: Any = {
    "verify_signature": True,
    # Times are compared below, with the emulator's clock.
    **dict.fromkeys(
        ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub", "verify_jti"),
        False,
    ),
}


def authenticate_agent(call: Call) -> None:
    """Accept only a holder of the current key of the runner in the path: otherwise 401."""
    token = _token(call.headers.get("authorization"))
    if _header(token).get("alg") != _ALGORITHM:
        raise ApiError(401, _REFUSED)
    runner = call.state.get(RUNNERS, call.organization, call.path["runner"])
    if runner is None:
        raise ApiError(401, f"{_REFUSED}: runner not found")
    configuration = runner["runner_configuration"]
    if configuration["type"] != _AGENT:
        kinds = f"unexpected runner type {configuration['type']} expected runner type is {_AGENT}"
        raise ApiError(401, f"{_REFUSED}: {kinds}")
    claims = _claims(token, configuration["key"])
    if not _is_timely(claims, call.now):
        raise ApiError(401, _REFUSED)
    call.actor = f"agent of {call.path['runner']}"


def _token(header: str | None) -> str:
    if header is None:
        raise ApiError(401, "missing Authorization header")
    parts = header.split(" ")
    if len(parts) != 2 or parts[0] not in _SCHEMES or not parts[1]:
        raise ApiError(401, "invalid Authorization header")
    return parts[1]


def _header(token: str) -> dict[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise ApiError(401, _REFUSED) from error


def _claims(token: str, key: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=[_ALGORITHM], options=_ONLY_THE_SIGNATURE)
    except jwt.InvalidTokenError as error:
        raise ApiError(401, _REFUSED) from error


def _is_timely(claims: dict[str, Any], now: datetime) -> bool:
    """Whether `exp`, if present, is in the future and `nbf`, if present, is not; without skew."""
    expiry, start = claims.get("exp"), claims.get("nbf")
    moment = now.timestamp()
    if expiry is not None and not (is_number(expiry) and moment < expiry):
        return False
    return start is None or (is_number(start) and moment >= start)
