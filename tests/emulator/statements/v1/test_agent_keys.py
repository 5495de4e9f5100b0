"""Agent keys (v1 section 3)."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reconciler.emulator import Emulator
from tests.emulator.statements.v1.vectors import (
    ED25519,
    RSA_2048,
    RSA_4096,
    RSA_4096_AS_PKCS1,
    RSA_4096_AS_TEXT,
    RSA_4096_FINGERPRINT,
)

AGENTS = "/orgs/acme/agents"
KEYS = f"{AGENTS}/eu-1/keys"
Given = Callable[..., dict[str, Any]]


def _elliptic() -> str:
    key = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_a_key_has_exactly_six_members(client: httpx.Client, given_agent: Given, rsa_key: Any) -> None:
    given_agent()

    added = client.post(KEYS, json={"public_key": rsa_key(2).pem}).json()

    members = {"fingerprint", "public_key", "created_at", "created_by", "expired_at", "is_authorized"}
    assert set(added) == members
    assert client.get(KEYS).json()[1] == added


def test_the_known_key_has_its_known_fingerprint(client: httpx.Client) -> None:
    client.post(AGENTS, json={"id": "eu-1", "public_key": RSA_4096})

    (key,) = client.get(KEYS).json()

    assert key["fingerprint"] == RSA_4096_FINGERPRINT


def test_agents_are_found_by_the_right_fingerprint_and_by_no_other(client: httpx.Client) -> None:
    client.post(AGENTS, json={"id": "eu-1", "public_key": RSA_4096})

    found = [
        len(client.get(AGENTS, params={"fingerprint": digest}).json())
        for digest in (RSA_4096_FINGERPRINT, RSA_4096_AS_PKCS1, RSA_4096_AS_TEXT)
    ]

    assert found == [1, 0, 0]


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(RSA_4096, id="as openssl writes it"),
        pytest.param(RSA_4096.rstrip("\n"), id="no final newline"),
        pytest.param(RSA_4096.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(
            "-----BEGIN PUBLIC KEY-----\n"
            + "".join(RSA_4096.splitlines()[1:-1])
            + "\n-----END PUBLIC KEY-----\n",
            id="one long line",
        ),
        pytest.param(RSA_4096.replace("PUBLIC KEY", "RSA PUBLIC KEY"), id="label of the wizard"),
    ],
)
def test_a_key_is_echoed_as_sent_and_identified_by_its_bytes(client: httpx.Client, pem: str) -> None:
    client.post(AGENTS, json={"id": "eu-1", "public_key": pem})

    (key,) = client.get(KEYS).json()

    assert (key["public_key"], key["fingerprint"]) == (pem, RSA_4096_FINGERPRINT)


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(RSA_2048, id="RSA of 2048 bits"),
        pytest.param(ED25519, id="Ed25519"),
        pytest.param(_elliptic(), id="ECDSA"),
        pytest.param(RSA_4096.replace("\n", "\\n"), id="backslash-n pairs"),
        pytest.param(base64.b64encode(RSA_4096.encode()).decode(), id="PEM inside base64"),
        pytest.param(RSA_4096 + RSA_4096, id="two blocks"),
    ],
)
def test_other_keys_are_refused_as_first_and_as_further_key(
    client: httpx.Client, given_agent: Given, pem: str
) -> None:
    given_agent()

    answers = (
        client.post(AGENTS, json={"id": "eu-2", "public_key": pem}),
        client.post(KEYS, json={"public_key": pem}),
    )

    assert [answer.status_code for answer in answers] == [400, 400]
    assert len(client.get(KEYS).json()) == 1


def test_longer_keys_are_accepted(client: httpx.Client, given_agent: Given, rsa_key: Any) -> None:
    given_agent()

    answer = client.post(KEYS, json={"public_key": rsa_key(1, 8192).pem})

    assert (answer.status_code, answer.json()["fingerprint"]) == (200, rsa_key(1, 8192).fingerprint)


def test_a_key_needs_its_text(client: httpx.Client, given_agent: Given) -> None:
    given_agent()

    answers = [
        client.post(KEYS, json=body).status_code for body in ({}, {"key": RSA_4096}, {"public_key": 5})
    ]

    assert answers == [400, 400, 422]


def test_a_client_cannot_set_whether_a_key_is_authorized(
    client: httpx.Client, given_agent: Given, rsa_key: Any
) -> None:
    given_agent()

    added = client.post(KEYS, json={"public_key": rsa_key(2).pem, "is_authorized": False}).json()

    assert added["is_authorized"] is True


def test_an_agent_may_have_many_keys(client: httpx.Client, given_agent: Given, rsa_key: Any) -> None:
    given_agent("eu-1", 0)

    added = [
        client.post(KEYS, json={"public_key": rsa_key(number).pem}).status_code for number in range(1, 21)
    ]

    assert added == [200] * 20
    assert [key["fingerprint"] for key in client.get(KEYS).json()] == [
        rsa_key(number).fingerprint for number in range(21)
    ]


def test_a_key_is_registered_once_under_one_agent(
    client: httpx.Client, given_agent: Given, rsa_key: Any
) -> None:
    given_agent()

    answer = client.post(KEYS, json={"public_key": rsa_key(1).pem})

    assert (answer.status_code, len(client.get(KEYS).json())) == (409, 1)


def test_the_bytes_of_a_key_decide_whether_it_is_known_not_its_text(
    client: httpx.Client, given_agent: Given, rsa_key: Any
) -> None:
    given_agent()

    answer = client.post(KEYS, json={"public_key": rsa_key(1).pem.replace("\n", "\r\n")})

    assert answer.status_code == 409


def test_keys_of_an_unknown_agent_are_404(client: httpx.Client, rsa_key: Any) -> None:
    answers = (
        client.get(KEYS),
        client.post(KEYS, json={"public_key": rsa_key().pem}),
        client.delete(f"{KEYS}/{rsa_key().fingerprint}"),
    )

    assert [answer.status_code for answer in answers] == [404] * 3


def test_a_key_created_on_a_leap_day_expires_on_the_last_of_february(rsa_key: Any) -> None:
    with Emulator(clock=lambda: datetime(2028, 2, 29, 12, tzinfo=UTC)) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"

        client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key().pem})

        (key,) = client.get(KEYS).json()
        assert key["expired_at"] == "2030-02-28T12:00:00.000Z"


def test_rotation_by_removing_first_passes_through_a_moment_without_keys(
    client: httpx.Client, given_agent: Given, rsa_key: Any
) -> None:
    given_agent()

    removed = client.delete(f"{KEYS}/{rsa_key(1).fingerprint}")
    between = client.get(KEYS).json()
    added = client.post(KEYS, json={"public_key": rsa_key(2).pem})

    assert (removed.status_code, between, added.status_code) == (204, [], 200)


def test_rotation_by_adding_first_keeps_the_agent_reachable(
    client: httpx.Client, given_agent: Given, rsa_key: Any
) -> None:
    given_agent()

    client.post(KEYS, json={"public_key": rsa_key(2).pem})
    overlap = [key["fingerprint"] for key in client.get(KEYS).json()]
    client.delete(f"{KEYS}/{rsa_key(1).fingerprint}")

    assert overlap == [rsa_key(1).fingerprint, rsa_key(2).fingerprint]
    assert [key["fingerprint"] for key in client.get(KEYS).json()] == [rsa_key(2).fingerprint]


def test_a_deleted_key_may_be_registered_again(
    client: httpx.Client, given_agent: Given, rsa_key: Any
) -> None:
    given_agent()
    client.delete(f"{KEYS}/{rsa_key(1).fingerprint}")

    answer = client.post(KEYS, json={"public_key": rsa_key(1).pem})

    assert answer.status_code == 200
