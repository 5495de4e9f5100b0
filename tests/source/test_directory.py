"""The tree of a folder: what Git would see, links inside it, and everything that can go wrong."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import SourceError
from reconciler.repository.launch import Launcher
from reconciler.settings import Limits
from reconciler.source.directory import folder_state, read_directory
from reconciler.source.tree import Tree

Commit = Callable[[dict[str, str]], str]
Git = Callable[..., str]


def read(root: Path, limits: Limits | None = None) -> Tree:
    return read_directory(root, limits or Limits(), Launcher())


def said(tree: Tree) -> list[tuple[str, str]]:
    return [(found.rule, found.origin.file) for found in tree.findings]


def test_a_plain_folder_is_read_whole(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    for name in ("b.yaml", "a/c.yaml", ".git-not/x", ".venv/lib/x.py", ".reconciler/state", "a/.git/config"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    tree = read(folder)
    assert list(tree.files) == [".git-not/x", "a/c.yaml", "b.yaml"]
    assert tree.files["b.yaml"] == b"b.yaml"
    assert (tree.revision, tree.is_dirty, tree.location) == ("", False, str(folder))


def test_in_a_work_tree_ignored_and_deleted_files_are_left_out(repository: Path, commit: Commit) -> None:
    head = commit({".gitignore": "*.log\nbuild/\n", "a.yaml": "1", "gone.yaml": "1", "sub/b.yaml": "1"})
    (repository / "x.log").write_text("x")
    (repository / "build").mkdir()
    (repository / "build/y.yaml").write_text("x")
    assert not read(repository).is_dirty
    (repository / "new.yaml").write_text("n")
    (repository / "gone.yaml").unlink()
    tree = read(repository)
    assert list(tree.files) == [".gitignore", "a.yaml", "new.yaml", "sub/b.yaml"]
    assert (tree.revision, tree.is_dirty) == (head, True)
    assert (tree.findings, tree.unread) == ((), ())


def test_a_folder_inside_a_work_tree_is_a_tree_of_its_own(repository: Path, commit: Commit) -> None:
    head = commit({"a.yaml": "1", "sub/b.yaml": "2"})
    (repository / "a.yaml").write_text("changed outside")
    tree = read(repository / "sub")
    assert dict(tree.files) == {"b.yaml": b"2"}
    assert (tree.revision, tree.is_dirty) == (head, False)


def test_the_record_that_a_run_writes_is_not_a_change_of_the_files(repository: Path, commit: Commit) -> None:
    head = commit({"a.yaml": "1", "sub/b.yaml": "1"})
    for folder in (".reconciler/inventory", "sub/.reconciler"):
        (repository / folder).mkdir(parents=True)
        (repository / folder / "acme.json").write_text("{}")
    assert folder_state(repository, Launcher({**os.environ})) == (head, False)
    (repository / "a.yaml").rename(repository / "c.yaml")
    assert folder_state(repository, Launcher({**os.environ})) == (head, True)


def test_a_repository_before_its_first_commit_is_dirty(repository: Path) -> None:
    (repository / "a.yaml").write_text("1")
    tree = read(repository)
    assert (list(tree.files), tree.revision, tree.is_dirty) == (["a.yaml"], "", True)


@pytest.mark.parametrize("name", ["missing", "file", "empty"])
def test_nothing_to_read_is_an_error_with_advice(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError) as refused:
        read(tmp_path / name)
    assert refused.value.advice


def test_an_empty_repository_is_an_error_not_an_empty_tree(repository: Path) -> None:
    with pytest.raises(SourceError, match="contains no files that Git tracks or would track"):
        read(repository)


@pytest.mark.parametrize("name", ["repository", "plain"])
def test_links_are_followed_inside_the_tree_only(tmp_path: Path, repository: Path, name: str) -> None:
    root = tmp_path / name
    (root / "shared/deep").mkdir(parents=True)
    (root / "orgs").mkdir()
    (root / "shared/a.yaml").write_text("a")
    (root / "shared/deep/b.yaml").write_text("b")
    (tmp_path / "outside.yaml").write_text("SECRET")
    links = {
        "orgs/a.yaml": "../shared/a.yaml",
        "orgs/all": "../shared",
        "orgs/up": "..",
        "orgs/chain.yaml": "a.yaml",
        "orgs/through.yaml": "all/deep/b.yaml",
        "orgs/circle.yaml": "circle2.yaml",
        "orgs/circle2.yaml": "circle.yaml",
        "orgs/out.yaml": "../../outside.yaml",
        "orgs/out.png": "../../outside.yaml",
        "orgs/absolute.yaml": str(root / "shared/a.yaml"),
        "orgs/passwd": "/etc/passwd",
        "orgs/nowhere.yaml": "nothing.yaml",
        "orgs/nowhere.png": "nothing.png",
    }
    for link, target in links.items():
        (root / link).symlink_to(target)
    tree = read(root)
    assert dict(tree.files) == {
        "orgs/a.yaml": b"a",
        "orgs/all/a.yaml": b"a",
        "orgs/all/deep/b.yaml": b"b",
        "orgs/chain.yaml": b"a",
        "orgs/through.yaml": b"b",
        "shared/a.yaml": b"a",
        "shared/deep/b.yaml": b"b",
    }
    assert sorted((f.rule, f.origin.file, str(f.severity)) for f in tree.findings) == [
        ("F08", "orgs/absolute.yaml", "error"),
        ("F08", "orgs/circle.yaml", "error"),
        ("F08", "orgs/circle2.yaml", "error"),
        ("F08", "orgs/out.png", "warning"),
        ("F08", "orgs/out.yaml", "error"),
        ("F08", "orgs/passwd", "error"),
        ("F10", "orgs/nowhere.yaml", "error"),
    ]
    assert [path for path, _ in tree.unread] == ["orgs/nowhere.png"]
    assert b"SECRET" not in b"".join(tree.files.values())


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.yaml").write_text("a")
    (tmp_path / "link").symlink_to("real")
    assert dict(read(tmp_path / "link").files) == {"a.yaml": b"a"}


def test_exceeded_limits_are_findings_or_notes(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    for name, size in (("big.yaml", 30), ("big.png", 30), ("a.yaml", 10), ("b.yaml", 10), ("c.yaml", 10)):
        (folder / name).write_text("x" * size)
    tree = read(folder, Limits(max_file_bytes=20, max_total_bytes=25))
    assert list(tree.files) == ["a.yaml", "b.yaml"]
    assert said(tree) == [("F04", "big.yaml"), ("F04", "c.yaml")]
    assert [path for path, _ in tree.unread] == ["big.png", "c.yaml"]
    tree = read(folder, Limits(max_files=2))
    assert (list(tree.files), said(tree)) == (["a.yaml", "b.yaml"], [("F04", "big.png")])


def test_pipes_and_sockets_are_never_opened_and_are_findings_where_a_document_could_be(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    os.mkfifo(folder / "pipe.yaml")
    os.mkfifo(folder / "pipe")
    (folder / "to-pipe.yaml").symlink_to("pipe")
    (folder / "a.yaml").write_text("a")
    tree = read(folder)
    assert sorted(said(tree)) == [("F10", "pipe.yaml"), ("F10", "to-pipe.yaml")]
    assert tree.unread == (("pipe", "it is neither a file nor a folder"),)


@pytest.mark.parametrize("is_repository", [True, False])
def test_a_folder_in_place_of_a_document_is_a_finding(
    repository: Path,
    commit: Commit,
    is_repository: bool,  # noqa: FBT001  a table's column
) -> None:
    commit({"a.yaml": "a", "b.yaml": "b"})
    if not is_repository:
        shutil.rmtree(repository / ".git")
    (repository / "a.yaml").unlink()
    (repository / "a.yaml").mkdir()
    assert said(read(repository)) == [("F10", "a.yaml")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_finding(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    (folder / "closed").mkdir(parents=True)
    (folder / "a.yaml").write_text("a")
    (folder / "a.yaml").chmod(0)
    (folder / "closed").chmod(0)
    tree = read(folder)
    (folder / "closed").chmod(0o700)
    assert sorted(said(tree)) == [("F10", "a.yaml"), ("F10", "closed")]


def test_names_with_control_characters_are_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    for name in (b"a\nb.yaml", b"\x1b[31m.yaml", b"\xff.yaml"):
        (folder / os.fsdecode(name)).write_text("x")
    assert list(read(folder).files) == ["\\x1b[31m.yaml", "\\xff.yaml", "a\\nb.yaml"]


def test_submodules_and_nested_repositories_are_noted(
    repository: Path, git: Git, commit: Commit, tmp_path: Path
) -> None:
    head = commit({"a.yaml": "1"})
    git("update-index", "--add", "--cacheinfo", f"160000,{head},module")
    (repository / "module").mkdir()
    nested = repository / "nested"
    nested.mkdir()
    git("init", "--quiet", "nested")
    (nested / "x.yaml").write_text("x")
    git("-C", "nested", "add", ".")
    git("-C", "nested", "commit", "--quiet", "-m", "x")
    tree = read(repository)
    assert list(tree.files) == ["a.yaml"]
    assert tree.unread == (("module", "a submodule"), ("nested", "a nested repository"))


def test_a_file_left_out_by_a_sparse_checkout_is_not_mistaken_for_deleted(
    repository: Path, git: Git, commit: Commit
) -> None:
    commit({"a/x.yaml": "1", "b/y.yaml": "1"})
    git("sparse-checkout", "set", "a")
    tree = read(repository)
    assert list(tree.files) == ["a/x.yaml"]
    assert said(tree) == [("F10", "b/y.yaml")]


def test_a_hostile_repository_runs_no_program(
    repository: Path, git: Git, commit: Commit, tmp_path: Path
) -> None:
    commit({"a.yaml": "1"})
    trap = tmp_path / "trap"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trap}\n")
    program.chmod(0o755)
    git("config", "core.fsmonitor", str(program))
    git("config", "core.hooksPath", str(tmp_path))
    (tmp_path / "post-index-change").write_text(f"#!/bin/sh\ntouch {trap}\n")
    (tmp_path / "post-index-change").chmod(0o755)
    (repository / "a.yaml").write_text("2")
    assert read(repository).is_dirty
    assert not trap.exists()


def test_variables_of_a_surrounding_git_are_not_followed(
    repository: Path, commit: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = commit({"a.yaml": "1"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert read(repository).revision == head


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_another_user_is_refused_with_the_remedy(repository: Path, commit: Commit) -> None:
    commit({"a.yaml": "1"})
    for path in (repository, repository / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(SourceError, match="another user") as refused:
        read(repository)
    assert "safe.directory" in refused.value.advice


def test_a_missing_git_is_reported(repository: Path, commit: Commit, monkeypatch: pytest.MonkeyPatch) -> None:
    commit({"a.yaml": "1"})
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SourceError, match="git cannot be run"):
        read(repository)


@pytest.mark.parametrize(
    ("name", "content", "uncommitted"),
    [
        ("plan.md", "x", 0),
        ("out/report.sarif", "x", 0),
        ("plan.json", '{"version": 2, "kind": "ReconcilerPlan"}', 0),
        ("definition.json", '{"kind": "Definition"}', 1),
        ("new.yaml", "a: 1", 1),
        ("new/b.yaml", "a: 1", 1),
        ("a.yaml", "changed", 1),
    ],
)
def test_what_a_pipeline_writes_is_no_uncommitted_change(
    repository: Path, commit: Commit, name: str, content: str, uncommitted: int
) -> None:
    commit({"a.yaml": "1", "out/kept.yaml": "1"})
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).write_text(content)
    tree = read(repository)
    assert (tree.is_dirty, tree.uncommitted) == (bool(uncommitted), uncommitted)
    assert folder_state(repository, Launcher())[1] is bool(uncommitted)
