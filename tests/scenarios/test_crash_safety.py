"""An apply killed before or after any single request: the next one ends as if nothing had happened."""

import re
from collections import Counter
from pathlib import Path

import pytest

from reconciler.passes.result import Verdict
from tests.scenarios.world import (
    Killed,
    KillSwitch,
    World,
    actions,
    agent_public_key,
    agent_yaml,
    definition_yaml,
    key_yaml,
    runner_public_key,
    runner_yaml,
    store_yaml,
)

AGENT_URL = "{secrets: {agent_url: \"${resources['agent#agent'].outputs.url}\", token: s3cr3t}}"
KEYS = [agent_public_key(), agent_public_key()]
RUNNER_KEY = runner_public_key()


def first(world: World) -> None:
    """What is live before the apply that is killed."""
    world.environment["TOKEN"] = "one"
    world.write("agent.yaml", agent_yaml("eu"))
    world.write("key-1.yaml", key_yaml("eu-1", "eu", KEYS[0]))
    world.write("old.yaml", definition_yaml("old", criteria="[{app_id: shop}]"))
    world.write("moved.yaml", definition_yaml("moved", criteria="[{env_type: development}]"))
    world.write("runner.yaml", runner_yaml("jobs", RUNNER_KEY))
    world.write("operator-key-1.yaml", key_yaml("operator-1", "eu", KEYS[0], product="operator"))
    world.write("store.yaml", store_yaml("platform", auth="{token: !env TOKEN}"))
    world.write("old-store.yaml", store_yaml("old-platform"))


def second(world: World) -> None:
    """Creates, updates, deletes, a moved criterion, a rotated key, a rule with a new runner, stores."""
    world.write("operator-key-2.yaml", key_yaml("operator-2", "eu", KEYS[1], product="operator"))
    world.remove("operator-key-1.yaml")
    world.environment["TOKEN"] = "another"
    world.write(
        "store.yaml", store_yaml("platform", block="{url: https://new.test}", auth="{token: !env TOKEN}")
    )
    world.remove("old-store.yaml")
    world.write("new-store.yaml", store_yaml("reserve", auth="{token: !env TOKEN}"))
    world.write("user.yaml", definition_yaml("user", inputs="{secret_refs: {p: {store: reserve, ref: p}}}"))
    world.write("key-2.yaml", key_yaml("eu-2", "eu", KEYS[1]))
    world.remove("key-1.yaml")
    world.remove("old.yaml")
    world.write(
        "new.yaml", definition_yaml("new", criteria="[{app_id: shop}]", inputs="{secrets: {t: plain}}")
    )
    world.write("moved.yaml", definition_yaml("moved", criteria="[{env_type: production}]"))
    world.write("taker.yaml", definition_yaml("taker", criteria="[{env_type: development}]"))
    world.write(
        "cluster.yaml",
        definition_yaml("cluster", type_="k8s-cluster", driver="humanitec/k8s-cluster", inputs=AGENT_URL),
    )
    world.write("agent.yaml", agent_yaml("eu", description="rotated"))
    world.write("runner.yaml", runner_yaml("jobs", RUNNER_KEY, rules="[]"))
    world.write("runner-2.yaml", runner_yaml("more-jobs", RUNNER_KEY))


def undisturbed(folder: Path, concurrency: int) -> tuple[World, int]:
    world = World.make(folder, apply={"concurrency": concurrency})
    first(world)
    assert world.apply().verdict is Verdict.APPLIED
    world.emulator.log.clear()
    second(world)
    assert world.apply().verdict is Verdict.APPLIED
    assert actions(world.plan()) == []
    mutating = [e for e in world.emulator.log.entries() if e.verb not in ("GET", "HEAD")]
    return world, len(mutating)


def counts(world: World) -> dict[tuple[str, str], int]:
    """Creates and deletes by object; ids that the server makes up are all the same here."""
    found: Counter[tuple[str, str]] = Counter()
    for (effect, thing), count in world.effects().items():
        if effect in ("created", "deleted"):
            found[effect, re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{16}\b", "*", thing)] += count
    return found


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [1, 8])
def test_killed_at_any_request_the_next_apply_arrives_at_the_same_end(
    tmp_path: Path, concurrency: int
) -> None:
    """The same end state, with the same number of creates and deletes of each object."""
    (tmp_path / "undisturbed").mkdir()
    reference, requests = undisturbed(tmp_path / "undisturbed", concurrency)
    assert requests > 10
    for at in range(1, requests + 1):
        for after_effect in (False, True):
            folder = tmp_path / f"{at}-{after_effect}"
            folder.mkdir()
            world = World.make(folder, apply={"concurrency": concurrency})
            first(world)
            world.apply()
            world.emulator.log.clear()
            second(world)
            world.switch = KillSwitch(at, after_effect=after_effect)
            with pytest.raises(Killed):
                world.apply()
            world.switch = None
            result = world.apply()
            assert result.verdict in (Verdict.APPLIED, Verdict.EMPTY), (at, after_effect, result)
            assert world.live() == reference.live(), (at, after_effect)
            assert counts(world) == counts(reference), (at, after_effect)
            assert actions(world.plan()) == [], (at, after_effect)
