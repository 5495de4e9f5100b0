"""Operator keys, as described in v1 section 6."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import ApiError, Emulator

KEYS = "/orgs/acme/keys"
Keys = Callable[..., Any]


def test_a_key_is_posted_as_a_bare_json_string(client: httpx.Client, rsa_key: Keys) -> None:
    answer = client.post(KEYS, json=rsa_key().pem)

    key = answer.json()
    assert answer.status_code == 200
    assert set(key) == {"id", "key", "fingerprint", "created_at", "created_by", "expired_at"}
    assert (key["key"], key["fingerprint"]) == (rsa_key().pem, rsa_key().fingerprint)
    assert key["created_at"] == "2026-03-01T08:00:00.000Z"
    assert key["expired_at"] == "2028-03-01T08:00:00.000Z"


def test_a_key_is_read_and_deleted_by_its_id_alone(client: httpx.Client, rsa_key: Keys) -> None:
    key = client.post(KEYS, json=rsa_key().pem).json()

    assert client.get(f"{KEYS}/{key['id']}").json() == key
    assert client.get(f"{KEYS}/{key['fingerprint']}").status_code == 404
    assert client.delete(f"{KEYS}/{key['fingerprint']}").status_code == 404
    assert client.delete(f"{KEYS}/{key['id']}").status_code == 204
    assert client.delete(f"{KEYS}/{key['id']}").status_code == 404
    assert client.get(KEYS).json() == []


def test_keys_are_listed_newest_first_and_filtered_by_fingerprint(
    client: httpx.Client, rsa_key: Keys
) -> None:
    made = [client.post(KEYS, json=rsa_key(number).pem).json() for number in (1, 2, 3)]

    assert client.get(KEYS).json() == made[::-1]
    assert client.get(KEYS, params={"fingerprint": rsa_key(2).fingerprint}).json() == [made[1]]
    assert client.get(KEYS, params={"fingerprint": "0" * 64}).json() == []


@pytest.mark.parametrize("fingerprint", ["", "abc", "A" * 64, "g" * 64, "0" * 64 + "\n"])
def test_a_filter_that_is_not_a_fingerprint_is_refused(client: httpx.Client, fingerprint: str) -> None:
    assert client.get(KEYS, params={"fingerprint": fingerprint}).status_code == 400


def test_a_registered_key_is_a_conflict_whatever_its_label(client: httpx.Client, rsa_key: Keys) -> None:
    first = client.post(KEYS, json=rsa_key().pem).json()

    again = client.post(KEYS, json=rsa_key().pem.replace("PUBLIC KEY", "RSA PUBLIC KEY"))

    assert again.status_code == 409
    assert client.get(KEYS).json() == [first]
    client.delete(f"{KEYS}/{first['id']}")
    assert client.post(KEYS, json=rsa_key().pem).status_code == 200


def test_keys_of_agents_and_of_other_organizations_do_not_conflict(
    emulator: Emulator, client: httpx.Client, rsa_key: Keys
) -> None:
    emulator.seed({"organizations": ["other"]})
    client.post("/orgs/acme/agents", json={"id": "eu-1", "public_key": rsa_key().pem})

    assert client.post(KEYS, json=rsa_key().pem).status_code == 200
    assert client.post("/orgs/other/keys", json=rsa_key().pem).status_code == 200
    assert client.get("/orgs/acme/agents/eu-1/keys").json()[0]["fingerprint"] == rsa_key().fingerprint


@pytest.mark.parametrize("content", [b"", b"-----BEGIN", b"{}", b"[]", b"5", b"null", b"true", b"\xff"])
def test_bodies_that_are_not_a_json_string_are_unprocessable(client: httpx.Client, content: bytes) -> None:
    assert client.post(KEYS, content=content).status_code == 422


def test_an_object_like_that_of_agent_keys_is_refused(client: httpx.Client, rsa_key: Keys) -> None:
    answer = client.post(KEYS, json={"public_key": rsa_key().pem})

    assert answer.status_code == 422
    assert client.get(KEYS).json() == []


def test_bad_keys_are_refused_without_repeating_them(
    client: httpx.Client, rsa_key: Keys, ed25519_pem: Callable[[int], str]
) -> None:
    escaped = rsa_key().pem.replace("\n", "\\n")
    for pem in ("", "no pem", escaped, rsa_key(bits=2048).pem, ed25519_pem(1)):
        answer = client.post(KEYS, json=pem)

        assert answer.status_code == 400
        assert pem[30:60] not in answer.text or not pem[30:60]


def test_operator_keys_are_seeded(emulator: Emulator, client: httpx.Client, rsa_key: Keys) -> None:
    planted = emulator.seed({"organization": "acme", "operator_keys": [{"key": rsa_key().pem}]})

    assert planted == {"operator_keys": 1}
    assert [key["fingerprint"] for key in client.get(KEYS).json()] == [rsa_key().fingerprint]
    with pytest.raises(ApiError, match=r"operator_keys\[0\]: key is required"):
        emulator.seed({"organization": "acme", "operator_keys": [{"public_key": rsa_key(2).pem}]})
