"""Writers that are killed in the middle of their work, one after the other, on one state file.

Run as a program with the file and a number of writers; test_store does. Writing is a
fixed sequence of requests, so that an emulator in memory can be brought to the state
that a file must have: that after the last answered request, or after the one under way.
Prints its findings as one JSON object. Exit code 1 if a file had any other state.

Forking makes many kills cheap; it requires a process without other threads.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from reconciler.emulator import Emulator

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEFS = "/orgs/acme/resources/defs"


def _open(path: Path | None) -> Emulator:
    return Emulator(path, ["acme"], clock=lambda: NOON)


def _client(emulator: Emulator) -> httpx.Client:
    headers = {"Authorization": "Bearer practice"}
    return httpx.Client(transport=emulator.transport(), base_url="http://emulator", headers=headers)


def write(emulator: Emulator, client: httpx.Client, number: int) -> None:
    """Do the `number`-th piece of work; its requests depend on nothing else."""
    dice = random.Random(number)
    name = f"def-{dice.randrange(12):02}"
    kind = dice.choices(("create", "patch", "delete", "seed", "reset"), (6, 6, 3, 2, 0.3))[0]
    if kind == "create":
        body = {"id": name, "name": name, "type": "s3", "driver_type": "humanitec/echo"}
        client.post(DEFS, json={**body, "criteria": [{"app_id": name}, {"env_id": name}]})
    elif kind == "patch":
        client.patch(f"{DEFS}/{name}", json={"driver_inputs": {"values": {"number": number}}})
    elif kind == "delete":
        client.delete(f"{DEFS}/{name}")
    elif kind == "seed":
        seed = {"organizations": [f"org-{number}"], "organization": f"org-{number}"}
        emulator.seed({**seed, "generate": {"definitions": 15, "runners": 15}})
    else:
        emulator.reset()


def _shown(emulator: Emulator, organizations: list[str]) -> dict[str, Any]:
    """What the API shows of the state, without random values."""
    client = _client(emulator)
    definitions = {}
    for item in client.get(DEFS).json():
        versions = client.get(f"{DEFS}/{item['id']}/versions").json()
        rules = [{name: value for name, value in rule.items() if name != "id"} for rule in item["criteria"]]
        definitions[item["id"]] = (item.get("driver_inputs"), rules, len(versions))
    runners = {name: len(client.get(f"/orgs/{name}/runners").json()["items"]) for name in organizations}
    return {"definitions": definitions, "runners": runners}


def _check(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _killed(path: Path, done: int, answers: int, spin_s: float) -> int:
    """Let a writer continue from `done`, kill it a moment after some answers, and return the answers seen."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        emulator = _open(path)
        client = _client(emulator)
        while True:
            write(emulator, client, done)
            done += 1
            os.write(writing, b".")
    os.close(writing)
    seen = 0
    while seen < answers:
        answered = os.read(reading, 1)
        assert answered, "the writer ended by itself"
        seen += len(answered)
    until = time.perf_counter() + spin_s
    while time.perf_counter() < until:
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reading, 4_096):
        seen += len(more)
    os.close(reading)
    return seen


def main(path: Path, writers: int) -> dict[str, int]:
    """Kill the given number of writers; the result counts answered requests and those kept without an answer."""
    dice = random.Random(writers)
    done = kept = 0
    with _open(None) as memory:
        client = _client(memory)
        for _ in range(writers):
            seen = _killed(path, done, dice.randrange(8), dice.random() * 0.012)
            for number in range(done, done + seen):
                write(memory, client, number)
            done += seen
            organizations = [f"org-{number}" for number in range(max(0, done - 40), done + 1)]
            with _open(path) as found:
                state = _shown(found, organizations)
            _check(path)
            if state != _shown(memory, organizations):
                write(memory, client, done)
                done += 1
                kept += 1
                assert state == _shown(memory, organizations), f"no state of any moment, near request {done}"
    return {"answered": done - kept, "kept_without_answer": kept}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
