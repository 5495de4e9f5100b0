"""A saved plan is applied only if nothing has changed since it was made."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.passes.result import Verdict
from reconciler.plan.saved import SavedPlan
from tests.scenarios.world import World, actions, definition_yaml

from tests.scenarios.test_ownership import by_hand  # isort: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path)
    world.write("bucket.yaml", definition_yaml("bucket", inputs="{secrets: {password: hunter2}}"))
    return world


def saved(world: World) -> SavedPlan:
    _, kept = world.plan_and_save()
    assert kept is not None
    text = json.dumps(kept.to_json())
    assert "hunter2" not in text
    return SavedPlan.from_json(json.loads(text))


def test_a_plan_for_an_unchanged_world_is_applied(world: World) -> None:
    assert world.apply(bound=saved(world)).verdict is Verdict.APPLIED


def test_a_changed_file_makes_a_plan_stale(world: World) -> None:
    plan = saved(world)
    world.write("bucket.yaml", definition_yaml("bucket", criteria="[{app_id: x}]"))
    result = world.apply(bound=plan)
    assert (result.verdict, result.exit_code()) == (Verdict.STALE, ExitCode.STALE)
    assert result.changed[0] == "the files of target acme"
    assert not world.effects()


def test_a_changed_secret_alone_makes_a_plan_stale(world: World) -> None:
    plan = saved(world)
    world.write("bucket.yaml", definition_yaml("bucket", inputs="{secrets: {password: hunter3}}"))
    assert world.apply(bound=plan).verdict is Verdict.STALE


def test_a_changed_live_state_makes_a_plan_stale(world: World) -> None:
    plan = saved(world)
    other = {"id": "other", "name": "other", "type": "s3", "driver_type": "humanitec/echo"}
    by_hand(world, "POST", "/resources/defs", other)
    result = world.apply(bound=plan)
    assert result.changed == ("the live state of target acme",)


def test_changed_safety_settings_make_a_plan_stale(world: World) -> None:
    plan = saved(world)
    looser = world.settings.safety.model_copy(update={"maxDelete": "100%"})
    world.settings = world.settings.model_copy(update={"safety": looser})
    assert "the policy and safety settings" in world.apply(bound=plan).changed


def test_a_plan_file_carries_no_approval(world: World) -> None:
    """Neither one that the plan was made with nor one that was written into the file."""
    world.apply()
    protected = world.settings.safety.model_copy(update={"protect": ("Definition/bucket",)})
    world.settings = world.settings.model_copy(update={"safety": protected})
    world.remove("bucket.yaml")
    world.write("other.yaml", definition_yaml("other"))
    accept = "protected=Definition/bucket"
    _, kept = world.plan_and_save(accept)
    forged = replace(saved(world), approvals=(accept,))
    assert kept is not None
    result = world.apply(bound=kept)
    assert result.verdict is Verdict.STALE
    assert f"the plan was made with --accept {accept}; give exactly that" in " ".join(result.changed)
    assert world.apply(bound=forged).verdict is Verdict.REFUSED
    assert actions(world.plan(accept)) == ["delete Definition/bucket"]
    _, kept = world.plan_and_save(accept)
    assert world.apply(accept, bound=kept).verdict is Verdict.APPLIED


@pytest.mark.parametrize("text", ["[]", "{}", '{"kind": "ReconcilerPlan", "version": 99}', "null"])
def test_a_file_that_is_not_a_plan_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="saved plan"):
        SavedPlan.from_json(json.loads(text))
