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


def lines_added_above(text: str) -> str:
    return "# a comment\n# and another\n" + text


def test_warnings_of_the_base_are_not_the_changes_own(world: World, tmp_path: Path) -> None:
    misspelt = definition_yaml("mine", criteria="[{env_type: develpment}]")
    world.write("a.yaml", misspelt.replace("mine", "theirs"))
    base = tmp_path / "base"
    shutil.copytree(world.root, base)
    world.write("a.yaml", lines_added_above(misspelt.replace("mine", "theirs")))
    world.write("b.yaml", misspelt.replace("develpment", "produktion"))
    result = world.plan(base=base)
    assert {finding.origin.file for finding in result.existing_findings} == {"a.yaml"}
    assert {finding.origin.file for finding in result.own_findings} == {"b.yaml"}


def test_errors_of_the_files_are_split_although_nothing_live_is_read(world: World, tmp_path: Path) -> None:
    broken = definition_yaml("theirs", type_="''")
    world.write("a.yaml", broken)
    base = tmp_path / "base"
    shutil.copytree(world.root, base)
    world.write("a.yaml", lines_added_above(broken))
    world.write("b.yaml", definition_yaml("mine", driver="''"))
    result = world.plan(base=base)
    assert result.exit_code() is ExitCode.INVALID
    assert {finding.origin.file for finding in result.existing_findings} == {"a.yaml"}
    assert {finding.origin.file for finding in result.own_findings} == {"b.yaml"}
    assert not result.requests


def test_a_change_that_repairs_a_broken_base_has_no_findings(world: World, tmp_path: Path) -> None:
    world.write("a.yaml", definition_yaml("theirs", type_="''"))
    base = tmp_path / "base"
    shutil.copytree(world.root, base)
    world.write("a.yaml", definition_yaml("theirs", criteria="[{}]"))
    result = world.plan(base=base)
    assert result.preview is None
    assert result.existing == frozenset()
    assert not result.all_findings
    assert result.exit_code() is ExitCode.DONE


def test_without_a_base_all_findings_count(world: World) -> None:
    world.write("a.yaml", definition_yaml("mine", criteria="[{env_type: develpment}]"))
    result = world.plan()
    assert result.existing is None
    assert result.own_findings == result.all_findings != ()
