"""Module rules (v2 section 16)."""

import uuid
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

RULES = "/orgs/acme/module-rules"


@pytest.fixture(autouse=True)
def surroundings(emulator: Emulator) -> None:
    module = {"resource_type": "bucket", "module_source": "/m"}
    emulator.seed(
        {
            "organization": "acme",
            "env_types": [{"id": "development"}],
            "projects": [{"id": "shop"}, {"id": "other"}],
            "environments": [{"project": "shop", "id": "dev", "env_type_id": "development"}],
            "v2_resource_types": [{"id": name, "output_schema": {}} for name in ("bucket", "queue")],
            "modules": [
                {**module, "id": "one"},
                {**module, "id": "two"},
                {**module, "id": "three", "resource_type": "queue"},
            ],
        }
    )


def make(client: httpx.Client, **members: Any) -> httpx.Response:
    return client.post(RULES, json={"module_id": "one", **members})


def test_unset_fields_are_absent_and_the_class_has_a_default(client: httpx.Client) -> None:
    answer = make(client)

    assert answer.status_code == 201
    rule = answer.json()
    assert uuid.UUID(rule.pop("id")).version == 4
    assert rule == {
        "org_id": "acme",
        "module_id": "one",
        "resource_type": "bucket",
        "resource_class": "default",
        "created_at": "2026-03-01T08:00:00.000000Z",
    }
    assert client.get(f"{RULES}/{answer.json()['id']}").json() == answer.json()


@pytest.mark.parametrize(
    "members",
    [
        {"resource_class": "large", "resource_id": "shared.main-db"},
        {"project_id": "shop", "env_type_id": "development"},
        {"project_id": "shop", "env_id": "dev"},
    ],
    ids=str,
)
def test_set_fields_read_back(client: httpx.Client, members: dict[str, str]) -> None:
    rule = make(client, **members).json()

    assert {name: rule[name] for name in members} == members


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"module_id": "nothing"}, "module 'nothing' not found"),
        ({"env_id": "dev"}, "env_id requires project_id to be set"),
        (
            {"project_id": "shop", "env_id": "dev", "env_type_id": "development"},
            "env_id and env_type_id are mutually exclusive",
        ),
    ],
    ids=str,
)
def test_invalid_rules_are_a_400(client: httpx.Client, members: dict[str, str], message: str) -> None:
    answer = make(client, **members)

    assert (answer.status_code, answer.json()["message"]) == (400, message)


@pytest.mark.parametrize(
    ("members", "detail"),
    [
        ({"resource_class": "x"}, "resource class must be a valid identifier of alphanumerics and hyphens"),
        ({"resource_class": ""}, 'Error at "/resource_class": minimum string length is 1'),
        ({"resource_class": "x" * 64}, 'Error at "/resource_class": maximum string length is 63'),
        ({"resource_id": "a..b"}, "resource id must be a valid resource id with one or more dot-separated"),
        ({"project_id": ""}, "project_id must be a valid identifier"),
        ({"env_type_id": "D"}, "env_type_id must be a valid identifier"),
        ({"project_id": "shop", "env_id": "-"}, "env_id must be a valid identifier"),
        ({"project_id": None}, 'Error at "/project_id": Value is not nullable'),
        ({"module_id": "One"}, "module id must be a valid identifier of alphanumerics and hyphens"),
    ],
    ids=str,
)
def test_fields_of_another_form_are_named(client: httpx.Client, members: dict[str, Any], detail: str) -> None:
    answer = make(client, **members)

    assert answer.status_code == 400
    prefix = "request body has an error: doesn't match schema #/components/schemas/RuleCreateBody: "
    assert answer.json()["message"].startswith(prefix + detail)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"project_id": "nothing"}, "project 'nothing' not found"),
        ({"env_type_id": "nothing"}, "environment type 'nothing' not found"),
        ({"project_id": "shop", "env_id": "live"}, "environment 'live' not found in project 'shop'"),
        ({"project_id": "other", "env_id": "dev"}, "environment 'dev' not found in project 'other'"),
    ],
    ids=str,
)
def test_missing_places_are_conflicts(client: httpx.Client, members: dict[str, str], message: str) -> None:
    answer = make(client, **members)

    assert (answer.status_code, answer.json()["message"]) == (409, message)


def test_equal_rules_conflict_whatever_module_of_the_type_they_name(client: httpx.Client) -> None:
    first = make(client, project_id="shop").json()["id"]

    again = make(client, module_id="two", project_id="shop", resource_class="default")

    assert again.status_code == 409
    assert again.json()["message"] == f"module rule conflicts with existing rule '{first}' for module 'one'"
    assert make(client, module_id="three", project_id="shop").status_code == 201
    assert make(client, project_id="other").status_code == 201
    assert make(client, project_id="shop", resource_id="x1").status_code == 201
    client.delete(f"{RULES}/{first}")
    assert make(client, module_id="two", project_id="shop").status_code == 201


def test_an_unknown_organization_creates_nothing_and_lists_nothing(client: httpx.Client) -> None:
    answer = client.post("/orgs/nowhere/module-rules", json={"module_id": "one"})

    assert answer.status_code == 409
    assert answer.json()["message"].startswith("organization not found; ")
    assert client.get("/orgs/nowhere/module-rules").json() == {"items": []}


def test_filters_are_exact_and_an_environment_needs_its_project(client: httpx.Client) -> None:
    made = {
        "any": make(client).json()["id"],
        "shop": make(client, project_id="shop").json()["id"],
        "dev": make(client, project_id="shop", env_id="dev").json()["id"],
        "queue": make(client, module_id="three").json()["id"],
    }

    def found(**query: str) -> set[str]:
        items = client.get(RULES, params=query).json()["items"]
        return {name for name, rule in made.items() if rule in {item["id"] for item in items}}

    assert found() == set(made)
    assert found(byModuleId="one") == {"any", "shop", "dev"}
    assert found(byResourceType="queue") == {"queue"}
    assert found(byProjectId="shop") == {"shop", "dev"}
    assert found(byProjectId="shop", byEnvId="dev") == {"dev"}
    assert found(byModuleId="nothing") == set()
    assert client.get(RULES, params={"byEnvId": "dev"}).status_code == 400


def test_an_environment_type_is_deleted_with_its_rules(client: httpx.Client) -> None:
    client.post("/orgs/acme/env-types", json={"id": "spare"})
    rule = make(client, env_type_id="spare").json()["id"]
    staying = make(client).json()["id"]

    assert client.delete("/orgs/acme/env-types/spare").status_code == 204

    assert client.get(f"{RULES}/{rule}").status_code == 404
    assert client.get(f"{RULES}/{staying}").status_code == 200


@pytest.mark.parametrize(
    ("place", "members"),
    [("projects/other", {"project_id": "other"}), ("projects/shop/envs/dev", {"env_id": "dev"})],
    ids=["project", "environment"],
)
def test_a_place_that_rules_name_is_deleted_only_together_with_them(
    client: httpx.Client, place: str, members: dict[str, str]
) -> None:
    rule = make(client, **{"project_id": "shop", **members}).json()["id"]
    staying = make(client, project_id="shop").json()["id"]

    assert client.delete(f"/orgs/acme/{place}").status_code == 409
    assert client.get(f"{RULES}/{rule}").status_code == 200

    assert client.delete(f"/orgs/acme/{place}", params={"deleteRules": "true"}).status_code == 204
    assert client.get(f"{RULES}/{rule}").status_code == 404
    assert client.get(f"{RULES}/{staying}").status_code == 200


def test_rules_are_paged(client: httpx.Client) -> None:
    made = {make(client, resource_class=f"class-{number}").json()["id"] for number in range(5)}

    seen: list[str] = []
    token = ""
    while token or not seen:
        answer = client.get(RULES, params={"per_page": 2, "page": token}).json()
        seen += [item["id"] for item in answer["items"]]
        token = answer.get("next_page_token", "")

    assert seen == sorted(made)


def test_rules_are_deleted_by_uuid_and_never_updated(client: httpx.Client) -> None:
    rule = make(client).json()["id"]

    malformed = client.get(f"{RULES}/one")
    patched = client.patch(f"{RULES}/{rule}", json={})

    assert malformed.status_code == 400
    assert malformed.json()["message"].startswith("Invalid format for parameter ruleId: ")
    assert (patched.status_code, patched.json()["message"]) == (404, "method not allowed")
    assert client.delete(f"{RULES}/{rule.upper()}").status_code == 204
    gone = client.get(f"{RULES}/{rule}")
    assert (gone.status_code, gone.json()["message"]) == (404, "module rule not found")
    assert client.delete(f"{RULES}/{uuid.uuid4()}").status_code == 404
