"""Matching criteria and the guards of deletion (v1 sections 4.7, 4.10 and 12)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Choices, CriterionIds, Emulator

DEFS = "/orgs/acme/resources/defs"
Make = Callable[..., dict[str, Any]]


def _rules(client: httpx.Client, name: str) -> list[dict[str, str]]:
    listed: list[dict[str, str]] = client.get(f"{DEFS}/{name}").json().get("criteria", [])
    return [{field: value for field, value in rule.items() if field != "id"} for rule in listed]


def test_a_rule_is_unique_per_type_over_the_whole_organization(
    client: httpx.Client, definition: Make
) -> None:
    client.post(DEFS, json=definition("store-one", criteria=[{"app_id": "shop"}]))

    equal = client.post(DEFS, json=definition("store-two", criteria=[{"app_id": "shop", "class": "default"}]))
    other_type = client.post(DEFS, json=definition("base-two", type="mysql", criteria=[{"app_id": "shop"}]))

    assert (equal.status_code, other_type.status_code) == (409, 200)
    assert client.get(f"{DEFS}/store-two").status_code == 404


def test_catch_all_rules_collide_with_built_in_ones_until_those_are_emptied(
    client: httpx.Client, definition: Make
) -> None:
    body = definition("own-dns", type="dns", criteria=[{}])
    assert client.post(DEFS, json=body).status_code == 409

    emptied = client.put(f"{DEFS}/default-humanitec-dns/criteria", json=[])

    assert (emptied.status_code, emptied.json()) == (200, [])
    assert client.post(DEFS, json=body).status_code == 200


def test_rules_of_a_built_in_definition_are_deleted_and_restored_one_by_one(client: httpx.Client) -> None:
    place = f"{DEFS}/default-humanitec-dns"
    before = client.get(place).json()
    (held,) = before.pop("criteria")

    assert client.delete(f"{place}/criteria/{held['id']}").status_code == 204
    assert {name: value for name, value in client.get(place).json().items() if name != "criteria"} == before
    assert client.post(f"{place}/criteria", json={}).status_code == 200

    assert _rules(client, "default-humanitec-dns") == [{"class": "default"}]
    assert client.get(place).json()["is_default"] is True


def test_a_rule_of_a_built_in_definition_in_use_is_deleted_by_force_only(
    client: httpx.Client, emulator: Emulator
) -> None:
    place = f"{DEFS}/default-humanitec-dns"
    used = {
        "def_id": "default-humanitec-dns",
        "app_id": "shop",
        "env_id": "dev",
        "env_type": "development",
        "res_id": "shared.dns",
    }
    emulator.seed({"organization": "acme", "active_resources": [used]})
    (held,) = client.get(place).json()["criteria"]

    refused = client.delete(f"{place}/criteria/{held['id']}")

    assert (refused.status_code, refused.json()[0]["from_def"]) == (409, "default-humanitec-dns")
    assert client.delete(f"{place}/criteria/{held['id']}", params={"force": "true"}).status_code == 204


def test_two_equal_rules_in_one_body_are_a_conflict(client: httpx.Client, definition: Make) -> None:
    rules = [{"app_id": "shop"}, {"app_id": "shop", "env_id": ""}]

    assert client.post(DEFS, json=definition(criteria=rules)).status_code == 409
    client.post(DEFS, json=definition())
    assert client.put(f"{DEFS}/store-one/criteria", json=rules).status_code == 409
    assert _rules(client, "store-one") == []


def test_one_rule_is_added_and_deleted_by_id(client: httpx.Client, definition: Make) -> None:
    client.post(DEFS, json=definition())

    added = client.post(f"{DEFS}/store-one/criteria", json={"env_id": "qa", "res_id": ""}).json()

    assert {field: value for field, value in added.items() if field != "id"} == {
        "env_id": "qa",
        "class": "default",
    }
    assert client.post(f"{DEFS}/store-one/criteria", json={"env_id": "qa"}).status_code == 409
    assert client.delete(f"{DEFS}/store-one/criteria/{added['id']}").status_code == 204
    assert client.delete(f"{DEFS}/store-one/criteria/{added['id']}").status_code == 404
    assert client.post(f"{DEFS}/store-nine/criteria", json={}).status_code == 404


@pytest.mark.parametrize(("choice", "kept"), [(CriterionIds.KEEP, True), (CriterionIds.RENEW, False)])
def test_replacing_all_rules_keeps_ids_of_unchanged_ones_if_configured(
    definition: Make, choice: CriterionIds, *, kept: bool
) -> None:
    with Emulator(choices=Choices(criterion_ids=choice)) as emulator:
        client = httpx.Client(
            transport=emulator.transport(), base_url="http://e", headers={"Authorization": "Bearer x"}
        )
        created = client.post(DEFS, json=definition(criteria=[{"app_id": "a"}])).json()

        replaced = client.put(f"{DEFS}/store-one/criteria", json=[{"app_id": "b"}, {"app_id": "a"}]).json()

        assert [rule["app_id"] for rule in replaced] == ["b", "a"]
        assert (replaced[1]["id"] == created["criteria"][0]["id"]) is kept


def _with_active_resource(emulator: Emulator, **members: str) -> None:
    place = {"app_id": "shop", "env_id": "qa", "env_type": "test", "res_id": "bucket", **members}
    emulator.seed({"organization": "acme", "active_resources": [place]})


def test_a_definition_with_active_resources_is_deleted_only_by_force(
    emulator: Emulator, client: httpx.Client, definition: Make
) -> None:
    client.post(DEFS, json=definition("store-one", criteria=[{"app_id": "shop"}]))
    client.post(DEFS, json=definition("store-two", criteria=[{}]))
    _with_active_resource(emulator, def_id="store-one")

    refused = client.delete(f"{DEFS}/store-one")

    assert refused.status_code == 409
    assert refused.json() == [
        {"app_id": "shop", "env_id": "qa", "res_id": "bucket", "from_def": "store-one", "to_def": "store-two"}
    ]
    assert len(client.get(f"{DEFS}/store-one/resources").json()) == 1
    assert client.delete(f"{DEFS}/store-one", params={"force": "false"}).status_code == 409
    assert client.delete(f"{DEFS}/store-one", params={"force": "true"}).status_code == 204


def test_nothing_left_to_match_reads_as_empty(
    emulator: Emulator, client: httpx.Client, definition: Make
) -> None:
    client.post(DEFS, json=definition("store-one", criteria=[{}]))
    _with_active_resource(emulator, def_id="store-one")

    assert client.delete(f"{DEFS}/store-one").json()[0]["to_def"] == ""


def test_a_rule_is_guarded_only_while_its_loss_would_move_something(
    emulator: Emulator, client: httpx.Client, definition: Make
) -> None:
    first = client.post(
        DEFS, json=definition("store-one", criteria=[{"app_id": "shop"}, {"res_id": "bucket"}])
    ).json()
    _with_active_resource(emulator, def_id="store-one")
    by_app, by_res = (rule["id"] for rule in first["criteria"])

    assert client.delete(f"{DEFS}/store-one/criteria/{by_app}").status_code == 204
    refused = client.delete(f"{DEFS}/store-one/criteria/{by_res}")
    assert (refused.status_code, type(refused.json())) == (409, list)
    assert client.delete(f"{DEFS}/store-one/criteria/{by_res}?force=true").status_code == 204


def test_deleting_the_active_resource_frees_the_definition(
    emulator: Emulator, client: httpx.Client, definition: Make
) -> None:
    client.post(DEFS, json=definition("store-one", criteria=[{}]))
    _with_active_resource(emulator, def_id="store-one", res_id="modules.web.bucket")
    resource = "/orgs/acme/apps/shop/envs/qa/resources/s3.default/modules.web.bucket"

    assert client.delete(resource).status_code == 204
    assert client.delete(resource).status_code == 404
    assert client.delete(f"{DEFS}/store-one").status_code == 204


@pytest.mark.parametrize(
    ("rules", "winner"),
    [
        (
            [{"env_type": "test"}, {"env_type": "development"}, {"env_type": "test", "app_id": "shop"}],
            "rule-2",
        ),
        ([{"app_id": "shop"}, {"env_id": "qa"}], "rule-1"),
        ([{"res_id": "bucket"}, {"app_id": "shop", "env_id": "qa", "env_type": "test"}], "rule-0"),
        ([{}, {"class": "sensitive"}], "rule-0"),
        ([{"env_id": "qa", "env_type": "development"}], ""),
        ([{"app_id": "other"}], ""),
    ],
)
def test_the_most_specific_field_decides_not_the_number_of_fields(
    emulator: Emulator, client: httpx.Client, definition: Make, rules: list[dict[str, str]], winner: str
) -> None:
    client.post(DEFS, json=definition("holder"))
    for number, rule in enumerate(rules):
        client.post(DEFS, json=definition(f"rule-{number}", criteria=[rule]))
    _with_active_resource(emulator, def_id="holder")

    assert client.delete(f"{DEFS}/holder").json()[0]["to_def"] == winner
