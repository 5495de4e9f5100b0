"""Deletion, its guards and what remains (v1 sections 4.7 and 4.13)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator
from reconciler.emulator.failure import ApiError

DEFS = "/orgs/acme/resources/defs"
ONE = f"{DEFS}/store-one"
BUCKET = "/orgs/acme/apps/shop/envs/qa/resources/s3.default/bucket"
Given = Callable[..., Any]


def test_a_definition_without_resources_is_gone_at_once(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition()

    answer = client.delete(ONE)

    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(ONE).status_code == 404


def test_a_definition_with_resources_is_refused_with_an_array_of_changes(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    given_definition(criteria=[{"app_id": "shop"}])
    given_definition("store-two", criteria=[{"env_type": "test"}])
    given_active_resource(env_id="qa")
    given_active_resource(env_id="prod", env_type="production")

    answer = client.delete(ONE)

    assert answer.status_code == 409
    assert answer.json() == [
        {
            "app_id": "shop",
            "env_id": "qa",
            "res_id": "bucket",
            "from_def": "store-one",
            "to_def": "store-two",
        },
        {"app_id": "shop", "env_id": "prod", "res_id": "bucket", "from_def": "store-one", "to_def": ""},
    ]
    assert client.get(ONE).json()["is_deleted"] is False


@pytest.mark.parametrize(("query", "status"), [("", 409), ("?force=false", 409), ("?force=true", 204)])
def test_only_force_overrides_the_guard(
    client: httpx.Client, given_definition: Given, given_active_resource: Given, query: str, status: int
) -> None:
    given_definition()
    given_active_resource()

    answer = client.delete(f"{ONE}{query}")

    assert answer.status_code == status


def test_a_definition_deleted_by_force_provisions_nothing_more(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    given_definition(criteria=[{}])
    given_active_resource()

    client.delete(f"{ONE}?force=true")

    assert client.get(DEFS, params={"res_type": "s3"}).json() == []


@pytest.mark.parametrize(("query", "status"), [("", 409), ("?force=false", 409), ("?force=true", 204)])
def test_a_rule_that_holds_a_resource_is_guarded(
    client: httpx.Client, given_definition: Given, given_active_resource: Given, query: str, status: int
) -> None:
    (rule,) = given_definition(criteria=[{"app_id": "shop"}])["criteria"]
    given_active_resource()

    answer = client.delete(f"{ONE}/criteria/{rule['id']}{query}")

    assert answer.status_code == status
    assert len(client.get(ONE).json().get("criteria", [])) == (1 if status == 409 else 0)


def test_the_guard_of_a_rule_names_where_its_resources_would_go(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    (rule,) = given_definition(criteria=[{"app_id": "shop"}])["criteria"]
    given_definition("store-two", criteria=[{}])
    given_active_resource()

    answer = client.delete(f"{ONE}/criteria/{rule['id']}")

    change = {
        "app_id": "shop",
        "env_id": "qa",
        "res_id": "bucket",
        "from_def": "store-one",
        "to_def": "store-two",
    }
    assert answer.json() == [change]


def test_replacing_all_rules_is_not_guarded(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    given_definition(criteria=[{"app_id": "shop"}])
    given_active_resource()

    answer = client.put(f"{ONE}/criteria", json=[])

    assert (answer.status_code, answer.json()) == (200, [])


def test_resources_are_deleted_first_then_their_definition(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    given_definition()
    given_active_resource()

    (resource,) = client.get(f"{ONE}/resources").json()
    path = (
        f"/orgs/acme/apps/{resource['app_id']}/envs/{resource['env_id']}"
        f"/resources/{resource['type']}.{resource['class']}/{resource['res_id']}"
    )
    answers = [client.delete(path).status_code, client.delete(ONE).status_code]

    assert answers == [204, 204]


def test_a_deleted_definition_stays_readable_with_its_versions(
    client: httpx.Client, given_definition: Given
) -> None:
    created = given_definition()
    client.delete(ONE)

    record = client.get(ONE, params={"deleted": "true"})
    versions = client.get(f"{ONE}/versions", params={"deleted": "true"})

    assert record.json()["is_deleted"] is True
    assert record.json()["name"] == created["name"]
    assert [version["action"] for version in versions.json()] == ["deleted", "created"]
    assert client.get(f"{ONE}/versions").status_code == 404
    assert client.get(f"{ONE}/versions/{created['active_version_id']}").status_code == 200


def test_deleted_definitions_are_listed_only_when_asked_for(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition()
    client.delete(ONE)

    listed = [
        [item["id"] for item in client.get(DEFS, params=query).json() if not item["is_default"]]
        for query in ({}, {"deleted": "false"}, {"deleted": "true"})
    ]

    assert listed == [[], [], ["store-one"]]


def test_an_id_is_created_deleted_and_created_again(client: httpx.Client, definition: Given) -> None:
    body = definition("s3-test", criteria=[{}])

    answers = []
    for _ in range(3):
        answers.append(client.post(DEFS, json=body).status_code)
        answers.append(client.delete(f"{DEFS}/s3-test").status_code)

    assert answers == [200, 204] * 3


def test_after_a_new_creation_deleted_true_shows_the_newest_record(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition(name="old")
    client.delete(ONE)
    given_definition(name="new")

    record = client.get(ONE, params={"deleted": "true"}).json()

    assert (record["name"], record["is_deleted"]) == ("new", False)


def test_a_deleted_definition_cannot_be_changed(client: httpx.Client, given_definition: Given) -> None:
    given_definition()
    client.delete(ONE)

    answers = (
        client.put(ONE, json={"name": "x"}),
        client.patch(ONE, json={"name": "x"}),
        client.post(f"{ONE}/criteria", json={}),
        client.put(f"{ONE}/criteria", json=[]),
    )

    assert [answer.status_code for answer in answers] == [404] * 4


ALWAYS = {
    "org_id", "app_id", "env_id", "env_type", "res_id", "def_id", "def_version_id", "type", "class",
    "driver_type", "status", "resource", "secret_refs", "updated_at", "deploy_id", "gu_res_id",
    "scheduled_deletion",
}  # fmt: skip


def test_an_active_resource_shows_what_is_always_there(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    created = given_definition()
    given_active_resource()

    (resource,) = client.get(f"{ONE}/resources").json()

    assert set(resource) == ALWAYS
    assert resource["def_version_id"] == created["active_version_id"]
    assert (resource["type"], resource["class"], resource["driver_type"]) == (
        "s3",
        "default",
        "humanitec/echo",
    )
    assert (resource["status"], resource["scheduled_deletion"]) == ("active", False)
    assert (resource["resource"], resource["secret_refs"]) == ({}, {})


def test_an_active_resource_may_show_three_members_more(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    more = {
        "criteria_id": "5f1e0c7a9b2d4e63",
        "target_def_version_id": "other",
        "driver_account": "account-one",
    }
    given_definition()
    given_active_resource(**more, status="pending", resource={"bucket": "b"})

    (resource,) = client.get(f"{ONE}/resources").json()

    assert set(resource) == ALWAYS | set(more)
    assert (resource["status"], resource["resource"]) == ("pending", {"bucket": "b"})


def test_resources_are_listed_only_for_their_own_definition(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    given_definition()
    given_definition("store-two")
    given_active_resource(res_id="one")
    given_active_resource("store-two", res_id="two")

    listed = [
        [resource["res_id"] for resource in client.get(f"{DEFS}/{name}/resources").json()]
        for name in ("store-one", "store-two", "store-nine")
    ]

    assert listed == [["one"], ["two"], []]


def test_a_resource_needs_its_definition(emulator: Emulator, given_active_resource: Given) -> None:
    with pytest.raises(ApiError, match="store-nine does not exist"):
        given_active_resource("store-nine")
