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


@pytest.fixture
def prepared(emulator: Emulator, client: httpx.Client, runner: Make) -> httpx.Client:
    """Have three runners, two environment types, two projects and one environment."""
    emulator.seed(
        {
            "organization": "acme",
            "env_types": [{"id": "dev"}, {"id": "prod"}],
            "projects": [{"id": "shop"}, {"id": "bank"}],
            "runners": [runner("aa"), runner("bb"), runner("cc")],
            "environments": [{"id": "qa", "project": "shop", "env_type_id": "dev"}],
        }
    )
    return client


def test_unset_fields_read_back_as_empty_text(prepared: httpx.Client) -> None:
    answer = prepared.post(RULES, json={"runner_id": "aa"})

    rule = answer.json()
    assert answer.status_code == 201
    assert (rule["project_id"], rule["env_type_id"], rule["org_id"]) == ("", "", "acme")
    assert str(uuid.UUID(rule["id"])) == rule["id"]
    assert prepared.get(f"{RULES}/{rule['id']}").json() == rule


def test_the_pair_is_unique_and_the_holder_is_named(prepared: httpx.Client) -> None:
    first = prepared.post(RULES, json={"runner_id": "aa", "project_id": "shop"}).json()

    answer = prepared.post(RULES, json={"runner_id": "bb", "project_id": "shop", "env_type_id": ""})

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
    prepared: httpx.Client, body: Any, status: int, message: str
) -> None:
    answer = prepared.post(RULES, json=body)

    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_null_is_refused(prepared: httpx.Client) -> None:
    assert prepared.post(RULES, json={"runner_id": "aa", "project_id": None}).status_code == 400


def test_filters_mean_takes_part_in_the_choice(prepared: httpx.Client) -> None:
    for body in ({}, {"project_id": "shop"}, {"project_id": "bank"}, {"env_type_id": "prod"}):
        prepared.post(RULES, json={"runner_id": "aa", **body})
    prepared.post(RULES, json={"runner_id": "bb", "env_type_id": "dev"})

    def pairs(**query: str) -> set[tuple[str, str]]:
        items = prepared.get(RULES, params=query).json()["items"]
        return {(item["project_id"], item["env_type_id"]) for item in items}

    assert pairs(byRunnerId="bb") == {("", "dev")}
    assert pairs(byProjectId="shop") == {("", ""), ("shop", ""), ("", "prod"), ("", "dev")}
    assert pairs(byEnvTypeId="dev") == {("", ""), ("shop", ""), ("bank", ""), ("", "dev")}


def test_rules_are_paged_by_runner_and_id(prepared: httpx.Client) -> None:
    for runner_id, project in (("bb", "shop"), ("aa", "bank"), ("aa", "")):
        prepared.post(RULES, json={"runner_id": runner_id, "project_id": project})

    seen, query = [], {"per_page": "1"}
    while True:
        page = prepared.get(RULES, params=query).json()
        seen += [(item["runner_id"], item["id"]) for item in page["items"]]
        if "next_page_token" not in page:
            break
        query["page"] = page["next_page_token"]

    assert len(seen) == 3
    assert seen == sorted(seen)
    assert prepared.get(RULES, params={"page": "@@@"}).status_code == 500


def test_rules_are_addressed_by_uuid_and_cannot_be_changed(prepared: httpx.Client) -> None:
    unknown = f"{RULES}/{uuid.uuid4()}"

    assert (
        prepared.get(f"{RULES}/no-uuid").json()["message"].startswith("Invalid format for parameter ruleId: ")
    )
    assert prepared.get(unknown).json()["message"] == "runner rule not found"
    assert prepared.delete(unknown).status_code == 404
    assert prepared.patch(unknown, json={}).json()["message"] == "method not allowed"


def test_the_most_specific_rule_chooses_at_the_first_deployment_only(
    emulator: Emulator, prepared: httpx.Client
) -> None:
    prepared.post(RULES, json={"runner_id": "aa"})
    prepared.post(RULES, json={"runner_id": "bb", "env_type_id": "dev"})

    assert "runner_id" not in prepared.get(f"{ENVS}/qa").json()
    emulator.deploy("acme", "shop", "qa")
    prepared.post(RULES, json={"runner_id": "cc", "project_id": "shop"})
    emulator.deploy("acme", "shop", "qa")

    assert prepared.get(f"{ENVS}/qa").json()["runner_id"] == "bb"


def test_refresh_runner_chooses_again_and_says_updated_even_without_a_change(prepared: httpx.Client) -> None:
    refresh = f"{ENVS}/qa/actions/refresh_runner"
    assert prepared.post(refresh).status_code == 409
    prepared.post(RULES, json={"runner_id": "aa", "project_id": "shop", "env_type_id": "dev"})

    dry = prepared.post(refresh, params={"dry_run": "true"}).json()
    unbound = prepared.get(f"{ENVS}/qa").json()
    done = [prepared.post(refresh).json() for _ in range(2)]

    assert dry == {"runner_id": "aa", "updated": False}
    assert "runner_id" not in unbound
    assert done == [{"runner_id": "aa", "updated": True}] * 2
    assert prepared.post(f"{ENVS}/none/actions/refresh_runner").status_code == 404


def test_a_deployment_without_a_matching_rule_fails(emulator: Emulator, prepared: httpx.Client) -> None:
    with pytest.raises(ApiError, match="no matching runner found for the supplied environment"):
        emulator.deploy("acme", "shop", "qa")


def test_environment_types_are_blocked_by_environments_and_take_their_rules_along(
    prepared: httpx.Client,
) -> None:
    prepared.post(RULES, json={"runner_id": "aa", "env_type_id": "prod"})

    blocked = prepared.delete("/orgs/acme/env-types/dev")

    assert (blocked.status_code, blocked.json()["message"]) == (
        409,
        "environment type is in use by app 'shop' env 'qa'",
    )
    assert prepared.delete("/orgs/acme/env-types/prod").status_code == 204
    assert prepared.get(RULES).json()["items"] == []


def test_projects_are_blocked_by_environments_and_by_rules(prepared: httpx.Client) -> None:
    prepared.post(RULES, json={"runner_id": "aa", "project_id": "bank"})

    assert prepared.delete("/orgs/acme/projects/shop").json()["message"] == "project contains environments"
    assert prepared.delete("/orgs/acme/projects/bank").status_code == 409
    assert prepared.delete("/orgs/acme/projects/bank", params={"deleteRules": "true"}).status_code == 204
    assert prepared.get(RULES).json()["items"] == []


def test_an_undeployed_environment_goes_at_once_a_deployed_one_after_its_destruction(
    runner: Make, prepared: httpx.Client
) -> None:
    assert prepared.delete(f"{ENVS}/qa").status_code == 204
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
    prepared: httpx.Client,
) -> None:
    kinds = {
        "/orgs/acme/env-types": {"id": "test"},
        "/orgs/acme/projects": {"id": "games"},
        ENVS: {"id": "live", "env_type_id": "prod"},
    }
    for path, body in kinds.items():
        created = prepared.post(path, json=body)
        one = f"{path}/{body['id']}"

        assert created.status_code == 201
        assert created.json()["display_name"] == body["id"]
        assert prepared.post(path, json=body).status_code == 409
        assert prepared.patch(one, json={"display_name": "New Name"}).json()["display_name"] == "New Name"
        assert prepared.patch(one, json={}).status_code == 400
        assert prepared.get(one).json()["display_name"] == "New Name"
        assert body["id"] in [item["id"] for item in prepared.get(path).json()["items"]]
        assert prepared.get(f"{path}/none").status_code == 404


def test_an_environment_needs_its_project_and_type(prepared: httpx.Client) -> None:
    assert prepared.post(ENVS, json={"id": "live", "env_type_id": "none"}).status_code == 409
    assert (
        prepared.post("/orgs/acme/projects/none/envs", json={"id": "live", "env_type_id": "dev"}).status_code
        == 409
    )
    assert prepared.post(ENVS, json={"id": "live"}).status_code == 400


@pytest.mark.parametrize("name", [" lead", "trail ", "a\tb", "x", "x" * 61, "a\u00a0b"])
def test_display_names_are_checked(prepared: httpx.Client, name: str) -> None:
    assert prepared.post("/orgs/acme/projects", json={"id": "games", "display_name": name}).status_code == 400
