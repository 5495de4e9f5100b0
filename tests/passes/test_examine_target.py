"""What `doctor` reads of a target: registered keys and runners, and why an API does not answer."""

from dataclasses import replace
from pathlib import Path

from reconciler.diagnosis.sight import Refusal
from reconciler.errors import SettingsError
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.identity import TargetName
from reconciler.model.unread import Unread
from reconciler.orchestrator.client import Access, Orchestrator
from reconciler.passes.begin import Adapters, begin
from reconciler.passes.examine_target import TargetSight, see_target
from reconciler.passes.result import Purpose
from reconciler.plan.selection import Selection
from tests.scenarios.world import (
    World,
    agent_public_key,
    agent_yaml,
    key_yaml,
    runner_public_key,
    runner_yaml,
)

ACME = TargetName("acme")


def seen(world: World, adapters: Adapters | None = None) -> TargetSight:
    used = adapters or world.adapters(Access.READ_ONLY)
    return see_target(begin(world.settings, used, Selection(), Purpose.PLAN), ACME, ["eu"])


def test_registered_keys_and_runners_are_known_by_their_fingerprints(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    key, runner_key = agent_public_key(), runner_public_key()
    world.write("agent.yaml", agent_yaml("eu"))
    world.write("key.yaml", key_yaml("k", "eu", key))
    world.write("runner.yaml", runner_yaml("run-1", runner_key))
    world.apply()
    found = seen(world)
    assert not isinstance(found.organization.keys, Unread)
    (registration,) = found.organization.keys["eu"].values()
    assert list(found.organization.keys["eu"]) == [inspect_public_key(key).fingerprint]
    assert registration.is_accepted
    assert registration.end is not None
    assert found.organization.runners == {"run-1": inspect_public_key(runner_key).fingerprint}
    assert not isinstance(found.apis, Unread)
    assert [(api.name, api.refusal) for api in found.apis] == [("v1 API", None), ("v2 API", None)]
    assert found.apis[1].found == "1 runner, 1 runner rule"


def test_an_organization_that_does_not_exist_is_told_from_a_refused_token(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    target = world.settings.targets["acme"].model_copy(update={"organization": "absent"})
    world.settings = world.settings.model_copy(update={"targets": {"acme": target}})
    found = seen(world)
    assert not isinstance(found.apis, Unread)
    refusal = found.apis[0].refusal
    assert refusal is not None
    assert refusal[0] is Refusal.ORGANIZATION
    assert isinstance(found.organization.keys, Unread)


def test_a_target_without_its_token_is_unread_with_the_reason(tmp_path: Path) -> None:
    world = World.make(tmp_path)

    def refuse(_: TargetName) -> Orchestrator:
        raise SettingsError("TOKEN is not set", advice="set it")

    found = seen(world, replace(world.adapters(Access.READ_ONLY), connect=refuse))
    assert found.apis == Unread("TOKEN is not set", "set it")
    assert found.organization.keys == found.apis
