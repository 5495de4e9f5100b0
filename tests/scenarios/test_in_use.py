"""What deployments still use is not deleted, and is reported as in use, never as contested."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ExitCode, InUseError
from reconciler.model.identity import TargetName
from reconciler.model.kind import Kind
from reconciler.orchestrator.client import Access
from reconciler.passes.deed.deed import deed
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Status, Verb
from reconciler.views.conclusion import next_step
from tests.scenarios.world import World, actions, definition_yaml, the_plan

USED = {"def_id": "pg-old", "app_id": "shop", "env_id": "dev", "env_type": "development", "res_id": "db"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World.make(tmp_path)
    made.write("old.yaml", definition_yaml("pg-old", criteria="[{env_type: development}]"))
    made.write("other.yaml", definition_yaml("other", criteria="[{app_id: till}]"))
    made.apply()
    made.emulator.seed({"organization": "acme", "active_resources": [USED]})
    return made


def refusal_text(result: PassResult) -> str:
    (refusal,) = the_plan(result).refusals
    return f"{refusal.guard}: {refusal.message} {next_step(result)}"


def test_the_plan_names_what_uses_a_definition_and_holds_its_deletion(world: World) -> None:
    world.remove("old.yaml")
    planned = world.plan()
    assert planned.exit_code() is ExitCode.REFUSED
    assert "in-use: " in refusal_text(planned)
    assert "Definition/pg-old is used by shop/dev/db" in refusal_text(planned)
    assert "contested" not in refusal_text(planned)
    result = world.apply()
    assert (result.verdict, result.exit_code()) == (Verdict.REFUSED, ExitCode.REFUSED)
    assert world.effects()["deleted", "definitions/acme/pg-old"] == 0


def test_an_approval_by_name_deletes_what_is_in_use(world: World) -> None:
    world.remove("old.yaml")
    assert world.apply("in-use=Definition/other").exit_code() is ExitCode.REFUSED
    assert world.apply("in-use=Definition/pg-old").exit_code() is ExitCode.DONE
    assert world.effects()["deleted", "definitions/acme/pg-old"] == 1


def test_a_criterion_in_use_is_not_moved_and_its_successor_waits(world: World) -> None:
    world.write("old.yaml", definition_yaml("pg-old", criteria="[]"))
    world.write("new.yaml", definition_yaml("pg-new", criteria="[{env_type: development}]"))
    before = world.live()
    result = world.apply()
    assert "Definition/pg-old is used by shop/dev/db" in refusal_text(result)
    assert world.live() == before
    assert world.apply("in-use=Definition/pg-old").exit_code() is ExitCode.DONE
    assert actions(world.plan()) == []


def test_a_criterion_that_matches_nothing_in_use_moves_without_approval(world: World) -> None:
    world.write("other.yaml", definition_yaml("other", criteria="[]"))
    assert world.apply().exit_code() is ExitCode.DONE


def test_a_plan_that_removes_nothing_does_not_ask_what_is_in_use(world: World) -> None:
    world.write("old.yaml", definition_yaml("pg-old", criteria="[{env_type: development}, {app_id: new}]"))
    world.emulator.log.clear()
    world.plan()
    assert not [entry for entry in world.emulator.log.entries() if entry.path.endswith("/resources")]


def test_use_that_may_not_be_read_is_reported_and_the_server_still_refuses(world: World) -> None:
    world.remove("old.yaml")
    forbidden = FaultRule(
        kind=FaultKind.ERROR_BEFORE_EFFECT, status=403, count=None, path=r".*/pg-old/resources"
    )
    world.emulator.faults.add(forbidden)
    planned = the_plan(world.plan())
    assert any("use Definition/pg-old" in one.subject for one in planned.unexamined)
    result = world.apply()
    (refused,) = (outcome for outcome in result.outcomes if outcome.status is Status.REFUSED)
    assert "still in use: 1 active resource would change: shop/dev/db (to no definition)" in refused.message
    assert world.effects()["deleted", "definitions/acme/pg-old"] == 0


def test_once_no_environment_uses_it_the_rest_is_done(world: World) -> None:
    world.remove("old.yaml")
    world.apply()
    with httpx.Client(
        transport=world.emulator.transport(),
        base_url="http://emulator",
        headers={"Authorization": "Bearer t"},
    ) as client:
        assert client.delete("/orgs/acme/apps/shop/envs/dev/resources/s3.default/db").status_code == 204
    assert world.apply().verdict is Verdict.APPLIED
    assert world.plan().verdict is Verdict.EMPTY


def test_what_is_approved_is_deleted_by_force(world: World) -> None:
    world.remove("old.yaml")
    (action,) = the_plan(world.plan()).actions
    client = world.connect(Access.READ_WRITE)(TargetName("acme"))
    with client:
        with pytest.raises(InUseError):
            deed(client, action).send()
        deed(client, replace(action, forces=True)).send()
    assert world.effects()["deleted", "definitions/acme/pg-old"] == 1


def test_a_criterion_that_is_approved_moves_by_force(world: World) -> None:
    world.write("old.yaml", definition_yaml("pg-old", criteria="[]"))
    (action,) = (one for one in the_plan(world.plan()).actions if one.verb is Verb.DELETE)
    assert action.key.kind is Kind.CRITERION
    with world.connect(Access.READ_WRITE)(TargetName("acme")) as client:
        with pytest.raises(InUseError):
            deed(client, action).send()
        deed(client, replace(action, forces=True)).send()
    assert actions(world.plan()) == []
