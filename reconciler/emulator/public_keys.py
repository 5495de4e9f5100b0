"""Public keys as the APIs accept them: PEM text in, DER bytes and fingerprint out.

v1 requires RSA of 4096 bits or more (v1 section 3.3) and ignores the PEM label; v2 requires
Ed25519 (v2 section 6.2). Messages never contain the text of a key.
"""

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

_PEM = re.compile(r"\s*-----BEGIN ([A-Z0-9 ]+)-----\s([A-Za-z0-9+/=\s]+)-----END \1-----\s*", re.ASCII)
_SMALLEST_RSA = 4096
"""Bits (v1 section 3.3)."""

FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)
"""Format of the fingerprints of both APIs."""


class UnacceptableKeyError(ValueError):
    """A key is not of the required kind; the text says what is wrong with it."""


def rsa_fingerprint(pem: str) -> str:
    """Fingerprint of an acceptable v1 key; UnacceptableKeyError for any other."""
    return der_fingerprint(rsa_public_key(pem))


def rsa_public_key(pem: str) -> RSAPublicKey:
    """The key in an acceptable v1 PEM text, whatever its label; UnacceptableKeyError for any other."""
    key = _subject_public_key(_der(pem))
    if not isinstance(key, RSAPublicKey):
        raise UnacceptableKeyError("public_key is not an RSA key")
    if key.key_size < _SMALLEST_RSA:
        raise UnacceptableKeyError(f"public_key has {key.key_size} bits, at least {_SMALLEST_RSA} are needed")
    return key


def der_fingerprint(key: RSAPublicKey) -> str:
    """SHA-256 of a key's SubjectPublicKeyInfo (v1 section 3.4): 64 lowercase hex digits."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def check_ed25519(pem: str) -> None:
    """Raise UnacceptableKeyError with the v2 wording unless `pem` contains an Ed25519 key."""
    try:
        der = _der(pem)
    except UnacceptableKeyError as error:
        raise UnacceptableKeyError("failed to decode PEM block containing public key") from error
    try:
        key = _subject_public_key(der)
    except UnacceptableKeyError as error:
        raise UnacceptableKeyError(f"failed to parse public key from PEM: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UnacceptableKeyError("public key is not an ed25519 key")


def _der(pem: str) -> bytes:
    match = _PEM.fullmatch(pem)
    if not match:
        raise UnacceptableKeyError("public_key is not one PEM block")
    try:
        return base64.b64decode("".join(match[2].split()), validate=True)
    except binascii.Error as error:
        raise UnacceptableKeyError("public_key is not valid base64") from error


def _subject_public_key(der: bytes) -> PublicKeyTypes:
    try:
        key = load_der_public_key(der)
        canonical = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnacceptableKeyError("not a SubjectPublicKeyInfo structure") from error
    # The loader also accepts the bare PKCS#1 form, which the service does not.
    if canonical != der:
        raise UnacceptableKeyError("not a SubjectPublicKeyInfo structure")
    return key
