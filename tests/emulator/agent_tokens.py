"""Tokens as in-cluster agents sign them, created without the library that checks them."""

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RFC_8032_SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
"""The first private key of RFC 8032 section 7.1."""


class AgentKey:
    """A key pair of an agent, from the 32 bytes of its seed."""

    def __init__(self, seed: bytes) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.kid = hashlib.sha256(raw).hexdigest()
        self.pem = (
            self.private.public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode("ascii")
        )

    def token(self, claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None) -> str:
        """Sign the usual token of runner-one in acme, or other claims and another header."""
        usual = {
            "alg": "EdDSA",
            "kid": self.kid,
            "org_id": "acme",
            "runner_id": "runner-one",
            "typ": "JWT",
        }
        return self.signed(header or {"alg": "EdDSA", "typ": "JWT"}, usual if claims is None else claims)

    def signed(self, header: Any, claims: Any) -> str:
        """Sign any two JSON values."""
        content = f"{part(header)}.{part(claims)}"
        return f"{content}.{text(self.private.sign(content.encode()))}"


def part(value: Any) -> str:
    """A JSON value as one part of a token."""
    return text(json.dumps(value, separators=(",", ":")).encode())


def text(data: bytes) -> str:
    """Bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
