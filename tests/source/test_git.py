"""Trees from Git: revisions, remotes over `file://`, the cache, and attempts to break out."""

import os
import shutil
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.errors import SourceError, UnknownRevisionError
from reconciler.repository.cache import Cache
from reconciler.repository.launch import Launcher
from reconciler.repository.remote import look_up
from reconciler.settings import Limits
from reconciler.source.git import is_tracked, open_remote, open_revision
from reconciler.source.tree import Tree

Commit = Callable[[dict[str, str]], str]
Git = Callable[..., str]
LIMITS = Limits()
LAUNCHER = Launcher()


def read_revision(repository: Path, revision: str, limits: Limits) -> Tree:
    return open_revision(repository, revision, LAUNCHER).tree(limits)


def read_remote(url: str, revision: str | None, cache: Path, limits: Limits) -> Tree:
    return open_remote(Cache(cache, LAUNCHER).fetched(look_up(LAUNCHER, url, revision))).tree(limits)


def remote_revision(url: str, revision: str | None) -> str:
    return look_up(LAUNCHER, url, revision).commit


def url(repository: Path) -> str:
    return f"file://{repository}"


def test_a_revision_is_read_without_touching_the_work_tree(
    repository: Path, git: Git, commit: Commit
) -> None:
    first = commit({"a.yaml": "1", "d/b.yaml": "ü", "gone.yaml": "x", ".venv/x.py": "x"})
    git("rm", "--quiet", "gone.yaml")
    commit({"a.yaml": "2"})
    (repository / "a.yaml").write_text("dirty")
    before = git("status", "--porcelain")
    tree = read_revision(repository, "HEAD~1", LIMITS)
    assert dict(tree.files) == {"a.yaml": b"1", "d/b.yaml": "ü".encode(), "gone.yaml": b"x"}
    assert (tree.revision, tree.is_dirty, tree.location) == (first, False, str(repository))
    assert list(read_revision(repository, "main", LIMITS).files) == ["a.yaml", "d/b.yaml"]
    assert git("status", "--porcelain") == before


def test_a_folder_of_a_revision_is_a_tree_of_its_own(repository: Path, commit: Commit) -> None:
    commit({"a.yaml": "1", "s p/ü/b.yaml": "2"})
    assert dict(read_revision(repository / "s p/ü", "HEAD", LIMITS).files) == {"b.yaml": b"2"}
    (repository / "new").mkdir()
    with pytest.raises(SourceError, match="has no folder new"):
        read_revision(repository / "new", "HEAD", LIMITS)


def test_links_limits_and_submodules_are_handled_in_revisions_too(
    repository: Path, git: Git, commit: Commit
) -> None:
    (repository / "in.yaml").symlink_to("a.yaml")
    (repository / "out.yaml").symlink_to("/etc/passwd")
    head = commit({"a.yaml": "1", "big.yaml": "x" * 100, "big.png": "x" * 100})
    git("update-index", "--add", "--cacheinfo", f"160000,{head},module")
    git("commit", "--quiet", "-m", "module")
    tree = read_revision(repository, "HEAD", Limits(max_file_bytes=50))
    assert dict(tree.files) == {"a.yaml": b"1", "in.yaml": b"1"}
    assert [(f.rule, f.origin.file) for f in tree.findings] == [("F04", "big.yaml"), ("F08", "out.yaml")]
    assert [path for path, _ in tree.unread] == ["big.png", "module"]


@pytest.mark.parametrize("revision", ["nope", "0" * 40, "HEAD~99", "HEAD:a.yaml", "", "refs/heads/none"])
def test_an_unknown_revision_is_named(repository: Path, commit: Commit, revision: str) -> None:
    commit({"a.yaml": "1"})
    with pytest.raises(UnknownRevisionError) as refused:
        read_revision(repository, revision, LIMITS)
    assert refused.value.advice
    assert not refused.value.is_transient


INJECTIONS = ["--output=/tmp/x", "-h", "--upload-pack=touch x", "a b", "a\nb", "a\0b", "\x1b[31m", "a" * 300]


@pytest.mark.parametrize("revision", INJECTIONS)
def test_a_revision_cannot_be_an_option(
    repository: Path, commit: Commit, tmp_path: Path, revision: str
) -> None:
    commit({"a.yaml": "1"})
    with pytest.raises(UnknownRevisionError):
        read_revision(repository, revision, LIMITS)
    with pytest.raises(UnknownRevisionError):
        remote_revision(url(repository), revision)
    with pytest.raises(UnknownRevisionError):
        read_remote(url(repository), revision, tmp_path / "cache", LIMITS)


@pytest.mark.parametrize("name", ["plain", "missing"])
def test_a_folder_without_a_repository_is_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(SourceError) as refused:
        read_revision(tmp_path / name, "HEAD", LIMITS)
    assert refused.value.advice


def test_a_remote_is_read_at_its_default_branch_a_branch_a_tag_and_a_commit(
    repository: Path, git: Git, commit: Commit, tmp_path: Path
) -> None:
    first = commit({"a.yaml": "1"})
    git("tag", "light")
    git("tag", "-a", "v1", "-m", "with a message")
    git("switch", "--quiet", "-c", "feature/x")
    second = commit({"a.yaml": "2"})
    git("switch", "--quiet", "main")
    cache = tmp_path / "cache"
    for revision, expected in {
        None: first, "main": first, "light": first, "v1": first, "refs/tags/v1": first,
        "feature/x": second, first: first, second: second, second.upper(): second,
    }.items():  # fmt: skip
        assert remote_revision(url(repository), revision) == expected
        tree = read_remote(url(repository), revision, cache, LIMITS)
        assert tree.revision == expected
        assert tree.files["a.yaml"] == (b"1" if expected == first else b"2")


def test_the_cache_is_shallow_and_follows_the_branch(
    repository: Path, commit: Commit, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    for number in range(3):
        head = commit({"a.yaml": str(number)})
        assert read_remote(url(repository), "main", cache, LIMITS).revision == head
    [place] = cache.glob("*.git")
    assert LAUNCHER.output(["rev-list", "--count", "--all"], folder=place).strip() == b"1"
    assert not list((place / "hooks").glob("*")) if (place / "hooks").exists() else True


def test_a_branch_that_was_rewritten_is_followed(
    repository: Path, git: Git, commit: Commit, tmp_path: Path
) -> None:
    commit({"a.yaml": "1"})
    read_remote(url(repository), "main", tmp_path / "cache", LIMITS)
    git("commit", "--quiet", "--amend", "-m", "rewritten")
    tree = read_remote(url(repository), "main", tmp_path / "cache", LIMITS)
    assert tree.revision == git("rev-parse", "HEAD")


def test_an_unknown_branch_of_a_remote_is_named(repository: Path, commit: Commit, tmp_path: Path) -> None:
    commit({"a.yaml": "1"})
    with pytest.raises(UnknownRevisionError, match="'nope'"):
        read_remote(url(repository), "nope", tmp_path / "cache", LIMITS)
    with pytest.raises(UnknownRevisionError, match="no revision"):
        read_remote(url(repository), "0" * 40, tmp_path / "cache", LIMITS)


def test_a_remote_without_commits_is_reported(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownRevisionError, match="default branch"):
        read_remote(url(repository), None, tmp_path / "cache", LIMITS)


def test_a_missing_remote_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read") as refused:
        read_remote(f"file://{tmp_path}/none", None, tmp_path / "cache", LIMITS)
    assert refused.value.is_transient


def damage_objects(place: Path) -> None:
    for path in place.rglob("*"):
        if path.is_file() and "objects" in path.parts:
            path.chmod(stat.S_IWUSR | stat.S_IRUSR)
            path.write_bytes(path.read_bytes()[:-10] + b"0123456789" if path.suffix != ".idx" else b"x")


def drop_objects(place: Path) -> None:
    shutil.rmtree(place / "objects")


def empty(place: Path) -> None:
    shutil.rmtree(place)
    place.mkdir()


def become_a_file(place: Path) -> None:
    shutil.rmtree(place)
    place.write_text("x")


@pytest.mark.parametrize("damage", [damage_objects, drop_objects, empty, become_a_file])
def test_a_damaged_cache_is_created_again(
    repository: Path, commit: Commit, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    head = commit({"a.yaml": "1", "b.yaml": "2"})
    cache = tmp_path / "cache"
    read_remote(url(repository), "main", cache, LIMITS)
    [place] = cache.glob("*.git")
    damage(place)
    tree = read_remote(url(repository), "main", cache, LIMITS)
    assert tree.revision == head
    assert dict(tree.files) == {"a.yaml": b"1", "b.yaml": b"2"}


def test_several_processes_may_share_a_cache(
    repository: Path, git: Git, commit: Commit, tmp_path: Path
) -> None:
    expected = {}
    for number in range(4):
        git("switch", "--quiet", "-c", f"b{number}")
        expected[f"b{number}"] = commit({"a.yaml": str(number)})
    with ThreadPoolExecutor(4) as pool:
        trees = pool.map(lambda b: read_remote(url(repository), b, tmp_path / "cache", LIMITS), expected)
    assert [tree.revision for tree in trees] == list(expected.values())


def test_a_cache_that_cannot_be_written_is_reported(repository: Path, commit: Commit, tmp_path: Path) -> None:
    commit({"a.yaml": "1"})
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="cannot be used"):
        read_remote(url(repository), None, tmp_path / "file", LIMITS)


def test_polling_a_remote_costs_one_ls_remote(
    repository: Path, commit: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in front of git records its commands."""
    head = commit({"a.yaml": "1"})
    log = tmp_path / "log"
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {real} "$@"\n')
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    assert remote_revision(url(repository), "main") == head
    asked = [line for line in log.read_text().splitlines() if "upload-pack" not in line]
    assert len(asked) == 1
    assert "ls-remote" in asked[0]
    assert str(repository) not in asked[0]


def test_credentials_in_a_url_never_appear(tmp_path: Path) -> None:
    secret = "hunter2secret"
    with pytest.raises(SourceError) as refused:
        remote_revision(f"https://{secret}:{secret}x@localhost:1/team/x.git", None)
    shown = f"{refused.value}{refused.value.advice}{refused.value!r}{refused.value.__cause__!r}"
    assert secret not in shown
    assert "https://***@localhost:1/team/x.git" in str(refused.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_another_user_is_refused_with_the_remedy(repository: Path, commit: Commit) -> None:
    commit({"a.yaml": "1"})
    for path in (repository, repository / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(SourceError, match="another user"):
        read_revision(repository, "HEAD", LIMITS)


def test_a_folder_is_tracked_where_git_knows_a_file_at_or_below_it(
    repository: Path, git: Git, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit({"a.yaml": "1", ".gitignore": "ignored/\n", "in/deep/*.json": "{}"})
    for name in ("ignored", "new", "empty", "in/d*"):
        (repository / name).mkdir()
        if name != "empty":
            (repository / name / "x.json").write_text("{}")
    monkeypatch.chdir(repository)
    tracked = {name for name in (".", "in", "in/deep", "in/d*", "ignored", "new", "empty", "none", ".git")
               if is_tracked(Path(name), LAUNCHER)}  # fmt: skip
    assert tracked == {".", "in", "in/deep"}
    git("add", "--force", "ignored/x.json")
    assert is_tracked(repository / "ignored", LAUNCHER)
    (repository / "empty" / ".gitignore").write_text("*")
    git("add", "--force", "empty/.gitignore")
    assert not is_tracked(repository / "empty", LAUNCHER)


def test_nothing_is_tracked_outside_a_repository(tmp_path: Path) -> None:
    assert not is_tracked(tmp_path, LAUNCHER)


def test_a_damaged_index_is_not_mistaken_for_an_untracked_folder(repository: Path, commit: Commit) -> None:
    commit({"in/a.json": "{}"})
    (repository / ".git" / "index").write_bytes(b"x" * 64)
    with pytest.raises(SourceError, match="cannot determine whether Git tracks"):
        is_tracked(repository / "in", LAUNCHER)
