"""The cache and its use of GitPython: one command for all contents, one commit for all reads."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import UnknownRevisionError
from reconciler.repository.bare import BareRepository
from reconciler.repository.cache import Cache
from reconciler.repository.commit import contents, entries
from reconciler.repository.launch import GitError, Launcher
from reconciler.repository.remote import Listed, look_up
from reconciler.settings import Limits
from reconciler.source.git import open_remote
from tests.programs import Recorder

Commit = Callable[[dict[str, str]], str]
Git = Callable[..., str]


def fetched(repository: Path, cache: Cache, revision: str | None = None) -> Any:
    return cache.fetched(look_up(cache.launcher, f"file://{repository}", revision))


def test_all_contents_come_from_one_command(repository: Path, commit: Commit, tmp_path: Path) -> None:
    files = {f"d{number % 10}/{number}.yaml": str(number) for number in range(1000)}
    commit(files)
    recorder = Recorder.make(tmp_path)
    tree = open_remote(fetched(repository, Cache(tmp_path / "c", Launcher(recorder.environment)))).tree(
        Limits()
    )
    assert dict(tree.files) == {path: text.encode() for path, text in files.items()}
    assert recorder.commands().count("cat-file") == 1
    assert recorder.commands().count("ls-remote") == 1
    assert recorder.commands().count("fetch") == 1


def test_the_cache_may_be_relative_to_the_current_folder(
    repository: Path, commit: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit({"a.yaml": "1"})
    monkeypatch.chdir(tmp_path)
    tree = open_remote(fetched(repository, Cache(Path("cache"), Launcher()))).tree(Limits())
    assert tree.files["a.yaml"] == b"1"


def test_a_commit_in_the_cache_is_not_fetched_again(repository: Path, commit: Commit, tmp_path: Path) -> None:
    commit({"a.yaml": "1"})
    recorder = Recorder.make(tmp_path)
    cache = Cache(tmp_path / "cache", Launcher(recorder.environment))
    fetched(repository, cache)
    recorder.forget()
    open_remote(fetched(repository, cache)).tree(Limits())
    assert recorder.commands().count("ls-remote") == 1
    assert "fetch" not in recorder.commands()


def test_reads_stay_at_their_commit_when_the_branch_moves(
    repository: Path, commit: Commit, tmp_path: Path
) -> None:
    first = commit({"a.yaml": "1", "b.yaml": "1"})
    cache = Cache(tmp_path / "cache", Launcher())
    opened = open_remote(fetched(repository, cache, "main"))
    commit({"a.yaml": "2", "b.yaml": "2"})
    fetched(repository, cache, "main")
    assert opened.file("a.yaml", Limits()) == b"1"
    assert dict(opened.tree(Limits()).files) == {"a.yaml": b"1", "b.yaml": b"1"}
    assert opened.revision == first


def test_a_cache_that_is_lost_between_two_reads_is_fetched_at_the_same_commit(
    repository: Path, commit: Commit, tmp_path: Path
) -> None:
    first = commit({"a.yaml": "1"})
    cache = Cache(tmp_path / "cache", Launcher())
    opened = open_remote(fetched(repository, cache, "main"))
    commit({"a.yaml": "2"})
    [place] = cache.root.glob("*.git")
    shutil.rmtree(place)
    tree = opened.tree(Limits())
    assert (tree.revision, tree.files["a.yaml"]) == (first, b"1")


def test_if_the_remote_lost_the_commit_no_other_is_read(
    repository: Path, commit: Commit, git: Git, tmp_path: Path
) -> None:
    commit({"a.yaml": "1"})
    cache = Cache(tmp_path / "cache", Launcher())
    opened = open_remote(fetched(repository, cache, "main"))
    git("commit", "--quiet", "--amend", "--message", "rewritten")
    git("reflog", "expire", "--expire=now", "--all")
    git("gc", "--quiet", "--prune=now")
    [place] = cache.root.glob("*.git")
    shutil.rmtree(place)
    with pytest.raises(UnknownRevisionError, match="has no revision"):
        opened.tree(Limits())


def test_a_branch_that_moved_since_it_was_listed_is_read_at_its_new_commit(
    repository: Path, commit: Commit, tmp_path: Path
) -> None:
    """A poll of `watch` and the pass that follows happen at different times."""
    commit({"a.yaml": "1"})
    cache = Cache(tmp_path / "cache", Launcher())
    listed = look_up(cache.launcher, f"file://{repository}", "main")
    second = commit({"a.yaml": "2"})
    tree = open_remote(cache.fetched(listed)).tree(Limits())
    assert (tree.revision, tree.files["a.yaml"]) == (second, b"2")


def bare(repository: Path, tmp_path: Path) -> BareRepository:
    launcher = Launcher()
    cache = Cache(tmp_path / "cache", launcher)
    fetched(repository, cache)
    [place] = cache.root.glob("*.git")
    return BareRepository(place, launcher)


def test_gitpython_uses_the_launcher_whatever_the_environment_says(
    repository: Path, commit: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitPython itself reads these variables, and its own `execute` would pass all of them on."""
    head = commit({"a.yaml": "1"})
    opened = bare(repository, tmp_path)
    for name in ("GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    again = BareRepository(opened._git.place, Launcher())
    for git in (opened, again):
        assert contents(git, entries(git, head)) == [b"1"]


@pytest.mark.parametrize("option", ["as_process", "shell", "env", "output_stream", "kill_after_timeout"])
def test_what_would_bypass_the_launcher_is_refused(
    repository: Path, commit: Commit, tmp_path: Path, option: str
) -> None:
    commit({"a.yaml": "1"})
    with pytest.raises(TypeError, match=option):
        bare(repository, tmp_path)._git.status(**{option: True})


def test_gitpythons_object_layer_cannot_start_a_process_of_its_own(
    repository: Path, commit: Commit, tmp_path: Path
) -> None:
    head = commit({"a.yaml": "1"})
    with pytest.raises(TypeError, match="as_process"):
        bare(repository, tmp_path)._git.get_object_header(head)


def test_a_cache_without_its_head_is_not_searched_for_in_parent_folders(
    repository: Path, commit: Commit, tmp_path: Path
) -> None:
    """Git looks for a repository in every folder above, and would answer from the one it finds there."""
    head = commit({"a.yaml": "1"})
    (repository / "cache.git").mkdir()
    with pytest.raises(GitError, match="not a git repository"):
        entries(BareRepository(repository / "cache.git", Launcher()), head)


def test_a_truncated_repository_is_an_error_and_not_content() -> None:
    def cut(*_: str, given: bytes = b"", most_bytes: int | None = None) -> bytes:
        return b"0123 blob 1\nx\n" if not given else b"0123 blob 1\nx\n4567"

    listed = list(entries(lambda *_, **__: b"100644 blob 0123 1\ta\x00100644 blob 4567 1\tb\x00", "HEAD"))
    with pytest.raises(GitError, match="damaged"):
        contents(cut, listed)


def test_a_refused_url_is_never_looked_up(tmp_path: Path) -> None:
    recorder = Recorder.make(tmp_path)
    with pytest.raises(Exception, match="not allowed"):
        look_up(Launcher(recorder.environment), "http://git.example/x", None)
    assert recorder.commands() == []


def test_a_listing_shows_no_credentials(repository: Path, tmp_path: Path) -> None:
    listed = Listed("https://robot:hunter2@git.example/x", "HEAD", "0" * 40)
    assert "hunter2" not in repr(listed)
    assert "hunter2" not in repr(Cache(tmp_path, Launcher({"X": "hunter2"})))
