"""A key is registered at once and authorized later: what needs the agent waits for it."""

from pathlib import Path

import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ExitCode
from reconciler.plan.action import Status
from tests.scenarios.world import World, agent_public_key, agent_yaml, definition_yaml, key_yaml

PEM = agent_public_key()
USER = definition_yaml(
    "cluster",
    type_="k8s-cluster",
    driver="humanitec/k8s-cluster",
    inputs='{secrets: {agent_url: "${resources.agent#agent.outputs.url}"}}',
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path)
    world.write("agent.yaml", agent_yaml("eu"))
    world.write("key.yaml", key_yaml("eu-1", "eu", PEM))
    return world


def slow(world: World) -> None:
    world.emulator.faults.add(
        FaultRule(FaultKind.SLOW_KEY_AUTHORIZATION, count=None, path=r"/orgs/acme/.*", seconds=3600)
    )


def created(world: World) -> set[str]:
    return {thing for effect, thing in world.effects() if effect == "created"}


def test_what_needs_an_agent_waits_until_its_key_is_authorized(world: World) -> None:
    slow(world)
    world.write("cluster.yaml", USER)
    world.write("other.yaml", definition_yaml("other"))
    for _ in range(2):  # nothing moves while the key is not authorized
        result = world.apply()
        assert result.exit_code() is ExitCode.PARTIAL
        blocked = {str(o.action.key): o for o in result.outcomes if o.status is Status.BLOCKED}
        assert blocked.keys() == {"Definition/eu-link", "Definition/cluster"}
        assert "is authorized in acme; run again" in blocked["Definition/eu-link"].message
        assert blocked["Definition/eu-link"].is_transient
        live = world.live()
        assert isinstance(live, dict)
        assert [one["id"] for one in live["definitions"]] == ["other"]
        assert [len(keys) for keys in live["keys"].values()] == [1]
    world.emulator.clock.advance(seconds=7200)
    assert world.apply().exit_code() is ExitCode.DONE
    live = world.live()
    assert isinstance(live, dict)
    assert [one["id"] for one in live["definitions"]] == ["cluster", "eu-link", "other"]


def test_a_criterion_stays_where_it_is_while_its_new_agent_waits(world: World) -> None:
    world.apply()
    slow(world)
    world.remove("agent.yaml")
    world.remove("key.yaml")
    world.write("new.yaml", agent_yaml("us"))
    world.write("new-key.yaml", key_yaml("us-1", "us", agent_public_key()))
    world.apply("last-key=*/*", "deletes=0:0000")
    live = world.live()
    assert isinstance(live, dict)
    (link,) = live["definitions"]
    assert link["id"] == "eu-link"
    assert len(link["criteria"]) == 1


def test_a_second_key_makes_nothing_wait(world: World) -> None:
    world.apply()
    slow(world)
    world.write("key-2.yaml", key_yaml("eu-2", "eu", agent_public_key()))
    world.write("agent.yaml", agent_yaml("eu", description="changed"))
    assert world.apply().exit_code() is ExitCode.DONE
