"""Facts about the private keys of mounted Secrets."""

import base64
import hashlib
from dataclasses import dataclass, replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reconciler.keystore.private_key import inspect_private_key

_EXPONENT = 65537


@dataclass(frozen=True)
class Numbers:
    """What a file of an RSA key consists of."""

    p: int
    q: int
    n: int
    d: int
    dmp1: int
    dmq1: int
    iqmp: int

    @classmethod
    def of(cls, p: int, q: int) -> "Numbers":
        d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
        return cls(p, q, p * q, d, d % (p - 1), d % (q - 1), pow(q, -1, p))

    def pem(self) -> bytes:
        """The file (RFC 8017, A.1.2), which the library would not write with wrong numbers."""
        numbers = (0, self.n, _EXPONENT, self.d, self.p, self.q, self.dmp1, self.dmq1, self.iqmp)
        body = base64.encodebytes(_der(0x30, b"".join(map(_integer, numbers))))
        return b"-----BEGIN RSA PRIVATE KEY-----\n" + body + b"-----END RSA PRIVATE KEY-----\n"


def _integer(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = size.to_bytes(max(1, (size.bit_length() + 7) // 8))
    return bytes((tag,)) + (b"" if size < 0x80 else bytes((0x80 | len(length),))) + length + content


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(_EXPONENT, 2048)


@pytest.fixture(scope="module")
def numbers(key: rsa.RSAPrivateKey) -> Numbers:
    found = key.private_numbers()
    return Numbers.of(found.p, found.q)


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
def test_the_fingerprint_is_that_of_the_public_half(
    key: rsa.RSAPrivateKey, form: serialization.PrivateFormat
) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    found = inspect_private_key(pem)
    assert found is not None
    assert (found.fingerprint, found.algorithm, found.bits) == (hashlib.sha256(der).hexdigest(), "RSA", 2048)


@pytest.mark.parametrize("member", ["p", "q", "n", "d", "dmp1", "dmq1", "iqmp"])
def test_a_file_whose_numbers_do_not_belong_together_is_no_key(numbers: Numbers, member: str) -> None:
    damaged = replace(numbers, **{member: getattr(numbers, member) + 2})
    assert inspect_private_key(numbers.pem()) is not None
    assert inspect_private_key(damaged.pem()) is None


def test_the_primes_are_not_tested(numbers: Numbers) -> None:
    """It would take a third of a second for each key of 4096 bits: half a minute for a hundred Agents."""
    composite = 3**640 * 5
    assert inspect_private_key(Numbers.of(composite, numbers.q).pem()) is not None


@pytest.mark.parametrize("content", [b"", b"text", b"-----BEGIN PRIVATE KEY-----\n", b"x" * 70_000])
def test_other_text_is_no_key(content: bytes) -> None:
    assert inspect_private_key(content) is None
