"""Runner rules, and the environments whose runner they choose (v2 sections 8 and 16)."""

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import ApiError, Choices, Emulator

RULES = "/orgs/acme/runner-rules"
ENVS = "/orgs/acme/projects/shop/envs"
Make = Callable[..., dict[str, Any]]


def test_unset_fields_read_back_as_empty_strings(organization: httpx.Client) -> None:
    answer = organization.post(RULES, json={"runner_id": "aa"})

    rule = answer.json()
    assert answer.status_code == 201
    assert (rule["project_id"], rule["env_type_id"], rule["org_id"]) == ("", "", "acme")
    assert str(uuid.UUID(rule["id"])) == rule["id"]
    assert organization.get(f"{RULES}/{rule['id']}").json() == rule


def test_the_pair_is_unique_and_the_holder_is_named(organization: httpx.Client) -> None:
    first = organization.post(RULES, json={"runner_id": "aa", "project_id": "shop"}).json()

    answer = organization.post(RULES, json={"runner_id": "bb", "project_id": "shop", "env_type_id": ""})

    assert answer.status_code == 409
    assert answer.json()["message"] == (
        f"runner rule conflicts with existing rule '{first['id']}' for runner 'aa'"
    )


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"runner_id": ""}, 400, "runner_id is mandatory to create a runner rule"),
        ({"runner_id": "xx"}, 409, "runner 'xx' not found"),
        ({"runner_id": "aa", "env_type_id": "none"}, 409, "environment type 'none' not found"),
        ({"runner_id": "aa", "project_id": "none"}, 409, "project 'none' not found"),
    ],
)
def test_missing_references_are_conflicts(
    organization: httpx.Client, body: Any, status: int, message: str
) -> None:
    answer = organization.post(RULES, json=body)

    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_null_is_refused(organization: httpx.Client) -> None:
    assert organization.post(RULES, json={"runner_id": "aa", "project_id": None}).status_code == 400


def test_filters_match_every_rule_that_takes_part_in_the_choice(organization: httpx.Client) -> None:
    for body in ({}, {"project_id": "shop"}, {"project_id": "bank"}, {"env_type_id": "prod"}):
        organization.post(RULES, json={"runner_id": "aa", **body})
    organization.post(RULES, json={"runner_id": "bb", "env_type_id": "dev"})

    def pairs(**query: str) -> set[tuple[str, str]]:
        items = organization.get(RULES, params=query).json()["items"]
        return {(item["project_id"], item["env_type_id"]) for item in items}

    assert pairs(byRunnerId="bb") == {("", "dev")}
    assert pairs(byProjectId="shop") == {("", ""), ("shop", ""), ("", "prod"), ("", "dev")}
    assert pairs(byEnvTypeId="dev") == {("", ""), ("shop", ""), ("bank", ""), ("", "dev")}


def test_rules_are_paged_by_runner_and_id(organization: httpx.Client) -> None:
    for runner_id, project in (("bb", "shop"), ("aa", "bank"), ("aa", "")):
        organization.post(RULES, json={"runner_id": runner_id, "project_id": project})

    seen, query = [], {"per_page": "1"}
    while True:
        page = organization.get(RULES, params=query).json()
        seen += [(item["runner_id"], item["id"]) for item in page["items"]]
        if "next_page_token" not in page:
            break
        query["page"] = page["next_page_token"]

    assert len(seen) == 3
    assert seen == sorted(seen)
    assert organization.get(RULES, params={"page": "@@@"}).status_code == 500


def test_rules_are_addressed_by_uuid_and_cannot_be_changed(organization: httpx.Client) -> None:
    unknown = f"{RULES}/{uuid.uuid4()}"

    assert (
        organization.get(f"{RULES}/no-uuid")
        .json()["message"]
        .startswith("Invalid format for parameter ruleId: ")
    )
    assert organization.get(unknown).json()["message"] == "runner rule not found"
    assert organization.delete(unknown).status_code == 404
    assert organization.patch(unknown, json={}).json()["message"] == "method not allowed"


def test_the_most_specific_rule_chooses_at_the_first_deployment_only(
    emulator: Emulator, organization: httpx.Client
) -> None:
    organization.post(RULES, json={"runner_id": "aa"})
    organization.post(RULES, json={"runner_id": "bb", "env_type_id": "dev"})

    assert "runner_id" not in organization.get(f"{ENVS}/qa").json()
    emulator.deploy("acme", "shop", "qa")
    organization.post(RULES, json={"runner_id": "cc", "project_id": "shop"})
    emulator.deploy("acme", "shop", "qa")

    assert organization.get(f"{ENVS}/qa").json()["runner_id"] == "bb"


def test_refresh_runner_chooses_again_and_says_updated_even_without_a_change(
    organization: httpx.Client,
) -> None:
    refresh = f"{ENVS}/qa/actions/refresh_runner"
    assert organization.post(refresh).status_code == 409
    organization.post(RULES, json={"runner_id": "aa", "project_id": "shop", "env_type_id": "dev"})

    dry = organization.post(refresh, params={"dry_run": "true"}).json()
    unbound = organization.get(f"{ENVS}/qa").json()
    done = [organization.post(refresh).json() for _ in range(2)]

    assert dry == {"runner_id": "aa", "updated": False}
    assert "runner_id" not in unbound
    assert done == [{"runner_id": "aa", "updated": True}] * 2
    assert organization.post(f"{ENVS}/none/actions/refresh_runner").status_code == 404


def test_a_deployment_without_a_matching_rule_fails(emulator: Emulator, organization: httpx.Client) -> None:
    with pytest.raises(ApiError, match="no matching runner found for the supplied environment"):
        emulator.deploy("acme", "shop", "qa")


def test_environment_types_are_blocked_by_environments_and_deleted_with_their_rules(
    organization: httpx.Client,
) -> None:
    organization.post(RULES, json={"runner_id": "aa", "env_type_id": "prod"})

    blocked = organization.delete("/orgs/acme/env-types/dev")

    assert (blocked.status_code, blocked.json()["message"]) == (
        409,
        "environment type is in use by app 'shop' env 'qa'",
    )
    assert organization.delete("/orgs/acme/env-types/prod").status_code == 204
    assert organization.get(RULES).json()["items"] == []


def test_projects_are_blocked_by_environments_and_by_rules(organization: httpx.Client) -> None:
    organization.post(RULES, json={"runner_id": "aa", "project_id": "bank"})

    assert (
        organization.delete("/orgs/acme/projects/shop").json()["message"] == "project contains environments"
    )
    assert organization.delete("/orgs/acme/projects/bank").status_code == 409
    assert organization.delete("/orgs/acme/projects/bank", params={"deleteRules": "true"}).status_code == 204
    assert organization.get(RULES).json()["items"] == []


def test_an_undeployed_environment_is_deleted_at_once_a_deployed_one_after_its_destruction(
    runner: Make, organization: httpx.Client
) -> None:
    assert organization.delete(f"{ENVS}/qa").status_code == 204
    with Emulator(organizations=["acme"], choices=Choices(destroy_seconds=60)) as emulator:
        emulator.seed(
            {
                "organization": "acme",
                "env_types": [{"id": "dev"}],
                "projects": [{"id": "shop"}],
                "runners": [runner("aa")],
                "environments": [{"id": "qa", "project": "shop", "env_type_id": "dev", "runner_id": "aa"}],
            }
        )
        client = httpx.Client(
            transport=emulator.transport(), base_url="http://e", headers={"Authorization": "Bearer x"}
        )

        answer = client.delete(f"{ENVS}/qa")

        assert (answer.status_code, answer.json()["status"]) == (202, "deleting")
        assert (
            client.delete(f"{ENVS}/qa").json()["message"] == "cannot delete environment in status 'deleting'"
        )
        assert client.delete("/orgs/acme/runners/aa").status_code == 409
        emulator.clock.advance(seconds=61)
        assert client.get(f"{ENVS}/qa").status_code == 404
        assert client.delete("/orgs/acme/runners/aa").status_code == 204


def test_environment_types_projects_and_environments_can_be_created_read_and_renamed(
    organization: httpx.Client,
) -> None:
    kinds = {
        "/orgs/acme/env-types": {"id": "test"},
        "/orgs/acme/projects": {"id": "games"},
        ENVS: {"id": "live", "env_type_id": "prod"},
    }
    for path, body in kinds.items():
        created = organization.post(path, json=body)
        one = f"{path}/{body['id']}"

        assert created.status_code == 201
        assert created.json()["display_name"] == body["id"]
        assert organization.post(path, json=body).status_code == 409
        assert organization.patch(one, json={"display_name": "New Name"}).json()["display_name"] == "New Name"
        assert organization.patch(one, json={}).status_code == 400
        assert organization.get(one).json()["display_name"] == "New Name"
        assert body["id"] in [item["id"] for item in organization.get(path).json()["items"]]
        assert organization.get(f"{path}/none").status_code == 404


def test_an_environment_needs_its_project_and_type(organization: httpx.Client) -> None:
    assert organization.post(ENVS, json={"id": "live", "env_type_id": "none"}).status_code == 409
    assert (
        organization.post(
            "/orgs/acme/projects/none/envs", json={"id": "live", "env_type_id": "dev"}
        ).status_code
        == 409
    )
    assert organization.post(ENVS, json={"id": "live"}).status_code == 400


@pytest.mark.parametrize("name", [" lead", "trail ", "a\tb", "x", "x" * 61, "a\u00a0b"])
def test_display_names_are_checked(organization: httpx.Client, name: str) -> None:
    assert (
        organization.post("/orgs/acme/projects", json={"id": "games", "display_name": name}).status_code
        == 400
    )
