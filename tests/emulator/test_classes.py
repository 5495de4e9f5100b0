"""Resource classes, as described in v1 section 7.1."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Choices, Emulator
from reconciler.emulator.choices import InUse

DEFS = "/orgs/acme/resources/defs"
CLASSES = "/orgs/acme/resources/types/s3/classes"
Make = Callable[..., dict[str, Any]]


def test_a_class_is_created_read_updated_and_deleted(client: httpx.Client) -> None:
    created = client.post(CLASSES, json={"id": "sensitive", "description": "kept apart"})

    assert created.status_code == 200
    assert created.json() == {
        "id": "sensitive",
        "resource_type": "s3",
        "description": "kept apart",
        "created_by": "token-holder",
        "created_at": "2026-03-01T08:00:00.000Z",
    }
    one = f"{CLASSES}/sensitive"
    assert client.get(one).json() == created.json()
    assert client.patch(one, json={"description": ""}).json() == {**created.json(), "description": ""}
    assert client.get(one).json()["description"] == ""
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    assert client.patch(one, json={"description": ""}).status_code == 404
    assert client.delete(one).status_code == 404


def test_classes_belong_to_one_type_and_have_no_list(client: httpx.Client) -> None:
    client.post(CLASSES, json={"id": "sensitive", "description": ""})

    assert client.get("/orgs/acme/resources/types/mysql/classes/sensitive").status_code == 404
    again = client.post(
        "/orgs/acme/resources/types/mysql/classes", json={"id": "sensitive", "description": ""}
    )
    assert again.status_code == 200
    assert client.get(CLASSES).status_code == 405


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "taken", "description": ""}, 409),
        ({"id": "a", "description": ""}, 400),
        ({"id": "-ab", "description": ""}, 400),
        ({"id": "ab-", "description": ""}, 400),
        ({"id": "ab\n", "description": ""}, 400),
        ({"id": "a" * 64, "description": ""}, 400),
        ({"id": "ab"}, 400),
        ({"id": "ab", "description": "x" * 1025}, 400),
        ({"id": "ab", "description": 5}, 422),
        ({"description": ""}, 400),
        ([], 422),
    ],
)
def test_what_breaks_a_rule_is_refused(client: httpx.Client, body: Any, status: int) -> None:
    client.post(CLASSES, json={"id": "taken", "description": "first"})

    assert client.post(CLASSES, json=body).status_code == status
    assert client.get(f"{CLASSES}/taken").json()["description"] == "first"


@pytest.mark.parametrize("name", ["ab", "a--b", "a" * 63, "0-0"])
def test_ids_and_descriptions_at_the_limits_are_accepted(client: httpx.Client, name: str) -> None:
    body = {"id": name, "description": "é" * 1024}

    assert client.post(CLASSES, json=body).status_code == 200
    assert client.patch(f"{CLASSES}/{name}", json={"description": "x" * 1025}).status_code == 400
    assert client.patch(f"{CLASSES}/{name}", json={}).status_code == 400


def test_a_class_of_an_unknown_type_is_not_found(client: httpx.Client) -> None:
    body = {"id": "sensitive", "description": ""}

    assert client.post("/orgs/acme/resources/types/none/classes", json=body).status_code == 404


def test_a_class_that_a_rule_of_its_type_names_is_kept(client: httpx.Client, definition: Make) -> None:
    client.post(CLASSES, json={"id": "sensitive", "description": ""})
    client.post(DEFS, json=definition("other", type="mysql", criteria=[{"class": "sensitive"}]))
    client.post(DEFS, json=definition(criteria=[{"class": "sensitive"}]))

    refused = client.delete(f"{CLASSES}/sensitive")

    assert (refused.status_code, refused.json()["details"]) == (409, {"used_by": ["store-one"]})
    client.put(f"{DEFS}/store-one/criteria", json=[])
    assert client.delete(f"{CLASSES}/sensitive").status_code == 204


def test_a_class_in_use_may_be_deleted_if_configured(definition: Make) -> None:
    with Emulator(choices=Choices(in_use=InUse.ACCEPT)) as emulator:
        client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")
        client.headers["Authorization"] = "Bearer practice"
        client.post(CLASSES, json={"id": "sensitive", "description": ""})
        client.post(DEFS, json=definition(criteria=[{"class": "sensitive"}]))

        assert client.delete(f"{CLASSES}/sensitive").status_code == 204


def test_classes_of_own_types_are_addressed_with_an_encoded_slash_and_seeded(
    emulator: Emulator, client: httpx.Client
) -> None:
    emulator.seed(
        {
            "organization": "acme",
            "classes": [{"type": "acme/queue", "id": "fast", "description": "in memory"}],
            "resource_types": [{"type": "acme/queue"}],
        }
    )

    found = client.get("/orgs/acme/resources/types/acme%2Fqueue/classes/fast").json()

    assert (found["resource_type"], found["description"]) == ("acme/queue", "in memory")
