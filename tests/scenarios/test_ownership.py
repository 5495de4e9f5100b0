"""Adopt, contest, prune, forget: what happens to objects, depending on who owns them."""

from pathlib import Path

import httpx
import pytest

from reconciler.errors import ExitCode
from reconciler.model.record import Inventory
from reconciler.passes.result import Verdict
from reconciler.plan.action import Status
from reconciler.settings import Connection
from reconciler.views import outcome_text, text
from tests.scenarios.world import (
    URL,
    World,
    actions,
    agent_public_key,
    agent_yaml,
    definition_yaml,
    key_yaml,
    runner_public_key,
    runner_yaml,
    statuses,
    the_plan,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def by_hand(world: World, verb: str, path: str, body: object = None) -> httpx.Response:
    """Objects made in the user interface by somebody."""
    with httpx.Client(
        transport=world.emulator.transport(),
        base_url=f"{URL}/orgs/acme",
        headers={"Authorization": "Bearer t"},
    ) as client:
        answer = client.request(verb, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer


MADE_BY_HAND = {"id": "bucket", "name": "bucket", "type": "s3", "driver_type": "humanitec/echo"}


def test_every_kind_is_applied_once_and_then_nothing_is_left_to_do(world: World) -> None:
    pem = agent_public_key()
    world.write("agent.yaml", agent_yaml("eu", description="the EU"))
    world.write("key.yaml", key_yaml("eu-1", "eu", pem))
    world.write("bucket.yaml", definition_yaml("bucket", criteria="[{app_id: shop}]"))
    world.write("runner.yaml", runner_yaml("jobs", runner_public_key()))
    result = world.apply()
    assert result.verdict is Verdict.APPLIED
    assert statuses(result) == {Status.DONE}
    again = world.plan()
    assert again.verdict is Verdict.EMPTY
    assert actions(again) == []


def test_equal_unmanaged_objects_are_adopted_without_a_write(world: World) -> None:
    by_hand(world, "POST", "/resources/defs", MADE_BY_HAND)
    world.emulator.log.clear()
    world.write("bucket.yaml", definition_yaml("bucket"))
    assert actions(world.plan()) == ["adopt Definition/bucket"]
    world.apply()
    assert not world.effects()
    assert actions(world.plan()) == []


def test_different_unmanaged_objects_are_contested(world: World) -> None:
    by_hand(world, "POST", "/resources/defs", {**MADE_BY_HAND, "name": "theirs"})
    world.emulator.log.clear()
    world.write("bucket.yaml", definition_yaml("bucket"))
    world.write("other.yaml", definition_yaml("other"))
    result = world.apply()
    assert result.exit_code() is ExitCode.REFUSED
    assert dict(world.effects()) == {("created", "definitions/acme/other"): 1}
    taken_over = world.apply("contested=Definition/bucket")
    assert taken_over.verdict is Verdict.APPLIED
    assert actions(world.plan()) == []


def test_what_is_no_longer_declared_is_pruned_and_unmanaged_objects_are_kept(world: World) -> None:
    world.write("bucket.yaml", definition_yaml("bucket"))
    world.write("keep.yaml", definition_yaml("keep"))
    world.apply()
    by_hand(world, "POST", "/resources/defs", {**MADE_BY_HAND, "id": "theirs"})
    world.remove("bucket.yaml")
    assert actions(world.plan()) == ["delete Definition/bucket"]
    world.apply()
    remaining = {d["id"] for d in by_hand(world, "GET", "/resources/defs").json() if not d["is_default"]}
    assert remaining == {"keep", "theirs"}


def test_without_an_inventory_nothing_is_deleted(world: World) -> None:
    world.write("bucket.yaml", definition_yaml("bucket"))
    world.write("keep.yaml", definition_yaml("keep"))
    world.apply()
    for file in world.inventories.rglob("*.json"):
        file.unlink()
    world.remove("bucket.yaml")
    assert actions(world.plan()) == ["adopt Definition/keep"]


def test_what_somebody_deleted_is_created_again_or_forgotten(world: World) -> None:
    world.write("bucket.yaml", definition_yaml("bucket"))
    world.write("gone.yaml", definition_yaml("gone"))
    world.apply()
    by_hand(world, "DELETE", "/resources/defs/bucket")
    by_hand(world, "DELETE", "/resources/defs/gone")
    world.remove("gone.yaml")
    assert actions(world.plan()) == ["forget Definition/gone", "create Definition/bucket"]
    assert world.apply().exit_code() is ExitCode.DONE
    assert actions(world.plan()) == ["forget Definition/gone"]
    world.apply()
    assert actions(world.plan()) == []


def test_an_empty_tree_changes_nothing(world: World) -> None:
    world.write("bucket.yaml", definition_yaml("bucket"))
    world.apply()
    world.write("bucket.yaml", "# nothing here\n")
    world.emulator.log.clear()
    result = world.apply()
    assert result.exit_code() is ExitCode.REFUSED
    assert [refusal.guard for refusal in (the_plan(result).refusals)] == ["empty-tree"]
    assert not world.effects()


def test_a_list_that_failed_never_deletes_or_creates(world: World) -> None:
    """A read error is not an empty list (design decision 4.1)."""
    from reconciler.emulator import FaultKind, FaultRule

    world.write("bucket.yaml", definition_yaml("bucket"))
    world.write("keep.yaml", definition_yaml("keep"))
    world.apply()
    world.remove("bucket.yaml")
    world.emulator.log.clear()
    world.emulator.faults.add(
        FaultRule(
            path=r"/orgs/acme/resources/defs", verb="GET", kind=FaultKind.ERROR_BEFORE_EFFECT, count=100
        )
    )
    result = world.apply()
    assert result.exit_code() is ExitCode.UNREADABLE
    assert not world.effects()


def test_secrets_are_sent_once_and_again_only_when_they_change(world: World) -> None:
    world.write("db.yaml", definition_yaml("database", inputs="{secrets: {password: hunter2}}"))
    world.apply()
    assert actions(world.plan()) == []
    world.write("db.yaml", definition_yaml("database", inputs="{secrets: {password: hunter3}}"))
    plan = world.plan()
    assert actions(plan) == ["update Definition/database"]
    assert "hunter" not in repr(plan)
    world.apply()
    assert actions(world.plan()) == []
    by_hand(
        world, "PATCH", "/resources/defs/database", {"driver_inputs": {"secrets": {"password": "theirs"}}}
    )
    drifted = the_plan(world.plan())
    assert [(a.verb, a.subject.is_drift) for a in drifted.actions] == [("update", True)]


def test_no_secret_is_written_to_the_inventory(world: World) -> None:
    world.write("db.yaml", definition_yaml("database", inputs="{secrets: {password: hunter2}}"))
    world.apply()
    assert all("hunter2" not in file.read_text() for file in world.inventories.rglob("*.json"))


def test_one_agent_in_two_organizations(tmp_path: Path) -> None:
    world = World.make(tmp_path, "acme", "beta")
    pem = agent_public_key()
    world.write("orgs/acme/agent.yaml", agent_yaml("eu", organizations="[acme, beta]"))
    world.write("orgs/acme/key.yaml", key_yaml("eu-1", "eu", pem))
    result = world.apply()
    assert result.verdict is Verdict.APPLIED, result
    for organization in ("acme", "beta"):
        live = world.live(organization)
        assert isinstance(live, dict)
        assert [len(live["agents"]), len(live["keys"]["eu"])] == [1, 1]
    assert world.plan().verdict is Verdict.EMPTY


def test_a_runner_that_did_not_change_is_not_read_again(world: World) -> None:
    world.write("runner.yaml", runner_yaml("jobs", runner_public_key()))
    world.apply()
    world.emulator.log.clear()
    assert actions(world.plan()) == []
    assert not [e for e in world.emulator.log.entries() if e.path.endswith("/runners/jobs")]


def test_a_runner_changed_by_hand_is_drift(world: World) -> None:
    world.write("runner.yaml", runner_yaml("jobs", runner_public_key()))
    world.apply()
    by_hand(world, "PATCH", "/runners/jobs", {"description": "by hand"})
    (action,) = the_plan(world.plan()).actions
    assert action.subject.is_drift
    world.apply()
    assert actions(world.plan()) == []


def test_an_object_deleted_by_hand_is_drift_and_is_created_again(world: World) -> None:
    world.write("db.yaml", definition_yaml("database"))
    world.apply()
    by_hand(world, "DELETE", "/resources/defs/database")
    (action,) = the_plan(world.plan()).actions
    assert (action.verb, action.subject.is_drift) == ("create", True)
    assert "deleted outside Git since the last apply" in text.render(world.plan())
    world.apply()
    assert actions(world.plan()) == []


def test_reported_drift_is_left_as_it_is_and_is_a_difference(tmp_path: Path) -> None:
    """Changed and deleted: neither is written, both are named, and the detailed exit code is not 0."""
    world = World.make(tmp_path, policy={"default": {"drift": "report"}})
    for name in ("changed", "deleted"):
        world.write(f"{name}.yaml", definition_yaml(name))
    world.apply()
    by_hand(world, "DELETE", "/resources/defs/deleted")
    for expected in (["deleted"], ["changed", "deleted"]):
        result = world.plan()
        assert [c.key.id for c in the_plan(result).drift_reported] == expected
        assert (result.exit_code(), result.exit_code(detailed=True)) == (ExitCode.DONE, ExitCode.CHANGES)
        applied = world.apply()
        assert applied.verdict is Verdict.EMPTY
        assert all(f"Definition/{name}: " in outcome_text.render(applied) for name in expected)
        assert len(world.store.read("acme").entries) == 2
        by_hand(world, "PATCH", "/resources/defs/changed", {"name": "by hand"})


def test_an_organization_missing_from_v2_is_not_mistaken_for_an_empty_one(tmp_path: Path) -> None:
    """Unknown organizations have empty lists there (v2 reference 4): ownership is not forgotten."""
    world = World.make(tmp_path)
    world.write("runner.yaml", runner_yaml("jobs", runner_public_key()))
    world.apply()
    world.emulator.reset(organizations=["other"])
    target = world.settings.targets["acme"].model_copy(update={"orchestrator": None})
    world.settings = world.settings.model_copy(update={"targets": {"acme": target}})
    result = world.apply()
    assert result.exit_code() is ExitCode.UNREADABLE
    assert "the ownership record has 2 objects" in result.targets[0].error
    assert len(world.store.read("acme").entries) == 2


def test_the_first_runner_of_a_new_organization_can_be_created(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    world.emulator.reset()
    world.write("runner.yaml", runner_yaml("jobs", runner_public_key(), rules="[]"))
    assert world.apply().verdict is Verdict.APPLIED


class Overtaken:
    """An inventory that somebody else writes between a read and the following write."""

    def __init__(self, world: World) -> None:
        self._mine, self._theirs = world.store, world.store

    def read(self, target: str) -> Inventory:
        found = self._mine.read(target)
        self._theirs.write(self._theirs.read(target).with_entries({}))
        return found

    def write(self, inventory: Inventory) -> None:
        self._mine.write(inventory)


def test_of_two_runs_at_once_the_second_changes_nothing(world: World) -> None:
    world.write("bucket.yaml", definition_yaml("bucket"))
    result = world.apply(inventory=Overtaken(world))
    assert result.exit_code() is ExitCode.LEASED
    assert "nothing was changed" in result.targets[0].error
    assert not world.effects()


def test_a_record_of_another_address_proves_nothing(world: World) -> None:
    """The same names in another installation are somebody else's objects."""
    world.write("bucket.yaml", definition_yaml("bucket"))
    world.write("keep.yaml", definition_yaml("keep"))
    world.apply()
    elsewhere = {"url": "http://another", "token": {"env": "UNUSED"}}
    target = world.settings.targets["acme"].model_copy(
        update={"orchestrator": Connection.model_validate(elsewhere), "runners": None}
    )
    world.settings = world.settings.model_copy(update={"targets": {"acme": target}})
    world.remove("bucket.yaml")
    world.emulator.log.clear()
    result = world.apply()
    assert result.exit_code() is ExitCode.UNREADABLE
    assert "http://another" in result.targets[0].error
    assert not world.effects()


def test_a_mistake_in_the_paths_of_a_target_deletes_nothing(tmp_path: Path) -> None:
    world = World.make(tmp_path, "acme", "beta")
    world.write("orgs/acme/bucket.yaml", definition_yaml("bucket"))
    world.write("orgs/beta/bucket.yaml", definition_yaml("bucket"))
    world.apply()
    target = world.settings.targets["beta"].model_copy(update={"paths": ("org/beta/**", "more/**")})
    world.settings = world.settings.model_copy(update={"targets": {**world.settings.targets, "beta": target}})
    world.write("more/other.yaml", definition_yaml("other"))
    world.emulator.log.clear()
    result = world.apply()
    assert result.exit_code() is not ExitCode.DONE
    assert [problem.rule for t in result.targets if t.plan for problem in t.plan.problems] == ["P06"]
    assert not world.effects()


def test_a_selection_that_matches_nothing_is_not_a_success(world: World) -> None:
    world.write("bucket.yaml", definition_yaml("bucket"))
    result = world.plan(only=frozenset({"Definition/bukket"}))
    assert result.exit_code() is ExitCode.USAGE
    assert "Definition/bukket" in result.error


def test_files_that_were_not_read_are_named(world: World) -> None:
    world.write("big.txt", "x" * 2_000_000)
    world.write("bucket.yaml", definition_yaml("bucket"))
    assert [path for path, _ in world.plan().unread] == ["big.txt"]
