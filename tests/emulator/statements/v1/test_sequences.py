"""The minimal call sequences (v1 section 16), over a real port."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

AGENTS = "/orgs/acme/agents"
DEFS = "/orgs/acme/resources/defs"
URL = "${resources['agent#agent'].outputs.url}"
Body = dict[str, Any]
Given = Callable[..., Any]

AGENT = {
    "id": "eu-private",
    "name": "EU agent",
    "type": "agent",
    "driver_type": "humanitec/agent",
    "driver_inputs": {"values": {"id": "eu-private"}},
    "criteria": [{"env_type": "development", "res_id": "agent"}],
}
CLUSTER = {
    "id": "eu-cluster",
    "name": "EU cluster",
    "type": "k8s-cluster",
    "driver_type": "humanitec/k8s-cluster-gke",
    "driver_inputs": {"values": {"name": "c1"}, "secrets": {"agent_url": URL}},
    "criteria": [{"env_type": "development"}],
}


@pytest.fixture
def connected(wire: httpx.Client, rsa_key: Given) -> httpx.Client:
    """An organization with an agent of two keys, its definition and a cluster that uses it."""
    answers = (
        wire.post(AGENTS, json={"id": "eu-private", "public_key": rsa_key(1).pem, "description": "EU"}),
        wire.post(f"{AGENTS}/eu-private/keys", json={"public_key": rsa_key(2).pem}),
        wire.post(DEFS, json=AGENT),
        wire.post(DEFS, json=CLUSTER),
    )
    assert [answer.status_code for answer in answers] == [200] * 4
    return wire


def test_an_agent_with_two_keys_is_registered_and_a_private_cluster_connected(
    connected: httpx.Client,
) -> None:
    keys = connected.get(f"{AGENTS}/eu-private/keys").json()
    cluster = connected.get(f"{DEFS}/eu-cluster").json()

    assert len(keys) == 2
    assert cluster["driver_inputs"]["secret_refs"] == {"agent_url": {"value": URL}}


def test_an_existing_cluster_is_connected_by_a_patch(wire: httpx.Client) -> None:
    wire.post(DEFS, json=CLUSTER | {"driver_inputs": {"values": {"name": "c1"}}})

    answer = wire.patch(f"{DEFS}/eu-cluster", json={"driver_inputs": {"secrets": {"agent_url": URL}}})

    assert answer.status_code == 200
    assert answer.json()["driver_inputs"] == {
        "values": {"name": "c1"},
        "secret_refs": {"agent_url": {"value": URL}},
    }


def test_keys_are_rotated_by_adding_the_new_and_then_removing_the_old(
    connected: httpx.Client, rsa_key: Given
) -> None:
    keys = f"{AGENTS}/eu-private/keys"
    before = [key["fingerprint"] for key in connected.get(keys).json()]

    added = connected.post(keys, json={"public_key": rsa_key(3).pem})
    removed = [connected.delete(f"{keys}/{fingerprint}") for fingerprint in before]

    assert added.status_code == 200
    assert [answer.status_code for answer in removed] == [204, 204]
    assert [key["fingerprint"] for key in connected.get(keys).json()] == [rsa_key(3).fingerprint]


def _reconcile(wire: httpx.Client, desired: Body) -> list[str]:
    """Bring one definition to its desired state as a careful client would; return the verbs of the writes."""
    one = f"{DEFS}/{desired['id']}"
    live = wire.get(one, params={"deleted": "false"})
    if live.status_code == 404:
        wire.post(DEFS, json=desired).raise_for_status()
        return ["POST"]
    wrote = []
    body = {name: desired[name] for name in ("name", "driver_type", "driver_inputs") if name in desired}
    if any(live.json().get(name) != value for name, value in body.items()):
        wire.put(one, json=body).raise_for_status()
        wrote.append("PUT")
    there = {rule.get("app_id", ""): rule["id"] for rule in live.json().get("criteria", [])}
    wanted = {rule["app_id"] for rule in desired["criteria"]}
    for app, rule_id in there.items():
        if app not in wanted:
            wire.delete(f"{one}/criteria/{rule_id}").raise_for_status()
            wrote.append("DELETE rule")
    for app in wanted - set(there):
        wire.post(f"{one}/criteria", json={"app_id": app}).raise_for_status()
        wrote.append("POST rule")
    return wrote


def test_one_definition_is_reconciled_and_then_left_alone(wire: httpx.Client, definition: Given) -> None:
    first = definition(driver_inputs={"values": {"a": 1}}, criteria=[{"app_id": "shop"}])
    later = first | {"name": "new", "criteria": [{"app_id": "blog"}]}

    wrote = [_reconcile(wire, desired) for desired in (first, first, later, later)]

    assert wrote == [["POST"], [], ["PUT", "DELETE rule", "POST rule"], []]
    assert len(wire.get(f"{DEFS}/store-one/versions").json()) == 2


def test_a_guarded_rule_stops_a_reconciliation_with_an_array_of_changes(
    emulator: Emulator, wire: httpx.Client, definition: Given
) -> None:
    created = wire.post(DEFS, json=definition(criteria=[{"app_id": "shop"}])).json()
    place = {"def_id": "store-one", "app_id": "shop", "env_id": "qa", "res_id": "bucket"}
    emulator.seed({"organization": "acme", "active_resources": [place]})

    answer = wire.delete(f"{DEFS}/store-one/criteria/{created['criteria'][0]['id']}")

    assert (answer.status_code, answer.json()[0]["from_def"]) == (409, "store-one")


def test_everything_is_removed_and_a_second_removal_finds_nothing_to_do(connected: httpx.Client) -> None:
    connected.post("/orgs/acme/secretstores", json={"id": "eu-vault", "primary": False, "vault": {}})
    paths = [
        *(f"{DEFS}/{name}/criteria/{rule['id']}" for name in ("eu-cluster", "eu-private")
          for rule in connected.get(f"{DEFS}/{name}").json()["criteria"]),
        f"{DEFS}/eu-cluster",
        f"{DEFS}/eu-private",
        f"{AGENTS}/eu-private",
        "/orgs/acme/secretstores/eu-vault",
    ]  # fmt: skip

    removed = [[connected.delete(path).status_code for path in paths] for _ in range(2)]

    assert removed == [[204] * len(paths), [404] * len(paths)]
    assert connected.get(AGENTS).json() == []
