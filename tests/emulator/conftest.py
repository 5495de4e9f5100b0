"""Fixtures of the emulator's tests: one emulator, clients for both doors, keys, bodies, a small organization."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reconciler.emulator import Emulator
from reconciler.emulator.web.server import running

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
HEADERS = {"Authorization": "Bearer practice"}

Body = dict[str, Any]


@dataclass(frozen=True)
class PublicKey:
    """A public key and its fingerprint, computed independently of the code under test."""

    pem: str
    fingerprint: str


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(organizations=["acme"], clock=lambda: START) as made:
        yield made


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    """A client of the emulator through the in-process door."""
    with httpx.Client(transport=emulator.transport(), base_url="http://emulator", headers=HEADERS) as made:
        yield made


@pytest.fixture(params=["in process", "over a port"])
def door(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[httpx.Client]:
    """A client of the emulator, through each door in turn."""
    if request.param == "in process":
        with httpx.Client(
            transport=emulator.transport(), base_url="http://emulator", headers=HEADERS
        ) as made:
            yield made
        return
    with running(emulator) as url, httpx.Client(base_url=url, headers=HEADERS, trust_env=False) as made:
        yield made


@pytest.fixture
def rsa_key() -> Callable[..., PublicKey]:
    """Create RSA public keys from made-up moduli; no private half exists."""

    def make(number: int = 1, bits: int = 4096) -> PublicKey:
        modulus = (1 << (bits - 1)) + 2 * number + 1
        key = RSAPublicNumbers(65537, modulus).public_key()
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        return PublicKey(pem, hashlib.sha256(der).hexdigest())

    return make


@pytest.fixture
def ed25519_pem() -> Callable[[int], str]:
    def make(number: int) -> str:
        key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32).public_key()
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n"

    return make


@pytest.fixture
def definition() -> Callable[..., Body]:
    """Bodies that create definitions; keywords replace members, None leaves one out."""

    def make(name: str = "store-one", /, **members: Any) -> Body:
        body = {"id": name, "name": name, "type": "s3", "driver_type": "humanitec/echo", **members}
        return {member: value for member, value in body.items() if value is not None}

    return make


@pytest.fixture
def runner(ed25519_pem: Callable[[int], str]) -> Callable[..., Body]:
    """Bodies that create kubernetes-agent runners; keywords replace members."""

    def make(name: str = "runner-one", /, **members: Any) -> Body:
        return {
            "id": name,
            "runner_configuration": {
                "type": "kubernetes-agent",
                "key": ed25519_pem(1),
                "job": {"namespace": "jobs", "service_account": "job"},
            },
            "state_storage_configuration": {"type": "kubernetes", "namespace": "jobs"},
            **members,
        }

    return make


@pytest.fixture
def organization(emulator: Emulator, client: httpx.Client, runner: Callable[..., Body]) -> httpx.Client:
    """Create runners aa, bb, cc, types dev and prod, projects shop and bank, environment qa of shop."""
    emulator.seed(
        {
            "organization": "acme",
            "env_types": [{"id": "dev"}, {"id": "prod"}],
            "projects": [{"id": "shop"}, {"id": "bank"}],
            "runners": [runner("aa"), runner("bb"), runner("cc")],
            "environments": [{"id": "qa", "project": "shop", "env_type_id": "dev"}],
        }
    )
    return client
