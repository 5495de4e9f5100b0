"""`watch` on a folder: what is not committed is not applied to a real orchestrator."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.emulator import Emulator
from reconciler.errors import ExitCode
from tests.cli.running import ENVIRONMENT, add, command_line, watching

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *IDENTITY, *arguments], check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "Change")


@pytest.fixture
def committed(connected: Path) -> Path:
    git(connected, "init", "--quiet")
    commit(connected)
    return connected


def finished(records: Iterator[dict[str, object]], verdict: str) -> dict[str, object]:
    return next(r for r in records if r["message"] == "pass finished" and r["verdict"] == verdict)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_folder_with_uncommitted_changes_is_refused_at_the_start(
    connected: Path,
    emulator: Emulator,
    is_first: bool,  # noqa: FBT001  a table's column
) -> None:
    """Before the first commit nothing is committed."""
    git(connected, "init", "--quiet")
    if not is_first:
        commit(connected)
        add(connected, "half-done")
    done = subprocess.run(
        command_line(connected, "watch"),
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=60,
        check=False,
    )
    assert done.returncode == ExitCode.USAGE
    assert "has uncommitted changes" in done.stderr
    assert f"reconciler -C {connected} watch --allow-uncommitted\n" in done.stderr
    assert emulator.log.entries() == []


def test_changes_made_while_watching_wait_for_their_commit(committed: Path, emulator: Emulator) -> None:
    with watching(committed, "--poll", "0.2") as records:
        finished(records, "applied")
        add(committed, "second-db")
        refused = finished(records, "unreadable")
        assert "has uncommitted changes" in str(refused["errors"])
        assert not any("second-db" in entry.path for entry in emulator.log.entries())
        commit(committed)
        finished(records, "applied")


def test_uncommitted_changes_are_applied_for_practice(committed: Path) -> None:
    add(committed, "second-db")
    with watching(committed, "--allow-uncommitted") as records:
        assert finished(records, "applied")["outcomes"] == {"done": 2}


def test_the_embedded_orchestrator_takes_what_is_not_committed(tree: Path) -> None:
    git(tree, "init", "--quiet")
    with watching(tree) as records:
        finished(records, "applied")


def test_a_folder_outside_git_has_nothing_to_commit(connected: Path) -> None:
    with watching(connected) as records:
        finished(records, "applied")


def test_a_commit_that_is_made_to_waste_time_does_not_keep_the_next_one_from_being_applied(
    committed: Path,
) -> None:
    bad = committed / "bad.yaml"
    with watching(committed, "--poll", "0.2") as records:
        finished(records, "applied")
        for text in ("[" * 500_000, "\0", "a: &a [*a]\n", "kind: Definition\n" + "x: {y: 1\n" * 10_000):
            bad.write_text(text)
            commit(committed)
            finished(records, "invalid")
        bad.unlink()
        add(committed, "second-db")
        commit(committed)
        finished(records, "applied")
