"""The examples of requests and answers (v1 section 17), over a real port."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator
from tests.emulator.statements.v1.vectors import RSA_4096, RSA_4096_FINGERPRINT

DEFS = "/orgs/acme/resources/defs"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Body = dict[str, Any]
Given = Callable[..., Any]

AGENT_DEFINITION = {
    "id": "eu-private",
    "name": "EU private agent",
    "type": "agent",
    "driver_type": "humanitec/agent",
    "driver_inputs": {"values": {"id": "eu-private"}},
    "criteria": [{"env_type": "production", "res_id": "agent"}],
}


def _without(document: Body, *names: str) -> Body:
    """The members that do not differ from run to run; those named must be present."""
    assert set(names) <= set(document)
    return {name: value for name, value in document.items() if name not in names}


@pytest.fixture
def agent(wire: httpx.Client) -> httpx.Response:
    body = {"id": "eu-private", "public_key": RSA_4096, "description": "EU clusters"}
    return wire.post("/orgs/acme/agents", json=body)


def test_an_agent_is_created(agent: httpx.Response) -> None:
    created = agent.json()

    assert agent.status_code == 200
    assert _without(created, "created_at", "created_by") == {"id": "eu-private", "description": "EU clusters"}
    assert STAMP.fullmatch(created["created_at"])
    assert UUID.fullmatch(created["created_by"])


def test_the_keys_of_an_agent_are_listed(wire: httpx.Client, agent: httpx.Response) -> None:
    answer = wire.get("/orgs/acme/agents/eu-private/keys")

    (key,) = answer.json()
    assert answer.status_code == 200
    assert _without(key, "created_at", "created_by", "expired_at") == {
        "fingerprint": RSA_4096_FINGERPRINT,
        "public_key": RSA_4096,
        "is_authorized": True,
    }
    assert int(key["expired_at"][:4]) == int(key["created_at"][:4]) + 2
    assert key["expired_at"][4:] == key["created_at"][4:]


def test_the_answer_to_a_new_key_is_one_element_of_that_list(
    wire: httpx.Client, agent: httpx.Response, rsa_key: Given
) -> None:
    answer = wire.post("/orgs/acme/agents/eu-private/keys", json={"public_key": rsa_key().pem})

    assert answer.json() in wire.get("/orgs/acme/agents/eu-private/keys").json()


def test_an_agent_definition_is_created(wire: httpx.Client) -> None:
    answer = wire.post(DEFS, json=AGENT_DEFINITION)

    created = answer.json()
    (rule,) = created["criteria"]
    assert answer.status_code == 200
    assert _without(created, "active_version_id", "created_at", "created_by", "criteria") == {
        "org_id": "acme",
        "id": "eu-private",
        "name": "EU private agent",
        "type": "agent",
        "driver_type": "humanitec/agent",
        "driver_inputs": {"values": {"id": "eu-private"}},
        "in_place_driver_change": False,
        "is_default": False,
        "is_deleted": False,
    }
    assert _without(rule, "id") == {"env_type": "production", "res_id": "agent", "class": "default"}
    assert re.fullmatch(r"[0-9a-f]{16}", rule["id"])
    assert UUID.fullmatch(created["active_version_id"])


def test_a_cluster_with_both_kinds_of_secret_is_read_back(wire: httpx.Client) -> None:
    url = "${resources['agent#agent'].outputs.url}"
    values = {"name": "c1", "zone": "europe-west1-b"}
    body = {
        "id": "c1x",
        "name": "c1",
        "type": "k8s-cluster",
        "driver_type": "humanitec/k8s-cluster-gke",
        "driver_inputs": {"values": values, "secrets": {"agent_url": url, "token": "s3cr3t"}},
    }

    answer = wire.post(DEFS, json=body)

    ref = "orgs/acme/resources/defs/c1x/driver_secrets/token/.value"
    assert answer.json()["driver_inputs"] == {
        "values": values,
        "secret_refs": {
            "agent_url": {"value": url},
            "token": {"store": "humanitec", "ref": ref, "version": "1"},
        },
    }
    assert "s3cr3t" not in answer.text


def test_all_criteria_are_replaced(wire: httpx.Client) -> None:
    wire.post(DEFS, json=AGENT_DEFINITION)
    rules = [{"env_type": "production", "res_id": "agent"}, {"app_id": "billing", "res_id": "agent"}]

    answer = wire.put(f"{DEFS}/eu-private/criteria", json=rules)

    assert answer.status_code == 200
    assert [_without(rule, "id") for rule in answer.json()] == [
        {**rule, "class": "default"} for rule in rules
    ]


def test_a_definition_with_dependants_is_not_deleted(emulator: Emulator, wire: httpx.Client) -> None:
    wire.post(DEFS, json=AGENT_DEFINITION)
    wire.post(DEFS, json=AGENT_DEFINITION | {"id": "fallback-agent", "criteria": [{}]})
    place = {
        "def_id": "eu-private",
        "app_id": "billing",
        "env_id": "prod",
        "env_type": "production",
        "res_id": "agent",
    }
    emulator.seed({"organization": "acme", "active_resources": [place]})

    answer = wire.delete(f"{DEFS}/eu-private")

    assert answer.status_code == 409
    assert answer.json() == [
        {
            "app_id": "billing",
            "env_id": "prod",
            "res_id": "agent",
            "from_def": "eu-private",
            "to_def": "fallback-agent",
        }
    ]


def test_a_secret_store_is_created(wire: httpx.Client) -> None:
    plain = {"url": "https://vault.acme.example", "path": "platform", "agent_id": "eu-private"}
    vault = {**plain, "auth": {"token": "t-0-k-e-n", "role": "r-0-l-e"}}

    answer = wire.post("/orgs/acme/secretstores", json={"id": "eu-vault", "primary": False, "vault": vault})

    created = answer.json()
    assert answer.status_code == 201
    stamped = ("created_at", "created_by", "updated_at", "updated_by")
    assert _without(created, *stamped) == {"id": "eu-vault", "primary": False, "vault": plain}
    assert STAMP.fullmatch(created["created_at"])
    assert created["updated_at"] == created["created_at"]
    assert not any(secret in answer.text for secret in vault["auth"].values())  # type: ignore[attr-defined]


def test_an_operator_key_is_created_from_a_bare_string(wire: httpx.Client) -> None:
    answer = wire.post("/orgs/acme/keys", json=RSA_4096)

    created = answer.json()
    assert answer.request.content.startswith(b'"')
    assert answer.status_code == 200
    assert _without(created, "id", "created_at", "created_by", "expired_at") == {
        "key": RSA_4096,
        "fingerprint": RSA_4096_FINGERPRINT,
    }
    assert UUID.fullmatch(created["id"])


def test_an_account_in_use_is_not_deleted(wire: httpx.Client, definition: Given) -> None:
    account = {"id": "aws-prod", "type": "aws", "name": "AWS", "credentials": {"access_key_id": "k"}}
    wire.post("/orgs/acme/resources/accounts", json=account)
    holder = wire.post(DEFS, json=definition(driver_account="aws-prod")).json()

    answer = wire.delete("/orgs/acme/resources/accounts/aws-prod")

    refusal = answer.json()
    assert (answer.status_code, refusal["error"]) == (400, "API-400")
    assert refusal["details"] == {
        "referencing_resources": {"resource_definitions": [holder], "active_resources": []}
    }
