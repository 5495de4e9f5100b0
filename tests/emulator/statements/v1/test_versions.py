"""Versions of definitions (v1 section 4.9)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

DEFS = "/orgs/acme/resources/defs"
ONE = f"{DEFS}/store-one"
VERSIONS = f"{ONE}/versions"
Given = Callable[..., Any]

MEMBERS = {
    "id", "org_id", "def_id", "name", "type", "driver_type", "driver_account", "driver_inputs",
    "in_place_driver_change", "provision", "action", "archived", "active", "proposed", "created_at", "created_by",
}  # fmt: skip


def _versions(client: httpx.Client) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = client.get(VERSIONS).json()
    return listed


def test_every_change_creates_a_version_and_the_newest_is_active(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition(name="first")
    client.put(ONE, json={"name": "second"})
    client.patch(ONE, json={"name": "third"})

    listed = _versions(client)

    assert [(version["name"], version["active"]) for version in listed] == [
        ("third", True),
        ("second", False),
        ("first", False),
    ]
    assert [version["action"] for version in listed] == ["updated", "updated", "created"]
    assert client.get(ONE).json()["active_version_id"] == listed[0]["id"]


def test_criteria_are_not_part_of_versions(client: httpx.Client, given_definition: Given) -> None:
    created = given_definition(criteria=[{"app_id": "shop"}])

    client.post(f"{ONE}/criteria", json={"env_id": "qa"})
    client.put(f"{ONE}/criteria", json=[{"app_id": "other"}])

    (version,) = _versions(client)
    assert set(version) == MEMBERS
    assert client.get(ONE).json()["active_version_id"] == created["active_version_id"]


def test_a_version_has_every_member_even_of_a_bare_definition(
    client: httpx.Client, given_definition: Given
) -> None:
    created = given_definition()

    version = client.get(f"{VERSIONS}/{created['active_version_id']}").json()

    assert set(version) == MEMBERS
    assert (version["org_id"], version["def_id"]) == ("acme", "store-one")
    assert [version] == _versions(client)


def test_a_proposed_change_is_stored_without_effect(client: httpx.Client, given_definition: Given) -> None:
    created = given_definition()

    answers = [
        client.request(verb, ONE, json={"name": f"by {verb}", "proposed": True}) for verb in ("PUT", "PATCH")
    ]

    assert [answer.json() for answer in answers] == [created, created]
    assert [(item["name"], item["proposed"], item["active"]) for item in _versions(client)] == [
        ("by PATCH", True, False),
        ("by PUT", True, False),
        ("store-one", False, True),
    ]


def test_a_promoted_version_becomes_the_definition(client: httpx.Client, given_definition: Given) -> None:
    given_definition(driver_inputs={"values": {"a": 1}}, criteria=[{}])
    client.put(ONE, json={"name": "new", "driver_inputs": {"values": {"a": 2}}, "proposed": True})
    proposed = _versions(client)[0]["id"]

    answer = client.post(f"{VERSIONS}/{proposed}/actions/promote")

    promoted = client.get(ONE).json()
    assert (answer.status_code, answer.content) == (204, b"")
    assert (promoted["name"], promoted["driver_inputs"]) == ("new", {"values": {"a": 2}})
    assert (promoted["active_version_id"], len(promoted["criteria"])) == (proposed, 1)
    assert [(item["active"], item["proposed"]) for item in _versions(client)] == [
        (True, False),
        (False, False),
    ]


def test_an_older_version_may_be_promoted_again(client: httpx.Client, given_definition: Given) -> None:
    created = given_definition(driver_account="account-one")
    client.put(ONE, json={"name": "new"})

    client.post(f"{VERSIONS}/{created['active_version_id']}/actions/promote")

    promoted = client.get(ONE).json()
    assert (promoted["name"], promoted["driver_account"]) == ("store-one", "account-one")


@pytest.mark.parametrize(
    ("body", "archived"),
    [({}, True), ({"archived": True}, True), ({"archived": False}, False), ({"archive": False}, True)],
    ids=str,
)
def test_archiving_is_the_default_of_the_archive_action(
    client: httpx.Client, given_definition: Given, body: dict[str, bool], *, archived: bool
) -> None:
    old = given_definition()["active_version_id"]
    client.put(ONE, json={"name": "new"})

    answer = client.post(f"{VERSIONS}/{old}/actions/archive", json=body)

    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(f"{VERSIONS}/{old}").json()["archived"] is archived


def test_an_archived_version_can_be_restored(client: httpx.Client, given_definition: Given) -> None:
    old = given_definition()["active_version_id"]
    client.put(ONE, json={"name": "new"})
    client.post(f"{VERSIONS}/{old}/actions/archive", json={"archived": True})

    client.post(f"{VERSIONS}/{old}/actions/archive", json={"archived": False})

    assert client.get(f"{VERSIONS}/{old}").json()["archived"] is False


def test_fifty_versions_are_kept_and_those_that_resources_use(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    used = given_definition()["active_version_id"]
    given_active_resource()
    unused = client.put(ONE, json={"name": "unused"}).json()["active_version_id"]

    for number in range(50):
        client.put(ONE, json={"name": f"name-{number}"})

    assert len(client.get(VERSIONS, params={"per_page": 100}).json()) == 51
    assert client.get(f"{VERSIONS}/{used}").status_code == 200
    assert client.get(f"{VERSIONS}/{unused}").status_code == 404


def test_a_page_holds_fifty_unless_asked_otherwise(
    client: httpx.Client, given_definition: Given, given_active_resource: Given
) -> None:
    given_definition()
    given_active_resource()
    for number in range(50):
        client.put(ONE, json={"name": f"name-{number}"})

    usual = client.get(VERSIONS)
    small = client.get(VERSIONS, params={"per_page": 7})
    whole = client.get(VERSIONS, params={"per_page": 100})

    assert [len(page.json()) for page in (usual, small, whole)] == [50, 7, 51]
    assert ["link" in page.headers for page in (usual, small, whole)] == [True, True, False]


def test_the_announced_page_continues_where_the_last_one_ended(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition()
    for number in range(4):
        client.put(ONE, json={"name": f"name-{number}"})

    first = client.get(VERSIONS, params={"per_page": 3})
    second = client.get(first.links["next"]["url"])

    assert first.json() + second.json() == _versions(client)
    assert "next" not in second.links


@pytest.mark.parametrize(
    "query", [{"per_page": "0"}, {"per_page": "101"}, {"per_page": "x"}, {"per_page": "-1"}, {"page": "???"}]
)
def test_invalid_pages_are_refused(
    client: httpx.Client, given_definition: Given, query: dict[str, str]
) -> None:
    given_definition()

    answer = client.get(VERSIONS, params=query)

    assert answer.status_code == 400


def test_unknown_definitions_and_versions_are_404(client: httpx.Client, given_definition: Given) -> None:
    given_definition()
    unknown = f"{VERSIONS}/01234567-89ab-cdef-0123-4567890abcdef"

    answers = (
        client.get(f"{DEFS}/store-nine/versions"),
        client.get(unknown),
        client.post(f"{unknown}/actions/promote"),
        client.post(f"{unknown}/actions/archive", json={}),
    )

    assert [answer.status_code for answer in answers] == [404] * 4


def test_a_version_belongs_to_its_definition(client: httpx.Client, given_definition: Given) -> None:
    other = given_definition("store-two")["active_version_id"]
    given_definition()

    answer = client.get(f"{VERSIONS}/{other}")

    assert answer.status_code == 404


def test_the_active_version_shows_whether_the_body_changed(
    client: httpx.Client, given_definition: Given
) -> None:
    first = given_definition()["active_version_id"]

    same = client.put(ONE, json={"name": "store-one"}).json()["active_version_id"]
    changed = client.put(ONE, json={"name": "new"}).json()["active_version_id"]

    assert same == first
    assert changed != first
