"""The bodies of refusals (v1 section 8)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

AGENTS = "/orgs/acme/agents"
DEFS = "/orgs/acme/resources/defs"
Given = Callable[..., Any]

REFUSALS: tuple[tuple[int, str, str, Any], ...] = (
    (400, "POST", DEFS, {"id": "no"}),
    (400, "POST", AGENTS, {"id": "eu-2", "public_key": "no key"}),
    (400, "PUT", f"{DEFS}/store-one", {}),
    (403, "DELETE", f"{DEFS}/default-humanitec-dns", None),
    (404, "GET", f"{DEFS}/store-nine", None),
    (404, "GET", "/orgs/nobody/agents", None),
    (404, "GET", "/orgs/acme/agents/eu-1/no-such-path", None),
    (405, "GET", f"{AGENTS}/eu-1", None),
    (409, "POST", f"{DEFS}/store-one/criteria", {}),
    (409, "POST", DEFS, {"id": "store-one", "name": "x", "type": "s3", "driver_type": "humanitec/echo"}),
    (422, "POST", AGENTS, ["no object"]),
    (422, "PATCH", f"{DEFS}/store-one", {"name": 5}),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_a_refusal_says_what_and_why_in_one_form(
    client: httpx.Client, given_definition: Given, refusal: tuple[int, str, str, Any]
) -> None:
    status, verb, path, body = refusal
    given_definition(criteria=[{}])

    answer = client.request(verb, path, json=body)

    document = answer.json()
    assert answer.status_code == status
    assert document["error"] == f"API-{status}"
    assert document["message"]
    assert isinstance(document.get("details", {}), dict)
    assert set(document) <= {"error", "message", "details"}


def test_a_request_without_a_token_is_401_in_the_same_form(client: httpx.Client) -> None:
    del client.headers["Authorization"]

    answer = client.get(AGENTS)

    assert (answer.status_code, answer.json()["error"]) == (401, "API-401")


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("POST", AGENTS, {}),
        ("POST", DEFS, {}),
        ("PUT", f"{DEFS}/default-humanitec-dns/criteria", []),
        ("POST", "/orgs/acme/keys", "no key"),
        ("DELETE", "/orgs/acme/secretstores/humanitec", None),
        ("POST", "/orgs/acme/resources/types", {}),
    ],
)
def test_a_caller_who_may_only_read_is_refused_every_write(verb: str, path: str, body: Any) -> None:
    with Emulator(organizations=["acme"], tokens={"practice": "guest"}, read_only=["guest"]) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"

        refused, listed = client.request(verb, path, json=body), client.get(DEFS)

        assert (refused.status_code, refused.json()["error"]) == (403, "API-403")
        assert listed.status_code == 200


def test_a_guarded_deletion_is_an_array_where_a_conflict_is_an_object(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    (rule,) = given_definition(criteria=[{"app_id": "shop"}])["criteria"]
    given_active_resource()
    one = f"{DEFS}/store-one"

    guarded = [client.delete(path) for path in (one, f"{one}/criteria/{rule['id']}")]
    conflict = client.post(f"{one}/criteria", json={"app_id": "shop"})

    assert [answer.status_code for answer in (*guarded, conflict)] == [409] * 3
    assert [type(answer.json()) for answer in (*guarded, conflict)] == [list, list, dict]
