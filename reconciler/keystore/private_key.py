"""Facts about a private key from its PEM text. The key itself is never returned, logged or part of a message."""

import hashlib
import math

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from reconciler.model.cluster_state import PrivateKey

MAX_BYTES = 65_536
_LABELS = (
    b"-----BEGIN PRIVATE KEY-----",
    b"-----BEGIN RSA PRIVATE KEY-----",
    b"-----BEGIN EC PRIVATE KEY-----",
)
_ENCRYPTED = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")


def inspect_private_key(content: bytes) -> PrivateKey | None:
    """Facts about the first private key in PEM text; None if there is none that can be read.

    The fingerprint is that of the public half (v1 reference 3.4). A key with a passphrase cannot be read further.
    """
    if len(content) > MAX_BYTES:
        return None
    if any(label in content for label in _ENCRYPTED):
        return PrivateKey("", "", 0, is_encrypted=True)
    if not any(label in content for label in _LABELS):
        return None
    try:
        # Testing the primes of 4096 bits takes a third of a second for each key, and nothing is signed here.
        key = load_pem_private_key(content, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if isinstance(key, rsa.RSAPrivateKey) and not _is_consistent(key.private_numbers()):
        return None
    public = key.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PrivateKey(
        hashlib.sha256(der).hexdigest(),
        _algorithm(key),
        key.key_size if isinstance(key, rsa.RSAPrivateKey) else 0,
        public_pem=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


def _is_consistent(numbers: rsa.RSAPrivateNumbers) -> bool:
    """True if the numbers belong together (RFC 8017, section 3.2): a damaged file is no key."""
    p, q = numbers.p, numbers.q
    return (
        min(p, q) > 1
        and p * q == numbers.public_numbers.n
        and numbers.d * numbers.public_numbers.e % math.lcm(p - 1, q - 1) == 1
        and (numbers.dmp1, numbers.dmq1) == (numbers.d % (p - 1), numbers.d % (q - 1))
        and numbers.iqmp * q % p == 1
    )


def _algorithm(key: PrivateKeyTypes) -> str:
    match key:
        case rsa.RSAPrivateKey():
            return "RSA"
        case ed25519.Ed25519PrivateKey():
            return "Ed25519"
        case _:
            return type(key).__name__.lstrip("_").removesuffix("PrivateKey")
