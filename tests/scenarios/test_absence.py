"""An absence is evidence only where nothing can be behind it: files that are gone together, empty, or not read."""

from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.passes.result import PassResult, Verdict
from reconciler.views import text
from tests.scenarios.test_tenants import definitions
from tests.scenarios.world import (
    World,
    agent_public_key,
    agent_yaml,
    definition_yaml,
    key_yaml,
    runner_public_key,
    runner_yaml,
)

OLD = "orgs/acme/old.yaml"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two organizations with two definitions each, which share an agent that the first declares."""
    world = World.make(tmp_path, "acme", "beta")
    for name in ("acme", "beta"):
        world.write(f"orgs/{name}/old.yaml", definition_yaml(f"old-{name}"))
        world.write(f"orgs/{name}/kept.yaml", definition_yaml(f"kept-{name}"))
    world.write("orgs/acme/agent.yaml", agent_yaml("eu", organizations="[acme, beta]"))
    world.write("orgs/acme/key.yaml", key_yaml("eu-1", "eu", agent_public_key()))
    assert world.apply().verdict is Verdict.APPLIED
    return world


def refused(result: PassResult) -> set[tuple[str, str]]:
    plans = [target.plan for target in result.targets if target.plan is not None]
    return {(refusal.guard, refusal.target) for plan in plans for refusal in plan.refusals}


def approvals(result: PassResult, *guards: str) -> list[str]:
    plans = [target.plan for target in result.targets if target.plan is not None]
    found = [refusal for plan in plans for refusal in plan.refusals if not guards or refusal.guard in guards]
    return [value for refusal in found for value in refusal.approvals]


def remove_all(world: World, organization: str) -> None:
    for path in (world.root / "orgs" / organization).iterdir():
        path.unlink()


def test_where_all_files_of_a_target_are_gone_what_it_shares_stays_elsewhere(world: World) -> None:
    """The definition of the agent is one delete in the other organization, and so below every limit."""
    remove_all(world, "acme")
    before = world.live()
    result = world.apply()
    assert result.exit_code() is ExitCode.REFUSED
    assert ("empty-tree", "acme") in refused(result)
    assert world.live() == before
    assert "acme has it too: refused there by guard empty-tree" in text.render(world.plan()).replace(
        "\n    ", " "
    )
    given = approvals(result)
    assert world.apply(*given).verdict is Verdict.APPLIED
    assert definitions(world, "acme") == []
    assert definitions(world, "beta") == ["kept-beta", "old-beta"]
    assert not any(target.plan and target.plan.actions for target in world.plan().targets)


def test_what_a_target_shares_stays_elsewhere_also_if_that_target_is_not_part_of_the_run(
    world: World,
) -> None:
    remove_all(world, "acme")
    before = world.live()
    world.remove("orgs/beta/old.yaml")
    world.apply("last-key=Agent/*", targets=frozenset(("beta",)))
    assert definitions(world, "beta") == ["eu-link", "kept-beta"]
    assert world.live("acme") == before


def test_where_all_files_of_a_target_are_gone_its_deletes_wait_although_others_declare_something_in_it(
    world: World,
) -> None:
    remove_all(world, "beta")
    result = world.apply()
    assert refused(result) == {("empty-tree", "beta")}
    assert definitions(world, "beta") == ["eu-link", "kept-beta", "old-beta"]
    assert world.apply(*approvals(result)).verdict is Verdict.APPLIED
    assert definitions(world, "beta") == ["eu-link"]


def test_a_target_that_only_shares_may_lose_what_it_shares(tmp_path: Path) -> None:
    """It never had files, so that they are gone proves nothing."""
    world = World.make(tmp_path, "acme", "beta")
    agent = agent_yaml("eu", organizations="[acme, beta]")
    world.write("orgs/acme/agent.yaml", agent)
    world.write("orgs/acme/key.yaml", key_yaml("eu-1", "eu", agent_public_key()))
    assert world.apply().verdict is Verdict.APPLIED
    world.write("orgs/acme/agent.yaml", agent.partition("  definition:")[0])
    assert world.apply().verdict is Verdict.APPLIED
    assert definitions(world, "beta") == []


@pytest.mark.parametrize(
    "content", ["", " \r\n\n", "\ufeff"], ids=["no bytes", "blanks", "a byte order mark"]
)
def test_an_empty_file_deletes_nothing_until_somebody_says_what_it_means(world: World, content: str) -> None:
    world.write(OLD, content)
    result = world.apply()
    assert result.exit_code() is ExitCode.REFUSED
    assert refused(result) == {("unread-file", "acme")}
    assert f"{OLD} is empty" in text.render(world.plan()).replace("\n  ", " ")
    assert "old-acme" in definitions(world, "acme")
    assert world.apply(*approvals(result)).verdict is Verdict.APPLIED
    assert "old-acme" not in definitions(world, "acme")


@pytest.mark.parametrize("content", [None, "# no longer needed\n"])
def test_a_removed_file_and_one_with_a_comment_alone_delete(world: World, content: str | None) -> None:
    if content is None:
        world.remove(OLD)
    else:
        world.write(OLD, content)
    assert world.apply().verdict is Verdict.APPLIED
    assert "old-acme" not in definitions(world, "acme")


def test_an_empty_file_holds_back_in_other_targets_only_what_it_may_declare_there(world: World) -> None:
    world.write("orgs/acme/agent.yaml", "")
    world.remove("orgs/acme/key.yaml")
    world.remove("orgs/beta/old.yaml")
    result = world.apply("last-key=Agent/*")
    assert refused(result) == {("unread-file", "acme"), ("unread-file", "beta")}
    assert definitions(world, "beta") == ["eu-link", "kept-beta"]


def test_json_beyond_the_limit_is_not_a_removed_document(world: World) -> None:
    """It is no error, because most of such JSON is data of other programs."""
    limits = world.settings.limits.model_copy(update={"max_file_bytes": 4_000})
    world.settings = world.settings.model_copy(update={"limits": limits})
    document = (
        '{"apiVersion": "entity.humanitec.io/v1b1", "kind": "Definition", "metadata": {"id": "old-acme"}, '
    )
    entity = '"entity": {"name": "old-acme", "type": "s3", "driver_type": "humanitec/echo"}'
    world.remove(OLD)
    world.write("orgs/acme/old.json", document + entity + " " * 5_000 + "}")
    world.write("orgs/acme/new.yaml", definition_yaml("new-acme"))
    result = world.apply()
    assert refused(result) == {("unread-file", "acme")}
    assert "raise `limits.maxFileBytes`" in text.render(world.plan()).replace("\n  ", " ")
    assert definitions(world, "acme") == ["eu-link", "kept-acme", "new-acme", "old-acme"]


def test_a_runner_may_be_declared_only_in_files_of_its_target(world: World) -> None:
    world.write("orgs/beta/jobs.yaml", runner_yaml("jobs", runner_public_key()))
    assert world.apply().verdict is Verdict.APPLIED
    world.write("orgs/acme/empty.yaml", "")
    world.remove("orgs/beta/jobs.yaml")
    assert world.apply().verdict is Verdict.APPLIED
