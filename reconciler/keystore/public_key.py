"""Facts about a public key from its PEM text.

The caller reads the text, and rules check strength and algorithm. Messages never quote the text,
because it may be a private key by mistake.
"""

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from reconciler.errors import KeyStoreError
from reconciler.model.identity import Fingerprint
from reconciler.model.key import PublicKey

LABEL = "PUBLIC KEY"
"""The PEM label of a SubjectPublicKeyInfo (RFC 7468, section 13)."""
MAX_CHARACTERS = 32_768
"""RSA keys of 16,384 bits need less than 3,000."""

_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,40})-----")
_BODY = re.compile(r"[A-Za-z0-9+/=\s]+")
_NAMES: tuple[tuple[type, str], ...] = (
    (rsa.RSAPublicKey, "RSA"),
    (ed25519.Ed25519PublicKey, "Ed25519"),
    (ed448.Ed448PublicKey, "Ed448"),
    (x25519.X25519PublicKey, "X25519"),
    (x448.X448PublicKey, "X448"),
    (dsa.DSAPublicKey, "DSA"),
)
_CONVERT = "write it with: openssl pkey -pubin -in KEY -outform PEM, or from the private key with -pubout"


def fingerprint_of(pem: object) -> str | None:
    """Fingerprint of the key in one PEM block; None for anything else."""
    try:
        return inspect_public_key(pem).fingerprint if isinstance(pem, str) else None
    except KeyStoreError:
        return None


def inspect_public_key(pem: str) -> PublicKey:
    """Facts about the key in one PEM block.

    The body is read as SubjectPublicKeyInfo whatever the label, because the setup wizard writes
    such bytes under `RSA PUBLIC KEY` (v1 reference 3.3). The fingerprint is the SHA-256 of the
    decoded body (v1 reference 3.4).

    Raises KeyStoreError if the text is not exactly one public key.
    """
    label, der = _decode(pem)
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyStoreError(
            "the PEM block does not contain a readable public key", advice=_CONVERT
        ) from error.with_traceback(None)
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise KeyStoreError(
            "the key is not in the SubjectPublicKeyInfo format that the orchestrator requires",
            advice="convert it: openssl rsa -RSAPublicKey_in -in KEY -pubout",
        )
    return PublicKey(
        pem=pem,
        fingerprint=Fingerprint(hashlib.sha256(der).hexdigest()),
        algorithm=_algorithm(key),
        bits=key.key_size if isinstance(key, rsa.RSAPublicKey) else 0,
        label=label,
        is_mislabelled=label != LABEL,
    )


def _decode(pem: str) -> tuple[str, bytes]:
    if len(pem) > MAX_CHARACTERS:
        raise KeyStoreError(f"the text is longer than {MAX_CHARACTERS} characters, too long for a public key")
    labels = [match[1] for match in _BEGIN.finditer(pem)]
    if any(label.endswith("PRIVATE KEY") for label in labels):
        raise KeyStoreError(
            "there is a private key in place of the public key",
            advice="replace it with the public key, and treat the private key as leaked: create a new pair",
        )
    if not labels:
        raise _no_block(pem)
    if len(labels) > 1:
        raise KeyStoreError(
            f"the text contains {len(labels)} PEM blocks instead of one public key",
            advice="declare each key in a separate document",
        )
    if labels[0] == "CERTIFICATE":
        raise KeyStoreError(
            "the PEM block is a certificate, not a public key",
            advice="extract the key: openssl x509 -in CERTIFICATE -pubkey -noout",
        )
    if "\\n" in pem:
        raise KeyStoreError(
            "the PEM block contains the two characters `\\n` instead of line breaks",
            advice="use a YAML block (`|`) with real line breaks, or a double-quoted string",
        )
    before, _, rest = pem.partition(f"-----BEGIN {labels[0]}-----")
    body, end, after = rest.partition(f"-----END {labels[0]}-----")
    if not end:
        raise KeyStoreError(f"the PEM block has no closing line `-----END {labels[0]}-----`")
    if before.strip() or after.strip():
        raise KeyStoreError("there is text outside the PEM block", advice="remove everything but the block")
    if _BODY.fullmatch(body) is None:
        raise KeyStoreError("the body of the PEM block is not base64")
    try:
        return labels[0], base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error as error:
        raise KeyStoreError("the body of the PEM block is not base64") from error


def _no_block(pem: str) -> KeyStoreError:
    if pem.lstrip().startswith(("ssh-", "ecdsa-")):
        return KeyStoreError(
            "the key is in OpenSSH format, not PEM",
            advice="convert it: ssh-keygen -e -m PKCS8 -f KEY.pub",
        )
    if "PUBLIC KEY" in pem:
        return KeyStoreError("the PEM block has no valid opening line `-----BEGIN PUBLIC KEY-----`")
    return KeyStoreError("the text does not contain a PEM block", advice=_CONVERT)


def _algorithm(key: PublicKeyTypes) -> str:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    for kind, name in _NAMES:
        if isinstance(key, kind):
            return name
    return type(key).__name__.removesuffix("PublicKey").strip("_")
