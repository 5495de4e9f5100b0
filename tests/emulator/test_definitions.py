"""Resource definitions: create, list, replace, merge, versions (v1 section 4)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Choices, Emulator, UnknownFields, UnknownTypes

DEFS = "/orgs/acme/resources/defs"
Make = Callable[..., dict[str, Any]]


def test_create_answers_200_with_all_that_the_server_sets(client: httpx.Client, definition: Make) -> None:
    answer = client.post(DEFS, json=definition(criteria=[{"app_id": "shop"}]))

    created = answer.json()
    assert answer.status_code == 200
    assert created["criteria"][0]["class"] == "default"
    assert created["criteria"][0]["id"]
    assert (created["is_default"], created["is_deleted"], created["in_place_driver_change"]) == (
        False,
        False,
        False,
    )
    assert created["org_id"] == "acme"
    assert client.get(f"{DEFS}/store-one").json() == created


def test_empty_containers_are_dropped(client: httpx.Client, definition: Make) -> None:
    body = definition(provision={}, driver_inputs={"values": {}, "secret_refs": {}}, criteria=[])

    created = client.post(DEFS, json=body).json()

    assert "provision" not in created
    assert created["driver_inputs"] == {}
    assert "criteria" not in created


def test_values_are_echoed_with_their_types(client: httpx.Client, definition: Make) -> None:
    values = {"port": 5432, "text": "5432", "none": None, "list": [1, "1", {}], "rate": 0.5}

    created = client.post(DEFS, json=definition(driver_inputs={"values": values})).json()

    assert created["driver_inputs"]["values"] == values


def test_provision_shows_is_dependent_and_drops_empty_params(client: httpx.Client, definition: Make) -> None:
    provision = {"ingress": {}, "aws-policy.s3": {"match_dependents": True, "params": {}}}

    created = client.post(DEFS, json=definition(provision=provision)).json()

    assert created["provision"] == {
        "ingress": {"is_dependent": False},
        "aws-policy.s3": {"is_dependent": False, "match_dependents": True},
    }


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"id": "ab"}, 400),
        ({"id": "-ab"}, 400),
        ({"name": None}, 400),
        ({"type": None}, 400),
        ({"type": "no-such-type"}, 400),
        ({"driver_type": "humanitec/no-such-driver"}, 400),
        ({"driver_type": "echo"}, 400),
        ({"driver_account": "No Account"}, 400),
        ({"driver_inputs": []}, 422),
        ({"name": 5}, 422),
        ({"provision": {"dns": {"is_dependent": "no"}}}, 422),
        ({"criteria": {}}, 422),
        ({"criteria": ["x"]}, 422),
    ],
)
def test_broken_bodies_are_refused(client: httpx.Client, definition: Make, members: Any, status: int) -> None:
    answer = client.post(DEFS, json=definition(**members))

    assert answer.status_code == status
    assert set(answer.json()) >= {"error", "message"}
    assert client.get(f"{DEFS}/store-one").status_code == 404


def test_an_account_may_be_a_placeholder_and_a_double_hyphen_is_legal(
    client: httpx.Client, definition: Make
) -> None:
    body = definition("a--b", driver_account="${resources.config#account.account}", name="")

    assert client.post(DEFS, json=body).status_code == 200


def test_a_taken_id_is_a_conflict_and_changes_nothing(client: httpx.Client, definition: Make) -> None:
    client.post(DEFS, json=definition())

    assert client.post(DEFS, json=definition("store-one", name="other")).status_code == 409
    assert client.get(f"{DEFS}/store-one").json()["name"] == "store-one"


def test_unknown_fields_are_ignored_unless_configured_otherwise(definition: Make) -> None:
    for choice, status in ((UnknownFields.IGNORE, 200), (UnknownFields.REFUSE, 400)):
        with Emulator(choices=Choices(unknown_fields=choice)) as emulator:
            client = httpx.Client(
                transport=emulator.transport(), base_url="http://e", headers={"Authorization": "Bearer x"}
            )
            answer = client.post(DEFS, json=definition(labels={"a": "b"}))
            assert answer.status_code == status
            assert "labels" not in answer.json()


def test_unknown_types_are_accepted_if_configured(definition: Make) -> None:
    with Emulator(choices=Choices(unknown_types=UnknownTypes.ACCEPT)) as emulator:
        client = httpx.Client(
            transport=emulator.transport(), base_url="http://e", headers={"Authorization": "Bearer x"}
        )
        body = definition(type="acme/queue", driver_type="acme/queue")
        assert client.post(DEFS, json=body).status_code == 200


def test_own_types_and_drivers_can_be_planted(
    emulator: Emulator, client: httpx.Client, definition: Make
) -> None:
    emulator.seed(
        {"organization": "acme", "resource_types": [{"type": "acme/queue"}], "drivers": [{"id": "queue"}]}
    )

    assert client.post(DEFS, json=definition(type="acme/queue", driver_type="acme/queue")).status_code == 200
    assert client.get("/orgs/acme/resources/drivers/queue").json()["target"] == "driver://acme/queue"


def test_built_in_definitions_exist_from_the_start(client: httpx.Client) -> None:
    listed = client.get(DEFS).json()

    assert all(item["is_default"] for item in listed)
    assert {item["id"] for item in listed} >= {"default-humanitec-base-env", "default-humanitec-dns"}
    assert all(rule["class"] == "default" for item in listed for rule in item["criteria"])
    assert client.delete(f"{DEFS}/default-humanitec-dns").status_code == 403


def test_put_unsets_what_is_left_out_and_leaves_criteria_alone(
    client: httpx.Client, definition: Make
) -> None:
    body = definition(
        driver_account="account-one",
        driver_inputs={"values": {"a": 1}},
        provision={"dns": {}},
        criteria=[{"app_id": "shop"}],
        in_place_driver_change=True,
    )
    created = client.post(DEFS, json=body).json()

    answer = client.put(f"{DEFS}/store-one", json={"name": "new"})

    replaced = answer.json()
    assert answer.status_code == 200
    assert not {"driver_account", "driver_inputs", "provision"} & set(replaced)
    assert replaced["in_place_driver_change"] is False
    assert replaced["criteria"] == created["criteria"]
    assert (replaced["driver_type"], replaced["type"]) == ("humanitec/echo", "s3")
    assert replaced["active_version_id"] != created["active_version_id"]
    assert client.get(f"{DEFS}/store-one").json() == replaced


def test_put_needs_a_name_and_an_existing_definition(client: httpx.Client, definition: Make) -> None:
    client.post(DEFS, json=definition())

    assert client.put(f"{DEFS}/store-one", json={}).status_code == 400
    assert client.put(f"{DEFS}/store-two", json={"name": "x"}).status_code == 404
    assert (
        client.put(f"{DEFS}/store-one", json={"name": "x", "driver_type": "humanitec/none"}).status_code
        == 400
    )


def test_put_may_change_the_driver(client: httpx.Client, definition: Make) -> None:
    client.post(DEFS, json=definition())

    replaced = client.put(f"{DEFS}/store-one", json={"name": "x", "driver_type": "humanitec/s3"}).json()

    assert replaced["driver_type"] == "humanitec/s3"


def test_a_put_that_changes_nothing_creates_no_version(client: httpx.Client, definition: Make) -> None:
    created = client.post(DEFS, json=definition(driver_inputs={"values": {"a": 1}})).json()

    again = client.put(
        f"{DEFS}/store-one", json={"name": "store-one", "driver_inputs": {"values": {"a": 1}}}
    ).json()

    assert again == created
    assert len(client.get(f"{DEFS}/store-one/versions").json()) == 1


def test_patch_merges_maps_and_null_removes(client: httpx.Client, definition: Make) -> None:
    body = definition(
        driver_inputs={"values": {"keep": {"a": 1, "b": 2}, "drop": 1, "list": [1, 2]}},
        provision={"dns": {}, "ingress": {"match_dependents": True}},
    )
    client.post(DEFS, json=body)
    change = {
        "name": None,
        "driver_inputs": {"values": {"keep": {"b": 3}, "drop": None, "list": [9], "new": "x"}},
        "provision": {"dns": None, "ingress": {"is_dependent": True}},
    }

    patched = client.patch(f"{DEFS}/store-one", json=change).json()

    assert patched["name"] == "store-one"
    assert patched["driver_inputs"]["values"] == {"keep": {"a": 1, "b": 3}, "list": [9], "new": "x"}
    assert patched["provision"] == {"ingress": {"is_dependent": True, "match_dependents": True}}


def test_patch_cannot_change_the_driver(client: httpx.Client, definition: Make) -> None:
    client.post(DEFS, json=definition())

    patched = client.patch(f"{DEFS}/store-one", json={"driver_type": "humanitec/s3"}).json()

    assert patched["driver_type"] == "humanitec/echo"


def test_deletion_is_soft_and_frees_the_id_and_the_criteria(client: httpx.Client, definition: Make) -> None:
    client.post(DEFS, json=definition(criteria=[{}]))

    assert client.delete(f"{DEFS}/store-one").status_code == 204

    assert client.get(f"{DEFS}/store-one").status_code == 404
    gone = client.get(f"{DEFS}/store-one", params={"deleted": "true"}).json()
    assert gone["is_deleted"] is True
    assert "store-one" not in [item["id"] for item in client.get(DEFS).json()]
    assert "store-one" in [item["id"] for item in client.get(DEFS, params={"deleted": "true"}).json()]
    assert client.post(DEFS, json=definition("store-two", criteria=[{}])).status_code == 200
    assert client.post(DEFS, json=definition()).status_code == 200
    assert client.get(f"{DEFS}/store-one", params={"deleted": "true"}).json()["is_deleted"] is False
    assert client.delete(f"{DEFS}/store-nine").status_code == 404


def test_filters_keep_what_could_match_best_rule_first(client: httpx.Client, definition: Make) -> None:
    for name, rule in (
        ("store-any", {}),
        ("store-app", {"app_id": "shop"}),
        ("store-res", {"res_id": "bucket"}),
        ("store-other", {"app_id": "other"}),
        ("store-class", {"class": "sensitive"}),
    ):
        client.post(DEFS, json=definition(name, criteria=[rule]))
    client.post(DEFS, json=definition("store-none"))

    found = client.get(DEFS, params={"res_type": "s3", "app": "shop", "class": "default"}).json()

    assert [item["id"] for item in found] == ["store-res", "store-app", "store-any"]


def test_a_proposed_version_has_no_effect_until_promoted(client: httpx.Client, definition: Make) -> None:
    client.post(DEFS, json=definition())

    answered = client.put(f"{DEFS}/store-one", json={"name": "new", "proposed": True}).json()
    newest = client.get(f"{DEFS}/store-one/versions").json()[0]

    assert answered["name"] == "store-one"
    assert (newest["proposed"], newest["active"]) == (True, False)
    assert client.post(f"{DEFS}/store-one/versions/{newest['id']}/actions/promote").status_code == 204
    promoted = client.get(f"{DEFS}/store-one").json()
    assert (promoted["name"], promoted["active_version_id"]) == ("new", newest["id"])


def test_versions_are_paged_through_the_link_header(client: httpx.Client, definition: Make) -> None:
    client.post(DEFS, json=definition())
    for number in range(60):
        client.put(f"{DEFS}/store-one", json={"name": f"name-{number}"})

    seen, path = [], f"{DEFS}/store-one/versions?per_page=20"
    while path:
        page = client.get(path)
        seen += [version["name"] for version in page.json()]
        path = page.headers.get("Link", "").partition(">")[0].lstrip("<")

    assert seen == [f"name-{number}" for number in range(59, 9, -1)]
    assert client.get(f"{DEFS}/store-one/versions?per_page=101").status_code == 400


def test_versions_are_archived_except_the_active_one(client: httpx.Client, definition: Make) -> None:
    first = client.post(DEFS, json=definition()).json()["active_version_id"]
    active = client.put(f"{DEFS}/store-one", json={"name": "new"}).json()["active_version_id"]
    versions = f"{DEFS}/store-one/versions"

    assert client.post(f"{versions}/{first}/actions/archive", json={}).status_code == 204
    assert client.get(f"{versions}/{first}").json()["archived"] is True
    assert client.post(f"{versions}/{active}/actions/archive", json={"archived": True}).status_code == 400
    assert client.post(f"{versions}/none/actions/promote").status_code == 404


def test_a_version_shows_every_member_that_the_description_requires(
    client: httpx.Client, definition: Make
) -> None:
    created = client.post(DEFS, json=definition()).json()

    version = client.get(f"{DEFS}/store-one/versions/{created['active_version_id']}").json()

    assert (version["driver_account"], version["driver_inputs"], version["provision"]) == ("", {}, {})
    assert (version["action"], version["active"], version["def_id"]) == ("created", True, "store-one")


@pytest.mark.parametrize(("depth", "status"), [(150, 200), (900, 422)])
def test_nesting_is_limited(client: httpx.Client, definition: Make, depth: int, status: int) -> None:
    nested: dict[str, Any] = {}
    for _ in range(depth):
        nested = {"a": nested}

    answer = client.post(DEFS, json=definition(driver_inputs={"values": nested, "secrets": nested}))

    assert answer.status_code == status


def test_the_built_in_secret_store_is_listed(client: httpx.Client) -> None:
    (store,) = client.get("/orgs/acme/secretstores").json()

    assert (store["id"], store["primary"], store["humanitec"]) == ("humanitec", True, {})
    assert client.get("/orgs/acme/secretstores/humanitec").json() == store
    assert client.get("/orgs/acme/secretstores/none").status_code == 404
