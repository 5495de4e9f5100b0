"""New key pairs, and the one place where a private half is written to a file."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from reconciler.errors import KeyStoreError, UsageError
from reconciler.keystore.private_key import MAX_BYTES, inspect_private_key
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.key import Algorithm, PublicKey
from reconciler.model.secret import Secret

_EXPONENT = 65_537


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair in memory. `private` is PEM in PKCS#8, without a passphrase, as OpenSSL 3 writes it."""

    private: Secret
    public: PublicKey


def generated(algorithm: Algorithm, bits: int = 4096) -> KeyPair:
    """A new pair; `bits` is the size of an RSA key."""
    key = (
        rsa.generate_private_key(_EXPONENT, bits)
        if algorithm is Algorithm.RSA
        else ed25519.Ed25519PrivateKey.generate()
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return KeyPair(Secret(private), inspect_public_key(public))


def write_private_key(path: Path, pair: KeyPair) -> None:
    """Write the private half to a new file that only its owner can read, and read its public half back.

    Nothing is left of a file that could not be written as a whole. Raises UsageError for a place that cannot be used,
    and KeyStoreError if it does not read back.
    """
    text = pair.private.reveal()
    assert isinstance(text, str)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise UsageError(
            f"{path} already exists and was not changed", advice="name a file that does not exist yet"
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            os.fchmod(stream.fileno(), 0o600)  # whatever the umask takes away
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        found = inspect_private_key(path.read_bytes()[: MAX_BYTES + 1])
    except OSError as error:
        _remove(path)
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    except BaseException:
        _remove(path)
        raise
    if found is None or found.fingerprint != pair.public.fingerprint:
        _remove(path)
        raise KeyStoreError(f"{path} does not read back as it was written")


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
