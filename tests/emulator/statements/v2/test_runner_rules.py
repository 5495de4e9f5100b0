"""Runner rules, and the runner that an environment gets (v2 section 8)."""

import itertools
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import ApiError, Emulator

Given = Callable[..., dict[str, Any]]
RULES = "/orgs/acme/runner-rules"
QA = "/orgs/acme/projects/shop/envs/qa"
REFRESH = f"{QA}/actions/refresh_runner"
CREATE = "request body has an error: doesn't match schema #/components/schemas/RunnerRuleCreateBody: "
NONE_MATCHES = "no matching runner found for the supplied environment"


def _rule(client: httpx.Client, **members: str) -> dict[str, Any]:
    answer = client.post(RULES, json=members)
    assert answer.status_code == 201, answer.text
    rule: dict[str, Any] = answer.json()
    return rule


def test_a_rule_reads_back_with_all_its_fields(organization: httpx.Client) -> None:
    rule = _rule(organization, runner_id="aa", project_id="shop", env_type_id="dev")

    read, listed = organization.get(f"{RULES}/{rule['id']}"), organization.get(RULES)

    assert (read.status_code, read.json()) == (200, rule)
    assert listed.json() == {"items": [rule]}
    assert rule == {
        "id": rule["id"],
        "org_id": "acme",
        "runner_id": "aa",
        "project_id": "shop",
        "env_type_id": "dev",
        "created_at": "2026-03-01T08:00:00.000000Z",
    }


def test_ids_of_rules_are_random_uuids(organization: httpx.Client) -> None:
    first, second = (
        _rule(organization, runner_id="aa"),
        _rule(organization, runner_id="aa", env_type_id="dev"),
    )

    assert {uuid.UUID(rule["id"]).version for rule in (first, second)} == {4}
    assert first["id"] != second["id"]


def test_an_empty_string_means_any_like_an_absent_field(organization: httpx.Client) -> None:
    rule = _rule(organization, runner_id="aa", project_id="", env_type_id="")

    again = organization.post(RULES, json={"runner_id": "bb"})

    assert (rule["project_id"], rule["env_type_id"]) == ("", "")
    assert (again.status_code, again.json()["message"]) == (
        409,
        f"runner rule conflicts with existing rule '{rule['id']}' for runner 'aa'",
    )


@pytest.mark.parametrize("field", ["runner_id", "project_id", "env_type_id"])
@pytest.mark.parametrize(
    ("value", "reason"), [(None, "Value is not nullable"), (5, "value must be a string")]
)
def test_a_field_of_a_rule_is_a_string(
    organization: httpx.Client, field: str, value: Any, reason: str
) -> None:
    answer = organization.post(RULES, json={"runner_id": "aa", field: value})

    assert (answer.status_code, answer.json()["message"]) == (
        400,
        f'{CREATE}Error at "/{field}": {reason}',
    )


def test_a_rule_needs_its_runner(organization: httpx.Client) -> None:
    absent, empty = organization.post(RULES, json={}), organization.post(RULES, json={"runner_id": ""})

    assert absent.json()["message"].endswith('Error at "/runner_id": property "runner_id" is missing')
    assert (empty.status_code, empty.json()["message"]) == (
        400,
        "runner_id is mandatory to create a runner rule",
    )


@pytest.mark.parametrize("field", ["id", "org_id", "created_at", "priority", "env_id"])
def test_what_the_server_sets_or_does_not_know_is_refused(organization: httpx.Client, field: str) -> None:
    answer = organization.post(RULES, json={"runner_id": "aa", field: "x"})

    assert answer.json()["message"] == f'Parsing error: error=json: unknown field "{field}"'


def test_a_pair_is_free_again_when_its_rule_is_deleted(organization: httpx.Client) -> None:
    rule = _rule(organization, runner_id="aa", project_id="shop")

    deleted = organization.delete(f"{RULES}/{rule['id']}")
    again = _rule(organization, runner_id="bb", project_id="shop")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert again["id"] != rule["id"]
    assert organization.delete(f"{RULES}/{rule['id']}").status_code == 404


def test_a_rule_has_no_update(organization: httpx.Client) -> None:
    rule = _rule(organization, runner_id="aa")

    answers = [organization.request(verb, f"{RULES}/{rule['id']}", json={}) for verb in ("PATCH", "PUT")]

    assert {(answer.status_code, answer.json()["message"]) for answer in answers} == {
        (404, "method not allowed")
    }


def test_filters_are_combined(organization: httpx.Client) -> None:
    _rule(organization, runner_id="aa")
    _rule(organization, runner_id="aa", project_id="shop", env_type_id="dev")
    _rule(organization, runner_id="bb", project_id="shop", env_type_id="prod")
    _rule(organization, runner_id="bb", project_id="bank", env_type_id="dev")

    def pairs(**query: str) -> list[tuple[str, str]]:
        items = organization.get(RULES, params=query).json()["items"]
        return sorted((item["project_id"], item["env_type_id"]) for item in items)

    assert pairs(byProjectId="shop", byEnvTypeId="dev") == [("", ""), ("shop", "dev")]
    assert pairs(byProjectId="shop", byRunnerId="bb") == [("shop", "prod")]
    assert pairs(byRunnerId="none") == []
    assert pairs(byProjectId="none") == [("", "")]


WEIGHTS = {
    "aa": {},
    "bb": {"env_type_id": "dev"},
    "cc": {"project_id": "shop"},
    "dd": {"project_id": "shop", "env_type_id": "dev"},
}


@pytest.mark.parametrize(
    "present",
    [names for count in range(1, 5) for names in itertools.combinations(WEIGHTS, count)],
    ids="-".join,
)
def test_the_most_specific_of_the_matching_rules_wins(
    organization: httpx.Client, given_runner: Given, present: tuple[str, ...]
) -> None:
    given_runner("dd")
    for name in reversed(present):
        _rule(organization, runner_id=name, **WEIGHTS[name])

    answer = organization.post(REFRESH, params={"dry_run": "true"})

    assert answer.json()["runner_id"] == present[-1]


@pytest.mark.parametrize(
    "members",
    [
        {"project_id": "bank"},
        {"env_type_id": "prod"},
        {"project_id": "shop", "env_type_id": "prod"},
        {"project_id": "bank", "env_type_id": "dev"},
    ],
)
def test_a_rule_with_another_field_does_not_match(organization: httpx.Client, members: Any) -> None:
    _rule(organization, runner_id="aa", **members)

    answer = organization.post(REFRESH)

    assert (answer.status_code, answer.json()["message"]) == (409, NONE_MATCHES)
    assert "runner_id" not in organization.get(QA).json()


def test_an_environment_has_no_runner_until_its_first_deployment(
    emulator: Emulator, organization: httpx.Client
) -> None:
    _rule(organization, runner_id="aa")
    before = organization.get(QA).json()

    emulator.deploy("acme", "shop", "qa")

    assert "runner_id" not in before
    assert organization.get(QA).json()["runner_id"] == "aa"


def test_rules_do_not_matter_to_an_environment_that_was_deployed(
    emulator: Emulator, organization: httpx.Client
) -> None:
    rule = _rule(organization, runner_id="aa")
    emulator.deploy("acme", "shop", "qa")

    organization.delete(f"{RULES}/{rule['id']}")
    _rule(organization, runner_id="bb", project_id="shop", env_type_id="dev")
    emulator.deploy("acme", "shop", "qa")

    assert organization.get(QA).json()["runner_id"] == "aa"


def test_a_first_deployment_without_a_matching_rule_fails(
    emulator: Emulator, organization: httpx.Client
) -> None:
    with pytest.raises(ApiError, match=NONE_MATCHES) as refused:
        emulator.deploy("acme", "shop", "qa")

    assert refused.value.status == 409


def test_refresh_binds_even_before_the_first_deployment(organization: httpx.Client) -> None:
    _rule(organization, runner_id="aa")

    dry = organization.post(REFRESH, params={"dry_run": "true"}).json()
    unbound = organization.get(QA).json()
    done = organization.post(REFRESH, params={"dry_run": "false"}).json()

    assert dry == {"runner_id": "aa", "updated": False}
    assert "runner_id" not in unbound
    assert done == {"runner_id": "aa", "updated": True}
    assert organization.get(QA).json()["runner_id"] == "aa"


def test_refresh_chooses_again_and_says_updated_without_a_change(organization: httpx.Client) -> None:
    _rule(organization, runner_id="aa")

    first, same = organization.post(REFRESH).json(), organization.post(REFRESH).json()
    _rule(organization, runner_id="bb", env_type_id="dev")
    other = organization.post(REFRESH).json()

    assert first == same == {"runner_id": "aa", "updated": True}
    assert other == {"runner_id": "bb", "updated": True}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/orgs/acme/projects/shop/envs/none/actions/refresh_runner", 404),
        ("/orgs/acme/projects/none/envs/qa/actions/refresh_runner", 404),
        (f"{REFRESH}?dry_run=maybe", 400),
    ],
)
def test_refresh_needs_an_environment_and_a_known_value(
    organization: httpx.Client, path: str, status: int
) -> None:
    _rule(organization, runner_id="aa")

    assert organization.post(path).status_code == status


def test_a_blocked_environment_type_keeps_its_rules(organization: httpx.Client) -> None:
    rule = _rule(organization, runner_id="aa", env_type_id="dev")

    blocked = organization.delete("/orgs/acme/env-types/dev")

    assert blocked.status_code == 409
    assert organization.get(f"{RULES}/{rule['id']}").status_code == 200


def test_cascades_delete_only_the_rules_that_name_what_is_deleted(organization: httpx.Client) -> None:
    kept = _rule(organization, runner_id="bb")
    _rule(organization, runner_id="aa", project_id="shop")
    _rule(organization, runner_id="bb", env_type_id="prod")
    _rule(organization, runner_id="bb", project_id="bank")

    answers = [
        organization.delete("/orgs/acme/runners/aa"),
        organization.delete("/orgs/acme/env-types/prod"),
        organization.delete("/orgs/acme/projects/bank?deleteRules=true"),
    ]

    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert organization.get(RULES).json()["items"] == [kept]
