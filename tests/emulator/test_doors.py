"""Both doors serve the same application, to many threads at once, and stop cleanly."""

import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from reconciler.emulator import Emulator
from reconciler.emulator.web import server
from reconciler.emulator.web.server import running
from tests.emulator.conftest import HEADERS

Make = Callable[..., Any]


def _conversation(client: httpx.Client, runner: Make, definition: Make) -> list[tuple[int, str, bytes]]:
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/orgs/acme/resources/types", None),
        ("POST", "/orgs/acme/runners", runner()),
        ("POST", "/orgs/acme/runners", runner()),
        ("PATCH", "/orgs/acme/runners/runner-one", {"description": "ä<&>"}),
        ("GET", "/orgs/acme/runners/runner-one", None),
        ("POST", "/orgs/acme/runners", {"id": "x"}),
        ("PUT", "/orgs/acme/runners/runner-one", {}),
        ("GET", "/orgs/acme/agents/eu%2F1/keys", None),
        ("GET", "/orgs/acme/agents/x?y=%20z", None),
        ("HEAD", "/orgs/acme/runners", None),
        ("DELETE", "/orgs/acme/runners/runner-one", None),
        ("DELETE", "/orgs/acme/runners/runner-one", None),
        ("POST", "/orgs/acme/resources/defs", definition(type=None)),
        ("GET", "/nowhere/", None),
    ]
    answers = (client.request(verb, path, json=body) for verb, path, body in requests)
    return [
        (answer.status_code, answer.headers.get("content-type", ""), answer.content) for answer in answers
    ]


def _clock() -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 1, 1, tzinfo=UTC)


def test_both_doors_give_the_same_answers(runner: Make, definition: Make) -> None:
    with (
        Emulator(organizations=["acme"], clock=_clock) as near,
        Emulator(organizations=["acme"], clock=_clock) as far,
    ):
        with httpx.Client(transport=near.transport(), base_url="http://emulator", headers=HEADERS) as client:
            in_process = _conversation(client, runner, definition)
        with running(far) as url, httpx.Client(base_url=url, headers=HEADERS, trust_env=False) as client:
            over_a_port = _conversation(client, runner, definition)

    assert in_process == over_a_port


def test_many_threads_may_share_a_door(door: httpx.Client, definition: Make) -> None:
    path = "/orgs/acme/resources/defs"

    def create(number: int) -> int:
        return door.post(path, json=definition(f"def-{number % 20}")).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(create, range(40)))

    assert sorted(statuses) == [200] * 20 + [409] * 20


def test_serve_prints_nothing_to_stdout_and_stops_on_a_signal(tmp_path: Path) -> None:
    script = (
        "import logging, sys\n"
        "from pathlib import Path\n"
        "from reconciler.emulator.web.server import serve\n"
        "logging.basicConfig(format='%(message)s; %(url)s')\n"
        "serve(port=0, state_file=Path(sys.argv[1]), organizations=['acme'])\n"
    )

    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "s.db")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        announcement, _, url = process.stderr.readline().strip().partition("; ")
        answer = httpx.get(f"{url}/alive", trust_env=False)
        process.terminate()
        stdout, stderr = process.communicate(timeout=30)

    assert (announcement, answer.text) == ("emulator is for practice only", "alive")
    assert (process.returncode, stdout, stderr) == (0, "", "")


def test_small_answers_do_not_wait_for_an_acknowledgement() -> None:
    """Otherwise each takes 40 ms: asyncio switches Nagle's algorithm off for sockets that say TCP only."""
    with server._bound("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP


def test_an_encoded_slash_stays_inside_its_segment(client: httpx.Client) -> None:
    answer = client.get("/orgs/acme/resources/drivers/own%2Fdriver")

    assert (answer.status_code, answer.json()["message"]) == (404, "driver own/driver not found")
