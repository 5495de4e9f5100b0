"""Modules and what they need: statements that other tests do not cover (v2 sections 8.5, 15 and 16)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Choices, Emulator

Given = Callable[..., dict[str, Any]]
MODULES, RULES = "/orgs/acme/modules", "/orgs/acme/module-rules"
PROVIDERS, TYPES = "/orgs/acme/module-providers", "/orgs/acme/resource-types"
ENV = "/orgs/acme/projects/shop/envs/qa"
MODULE = {"id": "bucket", "resource_type": "s3", "module_source": "git::https://host/modules"}
PROVIDER = {"provider_type": "aws", "id": "main", "source": "hashicorp/aws", "version_constraint": "~> 1.0"}


@pytest.fixture
def catalogue(emulator: Emulator, organization: httpx.Client) -> httpx.Client:
    """Add a resource type, a provider and a module to the small organization."""
    emulator.seed(
        {
            "organization": "acme",
            "v2_resource_types": [{"id": "s3", "output_schema": {}}],
            "module_providers": [PROVIDER],
            "modules": [MODULE],
        }
    )
    return organization


@pytest.mark.parametrize("kind", ["modules", "module-rules", "module-providers", "resource-types"])
def test_lists_of_an_unknown_organization_are_empty(client: httpx.Client, kind: str) -> None:
    answer = client.get(f"/orgs/nobody/{kind}")

    assert (answer.status_code, answer.json()) == (200, {"items": []})


def test_a_provider_is_known_by_type_and_id_and_has_no_other_identity(catalogue: httpx.Client) -> None:
    same_id = catalogue.post(PROVIDERS, json={**PROVIDER, "provider_type": "gcp"})
    same_both = catalogue.post(PROVIDERS, json=PROVIDER)

    assert [same_id.status_code, same_both.status_code] == [201, 409]
    assert catalogue.get(f"{PROVIDERS}/gcp/main").json() == same_id.json()


@pytest.mark.parametrize("field", ["id", "provider_type", "source"])
def test_the_identity_of_a_provider_is_immutable(catalogue: httpx.Client, field: str) -> None:
    answer = catalogue.patch(f"{PROVIDERS}/aws/main", json={field: "hashicorp/other"})

    assert answer.json()["message"] == f'Parsing error: error=json: unknown field "{field}"'


@pytest.mark.parametrize("field", ["id", "resource_type", "version_id"])
def test_the_identity_of_a_module_is_immutable(catalogue: httpx.Client, field: str) -> None:
    answer = catalogue.patch(f"{MODULES}/bucket", json={field: "other"})

    assert answer.json()["message"] == f'Parsing error: error=json: unknown field "{field}"'


@pytest.mark.parametrize(
    ("member", "entry"),
    [
        ("module_params", {"type": "any"}),
        ("module_inputs", "value"),
        ("provider_mapping", "aws.main"),
        ("dependencies", {"type": "s3"}),
        ("coprovisioned", {"type": "s3"}),
    ],
)
def test_a_module_has_at_most_twenty_entries_of_each_kind(
    catalogue: httpx.Client, member: str, entry: Any
) -> None:
    def entries(count: int) -> Any:
        return [entry] * count if member == "coprovisioned" else {f"n{one}": entry for one in range(count)}

    twenty, more = (
        catalogue.post(MODULES, json={**MODULE, "id": f"of-{count}", member: entries(count)})
        for count in (20, 21)
    )

    assert [twenty.status_code, more.status_code] == [201, 400]


@pytest.mark.parametrize("kind", ["string", "number", "bool", "list", "map", "any"])
def test_a_parameter_has_one_of_six_types(catalogue: httpx.Client, kind: str) -> None:
    known = catalogue.post(MODULES, json={**MODULE, "id": "one", "module_params": {"a": {"type": kind}}})
    unknown = catalogue.post(MODULES, json={**MODULE, "id": "two", "module_params": {"a": {"type": "set"}}})

    assert [known.status_code, unknown.status_code] == [201, 400]


def test_unset_fields_of_a_module_rule_are_absent_where_those_of_a_runner_rule_are_empty(
    catalogue: httpx.Client,
) -> None:
    of_module = catalogue.post(RULES, json={"module_id": "bucket"}).json()
    of_runner = catalogue.post("/orgs/acme/runner-rules", json={"runner_id": "aa"}).json()

    assert not {"project_id", "env_type_id", "env_id", "resource_id"} & set(of_module)
    assert (of_runner["project_id"], of_runner["env_type_id"]) == ("", "")


def test_deleting_an_environment_that_rules_name_needs_permission_to_delete_them(
    catalogue: httpx.Client,
) -> None:
    rule = {"module_id": "bucket", "project_id": "shop", "env_id": "qa"}
    catalogue.post(RULES, json=rule)

    kept = catalogue.delete(ENV)
    taken = catalogue.delete(ENV, params={"deleteRules": "true"})

    assert [kept.status_code, taken.status_code] == [409, 204]
    assert catalogue.get(RULES).json() == {"items": []}


def test_deleting_a_project_that_rules_name_needs_permission_to_delete_them(catalogue: httpx.Client) -> None:
    catalogue.post(RULES, json={"module_id": "bucket", "project_id": "bank"})

    kept = catalogue.delete("/orgs/acme/projects/bank")
    taken = catalogue.delete("/orgs/acme/projects/bank", params={"deleteRules": "true"})

    assert [kept.status_code, taken.status_code] == [409, 204]
    assert catalogue.get(RULES).json() == {"items": []}


def test_rules_created_for_an_environment_being_deleted_are_deleted_with_it(
    serving: Callable[..., tuple[Emulator, httpx.Client]], runner: Given
) -> None:
    emulator, client = serving("any", choices=Choices(destroy_seconds=60))
    emulator.seed(
        {
            "organization": "acme",
            "env_types": [{"id": "dev"}],
            "projects": [{"id": "shop"}],
            "runners": [runner("aa")],
            "environments": [{"id": "qa", "project": "shop", "env_type_id": "dev", "runner_id": "aa"}],
            "v2_resource_types": [{"id": "s3", "output_schema": {}}],
            "modules": [MODULE],
        }
    )
    client.delete(ENV)
    client.post(RULES, json={"module_id": "bucket", "project_id": "shop", "env_id": "qa"})

    emulator.clock.advance(seconds=61)

    assert client.get(ENV).status_code == 404
    assert client.get(RULES).json() == {"items": []}


def test_a_whole_catalogue_is_deleted_in_the_reverse_order(catalogue: httpx.Client) -> None:
    catalogue.patch(f"{MODULES}/bucket", json={"provider_mapping": {"aws": "aws.main"}})
    rule = catalogue.post(RULES, json={"module_id": "bucket"}).json()
    in_order = [f"{RULES}/{rule['id']}", f"{MODULES}/bucket", f"{PROVIDERS}/aws/main", f"{TYPES}/s3"]

    too_early = [catalogue.delete(path).status_code for path in reversed(in_order[1:])]
    deleted = [catalogue.delete(path).status_code for path in in_order]

    assert too_early == [409, 409, 409]
    assert deleted == [204, 204, 204, 204]
