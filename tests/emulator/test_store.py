"""The state file: whole transactions, order, one owner, and survival of a kill."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.emulator import ApiError, Emulator, StateFileError
from reconciler.emulator.store import Collection, Store
from tests.emulator.conftest import HEADERS

THINGS = Collection("things", {"colour": lambda key, document: [(key[0], document["colour"])]})
KILLED_WRITERS = Path(__file__).with_name("killed_writers.py")


def _client(emulator: Emulator) -> httpx.Client:
    return httpx.Client(transport=emulator.transport(), base_url="http://e", headers=HEADERS)


def _fail_half_way(store: Store) -> float:
    with store.transaction() as state:
        state.remove(THINGS, ("o", "a"))
        state.put(THINGS, ("o", "b"), {"id": "b", "colour": "red"})
        state.put(THINGS, ("o", "d"), {"id": "d", "colour": "red"})
        return 1 / 0


def _clear_and_fail(store: Store) -> float:
    with store.transaction() as state:
        state.clear()
        state.put(THINGS, ("o", "b"), {"id": "b", "colour": "blue"})
        return 1 / 0


def _clear_and_put(store: Store, document: dict[str, Any]) -> None:
    with store.transaction() as state:
        state.clear()
        state.put(THINGS, ("o", "b"), document)


def test_a_failed_transaction_leaves_documents_order_and_indexes_as_they_were() -> None:
    store = Store([THINGS])
    with store.transaction() as state:
        for name, colour in (("a", "red"), ("b", "blue"), ("c", "red")):
            state.put(THINGS, ("o", name), {"id": name, "colour": colour})

    with pytest.raises(ZeroDivisionError):
        _fail_half_way(store)

    with store.transaction() as state:
        assert [item["id"] for item in state.list(THINGS, "o")] == ["a", "b", "c"]
        assert {key[1] for key, _ in state.find(THINGS, "colour", "o", "red")} == {"a", "c"}


def test_state_survives_a_restart_in_order(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with Emulator(path, ["acme"]) as emulator:
        emulator.seed({"organization": "acme", "generate": {"definitions": 20, "runners": 3}})
        before = _client(emulator).get("/orgs/acme/resources/defs").json()

    with Emulator(path) as emulator:
        client = _client(emulator)
        assert client.get("/orgs/acme/resources/defs").json() == before
        assert client.get("/orgs/nobody/agents").status_code == 404
        body: dict[str, Any] = {"id": "late", "name": "n", "type": "s3", "driver_type": "humanitec/echo"}
        client.post("/orgs/acme/resources/defs", json=body)
        assert client.get("/orgs/acme/resources/defs").json()[-1]["id"] == "late"


@pytest.mark.parametrize("writers", [10, pytest.param(40, marks=pytest.mark.whole)])
def test_after_a_kill_at_any_moment_the_state_is_consistent_with_every_answered_write(
    tmp_path: Path, writers: int
) -> None:
    """Writers in a row are killed on one file: in creations, patches, deletions, seeds and resets."""
    done = subprocess.run(
        [sys.executable, str(KILLED_WRITERS), str(tmp_path / "state.db"), str(writers)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["answered"] > 2 * writers


def test_a_failed_transaction_restores_everything_that_it_cleared() -> None:
    store = Store([THINGS])
    with store.transaction() as state:
        state.put(THINGS, ("o", "a"), {"id": "a", "colour": "red"})

    with pytest.raises(ZeroDivisionError):
        _clear_and_fail(store)

    with store.transaction() as state:
        assert state.list(THINGS, "o") == [{"id": "a", "colour": "red"}]
        assert [key for key, _ in state.find(THINGS, "colour", "o", "red")] == [("o", "a")]


def test_a_clearing_that_cannot_be_saved_completely_does_not_change_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = Store([THINGS], path)
    with store.transaction() as state:
        state.put(THINGS, ("o", "a"), {"id": "a", "colour": "red"})

    with pytest.raises(TypeError):
        _clear_and_put(store, {"id": "b", "colour": object()})
    store.close()

    again = Store([THINGS], path)
    with again.transaction() as state:
        assert state.list(THINGS, "o") == [{"id": "a", "colour": "red"}]
    again.close()


def test_watchers_are_notified_of_what_they_watch_and_of_a_clearing_but_not_of_failures() -> None:
    other = Collection("other")
    store = Store([THINGS, other])
    heard: list[str] = []
    store.watch(lambda: heard.append("things"), THINGS)

    with store.transaction() as state:
        state.put(other, ("o", "x"), {"id": "x"})
    with pytest.raises(ZeroDivisionError):
        _fail_half_way(store)
    assert heard == []
    with store.transaction() as state:
        state.put(THINGS, ("o", "a"), {"id": "a", "colour": "red"})
    with store.transaction() as state:
        state.clear()
    with store.transaction() as state:
        state.list(THINGS, "o")

    assert heard == ["things", "things"]


def test_a_transaction_is_cleared_before_anything_is_written() -> None:
    store = Store([THINGS])
    with store.transaction() as state:
        state.put(THINGS, ("o", "a"), {"id": "a", "colour": "red"})
        with pytest.raises(RuntimeError):
            state.clear()


def test_a_state_file_has_one_owner(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with Emulator(path), pytest.raises(StateFileError, match="in use by another emulator"):
        Emulator(path)


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("these are notes, long enough to be looked at as a database header\n" * 20)
    newer = tmp_path / "newer.db"
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StateFileError, match="is not a state file"):
        Emulator(text)
    with pytest.raises(StateFileError, match="format 99"):
        Emulator(newer)


def test_an_emulator_that_cannot_start_releases_its_file(tmp_path: Path) -> None:
    with pytest.raises(ApiError) as refused:
        Emulator(tmp_path / "state.db", ["No No"])

    # The exception is still referenced, and with it the frames that raised it.
    assert refused.value.status == 400
    Emulator(tmp_path / "state.db", ["acme"]).close()


def test_a_database_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shopping.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE shopping (item TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()

    with pytest.raises(StateFileError, match="another program"):
        Emulator(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["shopping.db"]


@pytest.mark.parametrize("document", ["not JSON", "5", '"text"', "[]", '{"id": "old"}'])
def test_files_with_foreign_documents_are_refused(tmp_path: Path, document: str) -> None:
    path = tmp_path / "state.db"
    with Emulator(path, ["acme"]):
        pass
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO definitions (key, position, document) VALUES (?, 99, ?)", ('["acme", "x"]', document)
    )
    connection.commit()
    connection.close()

    with pytest.raises(StateFileError, match="definitions"):
        Emulator(path)
    # The refusal releases the file.
    with pytest.raises(StateFileError, match="definitions"):
        Emulator(path)


def test_a_reset_empties_the_file_too(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with Emulator(path, ["acme"]) as emulator:
        emulator.seed({"organization": "acme", "generate": {"runners": 3}})
        emulator.reset()

    with Emulator(path) as emulator:
        assert _client(emulator).get("/orgs/acme/runners").json() == {"items": []}
