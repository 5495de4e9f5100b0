"""Replacing and merging definitions (v1 section 4.5)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

DEFS = "/orgs/acme/resources/defs"
ONE = f"{DEFS}/store-one"
URL = "${resources['agent#agent'].outputs.url}"
Given = Callable[..., dict[str, Any]]


@pytest.fixture
def full(given_definition: Given) -> dict[str, Any]:
    return given_definition(
        driver_account="account-one",
        driver_inputs={"values": {"a": 1, "b": {"c": 2, "d": [1, 2]}}, "secrets": {"token": "plain"}},
        provision={"dns": {"match_dependents": True, "params": {"p": 1}}},
        in_place_driver_change=True,
    )


@pytest.mark.parametrize("member", ["driver_account", "driver_inputs", "provision"])
def test_put_unsets_what_it_leaves_out(client: httpx.Client, full: dict[str, Any], member: str) -> None:
    body = {
        "name": "store-one",
        "driver_account": "account-one",
        "driver_inputs": {"values": {"a": 1}},
        "provision": {"dns": {}},
    }
    del body[member]

    replaced = client.put(ONE, json=body).json()

    assert member not in replaced
    assert set(body) <= set(replaced)


@pytest.mark.parametrize("empty", ["", None])
def test_put_with_an_empty_account_unsets_it(
    client: httpx.Client, full: dict[str, Any], empty: str | None
) -> None:
    replaced = client.put(ONE, json={"name": "store-one", "driver_account": empty}).json()

    assert "driver_account" not in replaced


@pytest.mark.parametrize("body", [{}, {"driver_type": ""}, {"driver_type": None}], ids=str)
def test_put_with_an_empty_driver_keeps_the_driver(
    client: httpx.Client, full: dict[str, Any], body: dict[str, Any]
) -> None:
    replaced = client.put(ONE, json={"name": "new", **body}).json()

    assert replaced["driver_type"] == "humanitec/echo"


def test_put_changes_the_driver(client: httpx.Client, full: dict[str, Any]) -> None:
    replaced = client.put(ONE, json={"name": "store-one", "driver_type": "humanitec/template"}).json()

    assert replaced["driver_type"] == "humanitec/template"
    assert client.get(ONE).json() == replaced


def test_put_without_the_operator_switch_clears_it_and_patch_keeps_it(
    client: httpx.Client, full: dict[str, Any]
) -> None:
    merged = client.patch(ONE, json={"name": "new"}).json()
    replaced = client.put(ONE, json={"name": "newer"}).json()

    assert (merged["in_place_driver_change"], replaced["in_place_driver_change"]) == (True, False)


def test_put_needs_a_name(client: httpx.Client, full: dict[str, Any]) -> None:
    answer = client.put(ONE, json={"driver_inputs": {}})

    assert (answer.status_code, answer.json()["details"]) == (400, {"field": "name"})
    assert client.get(ONE).json() == full


def test_a_refused_change_changes_nothing(client: httpx.Client, full: dict[str, Any]) -> None:
    broken = {"name": "new", "driver_inputs": {"secret_refs": {"k": {"ref": "without a store"}}}}

    answers = [client.request(verb, ONE, json=broken).status_code for verb in ("PUT", "PATCH")]

    assert answers == [400, 400]
    assert client.get(ONE).json() == full
    assert len(client.get(f"{ONE}/versions").json()) == 1


@pytest.mark.parametrize("member", ["name", "driver_account", "driver_inputs", "provision"])
def test_patch_ignores_null_members_at_the_top_level(
    client: httpx.Client, full: dict[str, Any], member: str
) -> None:
    merged = client.patch(ONE, json={member: None}).json()

    assert merged == full


def test_patch_of_nothing_changes_nothing(client: httpx.Client, full: dict[str, Any]) -> None:
    merged = client.patch(ONE, json={}).json()

    assert merged == full


def test_patch_replaces_adds_removes_and_leaves_alone_by_key(
    client: httpx.Client, full: dict[str, Any]
) -> None:
    change = {"driver_inputs": {"values": {"a": None, "b": {"d": [3]}, "e": "new"}}}

    merged = client.patch(ONE, json=change).json()

    assert merged["driver_inputs"]["values"] == {"b": {"c": 2, "d": [3]}, "e": "new"}
    assert merged["driver_inputs"]["secret_refs"] == full["driver_inputs"]["secret_refs"]


def test_patch_of_an_agent_url_leaves_the_values_of_a_cluster_alone(
    client: httpx.Client, given_definition: Given
) -> None:
    created = given_definition(
        type="k8s-cluster",
        driver_type="humanitec/k8s-cluster-gke",
        driver_inputs={"values": {"name": "c1", "zone": "europe-west1-b"}},
    )

    merged = client.patch(ONE, json={"driver_inputs": {"secrets": {"agent_url": URL}}}).json()

    assert merged["driver_inputs"]["values"] == created["driver_inputs"]["values"]
    assert merged["driver_inputs"]["secret_refs"] == {"agent_url": {"value": URL}}


def test_patch_removes_one_whole_part_of_the_inputs(client: httpx.Client, full: dict[str, Any]) -> None:
    merged = client.patch(ONE, json={"driver_inputs": {"values": None}}).json()

    assert merged["driver_inputs"] == {"secret_refs": full["driver_inputs"]["secret_refs"]}


def test_patch_merges_and_removes_provisions(client: httpx.Client, full: dict[str, Any]) -> None:
    merged = client.patch(ONE, json={"provision": {"dns": {"params": {"q": 2}}, "ingress": {}}}).json()
    removed = client.patch(ONE, json={"provision": {"dns": None, "ingress": None}}).json()

    assert merged["provision"] == {
        "dns": {"is_dependent": False, "match_dependents": True, "params": {"p": 1, "q": 2}},
        "ingress": {"is_dependent": False},
    }
    assert "provision" not in removed


def test_patch_cannot_touch_the_driver(client: httpx.Client, full: dict[str, Any]) -> None:
    merged = client.patch(ONE, json={"driver_type": "humanitec/template", "name": "new"}).json()

    assert (merged["driver_type"], merged["name"]) == ("humanitec/echo", "new")


def test_put_that_changes_nothing_changes_nothing(client: httpx.Client, full: dict[str, Any]) -> None:
    body = {name: full[name] for name in ("name", "driver_account", "provision", "in_place_driver_change")}
    client.put(ONE, json=body)
    before = client.get(ONE).json()

    again = client.put(ONE, json=body).json()

    assert again == before
    assert len(client.get(f"{ONE}/versions").json()) == 2
