"""`--against`: the effect of this change alone, without what differs anyway."""

import shutil
from pathlib import Path

import httpx
import pytest

from reconciler.errors import ExitCode
from tests.scenarios.world import URL, World, definition_yaml


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def test_only_what_the_change_causes_is_shown_as_its_effect(world: World, tmp_path: Path) -> None:
    world.write("a.yaml", definition_yaml("first"))
    world.apply()
    world.write("pending.yaml", definition_yaml("pending"))
    base = tmp_path / "base"
    shutil.copytree(world.root, base)
    world.write("mine.yaml", definition_yaml("mine"))
    preview = world.plan(base=base).preview
    assert preview is not None
    assert [f"{a.verb} {a.key}" for plan in preview.own for a in plan.actions] == ["create Definition/mine"]
    assert preview.existing_count == 1


def test_what_the_change_withdraws_is_named(world: World, tmp_path: Path) -> None:
    world.write("pending.yaml", definition_yaml("pending"))
    base = tmp_path / "base"
    shutil.copytree(world.root, base)
    world.write("pending.yaml", definition_yaml("renamed"))
    preview = world.plan(base=base).preview
    assert preview is not None
    assert preview.withdrawn == ("create Definition/pending",)


def test_a_preview_writes_nothing(world: World, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "README").write_text("empty")
    world.write("a.yaml", definition_yaml("first"))
    world.plan(base=base)
    assert not world.effects()
    assert not list(world.inventories.rglob("*.json"))


def test_drift_that_is_only_reported_is_not_an_effect_of_the_change(tmp_path: Path) -> None:
    world = World.make(tmp_path, policy={"default": {"drift": "report", "prune": "never"}})
    for name in ("lost", "kept"):
        world.write(f"{name}.yaml", definition_yaml(name))
    world.apply()
    world.remove("kept.yaml")
    with httpx.Client(transport=world.emulator.transport(), headers={"Authorization": "Bearer t"}) as client:
        client.delete(f"{URL}/orgs/acme/resources/defs/lost").raise_for_status()
    base = tmp_path / "base"
    shutil.copytree(world.root, base)
    result = world.plan(base=base)
    assert result.preview is not None
    assert not any(plan.drift_reported or plan.kept for plan in result.preview.own)
    assert result.preview.existing_count == 2
    assert result.exit_code(detailed=True) is ExitCode.DONE
