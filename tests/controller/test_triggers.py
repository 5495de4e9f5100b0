import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.controller import triggers
from reconciler.controller.triggers import FolderTrigger, folder_revision, wait_until_quiet
from reconciler.errors import SourceError


def changes_until(looked: threading.Event, path: Path) -> bool:
    """Write until noticed: it cannot be seen from outside when the watch is in place."""
    for number in range(100):
        path.write_text(str(number))
        if looked.wait(0.2):
            return True
    return False


def test_a_changed_file_makes_the_loop_poll(tmp_path: Path) -> None:
    (tmp_path / "orgs").mkdir()
    looked = threading.Event()
    with FolderTrigger(tmp_path, looked.set):
        assert changes_until(looked, tmp_path / "orgs" / "a.yaml")


def test_changes_to_files_of_git_and_of_reconciler_do_not_count(tmp_path: Path) -> None:
    """A pass writes its inventory; if that triggered a poll, the loop would trigger itself."""
    for name in (".git", ".reconciler", ".venv"):
        (tmp_path / name).mkdir()
    looks: list[None] = []
    looked = threading.Event()

    def look() -> None:
        looks.append(None)
        looked.set()

    with FolderTrigger(tmp_path, look):
        assert changes_until(looked, tmp_path / "a.yaml")
        before = len(looks)
        for number in range(3):
            for name in (".git", ".reconciler", ".venv"):
                (tmp_path / name / f"{number}.yaml").write_text("x")
        looked.clear()
        looked.wait(1)
    assert len(looks) - before <= 1


def test_the_log_of_a_pass_in_the_watched_folder_does_not_trigger_a_poll(tmp_path: Path) -> None:
    looks: list[None] = []
    looked = threading.Event()

    def look() -> None:
        looks.append(None)
        looked.set()

    with FolderTrigger(tmp_path, look):
        assert changes_until(looked, tmp_path / "a.yaml")
        looked.clear()
        looked.wait(1)
        before = len(looks)
        looked.clear()
        (tmp_path / "watch.log").write_text("pass finished")
        assert not looked.wait(1)
        assert changes_until(looked, tmp_path / "b.YML")
    assert len(looks) > before


def test_a_folder_moved_into_the_watched_one_makes_the_loop_poll(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "a.yaml").write_text("x")
    looked = threading.Event()
    with FolderTrigger(tmp_path, looked.set):
        assert changes_until(looked, tmp_path / "a.yaml")
        looked.clear()
        looked.wait(1)
        looked.clear()
        outside.rename(tmp_path / "orgs")
        assert looked.wait(5)


def test_a_folder_that_cannot_be_watched_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), FolderTrigger(tmp_path / "missing", lambda: None) as trigger:
        trigger._thread.join(10)
    assert caplog.messages == ["cannot watch the folder; changes are found by polling"]


def test_the_trigger_leaves_no_thread_behind(tmp_path: Path) -> None:
    with FolderTrigger(tmp_path, lambda: None):
        pass
    assert "folder-trigger" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.yaml", "orgs/b.yaml", ".git/x.yaml", ".reconciler/x.yaml", ".venv/x.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    return tmp_path


def test_the_revision_of_an_unchanged_folder_stays_the_same(tree: Path) -> None:
    assert folder_revision(tree) == folder_revision(tree)


@pytest.mark.parametrize("name", ["b.yml", "B.YAML", "k.pem", "k.pub", "k.key", "k.Crt"])
def test_the_revision_of_a_folder_changes_with_a_file_that_can_matter(tree: Path, name: str) -> None:
    before = folder_revision(tree)
    (tree / "orgs" / name).write_text("x")
    assert folder_revision(tree) != before


@pytest.mark.parametrize("name", ["watch.log", "notes.txt", "a.yaml.swp", "yaml"])
def test_any_other_file_does_not_change_the_revision_of_a_folder(tree: Path, name: str) -> None:
    before = folder_revision(tree)
    (tree / "orgs" / name).write_text("x")
    assert folder_revision(tree) == before


def test_a_link_counts_because_it_may_point_to_a_folder(tree: Path) -> None:
    before = folder_revision(tree)
    (tree / "link").symlink_to("orgs")
    assert folder_revision(tree) != before


def test_the_revision_of_a_folder_changes_with_name_size_and_time(tree: Path) -> None:
    seen = {folder_revision(tree)}
    (tree / "orgs" / "b.yaml").write_text("longer")
    seen.add(folder_revision(tree))
    os.utime(tree / "a.yaml", ns=(1, 1))
    seen.add(folder_revision(tree))
    (tree / "a.yaml").rename(tree / "c.yaml")
    seen.add(folder_revision(tree))
    (tree / "c.yaml").unlink()
    seen.add(folder_revision(tree))
    assert len(seen) == 5


def test_a_name_cannot_pass_for_the_size_and_time_of_another_file(tmp_path: Path) -> None:
    """Names are separated by a character that no name can contain."""
    one, other = tmp_path / "x", tmp_path / "x2"
    one.mkdir()
    (one / "a.yaml").write_text("1")
    (one / "b.yaml").write_text("22")
    os.utime(one / "a.yaml", ns=(5, 5))
    os.utime(one / "b.yaml", ns=(6, 6))
    before = folder_revision(one)
    one.rename(other)
    posing = Path(f"{one}/a.yaml\\01 5\\0{one}/b.yaml")
    posing.parent.mkdir(parents=True)
    posing.write_text("22")
    os.utime(posing, ns=(6, 6))
    assert folder_revision(one) != before


def test_the_revision_of_a_folder_ignores_files_of_git_and_of_reconciler(tree: Path) -> None:
    before = folder_revision(tree)
    for name in (".git", ".reconciler", ".venv"):
        (tree / name / "x.yaml").write_text("another")
    assert folder_revision(tree) == before


def test_a_link_to_a_folder_is_not_followed(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (tree / "link").symlink_to(outside)
    before = folder_revision(tree)
    (outside / "a.yaml").write_text("x")
    assert folder_revision(tree) == before


def test_a_missing_folder_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot read"):
        folder_revision(tmp_path / "missing")


def revisions(monkeypatch: pytest.MonkeyPatch, *found: str, then: Callable[[], object] = bool) -> list[str]:
    """Let looks at the folder find these, and call `then` at the last; returns those that are left."""
    left = list(found)

    def look(_: Path) -> str:
        if len(left) == 1:
            then()
            return left[0]
        return left.pop(0)

    monkeypatch.setattr(triggers, "QUIET_S", 0.001)
    monkeypatch.setattr(triggers, "folder_revision", look)
    return left


def test_a_folder_is_read_only_after_two_looks_found_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = revisions(monkeypatch, "a", "b", "c", "c", "later")
    wait_until_quiet(tmp_path, threading.Event())
    assert left == ["later"]


def test_a_folder_that_git_has_locked_is_not_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "index.lock"
    lock.touch()
    revisions(monkeypatch, "a", "a", "a", "a", then=lambda: lock.unlink(missing_ok=True))
    wait_until_quiet(tmp_path, threading.Event(), lock=lock)
    assert not lock.exists()


def test_a_folder_that_never_becomes_quiet_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revisions(monkeypatch, *map(str, range(100_000)))
    monkeypatch.setattr(triggers, "PATIENCE_S", 0.02)
    with pytest.raises(SourceError, match="have been changing for"):
        wait_until_quiet(tmp_path, threading.Event())
