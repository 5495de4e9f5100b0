"""When a pass evaluates rules: those of the files before any request, all others once, with what was read."""

from pathlib import Path

import pytest

from reconciler.model.finding import Severity
from reconciler.passes.result import Verdict
from tests.scenarios.world import World, definition_yaml

BAD = "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: Bad_}\nspec: {}\n"
LEGACY_ONLY = definition_yaml("first").replace("entity:\n", "entity:\n  in_place_driver_change: true\n")
NAMES_NO_AGENT = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: to-nobody}
entity:
  name: to-nobody
  type: agent
  driver_type: humanitec/agent
  driver_inputs: {values: {id: nobody}}
  criteria: [{}]
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def test_an_error_in_the_files_ends_a_pass_before_any_request(world: World) -> None:
    world.write("a.yaml", BAD)
    world.write("b.yaml", LEGACY_ONLY)
    for result in (world.plan(), world.apply()):
        assert result.verdict is Verdict.INVALID
        assert [finding.rule for finding in result.errors] == ["R01"]
        assert "R109" in {one.rule for one in result.unknown}, "the other rules are counted, not forgotten"
        assert not result.requests
    assert not world.emulator.log.entries()


def test_a_rule_that_needs_live_state_is_evaluated_once_with_it(world: World) -> None:
    """Without live state the primary store is unknown; that must not be reported in addition to the answer."""
    world.write("a.yaml", LEGACY_ONLY)
    for result in (world.plan(), world.apply()):
        assert "R109" not in {one.rule for one in result.unknown}
        assert not result.errors


def test_an_error_that_only_live_state_shows_refuses_the_plan(world: World) -> None:
    world.write("a.yaml", NAMES_NO_AGENT)
    for result in (world.plan(), world.apply()):
        assert result.verdict is Verdict.INVALID
        assert [(f.rule, f.severity) for f in result.errors] == [("R03", Severity.ERROR)]
        assert "R03" not in {one.rule for one in result.unknown}
    assert not world.effects()


REFUSED = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec:
  descripton: x
  install:
    cluster: eu-1
    image: ghcr.io/humanitec/agent:latest
    env: {LOG_LEVEL: LOUD}
    networks: 5
"""


def test_the_valid_part_of_a_refused_document_is_evaluated_as_well(world: World) -> None:
    """A mistake in one field must not hide the others until it is corrected."""
    world.write("a.yaml", REFUSED)
    found = [finding.rule for finding in world.plan().findings]
    assert sorted(found) == ["F05", "F06", "R35", "R37"]


def test_the_absence_of_what_was_refused_is_not_reported_as_well(world: World) -> None:
    world.write("a.yaml", REFUSED.replace("image: ghcr.io/humanitec/agent:latest", "image: 5"))
    world.write(
        "b.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {id: vault}\nspec: {vault: []}\n",
    )
    found = [finding.rule for finding in world.plan().findings]
    assert sorted(found) == ["F05", "F06", "F06", "F06", "R35"]


MISPLACED = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: eu-1}
spec:
  runner_configuration:
    type: kubernetes-agent
    job: {namespace: jobs, service_account: jobs, key: made-up}
  state_storage_configuration: {type: kubernetes, kubernetes_configuration: {namespace: jobs}}
"""


def test_a_misplaced_member_is_not_reported_as_missing_as_well(world: World) -> None:
    world.write("a.yaml", MISPLACED)
    assert [finding.rule for finding in world.plan().findings] == ["R103", "R103"]


def test_what_else_is_missing_there_is_still_reported(world: World) -> None:
    world.write("a.yaml", MISPLACED.replace("type: kubernetes, kube", "kube"))
    found = [finding.message for finding in world.plan().findings if finding.rule == "F06"]
    assert found == ["`spec.state_storage_configuration.type` is missing"]
