"""Keys of Operators: registered and withdrawn by their fingerprint, never the last one unasked."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ExitCode
from reconciler.keystore.public_key import inspect_public_key
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Status, TargetPlan
from reconciler.views.text import render as as_text
from tests.scenarios.world import (
    URL,
    World,
    actions,
    agent_public_key,
    definition_yaml,
    key_yaml,
    operator_yaml,
    the_plan,
)

PEMS = (agent_public_key(), agent_public_key())


def fingerprint(pem: str) -> str:
    return inspect_public_key(pem).fingerprint


ONE, OTHER = (f"OperatorKey/{fingerprint(pem)[:12]}" for pem in PEMS)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path)
    world.write("keep.yaml", definition_yaml("keep"))
    return world


def by_hand(world: World, verb: str, path: str, body: object = None, organization: str = "acme") -> Any:
    headers = {"Authorization": "Bearer t"}
    base = f"{URL}/orgs/{organization}"
    with httpx.Client(transport=world.emulator.transport(), base_url=base, headers=headers) as client:
        answer = client.request(verb, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


def registered(world: World, organization: str = "acme") -> set[str]:
    return {key["fingerprint"] for key in by_hand(world, "GET", "/keys", organization=organization)}


def operator_key_yaml(identifier: str, pem: str, *, operator: str = "eu-1") -> str:
    return key_yaml(identifier, operator, pem, product="operator")


def applied(world: World, *accepted: str) -> PassResult:
    result = world.apply(*accepted)
    assert result.verdict is Verdict.APPLIED, as_text(result)
    assert actions(world.plan(*accepted)) == []
    return result


def refused(plan: TargetPlan) -> list[tuple[str, tuple[str, ...]]]:
    return [(refusal.guard, tuple(map(str, refusal.keys))) for refusal in plan.refusals]


def test_a_declared_key_of_an_operator_is_registered_once(world: World) -> None:
    world.write("key.yaml", operator_key_yaml("eu-1-2026", PEMS[0]))
    result = applied(world)
    assert ONE in [str(outcome.action.key) for outcome in result.outcomes]
    assert registered(world) == {fingerprint(PEMS[0])}
    assert result.checked_only == ()


def test_a_key_that_somebody_registered_is_adopted(world: World) -> None:
    by_hand(world, "POST", "/keys", PEMS[0])
    world.write("key.yaml", operator_key_yaml("eu-1-2026", PEMS[0]))
    assert actions(world.plan()) == [f"adopt {ONE}", "create Definition/keep"]
    applied(world)


def test_keys_that_nobody_declared_are_left_alone(world: World) -> None:
    by_hand(world, "POST", "/keys", PEMS[1])
    world.write("key.yaml", operator_key_yaml("eu-1-2026", PEMS[0]))
    applied(world)
    world.remove("key.yaml")
    assert actions(world.plan()) == [f"delete {ONE}"]
    applied(world)
    assert registered(world) == {fingerprint(PEMS[1])}


def test_the_next_key_is_registered_before_the_old_one_is_withdrawn(world: World) -> None:
    world.write("key.yaml", operator_key_yaml("eu-1-2026", PEMS[0]))
    applied(world)
    world.write("key.yaml", operator_key_yaml("eu-1-2027", PEMS[1]))
    assert actions(world.plan()) == [f"create {OTHER}", f"delete {ONE}"]
    refuses = FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, verb="POST", path="/keys$", count=None)
    world.emulator.faults.add(refuses)
    assert [outcome.status for outcome in world.apply().outcomes] == [Status.FAILED, Status.BLOCKED]
    world.emulator.faults.clear()
    applied(world)
    assert registered(world) == {fingerprint(PEMS[1])}


def test_the_last_key_of_an_organization_is_held_until_it_is_named(world: World) -> None:
    world.write("key.yaml", operator_key_yaml("eu-1-2026", PEMS[0]))
    world.write("operator.yaml", operator_yaml("eu-1"))
    applied(world)
    world.remove("key.yaml")
    assert refused(the_plan(world.plan())) == [("last-key", (ONE,))]
    assert world.apply().exit_code() is ExitCode.REFUSED
    assert registered(world) == {fingerprint(PEMS[0])}
    applied(world, f"last-key={ONE}")
    assert registered(world) == set()


def test_a_key_deleted_by_hand_comes_back(world: World) -> None:
    world.write("key.yaml", operator_key_yaml("eu-1-2026", PEMS[0]))
    applied(world)
    (key,) = by_hand(world, "GET", "/keys")
    by_hand(world, "DELETE", f"/keys/{key['id']}")
    (action,) = the_plan(world.plan()).actions
    assert action.subject.is_drift
    applied(world)


def test_a_lost_answer_registers_no_second_key(world: World) -> None:
    world.write("key.yaml", operator_key_yaml("eu-1-2026", PEMS[0]))
    world.emulator.faults.add(FaultRule(kind=FaultKind.ERROR_AFTER_EFFECT, verb="POST", path="/keys$"))
    applied(world)
    assert registered(world) == {fingerprint(PEMS[0])}


def test_a_key_follows_its_operator_to_the_organization_that_it_serves(tmp_path: Path) -> None:
    world = World.make(tmp_path, "acme", "beta")
    world.write("orgs/acme/operator.yaml", operator_yaml("eu-1", organization="beta"))
    world.write("orgs/acme/key.yaml", operator_key_yaml("eu-1-2026", PEMS[0]))
    world.write("orgs/beta/keep.yaml", definition_yaml("keep"))
    assert world.apply().verdict is Verdict.APPLIED
    assert registered(world) == set()
    assert registered(world, "beta") == {fingerprint(PEMS[0])}


def test_a_key_that_this_plan_registers_is_registered_for_the_rules(world: World) -> None:
    """R64 would otherwise refuse the plan that does what it asks for."""
    world.write("bucket.yaml", definition_yaml("bucket", driver="humanitec/s3"))
    world.write(
        "operator.yaml",
        operator_yaml("eu-1") + "  driverKey: {entries: [privateKey, humanitecOrganisationID]}\n",
    )
    world.write("key.yaml", operator_key_yaml("eu-1-2026", PEMS[0]))
    assert "R64" not in {finding.rule for finding in world.plan().findings}
