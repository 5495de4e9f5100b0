"""Names are checked before anything is written: those that do not exist refuse the plan or are reported."""

from pathlib import Path

import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ExitCode
from reconciler.passes.result import PassResult, Verdict
from tests.scenarios.world import World, actions, definition_yaml, runner_public_key, runner_yaml

LISTS = ("/resources/types", "/resources/drivers", "/env-types", "/apps", "/projects")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def lists(world: World) -> list[str]:
    """Lists of names requested since the log was cleared; a request for one item only proves the organization."""
    asked = [entry for entry in world.emulator.log.entries() if entry.query != "per_page=1"]
    paths = [entry.path.removeprefix("/orgs/acme") for entry in asked]
    return sorted(path for path in paths if path in LISTS)


def rules(result: PassResult) -> dict[str, str]:
    return {finding.rule: finding.advice for finding in result.findings}


def test_a_definition_keeps_serving_when_its_successor_names_a_driver_that_does_not_exist(
    world: World,
) -> None:
    world.write("def.yaml", definition_yaml("orders-db", type_="postgres", criteria="[{app_id: orders}]"))
    world.apply()
    before = world.live()
    world.write(
        "def.yaml",
        definition_yaml(
            "orders-db-v2",
            type_="postgres",
            driver="humanitec/ekko",
            criteria="[{app_id: orders, class: v2}]",
        ),
    )
    for result in (world.plan(), world.apply()):
        assert (result.verdict, result.exit_code()) == (Verdict.INVALID, ExitCode.INVALID)
        assert rules(result)["R114"] == "Did you mean `humanitec/echo`?"
    assert world.live() == before


def test_a_type_and_an_environment_type_of_a_runner_rule_that_do_not_exist_refuse_the_plan(
    world: World,
) -> None:
    world.write("def.yaml", definition_yaml("bucket", type_="s33", criteria="[{class: big}]"))
    world.write("runner.yaml", runner_yaml("jobs", runner_public_key(), rules="[{env_type_id: develpment}]"))
    result = world.apply()
    assert result.verdict is Verdict.INVALID
    assert rules(result) == {"R113": "Did you mean `s3`?", "R117": "Did you mean `development`?"}
    assert not world.effects()


def test_an_environment_type_of_a_criterion_that_does_not_exist_is_reported_and_applied(world: World) -> None:
    """The server takes any name in criteria."""
    world.write("def.yaml", definition_yaml("bucket", criteria="[{env_type: develpment}]"))
    result = world.apply()
    assert result.verdict is Verdict.APPLIED
    assert rules(result) == {"R115": "Did you mean `development`?"}
    assert rules(world.plan()) == {"R115": "Did you mean `development`?"}


def test_a_pass_without_new_names_requests_no_list_of_names(world: World) -> None:
    world.write("def.yaml", definition_yaml("bucket", driver="humanitec/s3"))
    world.write("runner.yaml", runner_yaml("jobs", runner_public_key()))
    world.apply()
    assert lists(world) == ["/env-types", "/resources/drivers", "/resources/types"]
    world.emulator.log.clear()
    assert actions(world.plan()) == []
    assert lists(world) == []


def test_criteria_cost_one_list_for_each_kind_of_name_in_them(world: World) -> None:
    world.write("def.yaml", definition_yaml("bucket", criteria="[{env_type: development, app_id: shop}]"))
    world.apply()
    world.emulator.log.clear()
    assert actions(world.plan()) == []
    assert lists(world) == ["/apps", "/env-types"]


def test_with_a_token_that_may_not_list_a_pass_applies_and_the_rules_are_unknown(world: World) -> None:
    world.write("runner.yaml", runner_yaml("jobs", runner_public_key()))
    world.apply()
    for path in LISTS:
        world.emulator.faults.add(
            FaultRule(FaultKind.ERROR_BEFORE_EFFECT, path=f"{path}$", status=403, count=None)
        )
    criteria = "[{env_type: develpment, app_id: shop}]"
    world.write("def.yaml", definition_yaml("bucket", driver="humanitec/s3", criteria=criteria))
    result = world.apply()
    assert result.verdict is Verdict.APPLIED
    reasons = {answer.rule: answer.reason for answer in result.unknown}
    assert {"R113", "R114", "R115", "R116"} <= set(reasons)
    assert "were not read" in reasons["R113"]
    assert "403" in reasons["R113"]
    assert result.findings == ()
