"""What is planned is what is applied: frees, replaces, moves and withdrawals, also after a kill half-way."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ExitCode
from reconciler.passes.result import Verdict
from reconciler.plan.action import Status
from tests.scenarios.world import (
    BUILT_IN_DNS,
    Killed,
    KillSwitch,
    World,
    actions,
    add_criterion,
    agent_public_key,
    agent_yaml,
    definition_yaml,
    key_yaml,
    runner_public_key,
    runner_yaml,
    the_plan,
)

KEYS = [agent_public_key(), agent_public_key()]
RUNNER_KEY = runner_public_key()


def bucket(world: World, name: str, environment: str) -> None:
    world.write(f"{name}.yaml", definition_yaml(name, criteria=f"[{{env_type: {environment}}}]"))


def two_buckets(world: World) -> None:
    bucket(world, "bucket-a", "development")
    bucket(world, "bucket-b", "production")


def swapped_buckets(world: World) -> None:
    bucket(world, "bucket-a", "production")
    bucket(world, "bucket-b", "development")


def agent(world: World, name: str) -> None:
    world.write("agent.yaml", agent_yaml(name))
    world.write("key.yaml", key_yaml("key-2026", name, KEYS[0]))


def replaced_bucket(world: World) -> None:
    world.remove("bucket-a.yaml")
    bucket(world, "bucket-c", "development")


def with_rules(world: World, rules: str) -> None:
    world.write("runner.yaml", runner_yaml("jobs", RUNNER_KEY, rules=rules))


def shared_key(world: World, number: int) -> None:
    world.write("orgs/acme/agent.yaml", agent_yaml("eu", organizations="[acme, beta]"))
    world.write("orgs/acme/key.yaml", key_yaml(f"key-{number}", "eu", KEYS[number]))


def dns(world: World) -> None:
    bucket(world, "bucket-a", "development")
    add_criterion(world, BUILT_IN_DNS, {"env_type": "production", "class": "internal"})


def own_dns(world: World) -> None:
    world.write("dns.yaml", definition_yaml("own-dns", type_="dns", criteria="[{}, {class: internal}]"))
    world.disable(BUILT_IN_DNS)


def dns_replaced(world: World) -> None:
    dns(world)
    own_dns(world)


def dns_given_back(world: World) -> None:
    world.remove("dns.yaml")
    world.disable()


@dataclass(frozen=True)
class Transition:
    before: Callable[[World], None]
    after: Callable[[World], None]
    organizations: tuple[str, ...] = ("acme",)
    accepted: tuple[str, ...] = ()


TRANSITIONS = {
    "two definitions swap their criteria": Transition(two_buckets, swapped_buckets),
    "a definition is replaced by one that takes its criterion": Transition(two_buckets, replaced_bucket),
    "an agent is renamed and keeps its key": Transition(
        partial(agent, name="eu-1"), partial(agent, name="eu-2"), accepted=("last-key=Agent/eu-1",)
    ),
    "rules are emptied": Transition(
        partial(with_rules, rules="[{env_type_id: development}]"), partial(with_rules, rules="[]")
    ),
    "a built-in definition makes room": Transition(dns, own_dns),
    "a built-in definition gets its place back": Transition(dns_replaced, dns_given_back),
    "a key is replaced in two organizations": Transition(
        partial(shared_key, number=0), partial(shared_key, number=1), organizations=("acme", "beta")
    ),
}


def world_of(folder: Path, transition: Transition, concurrency: int) -> World:
    folder.mkdir(parents=True)
    world = World.make(folder, *transition.organizations, apply={"concurrency": concurrency})
    transition.before(world)
    assert world.apply().verdict is Verdict.APPLIED
    world.emulator.log.clear()
    transition.after(world)
    return world


def is_done(world: World) -> bool:
    plans = [target.plan for target in world.plan().targets]
    return all(found is not None and not found.actions for found in plans)


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_transition_reaches_its_end_even_if_killed_at_any_request(
    tmp_path: Path, name: str, concurrency: int
) -> None:
    transition = TRANSITIONS[name]
    reference = world_of(tmp_path / "undisturbed", transition, concurrency)
    assert reference.apply(*transition.accepted).exit_code() is ExitCode.DONE
    assert is_done(reference)
    wanted = [reference.live(organization) for organization in transition.organizations]
    requests = sum(entry.verb not in ("GET", "HEAD") for entry in reference.emulator.log.entries())
    assert requests
    for at in range(1, requests + 1):
        for after_effect in (False, True):
            world = world_of(tmp_path / f"{at}-{after_effect}", transition, concurrency)
            world.switch = KillSwitch(at, after_effect=after_effect)
            with pytest.raises(Killed):
                world.apply(*transition.accepted)
            world.switch = None
            for _ in range(2):  # a guard may refuse again what is left of the first run
                world.apply(*transition.accepted)
            assert is_done(world), (at, after_effect)
            assert [world.live(organization) for organization in transition.organizations] == wanted


def test_selecting_one_of_two_that_swap_does_both_or_nothing(tmp_path: Path) -> None:
    world = world_of(tmp_path / "world", TRANSITIONS["two definitions swap their criteria"], 8)
    chosen = frozenset({"Definition/bucket-a"})
    planned = actions(world.plan(only=chosen))
    result = world.apply(only=chosen)
    assert sorted(f"{o.action.verb} {o.action.key}" for o in result.outcomes) == sorted(planned)
    assert len(planned) == 4
    assert actions(world.plan()) == []


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_renamed_agent_never_meets_its_own_old_registration(tmp_path: Path, concurrency: int) -> None:
    transition = TRANSITIONS["an agent is renamed and keeps its key"]
    world = world_of(tmp_path / "world", transition, concurrency)
    assert world.apply().exit_code() is ExitCode.REFUSED
    slow = FaultRule(
        kind=FaultKind.DELAY, count=None, verb="DELETE", path=r".*/resources/defs/.*", seconds=0.3
    )
    world.emulator.faults.add(slow)
    result = world.apply(*transition.accepted)
    assert result.exit_code() is ExitCode.DONE
    assert {outcome.status for outcome in result.outcomes} == {Status.DONE}


def test_a_definition_stays_when_its_successor_is_refused(tmp_path: Path) -> None:
    (tmp_path / "world").mkdir()
    world = World.make(tmp_path / "world")
    world.write("old.yaml", definition_yaml("orders-db", type_="postgres", criteria="[{app_id: orders}]"))
    world.apply()
    world.remove("old.yaml")
    world.write("new.yaml", definition_yaml("orders-db-2", type_="postgres", criteria="[{app_id: billing}]"))
    refusal = FaultRule(
        kind=FaultKind.ERROR_BEFORE_EFFECT, count=None, verb="POST", path=r".*/resources/defs"
    )
    world.emulator.faults.add(refusal)
    result = world.apply()
    assert result.exit_code() is ExitCode.PARTIAL
    by_status = {outcome.action.key.id: outcome.status for outcome in result.outcomes}
    assert by_status == {"orders-db-2": Status.FAILED, "orders-db": Status.BLOCKED}
    assert "orders-db" in str(world.live())


def test_rules_left_out_of_a_file_are_kept_and_no_longer_managed(tmp_path: Path) -> None:
    (tmp_path / "world").mkdir()
    world = World.make(tmp_path / "world")
    with_rules(world, "[{env_type_id: development}]")
    world.apply()
    for left_out in ("", "null"):
        with_rules(world, "REMOVED")
        text = (world.root / "runner.yaml").read_text()
        world.write(
            "runner.yaml", text.replace("  rules: REMOVED\n", f"  rules: {left_out}\n" if left_out else "")
        )
        plan = the_plan(world.plan())
        assert not plan.actions
        assert [change.key.id for change in plan.released] == ["*/development"]
    with_rules(world, "[]")
    assert actions(world.plan()) == ["delete RunnerRule/*/development"]


def test_a_key_is_not_withdrawn_while_another_organization_could_not_be_read(tmp_path: Path) -> None:
    transition = TRANSITIONS["a key is replaced in two organizations"]
    world = world_of(tmp_path / "world", transition, 8)
    broken = FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, count=None, verb="GET", path=r"/orgs/beta/agents")
    identifier = world.emulator.faults.add(broken)
    result = world.apply()
    assert result.exit_code() is ExitCode.PARTIAL
    assert {str(effect) for effect, _ in world.effects()} == {"created"}
    world.emulator.faults.remove(identifier)
    assert world.apply().exit_code() is ExitCode.DONE
    assert is_done(world)


def test_a_key_is_not_withdrawn_by_a_run_over_one_organization_alone(tmp_path: Path) -> None:
    world = world_of(tmp_path / "world", TRANSITIONS["a key is replaced in two organizations"], 8)
    result = world.apply(targets=frozenset({"acme"}))
    assert result.exit_code() is ExitCode.PARTIAL
    assert {str(effect) for effect, _ in world.effects()} == {"created"}
    assert any("beta also knows agent eu" in outcome.message for outcome in result.outcomes)
    assert world.apply().exit_code() is ExitCode.DONE


def test_a_key_is_withdrawn_only_when_its_successor_is_authorized(tmp_path: Path) -> None:
    """The server may be slow to authorize: the delete waits and the run says so."""
    transition = TRANSITIONS["a key is replaced in two organizations"]
    world = world_of(tmp_path / "world", transition, 8)
    slow = FaultRule(kind=FaultKind.SLOW_KEY_AUTHORIZATION, count=None, path=r"/orgs/beta/.*", seconds=3600)
    world.emulator.faults.add(slow)
    result = world.apply()
    assert result.exit_code() is ExitCode.PARTIAL
    assert {str(effect) for effect, _ in world.effects()} == {"created"}
    waiting = [outcome for outcome in result.outcomes if outcome.status is Status.BLOCKED]
    assert waiting
    assert all(outcome.is_transient for outcome in waiting)
    again = world.apply()
    assert {str(effect) for effect, _ in world.effects()} == {"created"}
    assert any("is not authorized yet in beta" in outcome.message for outcome in again.outcomes)
    world.emulator.clock.advance(seconds=7200)
    assert world.apply().exit_code() is ExitCode.DONE
    assert is_done(world)


def test_a_stale_list_does_not_make_the_record_forget(tmp_path: Path) -> None:
    """Removed from the files while a list fails to show it: the object is read individually."""
    (tmp_path / "world").mkdir()
    world = World.make(tmp_path / "world")
    two_buckets(world)
    world.apply()
    world.remove("bucket-a.yaml")
    partial_list = FaultRule(
        kind=FaultKind.PARTIAL_LIST, count=None, share=0.0, verb="GET", path=r"/orgs/acme/resources/defs"
    )
    identifier = world.emulator.faults.add(partial_list)
    result = world.apply()
    forgotten = [o for o in result.outcomes if o.action.verb == "forget"]
    assert forgotten
    assert all(outcome.status is not Status.DONE for outcome in forgotten)
    world.emulator.faults.remove(identifier)
    world.apply()
    assert "bucket-a" not in str(world.live())


def test_the_plan_says_what_waits_for_a_target_with_problems(tmp_path: Path) -> None:
    """What is shown as done and what is done are the same set of actions."""
    world = world_of(tmp_path / "world", TRANSITIONS["a key is replaced in two organizations"], 8)
    world.disable("default-humanitec-nowhere", target="beta")
    planned = world.plan()
    acme = next(target.plan for target in planned.targets if target.target == "acme")
    assert acme is not None
    reasons = {str(verb): held.reason for (verb, _), held in acme.held.items()}
    assert reasons == {"delete": "depends on target beta, in which nothing is carried out"}
    result = world.apply()
    assert {outcome.action.id for outcome in result.outcomes if outcome.status is Status.DONE} == {
        action.id for action in planned.carried_out
    }
    assert [outcome.is_transient for outcome in result.outcomes if outcome.status is Status.BLOCKED] == [
        False
    ]
    world.disable(target="beta")
    assert world.apply().exit_code() is ExitCode.DONE
    assert is_done(world)
