"""The identity of callers, and when it is checked (v1 section 1, v2 section 2)."""

from collections.abc import Callable
from typing import Any

import httpx

from reconciler.emulator import Emulator

RUNNERS = "/orgs/acme/runners"
PERSON = "00000000-0000-0000-0000-000000000000"
Make = Callable[..., dict[str, Any]]


def test_no_token_is_refused_by_both_apis(client: httpx.Client) -> None:
    for value in (None, "", "Bearer", "Bearer  ", "Basic abc"):
        headers = {} if value is None else {"Authorization": value}
        client.headers.pop("Authorization", None)

        v1, v2 = (client.get(path, headers=headers) for path in ("/orgs/acme/agents", RUNNERS))

        assert (v1.status_code, v1.json()["error"]) == (401, "API-401")
        assert v2.json() == {"error": "HTTP-401", "message": "unauthorized"}


def test_v2_accepts_a_sender_on_loopback_and_v1_does_not(door: httpx.Client) -> None:
    door.headers.pop("Authorization")

    assert door.get(RUNNERS, headers={"From": PERSON}).status_code == 200
    assert door.get("/orgs/acme/agents", headers={"From": PERSON}).status_code == 401
    refused = door.get(RUNNERS, headers={"From": "somebody"})
    assert (refused.status_code, refused.json()["message"]) == (401, "Unauthorized")


def test_v2_validates_before_it_checks_the_identity(client: httpx.Client, runner: Make) -> None:
    client.headers.pop("Authorization")

    assert client.post(RUNNERS, json={}).status_code == 400
    assert client.get(RUNNERS, params={"per_page": "abc"}).status_code == 400
    assert client.post(RUNNERS, json=runner()).status_code == 401


def test_a_table_of_tokens_makes_identity_come_first_and_names_the_caller(runner: Make) -> None:
    with Emulator(organizations=["acme"], tokens={"good": "ci"}) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")

        bad = client.post(RUNNERS, json={}, headers={"Authorization": "Bearer bad"})
        none = client.get(RUNNERS)
        good = client.get("/orgs/acme/resources/defs", headers={"Authorization": "Bearer good"})

        assert (bad.status_code, bad.json()["message"]) == (401, "Unauthorized")
        assert bad.headers["WWW-Authenticate"] == 'Cookie, Bearer error="invalid_token"'
        assert none.headers["WWW-Authenticate"] == "Cookie, Bearer"
        assert good.status_code == 200
        assert emulator.log.entries()[-1].who == "ci"


def test_v1_knows_only_listed_organizations_and_without_a_list_all(client: httpx.Client) -> None:
    assert client.get("/orgs/nobody/agents").status_code == 404

    with Emulator() as emulator:
        open_client = httpx.Client(transport=emulator.transport(), base_url="http://e")
        open_client.headers["Authorization"] = "Bearer x"
        assert open_client.get("/orgs/anybody/agents").json() == []
        assert open_client.get("/orgs/anybody/resources/defs").json()[0]["is_default"] is True
        assert open_client.post("/orgs/anybody/projects", json={"id": "shop"}).status_code == 409
