"""Modules and their versions (v2 section 16)."""

import uuid
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

MODULES = "/orgs/acme/modules"
MODULE = {"id": "my-bucket", "resource_type": "bucket", "module_source": "git::https://example.org/m"}


@pytest.fixture(autouse=True)
def surroundings(emulator: Emulator) -> None:
    aws = {"provider_type": "aws", "source": "hashicorp/aws", "version_constraint": "~> 1.0"}
    emulator.seed(
        {
            "organization": "acme",
            "v2_resource_types": [{"id": name, "output_schema": {}} for name in ("bucket", "queue")],
            "module_providers": [{**aws, "id": "default"}, {**aws, "id": "second"}],
            "projects": [{"id": "shop"}],
        }
    )


def make(client: httpx.Client, **members: Any) -> httpx.Response:
    return client.post(MODULES, json={**MODULE, **members})


def test_a_module_reads_back_with_its_empty_members(client: httpx.Client) -> None:
    answer = make(client)

    assert answer.status_code == 201
    module = answer.json()
    assert uuid.UUID(module.pop("version_id")).version == 4
    assert module == {
        **MODULE,
        "org_id": "acme",
        "provider_mapping": {},
        "module_params": {},
        "module_inputs": {},
        "dependencies": {},
        "coprovisioned": [],
        "created_at": "2026-03-01T08:00:00.000000Z",
        "updated_at": "2026-03-01T08:00:00.000000Z",
    }
    assert client.get(f"{MODULES}/my-bucket").json() == answer.json()


FULL = {
    "description": "A bucket",
    "module_source": "inline",
    "module_source_code": 'resource "x" "y" {}',
    "module_params": {"size": {"type": "number", "is_optional": True, "description": "GiB"}},
    "module_inputs": {"region": "${context.region}", "deep": {"list": [1, None]}},
    "provider_mapping": {"aws": "aws.default"},
    "dependencies": {"q": {"type": "queue", "class": "default", "id": "shared.q", "params": {"a": 1}}},
    "coprovisioned": [
        {"type": "queue", "is_dependent_on_current": True, "copy_dependents_from_current": True}
    ],
}


def test_every_member_reads_back_as_sent(client: httpx.Client) -> None:
    answer = make(client, **FULL)

    assert answer.status_code == 201, answer.text
    assert {name: answer.json()[name] for name in FULL} == FULL


def test_false_flags_and_empty_params_are_not_kept(client: httpx.Client) -> None:
    answer = make(
        client,
        module_params={"size": {"type": "any", "is_optional": False}},
        dependencies={"q": {"type": "queue", "params": {}}},
        coprovisioned=[
            {"type": "queue", "is_dependent_on_current": False, "copy_dependents_from_current": False}
        ],
    ).json()

    assert answer["module_params"] == {"size": {"type": "any"}}
    assert answer["dependencies"] == {"q": {"type": "queue"}}
    assert answer["coprovisioned"] == [{"type": "queue"}]


def test_lists_are_summaries_ordered_by_id_and_filtered_by_type(client: httpx.Client) -> None:
    make(client, id="second", description="Two")
    make(client, id="first", resource_type="queue")

    items = client.get(MODULES).json()["items"]
    chosen = client.get(MODULES, params={"byResourceType": "queue"}).json()["items"]

    assert [item["id"] for item in items] == ["first", "second"]
    assert set(items[1]) == {
        "org_id",
        "id",
        "version_id",
        "resource_type",
        "module_source",
        "provider_mapping",
        "description",
        "created_at",
        "updated_at",
    }
    assert [item["id"] for item in chosen] == ["first"]
    assert client.get("/orgs/nowhere/modules").json() == {"items": []}


@pytest.mark.parametrize(
    "source",
    [
        "git::https://example.org/modules.git//bucket?ref=v1",
        "git::ssh://git@example.org/modules.git",
        "/modules/bucket",
        "terraform-aws-modules/s3-bucket/aws",
        "registry.example.org/team/s3-bucket/aws//nested",
        "s3://bucket/modules/key.zip",
        "gs://bucket/key.zip",
        "s3::https://s3-eu-west-1.amazonaws.com/bucket/key.zip",
    ],
)
def test_valid_sources_are_accepted(client: httpx.Client, source: str) -> None:
    assert make(client, module_source=source).status_code == 201


@pytest.mark.parametrize(
    "source",
    [
        "https://example.org/m",
        "git::http://example.org/m",
        "./m",
        "../m",
        "module",
        "a/b",
        "/with space",
        "git::https://",
        "s3://bucket",
        "s3:///key.zip",
    ],
)
def test_invalid_sources_are_refused(client: httpx.Client, source: str) -> None:
    answer = make(client, module_source=source)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("module_source must be 'inline'")


@pytest.mark.parametrize(
    "change",
    [
        {"module_source": "inline"},
        {"module_source": "inline", "module_source_code": ""},
        {"module_source": "inline", "module_source_code": "x" * 10_001},
        {"module_source_code": "x = 1"},
        {"module_params": {"a": {"type": "text"}}},
        {"module_params": {"a": {}}},
        {"module_params": {"a": {"type": "any", "unknown": 1}}},
        {"module_params": {f"p{number}": {"type": "any"} for number in range(21)}},
        {"module_inputs": dict.fromkeys(map(str, range(21)), 1)},
        {"provider_mapping": {f"a{number}": "aws.default" for number in range(21)}},
        {"dependencies": {f"a{number}": {"type": "queue"} for number in range(21)}},
        {"coprovisioned": [{"type": "queue"}] * 21},
        {"provider_mapping": {"aws": "default"}},
        {"provider_mapping": {"aws": "a.b.c"}},
        {"provider_mapping": {"aws": 7}},
        {"dependencies": {"q": {"type": "q"}}},
        {"dependencies": {"q": {"type": "queue", "class": "-"}}},
        {"dependencies": {"q": {"type": "queue", "id": "Upper"}}},
        {"dependencies": {"q": {"type": "queue", "is_dependent_on_current": True}}},
        {"coprovisioned": [{}]},
        {"module_params": {"a": {"type": "any"}}, "module_inputs": {"a": 1}},
        {"id": "My-Bucket"},
        {"id": "a" * 101},
        {"module_source": "x"},
        {"module_source": "/" + "x" * 200},
        {"description": None},
        {"version_id": "x"},
    ],
    ids=lambda change: str(change)[:60],
)
def test_bodies_that_break_a_rule_are_refused(client: httpx.Client, change: dict[str, Any]) -> None:
    answer = make(client, **change)

    assert (answer.status_code, answer.json()["error"]) == (400, "HTTP-400")
    assert client.get(MODULES).json() == {"items": []}


def test_unknown_members_are_named_at_any_depth(client: httpx.Client) -> None:
    answer = make(client, dependencies={"q": {"type": "queue", "clas": "x"}})

    assert answer.json()["message"] == 'Parsing error: error=json: unknown field "clas"'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resource_type": "nothing"}, "resource type 'nothing' not found"),
        ({"resource_type": "workload"}, "resource type 'workload' not found"),
        ({"dependencies": {"q": {"type": "nothing"}}}, "resource type 'nothing' not found"),
        ({"coprovisioned": [{"type": "nothing"}]}, "resource type 'nothing' not found"),
        ({"provider_mapping": {"aws": "aws.nothing"}}, "module provider 'aws.nothing' not found"),
    ],
    ids=str,
)
def test_missing_types_and_providers_are_conflicts(
    client: httpx.Client, change: dict[str, Any], message: str
) -> None:
    answer = make(client, **change)

    assert (answer.status_code, answer.json()["message"]) == (409, message)
    assert client.get(MODULES).json() == {"items": []}


def test_a_taken_id_is_a_conflict_and_so_is_an_unknown_organization(client: httpx.Client) -> None:
    make(client)

    assert make(client).status_code == 409
    assert client.post("/orgs/nowhere/modules", json=MODULE).status_code == 409


def test_an_update_replaces_what_it_names_and_creates_a_version(
    emulator: Emulator, client: httpx.Client
) -> None:
    created = make(client, module_params={"a": {"type": "any"}}, module_inputs={"b": 1}).json()
    emulator.clock.advance(seconds=60)

    changed = client.patch(f"{MODULES}/my-bucket", json={"module_inputs": {"c": 2}}).json()

    assert changed["module_inputs"] == {"c": 2}
    assert changed["module_params"] == {"a": {"type": "any"}}
    assert changed["version_id"] != created["version_id"]
    assert changed["created_at"] == created["created_at"]
    assert changed["updated_at"] == "2026-03-01T08:01:00.000000Z"
    assert client.get(f"{MODULES}/my-bucket").json() == changed


def test_an_empty_update_creates_a_version_too(client: httpx.Client) -> None:
    created = make(client).json()

    changed = client.patch(f"{MODULES}/my-bucket", json={}).json()

    assert changed["version_id"] != created["version_id"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"resource_type": "queue"}, 400),
        ({"id": "other"}, 400),
        ({"module_inputs": {"a": 1}}, 400),
        ({"module_source": "inline"}, 400),
        ({"provider_mapping": {"aws": "aws.nothing"}}, 409),
    ],
    ids=str,
)
def test_refused_updates_create_no_version(client: httpx.Client, change: dict[str, Any], status: int) -> None:
    created = make(client, module_params={"a": {"type": "any"}}).json()

    assert client.patch(f"{MODULES}/my-bucket", json=change).status_code == status

    assert client.get(f"{MODULES}/my-bucket").json() == created
    assert len(client.get(f"{MODULES}/my-bucket/versions").json()["items"]) == 1


def test_code_is_removed_with_its_inline_source(client: httpx.Client) -> None:
    make(client, **FULL)

    changed = client.patch(f"{MODULES}/my-bucket", json={"module_source": "/elsewhere"}).json()

    assert "module_source_code" not in changed
    back = client.patch(f"{MODULES}/my-bucket", json={"module_source": "inline"})
    assert back.status_code == 400


def test_versions_are_listed_newest_first_in_pages_and_read_completely(
    emulator: Emulator, client: httpx.Client
) -> None:
    ids = [make(client, module_params={"a": {"type": "any"}}).json()["version_id"]]
    for number in range(2):
        emulator.clock.advance(seconds=60)
        body = {"module_inputs": {"number": number}}
        ids.append(client.patch(f"{MODULES}/my-bucket", json=body).json()["version_id"])
    versions = f"{MODULES}/my-bucket/versions"

    first = client.get(versions, params={"per_page": 2}).json()
    second = client.get(versions, params={"per_page": 2, "page": first["next_page_token"]}).json()
    oldest = client.get(f"{versions}/{ids[0]}").json()

    items = first["items"] + second["items"]
    assert [item["version_id"] for item in items] == ids[::-1]
    assert set(items[0]) == {
        "version_id",
        "resource_type",
        "module_source",
        "provider_mapping",
        "created_at",
    }
    assert items[0]["created_at"] == "2026-03-01T08:02:00.000000Z"
    assert oldest == {
        "version_id": ids[0],
        "resource_type": "bucket",
        "module_source": MODULE["module_source"],
        "provider_mapping": {},
        "module_params": {"a": {"type": "any"}},
        "module_inputs": {},
        "dependencies": {},
        "coprovisioned": [],
        "created_at": "2026-03-01T08:00:00.000000Z",
    }
    assert client.get(f"{versions}/{ids[2]}").json()["module_inputs"] == {"number": 1}


def test_versions_are_looked_up_by_uuid_under_their_module(client: httpx.Client) -> None:
    version = make(client).json()["version_id"]
    make(client, id="other")

    malformed = client.get(f"{MODULES}/my-bucket/versions/one")

    assert malformed.status_code == 400
    assert malformed.json()["message"].startswith("Invalid format for parameter moduleVersionId: ")
    assert client.get(f"{MODULES}/other/versions/{version}").json()["message"] == "module version not found"
    assert client.get(f"{MODULES}/nothing/versions").status_code == 404
    assert client.get(f"{MODULES}/nothing/versions/{version}").json()["message"] == "module not found"


def test_a_module_is_deleted_with_its_versions(client: httpx.Client) -> None:
    version = make(client).json()["version_id"]

    assert client.delete(f"{MODULES}/my-bucket").status_code == 204

    assert client.get(f"{MODULES}/my-bucket").status_code == 404
    assert client.delete(f"{MODULES}/my-bucket").status_code == 404
    make(client)
    assert client.get(f"{MODULES}/my-bucket/versions/{version}").status_code == 404


def test_a_module_that_projects_use_is_kept(emulator: Emulator, client: httpx.Client) -> None:
    make(client)
    emulator.seed({"organization": "acme", "module_uses": [{"module": "my-bucket", "project": "shop"}]})

    refused = client.delete(f"{MODULES}/my-bucket")

    assert (refused.status_code, refused.json()["message"]) == (
        409,
        "module is used by one or more projects: shop",
    )
    assert client.delete("/orgs/acme/projects/shop").status_code == 204
    assert client.delete(f"{MODULES}/my-bucket").status_code == 204


def test_a_new_project_of_the_same_name_does_not_use_the_module(
    emulator: Emulator, client: httpx.Client
) -> None:
    make(client)
    emulator.seed({"organization": "acme", "module_uses": [{"module": "my-bucket", "project": "shop"}]})
    client.delete("/orgs/acme/projects/shop")
    emulator.seed({"organization": "acme", "projects": [{"id": "shop"}]})

    assert client.delete(f"{MODULES}/my-bucket").status_code == 204


def test_a_module_that_rules_name_is_kept(client: httpx.Client) -> None:
    make(client)
    rule = client.post("/orgs/acme/module-rules", json={"module_id": "my-bucket"}).json()["id"]

    assert client.delete(f"{MODULES}/my-bucket").status_code == 409
    client.delete(f"/orgs/acme/module-rules/{rule}")
    assert client.delete(f"{MODULES}/my-bucket").status_code == 204


def test_uses_of_what_does_not_exist_cannot_be_planted(client: httpx.Client) -> None:
    for use in ({"module": "nothing", "project": "shop"}, {"module": "my-bucket"}, {}):
        seed = {"organization": "acme", "module_uses": [use]}
        assert client.post("/_emulator/seed", json=seed).status_code == 409
