"""What the policy `drift: report` leaves as it is: objects changed or deleted outside Git."""

import pytest

from reconciler.diff.compare import compare
from reconciler.model.record import Inventory
from reconciler.model.state import State
from reconciler.plan.drift import reported
from reconciler.settings import Drift, KindPolicy, Policy
from tests.building import agent, agent_key, definition, owning, rule, runner, state
from tests.plan.test_build import lines, plan

REPORT = Policy(default=KindPolicy(drift=Drift.REPORT))
EU, FIRST, SECOND = agent("eu"), agent_key("eu", "aa"), agent_key("eu", "bb")
JOBS, RULE = runner("jobs"), rule("*/dev", "jobs")


def policy(**kinds: Drift) -> Policy:
    return Policy(kinds={kind: KindPolicy(drift=drift) for kind, drift in kinds.items()})


def left(desired: State, live: State, inventory: Inventory, chosen: Policy) -> list[str]:
    return [str(change.key) for change in reported(compare(desired, live, inventory), chosen)]


def test_a_deleted_object_is_created_again_by_default_and_left_if_drift_is_only_reported() -> None:
    a = definition("a", "env_type=dev")
    assert lines(plan(state(a), state(), owning(a))) == ["create Definition/a"]
    found = plan(state(a), state(), owning(a), policy=REPORT)
    assert not found.actions
    assert [change.key.id for change in found.drift_reported] == ["a"]


def test_a_deleted_object_whose_file_changed_is_created_even_if_drift_is_only_reported() -> None:
    a, new = definition("a"), definition("a", name="new")
    assert lines(plan(state(new), state(), owning(a), policy=REPORT)) == ["create Definition/a"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param(
            policy(Agent=Drift.REPORT), ["Agent/eu", "Key/eu/aa", "Key/eu/bb"], id="agents reported"
        ),
        pytest.param(policy(Key=Drift.REPORT), [], id="keys alone: they are created with their agent"),
    ],
)
def test_an_agent_and_its_keys_are_left_together_or_not_at_all(chosen: Policy, expected: list[str]) -> None:
    desired = state(EU, FIRST, SECOND)
    assert left(desired, state(), owning(EU, FIRST), chosen) == expected
    found = plan(desired, state(), owning(EU, FIRST), policy=chosen)
    assert not found.problems
    assert bool(found.actions) is not bool(expected)


def test_a_key_of_an_existing_agent_follows_the_policy_for_keys() -> None:
    assert left(state(EU, FIRST), state(EU), owning(EU, FIRST), policy(Key=Drift.REPORT)) == ["Key/eu/aa"]
    assert not left(state(EU, FIRST), state(EU), owning(EU, FIRST), policy(Agent=Drift.REPORT))


def test_a_rule_waits_for_a_runner_whose_deletion_is_only_reported() -> None:
    moved = rule("*/qa", "jobs")
    desired, live = state(JOBS, RULE, moved), state(rule("*/qa", "other"))
    inventory = owning(JOBS, RULE, rule("*/qa", "other"))
    assert left(desired, live, inventory, policy(Runner=Drift.REPORT)) == [
        "Runner/jobs",
        "RunnerRule/*/dev",
        "RunnerRule/*/qa",
    ]
    assert not left(desired, live, inventory, Policy())
