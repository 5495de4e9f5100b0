"""The signed token with which an agent authenticates to the tunnel.

**The format is specific to this emulator**: only the existence of the service's token is public
(v1 section 3.2). This one is a JWT signed with RS256. The header has exactly `alg`, `typ`
and `kid` (the fingerprint of the signing key, as in the service's operator tokens); the
claims have exactly `aud` (`agent-tunnel`), `orgs` (all organizations of the agent's
`ORGS`), `iat`, `exp` (at most `LONGEST_S` after it) and, if the agent has one,
`connection_id`. There is no agent id: a key identifies its agent.

Independent of registered keys; `tunnel` looks them up between `read` and `verify`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from reconciler.emulator.public_keys import FINGERPRINT, der_fingerprint

AUDIENCE = "agent-tunnel"
ALGORITHM = "RS256"
LONGEST_S = 300
"""Maximum validity of a token in seconds; an agent signs a new one for every attempt."""
SKEW_S = 30
"""Maximum skew of an agent's clock in seconds, in either direction."""
LARGEST_TOKEN = 8_192
"""Characters of a token; a 4096-bit signature takes 683 of them."""
MOST_ORGANIZATIONS = 50
LONGEST_NAME = 253
"""Characters of an organization or connection id: the longest name of a pod."""

_HEADER = frozenset({"alg", "typ", "kid"})
_REQUIRED = frozenset({"aud", "orgs", "iat", "exp"})


class UnacceptableTokenError(ValueError):
    """A token is invalid; the text says why, without quoting it."""


@dataclass(frozen=True)
class Claim:
    """The claims of a token before its signature is checked."""

    fingerprint: str
    organizations: tuple[str, ...]
    connection_id: str


def sign_token(
    private_key: str, organizations: Sequence[str], *, now: datetime, connection_id: str = ""
) -> str:
    """A token for one connection attempt; `private_key` is unencrypted PEM text of an RSA key.

    Raises ValueError for any other key. For agents of tests and demos.
    """
    # Unchecked because checking the numbers takes longer than everything else here, and the key is the caller's own.
    key = load_pem_private_key(private_key.encode(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("an agent's key must be an RSA key")
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "aud": AUDIENCE,
        "orgs": list(organizations),
        "iat": issued,
        "exp": issued + LONGEST_S,
    }
    if connection_id:
        claims["connection_id"] = connection_id
    return jwt.encode(claims, key, ALGORITHM, {"kid": der_fingerprint(key.public_key())})


def read(token: str) -> Claim:
    """The claims of a token; raises UnacceptableTokenError unless it has the expected format."""
    if len(token) > LARGEST_TOKEN:
        raise UnacceptableTokenError(f"the token is longer than {LARGEST_TOKEN} characters")
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise UnacceptableTokenError("the token is not a JWT") from error
    header, claims = parts["header"], parts["payload"]
    if set(header) != _HEADER or header["alg"] != ALGORITHM or header["typ"] != "JWT":
        raise UnacceptableTokenError(f"the token's header must be alg {ALGORITHM}, typ JWT and kid")
    if not isinstance(header["kid"], str) or not FINGERPRINT.fullmatch(header["kid"]):
        raise UnacceptableTokenError("the token's kid is not a fingerprint")
    if not _REQUIRED <= set(claims) <= _REQUIRED | {"connection_id"}:
        raise UnacceptableTokenError(
            "the token's claims must be aud, orgs, iat, exp and optionally connection_id"
        )
    connection_id = claims.get("connection_id", "")
    if not _is_name(connection_id) and connection_id != "":
        raise UnacceptableTokenError("the token's connection_id must be a short string")
    return Claim(header["kid"], _organizations(claims["orgs"]), connection_id)


def verify(token: str, key: RSAPublicKey, now: datetime) -> None:
    """Raise UnacceptableTokenError unless `key` signed the token and `now` is within its time."""
    # Times are compared below: the library would compare them with the wall clock.
    options: Any = {"verify_exp": False, "verify_iat": False, "strict_aud": True}
    try:
        claims = jwt.decode(token, key, [ALGORITHM], options, audience=AUDIENCE)
    except jwt.InvalidSignatureError as error:
        raise UnacceptableTokenError(
            "the token's signature was not made with the key that its kid names"
        ) from error
    except (jwt.PyJWTError, ValueError) as error:
        raise UnacceptableTokenError(f"the token's audience is not {AUDIENCE}") from error
    issued, expires, moment = claims["iat"], claims["exp"], now.timestamp()
    if type(issued) is not int or type(expires) is not int or not 0 < expires - issued <= LONGEST_S:
        raise UnacceptableTokenError(f"the token must be valid for at most {LONGEST_S} whole seconds")
    if moment < issued - SKEW_S:
        raise UnacceptableTokenError("the token is not valid yet")
    if moment >= expires + SKEW_S:
        raise UnacceptableTokenError("the token has expired")


def _organizations(value: Any) -> tuple[str, ...]:
    if (
        not isinstance(value, list)
        or not 1 <= len(value) <= MOST_ORGANIZATIONS
        or not all(_is_name(name) for name in value)
        or len(set(value)) != len(value)
    ):
        raise UnacceptableTokenError(
            f"the token's orgs must list one to {MOST_ORGANIZATIONS} different organizations"
        )
    return tuple(value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()
