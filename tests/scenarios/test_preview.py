"""`--against`: this change's own effect, apart from what differs without it."""

import shutil
from pathlib import Path

import pytest

from tests.scenarios.world import World, definition_yaml


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def test_only_what_the_change_causes_is_its_own(world: World, tmp_path: Path) -> None:
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


def test_what_the_change_takes_back_is_named(world: World, tmp_path: Path) -> None:
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
