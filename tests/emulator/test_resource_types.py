"""Resource types, as described in v1 section 7.1."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import ApiError, Emulator

TYPES = "/orgs/acme/resources/types"
QUEUE = f"{TYPES}/acme%2Fqueue"
DEFS = "/orgs/acme/resources/defs"
Make = Callable[..., dict[str, Any]]


def _type(client: httpx.Client, name: str) -> Any:
    return next((found for found in client.get(TYPES).json() if found["type"] == name), None)


def test_a_type_shows_all_six_members_whatever_was_sent(client: httpx.Client) -> None:
    answer = client.post(TYPES, json={"type": "acme/queue", "use": "direct"})

    assert answer.status_code == 200
    assert answer.json() == {
        "type": "acme/queue",
        "use": "direct",
        "name": "",
        "category": "",
        "inputs_schema": {},
        "outputs_schema": {},
    }
    assert _type(client, "acme/queue") == answer.json()
    assert client.get(QUEUE).status_code == 405


def test_a_put_replaces_and_unsets_what_it_leaves_out(client: httpx.Client) -> None:
    schemas: dict[str, Any] = {"inputs_schema": {"values": {}}, "outputs_schema": {"values": {}}}
    client.post(TYPES, json={"type": "acme/queue", "use": "direct", "name": "Q", "category": "c", **schemas})

    answer = client.put(QUEUE, json={"use": "indirect", "name": "Queue"})

    assert answer.status_code == 200
    assert answer.json() == {
        "type": "acme/queue",
        "use": "indirect",
        "name": "Queue",
        "category": "",
        "inputs_schema": {},
        "outputs_schema": {},
    }
    assert _type(client, "acme/queue") == answer.json()
    assert client.put(QUEUE, json={"name": "x"}).status_code == 400


def test_a_patch_leaves_out_absent_and_null_members(client: httpx.Client) -> None:
    body = {"type": "acme/queue", "use": "direct", "name": "Q", "inputs_schema": {"values": {}}}
    created = client.post(TYPES, json=body).json()

    changed = client.patch(QUEUE, json={"name": None, "category": "c", "outputs_schema": {"a": 1}}).json()

    assert changed == {**created, "category": "c", "outputs_schema": {"a": 1}}
    assert client.patch(QUEUE, json={}).json() == changed
    assert client.patch(QUEUE, json={"inputs_schema": {}}).json()["inputs_schema"] == {}
    assert _type(client, "acme/queue")["category"] == "c"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"type": None}, 400, id="no type"),
        pytest.param({"type": "queue"}, 400, id="no organization"),
        pytest.param({"type": "other/queue"}, 400, id="another organization"),
        pytest.param({"type": "acme/"}, 400, id="empty name"),
        pytest.param({"type": "acme/a.b"}, 400, id="dot, which separates a class"),
        pytest.param({"type": "acme/a/b"}, 400, id="two slashes"),
        pytest.param({"type": "acme/queue\n"}, 400, id="newline"),
        pytest.param({"use": None}, 400, id="no use"),
        pytest.param({"use": "sometimes"}, 400, id="unknown use"),
        pytest.param({"use": "implicit"}, 400, id="use of built-in types"),
        pytest.param({"use": 5}, 422, id="use is a number"),
        pytest.param({"name": 5}, 422, id="name is a number"),
        pytest.param({"inputs_schema": []}, 422, id="schema is a list"),
        pytest.param({"type": "acme/taken"}, 409, id="taken"),
    ],
)
def test_what_breaks_a_rule_is_refused(client: httpx.Client, change: dict[str, Any], status: int) -> None:
    client.post(TYPES, json={"type": "acme/taken", "use": "direct", "name": "first"})
    before = client.get(TYPES).json()

    assert client.post(TYPES, json={"type": "acme/queue", "use": "direct", **change}).status_code == status
    assert client.get(TYPES).json() == before


def test_changes_are_checked_like_creations(client: httpx.Client) -> None:
    created = client.post(TYPES, json={"type": "acme/queue", "use": "direct"}).json()

    assert client.put(QUEUE, json={"use": "implicit"}).status_code == 400
    assert client.patch(QUEUE, json={"use": ""}).status_code == 400
    assert client.patch(QUEUE, json={"outputs_schema": "x"}).status_code == 422
    assert _type(client, "acme/queue") == created


@pytest.mark.parametrize("name", ["k8s-cluster", "s3", "config"])
def test_built_in_types_exist_and_are_protected(client: httpx.Client, name: str) -> None:
    before = _type(client, name)

    assert before["use"] in ("direct", "indirect", "implicit")
    assert client.put(f"{TYPES}/{name}", json={"use": "direct"}).status_code == 403
    assert client.patch(f"{TYPES}/{name}", json={"name": "x"}).status_code == 403
    assert client.delete(f"{TYPES}/{name}").status_code == 403
    assert _type(client, name) == before


def test_unknown_types_are_not_found(client: httpx.Client) -> None:
    assert client.put(QUEUE, json={"use": "direct"}).status_code == 404
    assert client.patch(QUEUE, json={}).status_code == 404
    assert client.delete(QUEUE).status_code == 404


def test_an_own_type_can_be_used_by_definitions_and_is_kept_while_it_is(
    emulator: Emulator, client: httpx.Client, definition: Make
) -> None:
    body = definition(type="acme/queue", criteria=[{}])
    assert client.post(DEFS, json=body).status_code == 400
    client.post(TYPES, json={"type": "acme/queue", "use": "direct"})

    assert client.post(DEFS, json=body).status_code == 200

    refused = client.delete(QUEUE)
    assert (refused.status_code, refused.json()["details"]) == (400, {"used_by": ["store-one"]})
    active = {"def_id": "store-one", "app_id": "a", "env_id": "e", "res_id": "r"}
    emulator.seed({"organization": "acme", "active_resources": [active]})
    client.delete(f"{DEFS}/store-one", params={"force": "true"})
    assert client.delete(QUEUE).status_code == 400
    client.delete("/orgs/acme/apps/a/envs/e/resources/acme%2Fqueue/r")
    assert client.delete(QUEUE).status_code == 204
    assert _type(client, "acme/queue") is None


def test_a_type_that_a_driver_produces_is_kept(client: httpx.Client) -> None:
    client.post(TYPES, json={"type": "acme/queue", "use": "direct"})
    driver = {"type": "acme/queue", "target": "https://x.example", "inputs_schema": {}, "account_types": []}
    client.post("/orgs/acme/resources/drivers", json={"id": "queue", **driver})

    assert client.delete(QUEUE).status_code == 400
    client.delete("/orgs/acme/resources/drivers/queue")
    assert client.delete(QUEUE).status_code == 204


def test_classes_are_deleted_with_their_type(client: httpx.Client) -> None:
    client.post(TYPES, json={"type": "acme/queue", "use": "direct"})
    client.post(f"{QUEUE}/classes", json={"id": "fast", "description": ""})

    client.delete(QUEUE)
    client.post(TYPES, json={"type": "acme/queue", "use": "direct"})

    assert client.get(f"{QUEUE}/classes/fast").status_code == 404


def test_a_seed_may_plant_types_that_only_the_service_could_create(
    emulator: Emulator, client: httpx.Client
) -> None:
    emulator.seed({"organization": "acme", "resource_types": [{"type": "pubsub", "use": "implicit"}]})

    assert _type(client, "pubsub")["use"] == "implicit"
    assert client.delete(f"{TYPES}/pubsub").status_code == 403
    for item, problem in (
        ({"type": "s3"}, "already exists"),
        ({"type": "x", "use": "never"}, "use must be"),
        ({"type": ""}, "type is required"),
        ({"type": "x", "inputs_schema": 5}, "must be an object"),
    ):
        with pytest.raises(ApiError, match=problem):
            emulator.seed({"organization": "acme", "resource_types": [item]})
