"""Targets are apart: errors in the files of one stop only that one, and delete nothing elsewhere."""

from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.passes.result import PassResult, TargetResult, Verdict
from reconciler.plan.action import Status
from reconciler.views import outcome_text, text
from tests.scenarios.world import World, agent_public_key, agent_yaml, definition_yaml, key_yaml

BROKEN = "apiVersion: entity.humanitec.io/v1b1\nkind: [Definition\n"
UNKNOWN_FIELD = definition_yaml("broken") + "  colour: red\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two organizations that own one definition each."""
    world = World.make(tmp_path, "acme", "beta")
    for name in ("acme", "beta"):
        world.write(f"orgs/{name}/old.yaml", definition_yaml(f"old-{name}"))
    assert world.apply().verdict is Verdict.APPLIED
    return world


def of(result: PassResult, name: str) -> TargetResult:
    (target,) = [target for target in result.targets if target.target == name]
    return target


def definitions(world: World, organization: str) -> list[str]:
    live = world.live(organization)
    assert isinstance(live, dict)
    return [definition["id"] for definition in live["definitions"]]


@pytest.mark.parametrize("content", [BROKEN, UNKNOWN_FIELD, definition_yaml("broken", type_="s33")])
def test_an_error_in_the_files_of_one_target_leaves_the_others_going(world: World, content: str) -> None:
    """The YAML cannot be parsed, a document is refused, a rule refuses it after live state was read."""
    world.remove("orgs/acme/old.yaml")
    world.write("orgs/acme/broken.yaml", content)
    world.write("orgs/acme/new.yaml", definition_yaml("new-acme"))
    world.write("orgs/beta/new.yaml", definition_yaml("new-beta"))
    planned = world.plan()
    assert (planned.verdict, planned.exit_code()) == (Verdict.INVALID, ExitCode.INVALID)
    assert "1 target of 2 stopped (acme)" in text.render(planned)
    result = world.apply()
    assert (result.verdict, result.exit_code()) == (Verdict.INVALID, ExitCode.INVALID)
    assert "orgs/acme/broken.yaml" in of(result, "acme").error
    assert not of(result, "beta").error
    assert "target acme: stopped by" in outcome_text.render(result).replace("\n", " ")
    assert definitions(world, "acme") == ["old-acme"]
    assert definitions(world, "beta") == ["new-beta", "old-beta"]
    world.remove("orgs/acme/broken.yaml")
    assert world.apply().verdict is Verdict.APPLIED
    assert definitions(world, "acme") == ["new-acme"]


def test_a_target_is_not_even_read_while_its_files_have_errors(world: World) -> None:
    world.write("orgs/acme/broken.yaml", BROKEN)
    world.emulator.log.clear()
    world.plan()
    assert {entry.path.split("/")[2] for entry in world.emulator.log.entries()} == {"beta"}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("shared.yaml", BROKEN),
        ("approvals.yaml", "version: 1\napprovals: [{what: nothing}]\n"),
        ("orgs", BROKEN),
    ],
)
def test_errors_that_belong_to_no_target_stop_all_of_them(world: World, file: str, content: str) -> None:
    if file == "orgs":
        world.settings = world.settings.model_copy(
            update={"limits": world.settings.limits.model_copy(update={"max_files": 2})}
        )
        file = "orgs/beta/one-more.txt"
    world.write(file, content)
    world.write("orgs/beta/new.yaml", definition_yaml("new-beta"))
    result = world.apply()
    assert result.exit_code() is ExitCode.INVALID
    assert not result.outcomes
    assert definitions(world, "beta") == ["old-beta"]


def test_a_finding_in_files_of_two_targets_stops_both(world: World) -> None:
    world.write("orgs/acme/agent.yaml", agent_yaml("Not An Id", organizations="[acme, beta]"))
    world.write("orgs/beta/new.yaml", definition_yaml("new-beta"))
    assert not world.apply().outcomes


@pytest.mark.parametrize(
    "content",
    [
        BROKEN,
        agent_yaml("eu", organizations="[acme, betta]"),
        agent_yaml("eu", organizations="[acme, {beta: 1}]"),
    ],
)
def test_nothing_is_deleted_elsewhere_because_of_a_document_that_cannot_be_read(
    world: World, content: str
) -> None:
    """An agent of several organizations is declared in one file, which belongs to one target."""
    pem = agent_public_key()
    world.write("orgs/acme/agent.yaml", agent_yaml("eu", organizations="[acme, beta]"))
    world.write("orgs/acme/key.yaml", key_yaml("eu-1", "eu", pem))
    assert world.apply().verdict is Verdict.APPLIED
    before = world.live("beta")
    world.write("orgs/acme/agent.yaml", content)
    world.remove("orgs/beta/old.yaml")
    world.write("orgs/beta/new.yaml", definition_yaml("new-beta"))
    result = world.apply()
    assert result.exit_code() is ExitCode.INVALID
    live = world.live("beta")
    assert isinstance(live, dict)
    assert isinstance(before, dict)
    assert (live["agents"], live["keys"]) == (before["agents"], before["keys"])
    assert definitions(world, "beta") == ["eu-link", "new-beta", "old-beta"]
    held = [o for o in of(result, "beta").outcomes if o.status is not Status.DONE]
    assert any("orgs/acme/agent.yaml could not be read and may declare it" in o.message for o in held)


def test_a_file_that_can_only_declare_for_its_own_target_holds_no_delete_elsewhere(world: World) -> None:
    world.write("orgs/acme/broken.yaml", UNKNOWN_FIELD)
    world.remove("orgs/beta/old.yaml")
    world.write("orgs/beta/new.yaml", definition_yaml("new-beta"))
    world.apply()
    assert definitions(world, "beta") == ["new-beta"]


def test_a_key_stays_while_another_organization_of_its_agent_is_stopped(world: World) -> None:
    world.write("orgs/acme/agent.yaml", agent_yaml("eu", organizations="[acme, beta]"))
    world.write("orgs/acme/key.yaml", key_yaml("eu-1", "eu", agent_public_key()))
    assert world.apply().verdict is Verdict.APPLIED
    world.write("orgs/acme/key.yaml", key_yaml("eu-2", "eu", agent_public_key()))
    world.write("orgs/acme/broken.yaml", UNKNOWN_FIELD)
    result = world.apply()
    assert [str(o.status) for o in of(result, "beta").outcomes] == ["done", "blocked"]
    live = world.live("beta")
    assert isinstance(live, dict)
    assert len(live["keys"]["eu"]) == 2
