"""What a commit may not do by itself: loosen the limits that it is judged by, and take back a newer commit."""

import subprocess
from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.passes.result import PassResult, Verdict
from reconciler.repository.launch import Launcher
from reconciler.source.git import is_ancestor
from reconciler.views import outcome_text
from tests.scenarios.world import World, actions, definition_yaml, the_plan

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *IDENTITY, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(world: World) -> str:
    git(world.root, "add", "--all")
    git(world.root, "commit", "--quiet", "--allow-empty", "-m", "Change")
    return git(world.root, "rev-parse", "HEAD")


def limits(world: World, **safety: object) -> None:
    changed = world.settings.safety.model_copy(update=safety)
    world.settings = world.settings.model_copy(update={"safety": changed})


def guards(result: PassResult) -> list[str]:
    return [refusal.guard for refusal in the_plan(result).refusals]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two definitions, one of them protected, applied from a commit."""
    world = World.make(tmp_path, safety={"protect": ["Definition/one"], "maxDelete": "0"})
    world.is_ancestor = lambda older, newer: is_ancestor(world.root, older, newer, Launcher())
    git(world.root, "init", "--quiet")
    for name in ("one", "two"):
        world.write(f"{name}.yaml", definition_yaml(name))
    commit(world)
    assert world.apply().verdict is Verdict.APPLIED
    return world


def test_a_commit_that_loosens_a_guard_is_judged_by_the_former_one(world: World) -> None:
    limits(world, protect=(), maxDelete="100%")
    world.remove("one.yaml")
    commit(world)
    for _ in range(2):  # the same commit again is not the next one
        result = world.apply()
        assert result.exit_code() is ExitCode.REFUSED
        assert guards(result) == ["deletes", "protected"]
        assert "safety.maxDelete is 0" in the_plan(result).refusals[0].message
    shown = " ".join(outcome_text.render(result).split())
    assert "safety.protect still contains Definition/one" in shown
    assert "safety.maxDelete '0' still counts, not only '100%'" in shown
    commit(world)
    assert guards(world.plan()) == []
    assert world.apply().verdict is Verdict.APPLIED


def test_a_single_case_of_a_loosened_guard_can_be_approved(world: World) -> None:
    limits(world, protect=())
    world.remove("one.yaml")
    commit(world)
    deletes = the_plan(world.plan()).refusals[0].approvals[0]
    assert world.apply("protected=Definition/one", deletes).verdict is Verdict.APPLIED


def test_a_stricter_guard_counts_at_once(world: World) -> None:
    limits(world, protect=("Definition/*",), maxDelete="100%")
    world.remove("two.yaml")
    commit(world)
    assert guards(world.plan()) == ["deletes", "protected"]


def test_an_older_commit_is_refused_and_names_both(world: World) -> None:
    older = git(world.root, "rev-parse", "HEAD")
    world.write("three.yaml", definition_yaml("three"))
    newer = commit(world)
    world.apply()
    git(world.root, "reset", "--hard", "--quiet", older)
    limits(world, maxDelete="100%")
    for _ in range(2):  # refusing it does not make it the last applied one
        result = world.apply()
        assert result.exit_code() is ExitCode.REFUSED
        refusal = the_plan(result).refusals[-1]
        assert refusal.guard == "older-commit"
        assert older[:12] in refusal.message
        assert newer[:12] in refusal.message
        assert actions(result) == ["delete Definition/three"]
    accepted = [value for one in the_plan(world.plan()).refusals for value in one.approvals]
    assert world.apply(*accepted).verdict is Verdict.APPLIED
    assert world.plan().verdict is Verdict.EMPTY


def test_where_the_history_is_not_at_hand_the_result_says_so(world: World) -> None:
    world.is_ancestor = lambda older, newer: None
    world.write("three.yaml", definition_yaml("three"))
    commit(world)
    subjects = [item.subject for item in the_plan(world.plan()).unexamined]
    assert any(subject.startswith("whether the commit is older than ") for subject in subjects)
