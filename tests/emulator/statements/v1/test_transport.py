"""Authentication, transport and the general meaning of status codes (v1 section 1)."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

AGENTS = "/orgs/acme/agents"
DEFS = "/orgs/acme/resources/defs"
Given = Callable[..., dict[str, Any]]


def test_answers_are_json_or_empty(client: httpx.Client, given_agent: Given) -> None:
    given_agent()

    listed, missing, deleted = (
        client.get(AGENTS),
        client.get(f"{DEFS}/store-nine"),
        client.delete(f"{AGENTS}/eu-1"),
    )

    assert [answer.headers["content-type"] for answer in (listed, missing)] == ["application/json"] * 2
    assert (deleted.status_code, deleted.content, "content-type" in deleted.headers) == (204, b"", False)


@pytest.mark.parametrize("sent", ["app tool/1.0; sdk client/2.0", "sdk client/2.0", None])
def test_a_client_may_name_itself_but_need_not(client: httpx.Client, sent: str | None) -> None:
    headers = {} if sent is None else {"Humanitec-User-Agent": sent}

    answer = client.get(AGENTS, headers=headers)

    assert answer.status_code == 200


def test_there_is_no_optimistic_locking(client: httpx.Client, given_definition: Given) -> None:
    given_definition()

    answer = client.put(f"{DEFS}/store-one", json={"name": "new"}, headers={"If-Match": '"long ago"'})

    assert answer.status_code == 200
    assert "etag" not in answer.headers


def test_there_is_no_idempotency_key(client: httpx.Client, definition: Given) -> None:
    headers = {"Idempotency-Key": "once"}
    client.post(DEFS, json=definition(), headers=headers)

    again = client.post(DEFS, json=definition(), headers=headers)

    assert again.status_code == 409


@pytest.mark.parametrize(
    "path",
    [AGENTS, DEFS, "/orgs/acme/secretstores", "/orgs/acme/resources/types", "/orgs/acme/resources/drivers"],
)
def test_lists_other_than_versions_are_not_paged(client: httpx.Client, given_agent: Given, path: str) -> None:
    for number, name in enumerate(("eu-1", "eu-2")):
        given_agent(name, number)

    whole, cut = client.get(path), client.get(path, params={"per_page": 1})

    assert len(whole.json()) > 0
    assert cut.json() == whole.json()
    assert "link" not in cut.headers


def test_creating_answers_200(client: httpx.Client, rsa_key: Any, definition: Given) -> None:
    agent = client.post(AGENTS, json={"id": "eu-1", "public_key": rsa_key(1).pem})
    key = client.post(f"{AGENTS}/eu-1/keys", json={"public_key": rsa_key(2).pem})
    made = client.post(DEFS, json=definition())
    rule = client.post(f"{DEFS}/store-one/criteria", json={})

    assert [answer.status_code for answer in (agent, key, made, rule)] == [200] * 4


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", f"{AGENTS}/eu-1"),
        ("PUT", f"{AGENTS}/eu-1"),
        ("PUT", f"{AGENTS}/eu-1/keys"),
        ("GET", f"{AGENTS}/eu-1/keys/0a"),
        ("PATCH", f"{AGENTS}/eu-1/keys/0a"),
        ("DELETE", DEFS),
        ("GET", f"{DEFS}/store-one/criteria"),
        ("PUT", f"{DEFS}/store-one/criteria/1"),
        ("PATCH", f"{DEFS}/store-one/criteria/1"),
        ("PUT", "/orgs/acme/secretstores/humanitec"),
        ("GET", "/orgs/acme/resources/types/s3"),
    ],
)
def test_a_verb_that_a_path_lacks_is_405_and_lists_those_it_has(
    client: httpx.Client, verb: str, path: str
) -> None:
    answer = client.request(verb, path, json={})

    assert (answer.status_code, answer.json()["error"]) == (405, "API-405")
    assert verb not in answer.headers["allow"].split(", ")
    assert answer.headers["allow"]


def test_a_path_with_a_generation_prefix_does_not_exist(client: httpx.Client) -> None:
    answer = client.get(f"/v1{AGENTS}")

    assert answer.status_code == 404


def test_a_second_deletion_finds_nothing(
    client: httpx.Client, given_agent: Given, given_definition: Given
) -> None:
    given_agent()
    rule = given_definition(criteria=[{}])["criteria"][0]["id"]
    (key,) = client.get(f"{AGENTS}/eu-1/keys").json()
    paths = (
        f"{AGENTS}/eu-1/keys/{key['fingerprint']}",
        f"{AGENTS}/eu-1",
        f"{DEFS}/store-one/criteria/{rule}",
        f"{DEFS}/store-one",
    )

    answers = [(client.delete(path).status_code, client.delete(path).status_code) for path in paths]

    assert answers == [(204, 404)] * 4


@pytest.mark.parametrize(
    "content", [b"", b"  ", b"{", b"plain text", b"\xff", b"[]", b'"text"', b"5", b"null"]
)
def test_a_body_that_is_not_json_or_has_another_form_is_422(client: httpx.Client, content: bytes) -> None:
    answers = [client.post(path, content=content) for path in (AGENTS, DEFS)]

    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(422, "API-422")] * 2


def test_two_families_of_identifiers_differ(client: httpx.Client, rsa_key: Any, definition: Given) -> None:
    agents = [
        client.post(AGENTS, json={"id": name, "public_key": rsa_key(number).pem}).status_code
        for number, name in enumerate(("ab", "a--b"))
    ]
    definitions = [client.post(DEFS, json=definition(name)).status_code for name in ("ab", "a--b")]

    assert (agents, definitions) == ([200, 400], [400, 200])


@pytest.mark.parametrize("name", ["ab", "-ab", "ab-", "aBc", "a_b", "a b", "abc\n", "", "a.b"])
def test_definition_ids_outside_the_pattern_are_refused(
    client: httpx.Client, definition: Given, name: str
) -> None:
    answer = client.post(DEFS, json=definition() | {"id": name})

    assert answer.status_code == 400


def test_no_identifier_takes_exponential_time(client: httpx.Client, rsa_key: Any, definition: Given) -> None:
    hostile = "a" * 5000 + "!"
    start = time.perf_counter()

    agent = client.post(AGENTS, json={"id": hostile, "public_key": rsa_key().pem})
    made = client.post(DEFS, json=definition(hostile))

    assert (agent.status_code, made.status_code) == (400, 400)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("name", ["a", "a--b", "-ab", "ab-", "Acme", "a_b", "a" * 51])
def test_an_organization_id_outside_the_pattern_is_not_found(name: str) -> None:
    with Emulator() as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"

        answers = [
            client.get(f"/orgs/{name}/{path}") for path in ("agents", "resources/defs", "secretstores")
        ]

        assert [answer.status_code for answer in answers] == [404] * 3


@pytest.mark.parametrize(
    "account", ["${resources['config#account'].account}", "prefix-${context.env.id}", "account-one"]
)
def test_an_account_is_an_id_or_contains_a_placeholder(
    client: httpx.Client, definition: Given, account: str
) -> None:
    answer = client.post(DEFS, json=definition(driver_account=account))

    assert (answer.status_code, answer.json()["driver_account"]) == (200, account)
