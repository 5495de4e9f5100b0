"""A folder from somebody else may be built to block git."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import InventoryError, RepositoryError, SourceError
from reconciler.inventory.git_ref import GitInventory
from reconciler.repository.folder import check_plain
from reconciler.repository.launch import Launcher
from reconciler.settings import Limits
from reconciler.source.directory import read_directory
from reconciler.source.git import is_tracked, merge_base, open_revision

Commit = Callable[[dict[str, str]], str]
LAUNCHER = Launcher(timeout_s=60)
PLACES = ["config", "HEAD", "index", "packed-refs", "commondir", "info/exclude", "refs/heads/main"]
READERS: dict[str, Callable[[Path], object]] = {
    "folder": lambda folder: read_directory(folder, Limits(), LAUNCHER),
    "revision": lambda folder: open_revision(folder, "HEAD", LAUNCHER),
    "base": lambda folder: merge_base(folder, "HEAD", "main", LAUNCHER),
    "tracking": lambda folder: is_tracked(folder, LAUNCHER),
    "inventory": lambda folder: GitInventory(folder, "team", launcher=LAUNCHER),
}


def become_a_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_in_place_of_a_file_of_git_is_reported_without_waiting(
    repository: Path, commit: Commit, place: str, reader: str
) -> None:
    commit({"a.yaml": "1"})
    become_a_pipe(repository / ".git" / place)
    started = time.monotonic()
    with pytest.raises((SourceError, InventoryError), match="pipe or a device"):
        READERS[reader](repository)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("reader", [name for name in READERS if name != "tracking"])
def test_a_git_folder_that_is_a_pipe_is_reported(repository: Path, reader: str) -> None:
    subprocess.run(["rm", "-r", str(repository / ".git")], check=True)
    os.mkfifo(repository / ".git")
    with pytest.raises((SourceError, InventoryError), match="neither a folder nor a file"):
        READERS[reader](repository)


@pytest.mark.parametrize("name", [".gitignore", ".gitattributes"])
@pytest.mark.parametrize("where", [".", "below", "below/deep"])
def test_a_pipe_in_place_of_an_ignore_file_is_reported(
    repository: Path, commit: Commit, where: str, name: str
) -> None:
    """Git opens these in every folder that it lists, and in its parents."""
    commit({"below/deep/a.yaml": "1"})
    (repository / "below/deep/a.yaml").write_text("2")
    os.mkfifo(repository / where / name)
    for folder in (repository, repository / "below/deep"):
        with pytest.raises(SourceError, match="pipe or a device"):
            read_directory(folder, Limits(), LAUNCHER)


def test_a_link_to_the_null_device_is_an_empty_ignore_file(repository: Path, commit: Commit) -> None:
    commit({"a.yaml": "1"})
    exclude = repository / ".git" / "info" / "exclude"
    exclude.unlink(missing_ok=True)
    exclude.parent.mkdir(exist_ok=True)
    exclude.symlink_to(os.devnull)
    assert dict(read_directory(repository, Limits(), LAUNCHER).files) == {"a.yaml": b"1"}


def test_a_pipe_behind_a_link_or_in_a_parent_folder_is_found(
    repository: Path, tmp_path: Path, commit: Commit
) -> None:
    commit({"below/a.yaml": "1"})
    os.mkfifo(tmp_path / "pipe")
    (repository / ".git" / "config").unlink()
    (repository / ".git" / "config").symlink_to(tmp_path / "pipe")
    with pytest.raises(RepositoryError, match="config is a pipe"):
        check_plain(repository / "below")


def test_a_linked_work_tree_is_checked_where_its_files_are(
    repository: Path, tmp_path: Path, commit: Commit, git: Callable[..., str]
) -> None:
    commit({"a.yaml": "1"})
    git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    check_plain(tmp_path / "linked")
    become_a_pipe(repository / ".git" / "config")
    with pytest.raises(RepositoryError, match="config is a pipe"):
        check_plain(tmp_path / "linked")


def test_a_pipe_in_a_folder_outside_a_repository_is_ignored(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config")
    check_plain(tmp_path)
    assert not is_tracked(tmp_path, LAUNCHER)
