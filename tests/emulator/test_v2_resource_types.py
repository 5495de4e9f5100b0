"""Resource types, and those that an environment may request (v2 section 16)."""

from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

TYPES = "/orgs/acme/resource-types"
AVAILABLE = "/orgs/acme/projects/shop/envs/dev/available-resource-types"


def make(client: httpx.Client, name: str = "bucket", **members: Any) -> httpx.Response:
    return client.post(TYPES, json={"id": name, "output_schema": {}, **members})


def test_a_resource_type_reads_back_with_its_default_written_in(client: httpx.Client) -> None:
    schema = {"type": "object", "properties": {"arn": {"type": "string"}}}

    answer = make(client, output_schema=schema, description="A bucket")

    assert answer.status_code == 201
    assert answer.json() == {
        "id": "bucket",
        "description": "A bucket",
        "output_schema": schema,
        "is_developer_accessible": True,
        "built_in": False,
        "created_at": "2026-03-01T08:00:00.000000Z",
    }
    assert client.get(f"{TYPES}/bucket").json() == answer.json()


def test_the_list_has_the_built_in_type_that_cannot_be_read_alone(client: httpx.Client) -> None:
    make(client, "zebra")
    make(client, "bucket")

    items = client.get(TYPES).json()["items"]

    assert [(item["id"], item["built_in"]) for item in items] == [
        ("bucket", False),
        ("workload", True),
        ("zebra", False),
    ]
    for verb in ("GET", "PATCH", "DELETE"):
        body: dict[str, Any] | None = {} if verb == "PATCH" else None
        answer = client.request(verb, f"{TYPES}/workload", json=body)
        assert (answer.status_code, answer.json()["message"]) == (404, "resource type not found")


def test_the_reserved_id_is_a_400(client: httpx.Client) -> None:
    assert make(client, "workload").status_code == 400


def test_a_taken_id_is_a_conflict_and_so_is_an_unknown_organization(client: httpx.Client) -> None:
    make(client)

    assert make(client).status_code == 409
    body = {"id": "bucket", "output_schema": {}}
    assert client.post("/orgs/nowhere/resource-types", json=body).status_code == 409


def test_an_unknown_organization_lists_nothing(client: httpx.Client) -> None:
    answer = client.get("/orgs/nowhere/resource-types")

    assert (answer.status_code, answer.json()) == (200, {"items": []})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"id": "Bucket", "output_schema": {}}, "id must be a valid resource type identifier"),
        ({"id": "b", "output_schema": {}}, "id must be a valid resource type identifier"),
        ({"id": "bucket"}, 'Error at "/output_schema": property "output_schema" is missing'),
        ({"id": "bucket", "output_schema": []}, 'Error at "/output_schema": value must be an object'),
        ({"id": "bucket", "output_schema": None}, 'Error at "/output_schema": Value is not nullable'),
        (
            {"id": "bucket", "output_schema": {}, "description": "x" * 201},
            'Error at "/description": maximum string length is 200',
        ),
    ],
    ids=["capital", "short", "no schema", "list", "null", "long"],
)
def test_broken_bodies_are_named(client: httpx.Client, body: dict[str, Any], message: str) -> None:
    answer = client.post(TYPES, json=body)

    assert answer.status_code == 400
    prefix = "request body has an error: doesn't match schema #/components/schemas/ResourceTypeCreateBody: "
    assert answer.json()["message"] == prefix + message


def test_an_update_replaces_what_it_names_and_knows_no_other_field(client: httpx.Client) -> None:
    make(client, description="old")

    changed = client.patch(
        f"{TYPES}/bucket", json={"output_schema": {"a": 1}, "is_developer_accessible": False}
    )

    assert changed.status_code == 200
    assert client.get(f"{TYPES}/bucket").json() == changed.json()
    assert {name: changed.json()[name] for name in ("description", "output_schema")} == {
        "description": "old",
        "output_schema": {"a": 1},
    }
    assert client.patch(f"{TYPES}/bucket", json={}).json() == changed.json()
    refused = client.patch(f"{TYPES}/bucket", json={"id": "other"})
    assert (refused.status_code, refused.json()["message"]) == (
        400,
        'Parsing error: error=json: unknown field "id"',
    )
    assert client.patch(f"{TYPES}/nothing", json={}).status_code == 404


def test_a_type_that_modules_provide_is_kept(emulator: Emulator, client: httpx.Client) -> None:
    make(client)
    module = {"id": "one", "resource_type": "bucket", "module_source": "/module"}
    emulator.seed({"organization": "acme", "modules": [module]})

    refused = client.delete(f"{TYPES}/bucket")
    client.delete("/orgs/acme/modules/one")

    assert (refused.status_code, refused.json()["message"]) == (
        409,
        "modules are still using this resource type",
    )
    assert client.delete(f"{TYPES}/bucket").status_code == 204
    assert client.get(f"{TYPES}/bucket").status_code == 404


@pytest.fixture
def shop(emulator: Emulator) -> None:
    emulator.seed(
        {
            "organization": "acme",
            "env_types": [{"id": "development"}, {"id": "production"}],
            "projects": [{"id": "shop"}, {"id": "other"}],
            "environments": [
                {"project": "shop", "id": "dev", "env_type_id": "development"},
                {"project": "shop", "id": "qa", "env_type_id": "development"},
            ],
            "v2_resource_types": [
                {"id": "bucket", "output_schema": {"a": 1}, "description": "A bucket"},
                {"id": "queue", "output_schema": {}},
                {"id": "hidden", "output_schema": {}, "is_developer_accessible": False},
            ],
            "modules": [
                {"id": "plain", "resource_type": "bucket", "module_source": "/plain"},
                {
                    "id": "special",
                    "resource_type": "bucket",
                    "module_source": "/special",
                    "module_params": {"size": {"type": "number"}},
                },
                {"id": "secret", "resource_type": "hidden", "module_source": "/hidden"},
            ],
        }
    )


def rule(client: httpx.Client, **members: Any) -> str:
    answer = client.post("/orgs/acme/module-rules", json=members)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.usefixtures("shop")
def test_types_are_available_where_a_rule_serves_them(client: httpx.Client) -> None:
    chosen = rule(client, module_id="special", resource_class="large", resource_id="shared.main")
    rule(client, module_id="plain", project_id="other")
    rule(client, module_id="secret")

    answer = client.get(AVAILABLE)

    option = {
        "resource_class": "large",
        "resource_id": "shared.main",
        "rule_id": chosen,
        "module_id": "special",
        "module_params": {"size": {"type": "number"}},
    }
    expected = {
        "id": "bucket",
        "description": "A bucket",
        "output_schema": {"a": 1},
        "options": [option],
    }
    assert answer.json() == {"items": [expected]}


@pytest.mark.usefixtures("shop")
def test_types_hidden_from_developers_are_shown_on_request(client: httpx.Client) -> None:
    rule(client, module_id="secret")
    rule(client, module_id="plain")

    def ids(**query: Any) -> list[str]:
        return [item["id"] for item in client.get(AVAILABLE, params=query).json()["items"]]

    assert ids() == ["bucket"]
    assert ids(include_non_developer_accessible="true") == ["bucket", "hidden"]
    assert ids(include_non_developer_accessible="true", type_id="hidden") == ["hidden"]
    assert ids(type_id="hidden") == []
    assert client.get(AVAILABLE, params={"include_non_developer_accessible": "yes"}).status_code == 400


PLACES = [
    {},
    {"env_type_id": "development"},
    {"project_id": "shop"},
    {"project_id": "shop", "env_type_id": "development"},
    {"project_id": "shop", "env_id": "dev"},
]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("count", range(1, len(PLACES) + 1))
def test_the_most_specific_rule_serves_an_environment(client: httpx.Client, count: int) -> None:
    made = [rule(client, module_id="plain", **place) for place in PLACES[:count]]
    rule(client, module_id="special", env_type_id="production")
    rule(client, module_id="special", project_id="shop", env_id="qa")

    (item,) = client.get(AVAILABLE).json()["items"]

    assert [option["rule_id"] for option in item["options"]] == [made[-1]]


@pytest.mark.usefixtures("shop")
def test_available_types_are_paged_and_only_for_a_known_environment(client: httpx.Client) -> None:
    rule(client, module_id="secret")
    rule(client, module_id="plain")
    query = {"per_page": "1", "include_non_developer_accessible": "true"}

    first = client.get(AVAILABLE, params=query).json()
    second = client.get(AVAILABLE, params={**query, "page": first["next_page_token"]}).json()

    assert [page["items"][0]["id"] for page in (first, second)] == ["bucket", "hidden"]
    assert "next_page_token" not in second
    unknown = client.get(AVAILABLE.replace("dev/", "live/"))
    assert (unknown.status_code, unknown.json()["message"]) == (404, "environment not found")
