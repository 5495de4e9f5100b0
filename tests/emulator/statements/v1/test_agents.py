"""Agents (v1 section 2)."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator
from tests.emulator.statements.v1.vectors import ED25519

AGENTS = "/orgs/acme/agents"
DEFS = "/orgs/acme/resources/defs"
Given = Callable[..., dict[str, Any]]


def test_an_agent_names_its_creator_by_a_user_id(client: httpx.Client, given_agent: Given) -> None:
    agent = given_agent()

    (key,) = client.get(f"{AGENTS}/eu-1/keys").json()

    assert str(uuid.UUID(agent["created_by"])) == agent["created_by"]
    assert key["created_by"] == agent["created_by"]


def test_an_agent_has_its_time_of_creation(given_agent: Given) -> None:
    agent = given_agent()

    assert datetime.fromisoformat(agent["created_at"]).isoformat() == "2026-03-01T08:00:00+00:00"


def test_an_agent_without_description_has_no_such_member(client: httpx.Client, given_agent: Given) -> None:
    created = (given_agent("eu-1", 1), given_agent("eu-2", 2, description=""))

    assert all("description" not in agent for agent in (*created, *client.get(AGENTS).json()))


@pytest.mark.parametrize("member", ["id", "public_key"])
def test_an_agent_needs_an_id_and_a_key(client: httpx.Client, rsa_key: Any, member: str) -> None:
    body = {"id": "eu-1", "public_key": rsa_key().pem}
    del body[member]

    answer = client.post(AGENTS, json=body)

    assert (answer.status_code, answer.json()["details"]["field"]) == (400, member)
    assert client.get(AGENTS).json() == []


def test_an_agent_with_a_bad_key_is_not_created(client: httpx.Client) -> None:
    answer = client.post(AGENTS, json={"id": "eu-1", "public_key": ED25519})

    assert answer.status_code == 400
    assert client.get(AGENTS).json() == []


def test_only_the_description_can_be_changed(client: httpx.Client, given_agent: Given) -> None:
    before = given_agent()
    change = {"description": "EU", "id": "eu-9", "created_by": "me", "created_at": "2000-01-01T00:00:00Z"}

    answer = client.patch(f"{AGENTS}/eu-1", json=change)

    assert answer.json() == before | {"description": "EU"}
    assert client.get(AGENTS).json() == [answer.json()]


def test_the_same_description_may_be_sent_again(client: httpx.Client, given_agent: Given) -> None:
    before = given_agent(description="EU")

    answer = client.patch(f"{AGENTS}/eu-1", json={"description": "EU"})

    assert (answer.status_code, answer.json()) == (200, before)


def test_an_agent_may_be_deleted_while_a_definition_names_it(
    client: httpx.Client, given_agent: Given, given_definition: Given
) -> None:
    given_agent()
    given_definition(type="agent", driver_type="humanitec/agent", driver_inputs={"values": {"id": "eu-1"}})

    answer = client.delete(f"{AGENTS}/eu-1")

    assert (answer.status_code, client.get(f"{DEFS}/store-one").status_code) == (204, 200)


def test_a_definition_may_name_an_agent_that_does_not_exist(client: httpx.Client, definition: Given) -> None:
    body = definition(type="agent", driver_type="humanitec/agent", driver_inputs={"values": {"id": "eu-9"}})

    answer = client.post(DEFS, json=body)

    assert answer.status_code == 200


def test_an_agent_may_be_registered_in_several_organizations_each_with_its_own_keys(rsa_key: Any) -> None:
    with Emulator(organizations=["acme", "globex"]) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"
        body = {"id": "eu-1", "public_key": rsa_key().pem}

        made = [client.post(f"/orgs/{name}/agents", json=body).status_code for name in ("acme", "globex")]
        client.delete(f"{AGENTS}/eu-1/keys/{rsa_key().fingerprint}")

        assert made == [200, 200]
        assert client.get(f"{AGENTS}/eu-1/keys").json() == []
        assert len(client.get("/orgs/globex/agents/eu-1/keys").json()) == 1


def test_a_failure_between_an_agent_and_further_keys_keeps_the_agent(
    client: httpx.Client, given_agent: Given
) -> None:
    given_agent()

    refused = client.post(f"{AGENTS}/eu-1/keys", json={"public_key": ED25519})

    assert refused.status_code == 400
    assert [agent["id"] for agent in client.get(AGENTS).json()] == ["eu-1"]


def test_agents_are_listed_in_the_order_of_their_creation(client: httpx.Client, given_agent: Given) -> None:
    for number, name in enumerate(("zz", "aa", "mm")):
        given_agent(name, number)

    assert [agent["id"] for agent in client.get(AGENTS).json()] == ["zz", "aa", "mm"]
