"""Module providers (v2 section 16)."""

import time
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator

PROVIDERS = "/orgs/acme/module-providers"
AWS = {"provider_type": "aws", "id": "default", "source": "hashicorp/aws", "version_constraint": "~> 1.0"}
PREFIX = "request body has an error: doesn't match schema #/components/schemas/ModuleProviderCreateBody: "


def test_a_provider_reads_back_with_an_empty_configuration(client: httpx.Client) -> None:
    answer = client.post(PROVIDERS, json=AWS)

    assert answer.status_code == 201
    extra = {"org_id": "acme", "configuration": {}, "created_at": "2026-03-01T08:00:00.000000Z"}
    assert answer.json() == {**AWS, **extra}
    assert client.get(f"{PROVIDERS}/aws/default").json() == answer.json()


def test_lists_are_summaries_filtered_by_type_and_ordered(client: httpx.Client) -> None:
    for kind, name in (("google", "default"), ("aws", "second"), ("aws", "default")):
        client.post(PROVIDERS, json={**AWS, "provider_type": kind, "id": name})

    items = client.get(PROVIDERS).json()["items"]
    chosen = client.get(PROVIDERS, params={"byProviderType": "google"}).json()["items"]

    assert [(item["provider_type"], item["id"]) for item in items] == [
        ("aws", "default"),
        ("aws", "second"),
        ("google", "default"),
    ]
    assert set(items[0]) == {"org_id", "provider_type", "id", "source", "created_at"}
    assert [item["provider_type"] for item in chosen] == ["google"]
    assert client.get("/orgs/nowhere/module-providers").json() == {"items": []}


def test_pages_continue_after_the_last_provider(client: httpx.Client) -> None:
    for number in range(3):
        client.post(PROVIDERS, json={**AWS, "id": f"number-{number}"})

    first = client.get(PROVIDERS, params={"per_page": 2}).json()
    second = client.get(PROVIDERS, params={"per_page": 2, "page": first["next_page_token"]}).json()

    assert [item["id"] for item in first["items"] + second["items"]] == ["number-0", "number-1", "number-2"]


def test_an_id_is_unique_under_its_type(client: httpx.Client) -> None:
    client.post(PROVIDERS, json=AWS)

    assert client.post(PROVIDERS, json=AWS).status_code == 409
    assert client.post(PROVIDERS, json={**AWS, "provider_type": "google"}).status_code == 201
    assert client.post("/orgs/nowhere/module-providers", json=AWS).status_code == 409


@pytest.mark.parametrize(
    "text",
    ["= 1.2.3", ">= 1.2.2, < 2.0.0", "!= 1", "<= 1.0-beta.1", "> 1, ~> 2-a, = 3", "= 1-rest, of, anything"],
)
def test_valid_version_constraints_are_accepted(client: httpx.Client, text: str) -> None:
    assert client.post(PROVIDERS, json={**AWS, "version_constraint": text}).status_code == 201


@pytest.mark.parametrize("text", ["1.0", "=1.0", "~> a", "= 1,< 2", "= 1, ", "= 1-", "", "= 1-a\n", "== 1"])
def test_invalid_version_constraints_are_refused(client: httpx.Client, text: str) -> None:
    answer = client.post(PROVIDERS, json={**AWS, "version_constraint": text})

    assert answer.status_code == 400
    assert answer.json()["message"] == (
        f"{PREFIX}version_constraint must be a valid provider version constraint such as"
        " = 1.2.3, >= 1.2.2, < 2.0.0, ~> 1.2.2"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "Default"}, "id must be a valid OpenTofu identifier"),
        ({"provider_type": "a"}, "provider_type must be a valid OpenTofu identifier"),
        ({"source": "aws"}, "source must match (hostname/)namespace/type"),
        ({"source": "a/b/c/d"}, "source must match (hostname/)namespace/type"),
        ({"id": "a" * 101}, 'Error at "/id": maximum string length is 100'),
        ({"description": "x" * 201}, 'Error at "/description": maximum string length is 200'),
        ({"configuration": []}, 'Error at "/configuration": value must be an object'),
    ],
    ids=str,
)
def test_broken_bodies_are_named(client: httpx.Client, change: dict[str, Any], message: str) -> None:
    answer = client.post(PROVIDERS, json={**AWS, **change})

    assert (answer.status_code, answer.json()["message"]) == (400, PREFIX + message)


def test_a_registry_host_is_part_of_a_source(client: httpx.Client) -> None:
    body = {**AWS, "source": "registry.example.org/hashicorp/aws"}

    assert client.post(PROVIDERS, json=body).status_code == 201


def test_configurations_are_limited(client: httpx.Client) -> None:
    fits = {"a": "x" * (5 * 1024 - len('{"a":""}'))}

    assert client.post(PROVIDERS, json={**AWS, "configuration": fits}).status_code == 201
    larger = {"configuration": {"a": fits["a"] + "x"}}
    assert client.post(PROVIDERS, json={**AWS, "id": "second", **larger}).status_code == 400
    assert client.patch(f"{PROVIDERS}/aws/default", json=larger).status_code == 400


def test_an_update_replaces_what_it_names_and_never_the_source(client: httpx.Client) -> None:
    created = client.post(PROVIDERS, json={**AWS, "configuration": {"region": "a", "b": 1}}).json()

    changed = client.patch(
        f"{PROVIDERS}/aws/default", json={"configuration": {"region": "b"}, "description": "new"}
    )

    expected = {**created, "configuration": {"region": "b"}, "description": "new"}
    assert (changed.status_code, changed.json()) == (200, expected)
    refused = client.patch(f"{PROVIDERS}/aws/default", json={"source": "a1/b1"})
    assert refused.json()["message"] == 'Parsing error: error=json: unknown field "source"'
    assert client.patch(f"{PROVIDERS}/aws/nothing", json={}).status_code == 404


def test_a_provider_that_any_version_of_a_module_uses_is_kept(
    emulator: Emulator, client: httpx.Client
) -> None:
    client.post(PROVIDERS, json=AWS)
    emulator.seed(
        {
            "organization": "acme",
            "v2_resource_types": [{"id": "bucket", "output_schema": {}}],
            "modules": [
                {
                    "id": "one",
                    "resource_type": "bucket",
                    "module_source": "/one",
                    "provider_mapping": {"aws": "aws.default"},
                }
            ],
        }
    )
    client.patch("/orgs/acme/modules/one", json={"provider_mapping": {}})

    refused = client.delete(f"{PROVIDERS}/aws/default")

    assert refused.status_code == 409
    assert refused.json()["message"].startswith("module versions are still using this provider: one@")
    client.delete("/orgs/acme/modules/one")
    assert client.delete(f"{PROVIDERS}/aws/default").status_code == 204
    gone = client.delete(f"{PROVIDERS}/aws/default")
    assert (gone.status_code, gone.json()["message"]) == (404, "module provider not found")


def test_hostile_values_are_refused_quickly(client: httpx.Client) -> None:
    start = time.perf_counter()
    for change in (
        {"version_constraint": "= 1-a, " * 14 + "\n"},
        {"source": "a-" * 49 + "!"},
        {"id": "a-" * 49 + "!"},
    ):
        assert client.post(PROVIDERS, json={**AWS, **change}).status_code == 400

    assert time.perf_counter() - start < 1
