"""The state file: whole transactions, order, one owner, and survival of a kill."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator, StateFileError
from reconciler.emulator.store import Collection, Store

THINGS = Collection("things", {"colour": lambda key, document: [(key[0], document["colour"])]})
HEADERS = {"Authorization": "Bearer practice"}

WRITER = """
import sys, httpx
from pathlib import Path
from reconciler.emulator import Emulator
emulator = Emulator(Path(sys.argv[1]), ["acme"])
client = httpx.Client(transport=emulator.transport(), base_url="http://e", headers={"Authorization": "Bearer x"})
number = 0
while True:
    body = {"id": f"def-{number:06}", "name": "n", "type": "s3", "driver_type": "humanitec/echo"}
    body["criteria"] = [{"app_id": f"app-{number}"}]
    client.post("/orgs/acme/resources/defs", json=body).raise_for_status()
    print(number, flush=True)
    number += 1
"""


def _client(emulator: Emulator) -> httpx.Client:
    return httpx.Client(transport=emulator.transport(), base_url="http://e", headers=HEADERS)


def _fail_half_way(store: Store) -> float:
    with store.transaction() as state:
        state.remove(THINGS, ("o", "a"))
        state.put(THINGS, ("o", "b"), {"id": "b", "colour": "red"})
        state.put(THINGS, ("o", "d"), {"id": "d", "colour": "red"})
        return 1 / 0


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


def test_every_answered_write_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        answered = [int(process.stdout.readline()) for _ in range(25)]
    finally:
        process.send_signal(signal.SIGKILL)
        answered += [int(line) for line in process.stdout.read().splitlines() if line]
        process.stdout.close()
        process.wait()

    with Emulator(path) as emulator:
        kept = {item["id"] for item in _client(emulator).get("/orgs/acme/resources/defs").json()}

    assert {f"def-{number:06}" for number in answered[:-1]} <= kept


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

    with pytest.raises(StateFileError, match="no state file"):
        Emulator(text)
    with pytest.raises(StateFileError, match="format 99"):
        Emulator(newer)


def test_a_reset_empties_the_file_too(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with Emulator(path, ["acme"]) as emulator:
        emulator.seed({"organization": "acme", "generate": {"runners": 3}})
        emulator.reset()

    with Emulator(path) as emulator:
        assert _client(emulator).get("/orgs/acme/runners").json() == {"items": []}
