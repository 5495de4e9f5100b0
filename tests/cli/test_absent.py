"""What is not there to be read is no evidence that somebody removed it: nothing is deleted."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from reconciler.controller import triggers
from reconciler.controller.triggers import wait_until_quiet
from reconciler.emulator import Emulator
from reconciler.errors import ExitCode, SourceError
from reconciler.repository.folder import lock_around
from tests.cli.running import add, call

FILES = ("one", "two", "three")


def deletes(emulator: Emulator) -> int:
    return sum(entry.verb == "DELETE" for entry in emulator.log.entries())


@pytest.fixture
def applied(connected: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEST_TOKEN", "x")
    add(connected, *FILES)
    assert call(connected, "apply", "--yes")[0] == ExitCode.DONE
    return connected


@pytest.mark.parametrize("by", ["pipe", "folder", "link to a pipe", "link to nothing", "nested brackets"])
def test_something_else_in_place_of_a_document_deletes_nothing(
    applied: Path, emulator: Emulator, by: str
) -> None:
    path = applied / "two.yaml"
    path.unlink()
    match by:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "link to a pipe":
            os.mkfifo(applied / "pipe")
            path.symlink_to("pipe")
        case "link to nothing":
            path.symlink_to("nothing")
        case _:
            path.write_text("[" * 200_000)
    code, shown, _ = call(applied, "apply", "--yes")
    assert code == ExitCode.INVALID
    assert "two.yaml" in shown
    assert deletes(emulator) == 0


def test_a_target_without_documents_deletes_nothing(applied: Path, emulator: Emulator) -> None:
    for path in applied.glob("*.yaml"):
        if path.name != "reconciler.yaml":
            path.unlink()
    code, shown, _ = call(applied, "apply", "--yes")
    assert code == ExitCode.REFUSED
    assert "empty-tree" in shown
    assert deletes(emulator) == 0


def test_a_folder_is_read_only_after_it_was_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triggers, "QUIET_S", 0.0)
    states = iter("abbcdd")
    monkeypatch.setattr(triggers, "folder_revision", lambda _: next(states))
    wait_until_quiet(tmp_path, threading.Event())
    assert list(states) == ["c", "d", "d"]


def test_a_folder_that_is_never_quiet_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triggers, "QUIET_S", 0.0)
    monkeypatch.setattr(triggers, "PATIENCE_S", 0.2)
    states = iter(range(100_000_000))
    monkeypatch.setattr(triggers, "folder_revision", lambda _: str(next(states)))
    with pytest.raises(SourceError, match="have been changing"):
        wait_until_quiet(tmp_path, threading.Event())


@pytest.mark.parametrize("where", ["root", "subfolder", "work tree"])
def test_a_checkout_under_way_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Wherever the folder lies in its repository, and wherever Git keeps the lock."""
    monkeypatch.setattr(triggers, "QUIET_S", 0.05)
    main = tmp_path / "main"
    git = ("git", "-c", "user.name=T", "-c", "user.email=t@example.com", "-C")
    subprocess.run(["git", "init", "--quiet", str(main)], check=True)
    folder, lock = main, main / ".git" / "index.lock"
    if where == "subfolder":
        folder = main / "orgs"
        folder.mkdir()
    elif where == "work tree":
        folder = tmp_path / "other"
        subprocess.run([*git, str(main), "commit", "--quiet", "--allow-empty", "-m", "one"], check=True)
        subprocess.run([*git, str(main), "worktree", "add", "--quiet", str(folder)], check=True)
        lock = main / ".git" / "worktrees" / "other" / "index.lock"
    assert lock_around(folder) == lock
    lock.touch()
    release = threading.Timer(0.5, lock.unlink)
    release.start()
    wait_until_quiet(folder, threading.Event(), lock=lock_around(folder))
    assert not lock.exists()


def test_a_folder_outside_of_repositories_has_no_lock(tmp_path: Path) -> None:
    assert lock_around(tmp_path) is None
