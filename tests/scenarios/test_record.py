"""Records of an earlier version, of another place, and of another digest key."""

import json
from pathlib import Path

import pytest

from reconciler.diff.change import SecretDifference
from reconciler.passes.result import Verdict
from tests.scenarios.test_ownership import by_hand
from tests.scenarios.world import World, actions, definition_yaml, the_plan

PASSWORD = "{secrets: {password: not-a-real-one}}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World.make(tmp_path)
    made.write("a.yaml", definition_yaml("with-secret", inputs=PASSWORD))
    made.write("b.yaml", definition_yaml("plain"))
    made.apply()
    return made


def record(world: World) -> Path:
    return world.inventories / "test" / "acme.json"


def as_version_1(world: World) -> None:
    document = json.loads(record(world).read_text())
    document["version"] = 1
    del document["place"], document["digestKey"]
    for entry in document["entries"]:
        entry["organization"] = "acme"
    record(world).write_text(json.dumps(document))


def sent_secrets(world: World) -> list[str]:
    return [e.path for e in world.emulator.log.entries() if e.verb in ("PUT", "POST", "PATCH")]


def test_a_record_of_version_1_is_accepted_and_written_as_version_2_by_the_next_apply(world: World) -> None:
    as_version_1(world)
    assert world.plan().verdict is Verdict.EMPTY
    assert json.loads(record(world).read_text())["version"] == 1
    world.emulator.log.clear()
    world.apply()
    assert not sent_secrets(world)
    document = json.loads(record(world).read_text())
    assert document["version"] == 2
    assert document["place"] == {"realm": "organization", "name": "acme"}
    assert [
        digest.count(":") for entry in document["entries"] for digest in entry.get("secrets", {}).values()
    ] == [0]


def test_what_a_record_of_version_1_owns_is_pruned(world: World) -> None:
    as_version_1(world)
    world.remove("b.yaml")
    assert actions(world.plan()) == ["delete Definition/plain"]


def test_with_another_digest_key_nothing_counts_as_changed_and_nothing_is_sent(world: World) -> None:
    world.digest_key = b"another key"
    plan = the_plan(world.plan())
    assert plan.actions == ()
    (unexamined,) = plan.unexamined
    assert unexamined.subject == "1 secret value"
    assert "made with another key" in unexamined.reason
    (field,) = [field for change in plan.diff.changes.values() for field in change.fields]
    assert field.secret is SecretDifference.OTHER_KEY
    world.emulator.log.clear()
    world.apply()
    assert not sent_secrets(world)
    after = the_plan(world.plan())
    assert (after.actions, after.unexamined) == ((), ())
    world.write("a.yaml", definition_yaml("with-secret", inputs="{secrets: {password: another}}"))
    assert actions(world.plan()) == ["update Definition/with-secret"]


def test_a_lost_digest_key_is_reported_and_its_successor_sends_nothing(world: World) -> None:
    kept, world.digest_key = world.digest_key, None
    (unexamined,) = the_plan(world.plan()).unexamined
    assert unexamined.reason == "the key of the record's digests is not available"
    world.digest_key = kept
    assert the_plan(world.plan()).unexamined == ()


def test_an_apply_without_the_digest_key_keeps_what_the_record_says(world: World) -> None:
    kept, world.digest_key = world.digest_key, None
    before = record(world).read_text()
    world.apply()
    assert record(world).read_text() == before
    world.digest_key = kept
    assert the_plan(world.plan()).unexamined == ()


def test_another_digest_key_does_not_hide_that_somebody_wrote_the_secret(world: World) -> None:
    by_hand(
        world, "PATCH", "/resources/defs/with-secret", {"driver_inputs": {"secrets": {"password": "theirs"}}}
    )
    world.digest_key = b"another key"
    world.apply()
    (action,) = the_plan(world.plan()).actions
    assert [field.secret for field in action.subject.fields] == [SecretDifference.FOREIGN_WRITE]


def test_an_apply_of_a_part_leaves_the_digests_of_the_others_comparable(world: World) -> None:
    world.write("c.yaml", definition_yaml("another", inputs=PASSWORD))
    world.apply(only=frozenset({"Definition/another"}))
    assert the_plan(world.plan()).unexamined == ()


def test_a_record_of_another_organization_proves_nothing(world: World) -> None:
    """A target that is switched to another organization must not forget what it owns in the first."""
    target = world.settings.targets["acme"].model_copy(update={"organization": "beta"})
    world.settings = world.settings.model_copy(update={"targets": {"acme": target}})
    (result,) = world.apply().targets
    assert "belongs to organization acme, but the settings say beta" in result.error
    assert len(world.store.read("acme").entries) == 2


def test_a_second_address_of_the_organization_does_not_lose_what_is_owned(world: World) -> None:
    """The place then includes the target's name, because the organization's name alone is ambiguous."""
    target = world.settings.targets["acme"]
    connection = {"url": "http://another", "token": {"env": "UNUSED"}}
    elsewhere = type(target).model_validate(
        {"organization": "acme", "paths": ["elsewhere/**"], "orchestrator": connection}
    )
    world.settings = world.settings.model_copy(update={"targets": {"acme": target, "other": elsewhere}})
    result = world.plan()
    (here,) = [found for found in result.targets if found.target == "acme"]
    assert here.plan is not None
    assert [action.key.id for action in here.plan.actions] == []
    assert {str(change.group) for change in here.plan.diff.changes.values()} <= {"unchanged", "unmanaged"}
