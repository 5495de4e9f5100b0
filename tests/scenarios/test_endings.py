"""Renaming a file so that it is no longer read deletes nothing; JSON is read like YAML."""

import json
from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.passes.result import Verdict
from reconciler.plan.problem import STILL_DECLARED
from tests.scenarios.world import (
    World,
    actions,
    agent_public_key,
    agent_yaml,
    definition_yaml,
    key_yaml,
    runner_public_key,
    runner_yaml,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def test_nothing_is_deleted_that_a_renamed_file_still_declares(world: World) -> None:
    files = {
        "agent": agent_yaml("eu"),
        "key": key_yaml("eu-1", "eu", agent_public_key()),
        "bucket": definition_yaml("bucket"),
        "runner": runner_yaml("jobs", runner_public_key()),
    }
    for name, text in files.items():
        world.write(f"{name}.yaml", text)
    world.write("other.yaml", definition_yaml("other"))
    assert world.apply().verdict is Verdict.APPLIED
    before = world.live()
    for name, text in files.items():
        world.remove(f"{name}.yaml")
        world.write(f"{name}.yaml.txt", text)
    planned = world.plan()
    assert planned.exit_code() == ExitCode.INVALID
    refused = [finding for finding in planned.all_findings if finding.rule == STILL_DECLARED]
    # a key goes with its agent
    assert {finding.origin.file for finding in refused} == {
        f"{name}.yaml.txt" for name in set(files) - {"key"}
    }
    assert all("not read because of its name" in finding.message for finding in refused)
    assert {path for path, _ in planned.unread} == {f"{name}.yaml.txt" for name in files}
    world.apply()
    assert world.live() == before


def test_a_key_in_a_renamed_file_is_kept(world: World) -> None:
    world.write("agent.yaml", agent_yaml("eu"))
    world.write("key.yaml", key_yaml("eu-1", "eu", agent_public_key()))
    spare = key_yaml("eu-2", "eu", agent_public_key())
    world.write("spare.yaml", spare)
    world.apply()
    world.remove("spare.yaml")
    world.write("spare.txt", spare)
    refused = [finding for finding in world.plan().all_findings if finding.rule == STILL_DECLARED]
    assert [finding.origin.file for finding in refused] == ["spare.txt"]


def test_a_renamed_document_that_is_not_valid_protects_its_object_by_its_id(world: World) -> None:
    world.write("bucket.yaml", definition_yaml("bucket"))
    world.write("other.yaml", definition_yaml("other"))
    world.apply()
    world.remove("bucket.yaml")
    world.write("bucket.yaml.old", definition_yaml("bucket").replace("driver_type", "driver_typ"))
    assert STILL_DECLARED in {finding.rule for finding in world.plan().all_findings}


def test_a_definition_may_move_from_yaml_to_json(world: World) -> None:
    world.write("bucket.yaml", definition_yaml("bucket"))
    world.apply()
    world.remove("bucket.yaml")
    document = {
        "apiVersion": "entity.humanitec.io/v1b1",
        "kind": "Definition",
        "metadata": {"id": "bucket"},
        "entity": {"name": "changed", "type": "s3", "driver_type": "humanitec/echo"},
    }
    world.write("bucket.json", json.dumps(document))
    assert actions(world.plan()) == ["update Definition/bucket"]


def test_kinds_that_are_left_alone_are_counted(world: World) -> None:
    account = (
        "apiVersion: entity.humanitec.io/v1b1\nkind: Account\nmetadata: {id: a}\nentity: {name: A, type: t}\n"
    )
    world.write("account.yaml", account)
    world.write("bucket.yaml", definition_yaml("bucket"))
    result = world.apply()
    assert result.verdict is Verdict.APPLIED
    assert result.left_alone == (("Account", 1),)
