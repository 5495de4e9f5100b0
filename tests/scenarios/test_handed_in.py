"""Secrets supplied when a plan is applied: sent, compared by digest, never shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.diff.change import SecretDifference
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Status
from reconciler.settings import Cluster
from reconciler.views.json import render as as_json
from reconciler.views.text import render as as_text
from tests.scenarios.test_ownership import by_hand
from tests.scenarios.world import World, actions, definition_yaml, the_plan

VALUE = "canary-of-a-secret"
BY_VARIABLE = definition_yaml("orders", inputs="{secrets: {password: !env DB_PASSWORD}}")
RUNNER = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: jobs}
spec:
  runner_configuration:
    type: kubernetes
    job: {namespace: jobs, service_account: job}
    cluster:
      cluster_data: {certificate_authority_data: Y2E=, server: https://cluster.test}
      auth:
        service_account_token: !env CLUSTER_TOKEN
  state_storage_configuration: {type: kubernetes, namespace: jobs}
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def everything_said(world: World, *results: PassResult) -> str:
    records = [path.read_text() for path in world.inventories.rglob("*.json")]
    return "\n".join(
        [
            *records,
            *map(repr, results),
            *(as_json(one) for one in results),
            *(as_text(one) for one in results),
        ]
    )


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param("{secrets: {password: !env DB_PASSWORD}}", id="secrets"),
        pytest.param("{secrets: {a: {b: [!env DB_PASSWORD]}}}", id="deeper"),
        pytest.param("{secret_refs: {password: !env DB_PASSWORD}}", id="in place of a reference"),
        pytest.param("{secret_refs: {password: {value: !env DB_PASSWORD}}}", id="as value"),
        pytest.param('{secrets: {password: {"!env": DB_PASSWORD}}}', id="as JSON spells it"),
        pytest.param("{secrets: {password: !file ../password}}", id="file"),
    ],
)
def test_a_secret_is_sent_once_and_again_when_it_changes(world: World, inputs: str) -> None:
    (world.root.parent / "password").write_text(f"{VALUE}\n")
    world.environment["DB_PASSWORD"] = VALUE
    world.write("db.yaml", definition_yaml("orders", inputs=inputs))
    first = world.apply()
    assert first.verdict is Verdict.APPLIED, as_text(first)
    empty = world.plan()
    assert empty.verdict is Verdict.EMPTY
    assert the_plan(empty).unexamined == ()
    (world.root.parent / "password").write_text(f"{VALUE}-2")
    world.environment["DB_PASSWORD"] = f"{VALUE}-2"
    changed = world.plan()
    (action,) = the_plan(changed).actions
    assert [field.secret for field in action.subject.fields] == [SecretDifference.CHANGED]
    assert not action.subject.is_drift
    second = world.apply()
    assert second.verdict is Verdict.APPLIED
    assert world.plan().verdict is Verdict.EMPTY
    assert VALUE not in everything_said(world, first, empty, changed, second)


def test_what_arrives_is_the_value_of_the_variable(world: World) -> None:
    """The emulator shows no value of a secret, so the value here is a placeholder, which it does show."""
    world.environment["DB_PASSWORD"] = "${resources.db.outputs.password}"
    world.write("db.yaml", BY_VARIABLE)
    world.apply()
    live: Any = by_hand(world, "GET", "/resources/defs/orders").json()
    assert live["driver_inputs"]["secret_refs"]["password"] == {"value": "${resources.db.outputs.password}"}


def test_a_plan_without_the_secret_says_so_and_fails_nothing(world: World) -> None:
    world.environment["DB_PASSWORD"] = VALUE
    world.write("db.yaml", BY_VARIABLE)
    world.apply()
    world.environment.clear()
    result = world.plan()
    assert result.verdict is Verdict.EMPTY
    (unexamined,) = the_plan(result).unexamined
    assert (unexamined.subject, unexamined.reason) == (
        "1 secret value",
        "environment variable DB_PASSWORD is not set",
    )
    before = (world.inventories / "test" / "acme.json").read_text()
    assert world.apply().verdict is Verdict.EMPTY
    assert (world.inventories / "test" / "acme.json").read_text() == before
    world.environment["DB_PASSWORD"] = VALUE
    assert the_plan(world.plan()).unexamined == ()


def test_what_lacks_a_secret_is_not_sent_but_everything_else_is(world: World) -> None:
    world.write("db.yaml", definition_yaml("orders", inputs="{secrets: {a: !env ONE, b: !file ../two}}"))
    world.write("other.yaml", definition_yaml("another"))
    plan = world.plan()
    assert actions(plan) == ["create Definition/another", "create Definition/orders"]
    assert "environment variable ONE is not set; file ../two cannot be read" in " ".join(
        as_text(plan).split()
    )
    result = world.apply()
    assert {str(o.action.key): o.status for o in result.outcomes} == {
        "Definition/another": Status.DONE,
        "Definition/orders": Status.FAILED,
    }
    (failed,) = [o for o in result.outcomes if o.status is Status.FAILED]
    assert failed.message == (
        "not sent: environment variable ONE is not set; file ../two cannot be read: No such file or directory"
    )
    assert [key.id for key in world.store.read("acme").entries] == ["another"]
    (world.root.parent / "two").write_text("2")
    world.environment["ONE"] = "1"
    assert world.apply().verdict is Verdict.APPLIED


def test_a_secret_of_a_cluster_is_refused_in_plain_words_before_anything_is_sent(world: World) -> None:
    given = "{cluster: eu-1, namespace: db, name: login, key: password}"
    world.write("db.yaml", definition_yaml("orders", inputs=f"{{secrets: {{password: !secret {given}}}}}"))
    world.settings = world.settings.model_copy(update={"clusters": {"eu-1": Cluster()}})
    world.emulator.log.clear()
    (outcome,) = world.apply().outcomes
    assert (outcome.status, outcome.message) == (Status.FAILED, "not sent: cluster eu-1 cannot be read yet")
    assert not world.effects()


def test_an_update_that_would_lose_the_secret_is_not_sent(world: World) -> None:
    """PUT replaces the secrets too, and without their values they would be unset."""
    world.environment["DB_PASSWORD"] = VALUE
    world.write("db.yaml", BY_VARIABLE)
    world.apply()
    world.environment.clear()
    world.write("db.yaml", BY_VARIABLE.replace("name: orders", "name: renamed"))
    before = world.live()
    (outcome,) = world.apply().outcomes
    assert outcome.status is Status.FAILED
    assert world.live() == before


def test_what_cannot_be_created_again_is_not_deleted(world: World) -> None:
    """The type of a definition is fixed, so a change of it deletes first."""
    world.environment["DB_PASSWORD"] = VALUE
    world.write("db.yaml", BY_VARIABLE.replace("criteria: []", "criteria: [{env_type: development}]"))
    world.apply()
    world.environment.clear()
    changed = definition_yaml(
        "orders",
        type_="dns",
        criteria="[{env_type: production}]",
        inputs="{secrets: {password: !env DB_PASSWORD}}",
    )
    world.write("db.yaml", changed)
    before = world.live()
    result = world.apply("replace=Definition/orders")
    assert {o.status for o in result.outcomes} <= {Status.FAILED, Status.BLOCKED}, as_text(result)
    assert world.live() == before
    world.environment["DB_PASSWORD"] = VALUE
    assert world.apply("replace=Definition/orders").verdict is Verdict.APPLIED
    assert world.plan().verdict is Verdict.EMPTY


def test_credentials_of_a_runner_can_be_supplied(world: World) -> None:
    world.environment["CLUSTER_TOKEN"] = VALUE
    world.write("runner.yaml", RUNNER)
    first = world.apply()
    assert first.verdict is Verdict.APPLIED, as_text(first)
    assert world.plan().verdict is Verdict.EMPTY
    world.environment["CLUSTER_TOKEN"] = f"{VALUE}-2"
    assert actions(world.plan()) == ["update Runner/jobs"]
    world.apply()
    assert world.plan().verdict is Verdict.EMPTY
    world.environment.clear()
    missing = world.plan()
    assert missing.verdict is Verdict.EMPTY
    assert len(the_plan(missing).unexamined) == 1
    assert VALUE not in everything_said(world, first, missing)


def test_a_write_by_somebody_else_is_found_once_the_value_is_available(world: World) -> None:
    """The API shows no credentials, only when the runner was last written."""
    world.environment["CLUSTER_TOKEN"] = VALUE
    world.write("runner.yaml", RUNNER)
    world.apply()
    theirs: Any = by_hand(world, "GET", "/runners/jobs").json()["runner_configuration"]
    theirs["cluster"]["auth"] = {"service_account_token": "theirs"}
    by_hand(world, "PATCH", "/runners/jobs", {"runner_configuration": theirs})
    world.environment.clear()
    world.apply()
    world.environment["CLUSTER_TOKEN"] = VALUE
    (action,) = the_plan(world.plan()).actions
    assert [field.secret for field in action.subject.fields] == [SecretDifference.FOREIGN_WRITE]
    world.apply()
    assert world.plan().verdict is Verdict.EMPTY


def test_a_literal_may_move_out_of_the_file_without_being_sent_again(world: World) -> None:
    world.write("db.yaml", definition_yaml("orders", inputs=f"{{secrets: {{password: {VALUE}}}}}"))
    world.apply()
    world.environment["DB_PASSWORD"] = VALUE
    world.write("db.yaml", BY_VARIABLE)
    assert world.plan().verdict is Verdict.EMPTY


def test_a_plan_made_without_the_secrets_can_be_applied_with_them(world: World) -> None:
    """The reviewer's job has no secrets; the job that applies has."""
    world.write("db.yaml", BY_VARIABLE)
    _, saved = world.plan_and_save()
    assert saved is not None
    world.environment["DB_PASSWORD"] = VALUE
    assert world.apply(bound=saved).verdict is Verdict.APPLIED
    world.environment["DB_PASSWORD"] = "another"
    world.write("db.yaml", BY_VARIABLE.replace("name: orders", "name: renamed"))
    world.environment.clear()
    _, saved = world.plan_and_save()
    assert saved is not None
    assert VALUE not in json.dumps(saved.to_json())
    world.environment["DB_PASSWORD"] = VALUE
    assert world.apply(bound=saved).verdict is Verdict.APPLIED


def test_a_plan_made_without_the_secrets_is_stale_if_one_has_changed(world: World) -> None:
    """Sending it is an action that nobody has reviewed."""
    world.environment["DB_PASSWORD"] = VALUE
    world.write("db.yaml", BY_VARIABLE)
    world.apply()
    world.environment.clear()
    _, saved = world.plan_and_save()
    assert saved is not None
    world.environment["DB_PASSWORD"] = "another"
    assert world.apply(bound=saved).changed == ("the actions of target acme",)
