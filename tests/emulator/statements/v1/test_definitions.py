"""Resource definitions: fields, creation, lists (v1 sections 4.1 to 4.4)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

DEFS = "/orgs/acme/resources/defs"
ONE = f"{DEFS}/store-one"
Given = Callable[..., dict[str, Any]]

ALWAYS = {
    "org_id", "id", "name", "type", "created_at", "created_by", "is_default", "is_deleted", "driver_type",
    "active_version_id", "in_place_driver_change",
}  # fmt: skip
OPTIONAL = {"driver_account", "driver_inputs", "provision", "criteria", "updated_at", "updated_by"}


def test_a_bare_definition_shows_what_is_always_there_and_nothing_else(given_definition: Given) -> None:
    created = given_definition()

    assert set(created) == ALWAYS


def test_a_full_definition_shows_every_documented_member(
    client: httpx.Client, given_definition: Given
) -> None:
    given_definition(
        driver_account="account-one",
        driver_inputs={"values": {"a": 1}},
        provision={"dns": {}},
        criteria=[{}],
    )

    changed = client.put(
        ONE,
        json={
            "name": "new",
            "driver_account": "account-one",
            "driver_inputs": {"values": {"a": 1}},
            "provision": {"dns": {}},
        },
    ).json()

    assert set(changed) == ALWAYS | OPTIONAL


@pytest.mark.parametrize("member", ["id", "name", "type", "driver_type"])
def test_four_members_are_needed_to_create(client: httpx.Client, definition: Given, member: str) -> None:
    body = definition(driver_inputs={"values": {}})
    del body[member]

    answer = client.post(DEFS, json=body)

    assert (answer.status_code, answer.json()["details"]) == (400, {"field": member})


def test_a_name_is_free_text_and_may_be_empty(client: httpx.Client, definition: Given) -> None:
    names = ["", "With Spaces & Capitals", "日本語"]

    stored = [
        client.post(DEFS, json=definition(f"store-{number}", name=name)).json()["name"]
        for number, name in enumerate(names)
    ]

    assert stored == names


def test_what_the_server_sets_cannot_be_sent(client: httpx.Client, definition: Given) -> None:
    sent = {
        "org_id": "globex",
        "is_default": True,
        "is_deleted": True,
        "created_by": "me",
        "active_version_id": "mine",
        "proposed": True,
    }

    created = client.post(DEFS, json=definition(**sent)).json()

    assert (created["org_id"], created["is_default"], created["is_deleted"]) == ("acme", False, False)
    assert created["created_by"] != "me"
    assert created["active_version_id"] != "mine"
    assert "proposed" not in created


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_id_and_type_cannot_change(client: httpx.Client, given_definition: Given, verb: str) -> None:
    given_definition()

    changed = client.request(verb, ONE, json={"name": "new", "id": "store-two", "type": "mysql"}).json()

    assert (changed["name"], changed["id"], changed["type"]) == ("new", "store-one", "s3")
    assert client.get(f"{DEFS}/store-two").status_code == 404


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_criteria_are_not_part_of_an_update(client: httpx.Client, given_definition: Given, verb: str) -> None:
    created = given_definition(criteria=[{"app_id": "shop"}])

    changed = client.request(verb, ONE, json={"name": "new", "criteria": [{"app_id": "other"}]}).json()

    assert changed["criteria"] == created["criteria"]


def test_a_change_records_when_and_by_whom(client: httpx.Client, given_definition: Given) -> None:
    created = given_definition()

    changed = client.patch(ONE, json={"name": "new"}).json()

    assert (changed["updated_at"], changed["updated_by"]) == (created["created_at"], created["created_by"])
    assert (changed["created_at"], changed["created_by"]) == (created["created_at"], created["created_by"])


def test_every_criterion_is_answered_with_an_id_of_its_own(given_definition: Given) -> None:
    created = given_definition(criteria=[{"app_id": "shop"}, {"env_id": "qa"}])

    ids = [rule["id"] for rule in created["criteria"]]

    assert len(set(ids)) == 2
    assert all(isinstance(name, str) and name for name in ids)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        pytest.param({}, None, id="driver_inputs left out"),
        pytest.param({"driver_inputs": None}, None, id="driver_inputs null"),
        pytest.param({"driver_inputs": {}}, {}, id="driver_inputs empty"),
        pytest.param({"driver_inputs": {"values": {}}}, {}, id="values empty"),
        pytest.param({"driver_inputs": {"values": None}}, {}, id="values null"),
        pytest.param({"driver_inputs": {"secret_refs": {}}}, {}, id="references empty"),
        pytest.param({"driver_inputs": {"secrets": {}}}, {}, id="secrets empty"),
    ],
)
def test_empty_inputs_read_back_without_their_empty_parts(
    given_definition: Given, sent: Any, read: Any
) -> None:
    created = given_definition(**sent)

    assert created.get("driver_inputs") == read


@pytest.mark.parametrize("sent", [{}, None])
def test_an_empty_provision_reads_back_as_absent(
    client: httpx.Client, definition: Given, sent: dict[str, Any] | None
) -> None:
    created = client.post(DEFS, json=definition() | {"provision": sent}).json()

    assert "provision" not in created
    assert "provision" not in client.get(ONE).json()


def test_values_keep_their_types(client: httpx.Client, given_definition: Given) -> None:
    values = {
        "number": 5432,
        "text": "5432",
        "flag": True,
        "deep": {"list": [1, "1", None, {}]},
        "": "no name",
    }

    given_definition(driver_inputs={"values": values})

    read = client.get(ONE).json()["driver_inputs"]["values"]
    assert read == values
    assert isinstance(read["number"], int)


def test_the_store_of_a_reference_need_not_exist(given_definition: Given) -> None:
    leaf = {"store": "external-secret-store", "ref": "some/path"}

    created = given_definition(driver_inputs={"secret_refs": {"password": leaf}})

    assert created["driver_inputs"]["secret_refs"] == {"password": leaf}


def test_provision_may_name_an_unknown_type(given_definition: Given) -> None:
    created = given_definition(provision={"awspolicy": {}})

    assert created["provision"] == {"awspolicy": {"is_dependent": False}}


def test_rules_may_name_what_does_not_exist(given_definition: Given) -> None:
    rule = {"app_id": "my-app-1", "env_type": "ephemeral", "env_id": "forever", "class": "unregistered"}

    created = given_definition(criteria=[rule])

    assert {name: value for name, value in created["criteria"][0].items() if name != "id"} == rule


@pytest.mark.parametrize("member", ["type", "driver_type"])
@pytest.mark.parametrize("name", ["no-such", "humanitec/no-such", "globex/queue", ""])
def test_a_definition_needs_a_known_type_and_a_known_driver(
    client: httpx.Client, definition: Given, member: str, name: str
) -> None:
    answer = client.post(DEFS, json=definition() | {member: name})

    assert (answer.status_code, answer.json()["details"]["field"]) == (400, member)


def test_the_list_holds_live_definitions_with_built_in_ones_among_them(
    client: httpx.Client, given_definition: Given
) -> None:
    for name in ("store-one", "store-two"):
        given_definition(name)
    client.delete(f"{DEFS}/store-two")

    listed = client.get(DEFS).json()

    own = [item["id"] for item in listed if not item["is_default"]]
    assert own == ["store-one"]
    assert any(item["is_default"] for item in listed)


def test_the_list_shows_what_reading_one_shows(client: httpx.Client, given_definition: Given) -> None:
    created = given_definition(criteria=[{}], driver_inputs={"secrets": {"token": "plain"}})

    listed = client.get(DEFS).json()

    assert client.get(ONE).json() == created
    assert created in listed


BUILT_IN = ("base-env", "namespace", "workload-res", "dns", "ingress", "tls-cert")


@pytest.mark.parametrize("suffix", BUILT_IN)
def test_a_built_in_definition_occupies_the_catch_all_rule_of_its_type_until_it_is_emptied(
    client: httpx.Client, definition: Given, suffix: str
) -> None:
    built_in = client.get(f"{DEFS}/default-humanitec-{suffix}").json()
    own = definition("own-one", type=built_in["type"], criteria=[{}])

    before = client.post(DEFS, json=own).status_code
    emptied = client.put(f"{DEFS}/default-humanitec-{suffix}/criteria", json=[])
    after = client.post(DEFS, json=own).status_code

    assert (before, emptied.json(), after) == (409, [], 200)


FILTERED: tuple[tuple[str, dict[str, str]], ...] = (
    ("store-app", {"app_id": "shop"}),
    ("store-env", {"env_id": "qa"}),
    ("store-env-type", {"env_type": "test"}),
    ("store-res", {"res_id": "bucket"}),
    ("store-class", {"class": "sensitive"}),
    ("store-any", {}),
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"app": "other"}, ["store-res", "store-env", "store-env-type", "store-any", "store-class"]),
        ({"env": "dev"}, ["store-res", "store-app", "store-env-type", "store-any", "store-class"]),
        ({"env_type": "production"}, ["store-res", "store-env", "store-app", "store-any", "store-class"]),
        ({"res": "other"}, ["store-env", "store-app", "store-env-type", "store-any", "store-class"]),
        ({"class": "sensitive"}, ["store-class"]),
        ({"class": "default", "app": "x", "env": "x", "env_type": "x", "res": "x"}, ["store-any"]),
        (
            {"class": "default", "app": "shop", "env": "qa", "env_type": "test", "res": "bucket"},
            ["store-res", "store-env", "store-app", "store-env-type", "store-any"],
        ),
    ],
    ids=str,
)
def test_each_filter_drops_what_contradicts_it_and_the_best_rule_comes_first(
    client: httpx.Client, given_definition: Given, query: dict[str, str], found: list[str]
) -> None:
    for name, rule in reversed(FILTERED):
        given_definition(name, criteria=[rule])

    listed = client.get(DEFS, params={"res_type": "s3", **query}).json()

    assert [item["id"] for item in listed if item["id"] != "store-class"] == [
        name for name in found if name != "store-class"
    ]
    assert ("store-class" in [item["id"] for item in listed]) is ("store-class" in found)


def test_a_filtered_list_is_grouped_by_type(client: httpx.Client, given_definition: Given) -> None:
    for name, kind, rule in (
        ("one", "s3", {"app_id": "shop"}),
        ("two", "mysql", {}),
        ("three", "s3", {}),
        ("four", "mysql", {"app_id": "shop"}),
    ):
        given_definition(f"store-{name}", type=kind, criteria=[rule])

    listed = client.get(DEFS, params={"app": "shop"}).json()

    own = [(item["type"], item["id"]) for item in listed if not item["is_default"]]
    assert own == [
        ("mysql", "store-four"),
        ("mysql", "store-two"),
        ("s3", "store-one"),
        ("s3", "store-three"),
    ]


def test_a_filter_by_type_alone_leaves_other_types_out(client: httpx.Client, given_definition: Given) -> None:
    given_definition("store-one", criteria=[{}])
    given_definition("base-one", type="mysql", criteria=[{}])

    listed = client.get(DEFS, params={"res_type": "mysql"}).json()

    assert [item["id"] for item in listed] == ["base-one"]


@pytest.mark.parametrize("parameter", ["deleted", "force"])
def test_a_flag_is_true_or_false(client: httpx.Client, given_definition: Given, parameter: str) -> None:
    given_definition()
    verb = {"deleted": "GET", "force": "DELETE"}[parameter]

    answer = client.request(verb, ONE, params={parameter: "perhaps"})

    assert (answer.status_code, client.get(ONE).status_code) == (400, 200)


def test_an_unknown_definition_is_404_for_every_verb(client: httpx.Client) -> None:
    answers = [
        client.request(verb, ONE, json=body)
        for verb, body in (("GET", None), ("PUT", {"name": "x"}), ("PATCH", {}), ("DELETE", None))
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
