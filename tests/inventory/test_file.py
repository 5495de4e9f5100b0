import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.errors import InventoryConflictError, InventoryError
from reconciler.inventory.file import FileInventory
from reconciler.repository.launch import Launcher
from reconciler.source.git import is_tracked
from tests.inventory.samples import names, owning


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "inventory"


def record(folder: Path) -> Path:
    return folder / "team" / "acme.json"


def written(folder: Path, *agents: str) -> FileInventory:
    store = FileInventory(folder, "team")
    store.read("acme")
    store.write(owning(*agents))
    return store


def test_a_missing_record_does_not_exist_and_owns_nothing(folder: Path) -> None:
    inventory = FileInventory(folder, "team").read("acme")
    assert not inventory.exists
    assert not inventory.entries
    assert not folder.exists()


def test_what_is_written_is_what_another_store_reads(folder: Path) -> None:
    written(folder, "a", "b")
    inventory = FileInventory(folder, "team").read("acme")
    assert inventory == owning("a", "b")
    assert inventory.exists


def test_an_empty_record_exists(folder: Path) -> None:
    """An empty record is a fact; a missing one is not."""
    written(folder)
    assert FileInventory(folder, "team").read("acme").exists


def test_only_the_owner_may_read_the_record(folder: Path) -> None:
    written(folder, "a")
    assert stat.S_IMODE(record(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(record(folder).parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_git_does_not_add_the_record(tmp_path: Path, folder: Path) -> None:
    """A record that Git tracks is refused: whoever may change files could claim to own anything."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    written(folder, "a")
    subprocess.run(["git", "-C", tmp_path, "add", "-A"], check=True)
    assert not is_tracked(folder, Launcher(os.environ))


def test_one_store_may_write_repeatedly(folder: Path) -> None:
    store = written(folder, "a")
    store.write(owning("a", "b"))
    store.write(owning("b"))
    assert names(FileInventory(folder, "team").read("acme")) == ["b"]


def test_the_second_of_two_writers_gets_a_conflict_and_writes_nothing(folder: Path) -> None:
    first, second = FileInventory(folder, "team"), FileInventory(folder, "team")
    first.read("acme")
    second.read("acme")
    first.write(owning("a"))
    with pytest.raises(InventoryConflictError):
        second.write(owning("b"))
    assert names(FileInventory(folder, "team").read("acme")) == ["a"]


def test_a_record_that_vanished_in_the_meantime_is_a_conflict(folder: Path) -> None:
    store = written(folder, "a")
    record(folder).unlink()
    with pytest.raises(InventoryConflictError):
        store.write(owning("a", "b"))
    assert not record(folder).exists()


def test_a_write_without_a_read_expects_no_record(folder: Path) -> None:
    written(folder, "a")
    with pytest.raises(InventoryConflictError):
        FileInventory(folder, "team").write(owning("b"))


def test_a_store_that_lost_may_read_and_write_again(folder: Path) -> None:
    loser = FileInventory(folder, "team")
    loser.read("acme")
    written(folder, "a")
    with pytest.raises(InventoryConflictError):
        loser.write(owning("b"))
    assert names(loser.read("acme")) == ["a"]
    loser.write(owning("a", "b"))
    assert names(FileInventory(folder, "team").read("acme")) == ["a", "b"]


def add_names(folder: Path, writer: int) -> None:
    """Read, add one name, write; start over if somebody else was faster."""
    for number in range(25):
        while True:
            store = FileInventory(folder, "team")
            known = names(store.read("acme"))
            try:
                store.write(owning(*known, f"{writer}-{number}"))
            except InventoryConflictError:
                continue
            break


def test_no_write_is_lost_among_racing_processes(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    racers = [context.Process(target=add_names, args=(folder, writer)) for writer in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0, 0]
    assert len(names(FileInventory(folder, "team").read("acme"))) == 50


KILLED = """
import os, pathlib, signal, sys
from reconciler.inventory.file import FileInventory
from reconciler.repository.launch import Launcher
from reconciler.source.git import is_tracked
from tests.inventory.samples import owning

def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)

store = FileInventory(pathlib.Path(sys.argv[1]), "team")
store.read("acme")
pathlib.Path.replace = die
store.write(owning("b"))
"""


def test_a_writer_killed_before_the_rename_leaves_the_old_record_and_no_lock(folder: Path) -> None:
    written(folder, "a")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False, cwd=Path.cwd())
    assert killed.returncode == -signal.SIGKILL
    assert [path.suffix for path in folder.joinpath("team").glob(".acme.json.*")] == [".tmp"]
    store = FileInventory(folder, "team", lock_wait_s=0)
    assert names(store.read("acme")) == ["a"]
    store.write(owning("c"))
    assert names(FileInventory(folder, "team").read("acme")) == ["c"]
    assert not list(folder.joinpath("team").glob("*.tmp"))


def test_a_lock_that_is_not_released_is_a_conflict_and_not_an_endless_wait(folder: Path) -> None:
    import fcntl

    store = FileInventory(folder, "team", lock_wait_s=0)
    store.read("acme")
    store.write(owning("a"))
    with (folder / "team" / ".acme.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InventoryConflictError, match="another run has held"):
            store.write(owning("b"))
    assert names(FileInventory(folder, "team").read("acme")) == ["a"]


DAMAGED = {
    "empty": b"",
    "cut off": b'{"version": 1, "instance": "team", "target": "acme", "entries": [',
    "not text": b"\xff\xfe\x00",
    "not a mapping": b"[]",
    "another version": b'{"version": 3, "instance": "team", "target": "acme", "entries": []}',
    "no instance": b'{"version": 1, "target": "acme", "entries": []}',
    "unknown kind": b'{"version": 1, "instance": "team", "target": "acme", "entries": [{"kind": "Moon", '
    b'"organization": "acme", "id": "x", "phase": "owned", "applied": ""}]}',
    "too deep": b"[" * 100_000,
    "another instance": json.dumps(owning("a", instance="other").to_json()).encode(),
    "another target": json.dumps(owning("a", target="other").to_json()).encode(),
    "an object twice": json.dumps(
        {**owning("a").to_json(), "entries": [*owning("a").to_json()["entries"]] * 2}  # type: ignore[misc]
    ).encode(),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_file_that_is_not_a_record_is_an_error_and_is_left_as_it_is(folder: Path, content: bytes) -> None:
    """An unreadable record mistaken for an empty one would turn owned objects into contested ones."""
    record(folder).parent.mkdir(parents=True)
    record(folder).write_bytes(content)
    store = FileInventory(folder, "team")
    with pytest.raises(InventoryError) as raised:
        store.read("acme")
    assert str(record(folder)) in str(raised.value)
    assert raised.value.advice
    with pytest.raises(InventoryError):
        store.write(owning("b"))
    assert record(folder).read_bytes() == content


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_only_a_regular_file_is_a_record(folder: Path, tmp_path: Path, kind: str) -> None:
    """A link in a cloned tree may point anywhere; a pipe would block the reader."""
    record(folder).parent.mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps(owning("a").to_json()))
    if kind == "link":
        record(folder).symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(record(folder))
    else:
        record(folder).mkdir()
    with pytest.raises(InventoryError):
        FileInventory(folder, "team").read("acme")


@pytest.mark.parametrize(
    "name", ["../acme", "a/b", "", ".hidden", "-x", "a..b", "x.lock", "a b", "ä", "x.", "a\n"]
)
def test_names_that_leave_the_folder_or_confuse_git_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(InventoryError, match="cannot be stored"):
        FileInventory(folder, "team").read(name)
    with pytest.raises(InventoryError, match="cannot be stored"):
        FileInventory(folder, name)


def test_a_record_of_another_instance_is_not_written(folder: Path) -> None:
    with pytest.raises(InventoryError, match="other"):
        FileInventory(folder, "team").write(owning("a", instance="other"))
    assert not folder.exists()


def test_a_folder_that_cannot_be_created_is_an_error_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InventoryError) as raised:
        FileInventory(tmp_path / "file" / "inventory", "team").write(owning("a"))
    assert "inventory.file.directory" in raised.value.advice


def test_one_changed_object_is_one_changed_line(folder: Path) -> None:
    """Records are reviewed with `git diff`."""
    written(folder, "a", "b")
    before = record(folder).read_text().splitlines()
    store = FileInventory(folder, "team")
    store.read("acme")
    store.write(owning("a", "b", "c"))
    after = record(folder).read_text().splitlines()
    assert len(after) == len(before) + 1
