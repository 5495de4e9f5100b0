"""Agents and their keys, as described in v1 sections 2 and 3."""

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reconciler.emulator import Choices, Emulator, SharedKey

AGENTS = "/orgs/acme/agents"
Keys = Callable[..., Any]


def test_an_agent_is_created_with_its_first_key_and_answered_without_it(
    client: httpx.Client, rsa_key: Keys
) -> None:
    body = {"id": "eu-1", "public_key": rsa_key().pem, "description": "EU"}

    answer = client.post(AGENTS, json=body)

    assert answer.status_code == 200
    assert set(answer.json()) == {"id", "description", "created_at", "created_by"}
    (key,) = client.get(f"{AGENTS}/eu-1/keys").json()
    assert key["fingerprint"] == rsa_key().fingerprint
    assert key["public_key"] == rsa_key().pem


def test_a_key_expires_after_two_years_and_is_authorized_at_once(client: httpx.Client, rsa_key: Keys) -> None:
    client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key(1).pem})

    key = client.post(f"{AGENTS}/eu-1/keys", json={"public_key": rsa_key(2).pem}).json()

    assert key["created_at"] == "2026-03-01T08:00:00.000Z"
    assert key["expired_at"] == "2028-03-01T08:00:00.000Z"
    assert key["is_authorized"] is True


def test_one_agent_cannot_be_read_by_id(client: httpx.Client) -> None:
    answer = client.get(f"{AGENTS}/eu-1")

    assert answer.status_code == 405
    assert answer.json()["error"] == "API-405"


def test_the_list_is_filtered_by_fingerprint(client: httpx.Client, rsa_key: Keys) -> None:
    for number, name in enumerate(("eu-1", "eu-2")):
        client.post(AGENTS, json={"id": name, "public_key": rsa_key(number).pem})

    found = client.get(AGENTS, params={"fingerprint": rsa_key(1).fingerprint}).json()

    assert [agent["id"] for agent in found] == ["eu-2"]
    assert client.get(AGENTS, params={"fingerprint": "0" * 64}).json() == []


def test_a_taken_id_and_a_known_key_are_conflicts_and_store_nothing(
    client: httpx.Client, rsa_key: Keys
) -> None:
    client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key(1).pem})

    taken = client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key(2).pem})
    known = client.post(AGENTS, json={"id": "eu-2", "public_key": rsa_key(1).pem})

    assert (taken.status_code, known.status_code) == (409, 409)
    assert [agent["id"] for agent in client.get(AGENTS).json()] == ["eu-1"]


def test_a_key_may_be_shared_if_configured_but_not_within_one_agent(rsa_key: Keys) -> None:
    with Emulator(choices=Choices(shared_key=SharedKey.ACCEPT)) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"
        client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key().pem})

        assert client.post(AGENTS, json={"id": "eu-2", "public_key": rsa_key().pem}).status_code == 200
        assert client.post(f"{AGENTS}/eu-2/keys", json={"public_key": rsa_key().pem}).status_code == 409


def test_absent_and_empty_descriptions_are_the_same(client: httpx.Client, rsa_key: Keys) -> None:
    client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key().pem, "description": "EU"})

    cleared = client.patch(f"{AGENTS}/eu-1", json={"description": ""})

    assert cleared.status_code == 200
    assert "description" not in cleared.json()
    assert client.patch(f"{AGENTS}/eu-1", json={}).status_code == 400
    assert client.patch(f"{AGENTS}/eu-9", json={"description": "x"}).status_code == 404


def test_deleting_an_agent_deletes_its_keys(client: httpx.Client, rsa_key: Keys) -> None:
    client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key().pem})

    assert client.delete(f"{AGENTS}/eu-1").status_code == 204

    assert client.get(f"{AGENTS}/eu-1/keys").status_code == 404
    assert client.post(AGENTS, json={"id": "eu-2", "public_key": rsa_key().pem}).status_code == 200
    assert client.delete(f"{AGENTS}/eu-1").status_code == 404


def test_keys_are_deleted_by_fingerprint_even_the_last_one(client: httpx.Client, rsa_key: Keys) -> None:
    client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key().pem})
    one = f"{AGENTS}/eu-1/keys/{rsa_key().fingerprint}"

    assert client.delete(one).status_code == 204
    assert client.delete(one).status_code == 404
    assert client.get(f"{AGENTS}/eu-1/keys").json() == []


def test_the_pem_label_is_ignored(client: httpx.Client, rsa_key: Keys) -> None:
    """The setup wizard labels SubjectPublicKeyInfo bytes `RSA PUBLIC KEY`."""
    relabelled = rsa_key().pem.replace("PUBLIC KEY", "RSA PUBLIC KEY")

    client.post(AGENTS, json={"id": "eu-1", "public_key": relabelled})

    (key,) = client.get(f"{AGENTS}/eu-1/keys").json()
    assert key["fingerprint"] == rsa_key().fingerprint
    assert key["public_key"] == relabelled


def _pkcs1() -> str:
    key = RSAPublicNumbers(65537, (1 << 4095) + 3).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param("no pem at all", id="text"),
        pytest.param("-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n", id="not base64"),
        pytest.param(
            f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(b'junk').decode()}\n-----END PUBLIC KEY-----",
            id="not DER",
        ),
        pytest.param(_pkcs1(), id="PKCS#1"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_not_a_public_key_is_refused(client: httpx.Client, pem: str) -> None:
    answer = client.post(AGENTS, json={"id": "eu-1", "public_key": pem})

    assert answer.status_code == 400
    assert client.get(AGENTS).json() == []


def test_short_rsa_and_other_algorithms_are_refused(
    client: httpx.Client, rsa_key: Keys, ed25519_pem: Callable[[int], str]
) -> None:
    for pem in (rsa_key(bits=2048).pem, ed25519_pem(1)):
        answer = client.post(AGENTS, json={"id": "eu-1", "public_key": pem})

        assert answer.status_code == 400
        assert pem.splitlines()[1] not in answer.text


@pytest.mark.parametrize("name", ["a", "A1", "a--b", "-ab", "ab-", "ab\n", "ä1", "a" * 60 + "!"])
def test_ids_outside_the_pattern_are_refused(client: httpx.Client, rsa_key: Keys, name: str) -> None:
    assert client.post(AGENTS, json={"id": name, "public_key": rsa_key().pem}).status_code == 400


def test_bodies_that_are_not_objects_are_unprocessable(client: httpx.Client) -> None:
    for content in (b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"id": NaN}', b"[" * 100_000, b'{"id": 5}'):
        assert client.post(AGENTS, content=content).status_code in (
            {400} if content == b'{"id": 5}' else {422}
        ) | {422}, content
