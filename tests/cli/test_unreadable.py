"""What a run reports if an orchestrator cannot be read: a precise cause, once, with the line of the settings."""

import http.server
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.cli.waiting import WaitingNotices
from reconciler.emulator import Emulator, FaultKind, FaultRule
from reconciler.emulator.web.server import running
from reconciler.errors import ExitCode
from reconciler.orchestrator.waiting import Waits
from tests.cli.running import ENVIRONMENT, add, command_line, watching

NO_PROXY = {
    **{name: value for name, value in ENVIRONMENT.items() if not name.lower().endswith("_proxy")},
    "NO_PROXY": "*",
}


def settings(folder: Path, url: str, *, second: str = "") -> None:
    """Two targets with three connections; tests quote the line and column of each setting."""
    (folder / "reconciler.yaml").write_text(
        "version: 1\n"
        "targets:\n"
        "  acme:\n"
        "    organization: acme\n"
        "    paths: [/acme/**, /*.yaml]\n"
        "    orchestrator:\n"
        f"      url: {url}\n"
        "      token: {env: TEST_TOKEN}\n"
        "    runners:\n"
        f"      url: {url}\n"
        "      token: {env: TEST_TOKEN}\n"
        "  beta:\n"
        "    organization: beta\n"
        "    paths: [/beta/**]\n"
        "    orchestrator:\n"
        f"      url: {second or url}\n"
        "      token: {env: TEST_TOKEN}\n"
    )


def plan(folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        command_line(folder, "plan", *more),
        capture_output=True,
        text=True,
        env={**NO_PROXY, "COLUMNS": "80"},
        check=False,
        timeout=60,
    )
    assert done.returncode == ExitCode.UNREADABLE, done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80 or more
    return done


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


URLS = (
    "reconciler.yaml:7:12: targets.acme.orchestrator.url",
    "reconciler.yaml:10:12: targets.acme.runners.url",
    "reconciler.yaml:16:12: targets.beta.orchestrator.url",
)


def troubles(shown: str) -> list[str]:
    """Blocks of the result that start with `!`, each on one line."""
    blocks = [block for block in shown.split("\n\n") if block.startswith("! ")]
    return [" ".join(block.split()) for block in blocks]


def test_a_refused_connection_is_one_cause_with_every_line_that_may_be_wrong(tree: Path) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    settings(tree, url)
    shown = plan(tree).stdout
    (trouble,) = troubles(shown)
    assert trouble == (
        f"! targets acme, beta: no connection to {url[7:]}: connection refused {' '.join(URLS)} "
        "nothing listens at this address: start the server, or correct host and port of the url"
    )
    assert shown.count("connection refused") == 1


def test_a_host_that_does_not_exist_is_another_cause(tree: Path) -> None:
    settings(tree, "http://orchestrator.invalid", second=f"http://127.0.0.1:{closed_port()}")
    unknown, refused = troubles(plan(tree).stdout)
    assert "no connection to orchestrator.invalid: the name was not resolved" in unknown
    assert unknown.startswith("! target acme: ")
    assert "no host has this name: correct the url" in unknown
    assert all(place in unknown for place in URLS[:2])
    assert refused.startswith("! target beta: ")
    assert URLS[2] in refused


def test_a_token_that_is_not_accepted_names_the_line_of_the_token(tree: Path) -> None:
    with Emulator(organizations=["acme", "beta"]) as emulator, running(emulator) as url:
        settings(tree, url)
        emulator.faults.add(FaultRule(FaultKind.ERROR_BEFORE_EFFECT, count=None, status=401))
        (trouble,) = troubles(plan(tree).stdout)
    assert f"! targets acme, beta: {url[7:]} answers 401: " in trouble
    assert "reconciler.yaml:8:14: targets.acme.orchestrator.token" in trouble
    assert "reconciler.yaml:17:14: targets.beta.orchestrator.token" in trouble
    assert "check that the token is set, belongs to this installation and has not expired" in trouble


@contextmanager
def page_of_a_proxy(status: int) -> Iterator[str]:
    """A server that answers every request with an HTML page."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"<html>Welcome</html>")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(200, "the answer is not JSON (20 bytes)", id="a page"),
        pytest.param(404, "this is not an address of the API", id="no such page"),
        pytest.param(302, "a redirect to another address; the token is not sent there", id="another address"),
    ],
)
def test_an_address_that_is_not_of_the_api_names_the_line_of_the_url(
    tree: Path, status: int, expected: str
) -> None:
    with page_of_a_proxy(status) as url:
        settings(tree, url)
        (trouble,) = troubles(plan(tree).stdout)
    assert expected in trouble
    assert all(place in trouble for place in URLS)


def test_an_organization_that_does_not_exist_names_the_line_of_its_id(tree: Path) -> None:
    with Emulator(organizations=["acme"]) as emulator, running(emulator) as url:
        settings(tree, url)
        (trouble,) = troubles(plan(tree).stdout)
    assert trouble.startswith("! target beta: ")
    assert "reconciler.yaml:13:19: targets.beta.organization" in trouble


def test_programs_get_the_cause_and_its_place_too(tree: Path) -> None:
    settings(tree, f"http://127.0.0.1:{closed_port()}")
    document = json.loads(plan(tree, "-o", "json").stdout)
    v1, v2 = document["targets"][0]["causes"]
    assert (v1["setting"], v1["file"], v1["line"]) == ("targets.acme.orchestrator.url", "reconciler.yaml", 7)
    assert (v2["setting"], v2["line"]) == ("targets.acme.runners.url", 10)
    assert all(place.partition(":")[0] in plan(tree, "-o", "markdown").stdout for place in URLS)


def test_watch_logs_the_line_of_the_settings(tree: Path) -> None:
    settings(tree, f"http://127.0.0.1:{closed_port()}")
    with watching(tree) as records:
        failed = next(record for record in records if record["message"] == "pass finished")
    assert failed["settings"] == list(URLS)


# Waiting


def test_a_slow_list_is_shown_after_two_seconds(connected: Path, emulator: Emulator) -> None:
    emulator.faults.add(FaultRule(FaultKind.DELAY, "GET", "/resources/defs", seconds=2.8))
    done = subprocess.run(
        command_line(connected, "plan"), capture_output=True, text=True, env=NO_PROXY, check=False, timeout=60
    )
    assert done.returncode == ExitCode.DONE
    assert "waiting for 127.0.0.1:" in done.stderr
    assert "GET /orgs/acme/resources/defs (2 s so far)" in " ".join(done.stderr.split())
    assert done.stderr.count("waiting") == 1


def test_a_pause_that_the_server_asks_for_is_shown(connected: Path, emulator: Emulator) -> None:
    emulator.faults.add(
        FaultRule(FaultKind.TOO_MANY_REQUESTS, "GET", "/resources/defs", count=1, retry_after=3)
    )
    done = subprocess.run(
        command_line(connected, "plan"), capture_output=True, text=True, env=NO_PROXY, check=False, timeout=60
    )
    assert done.returncode == ExitCode.DONE
    assert "waiting 3 s before the next attempt, as requested by the server: GET" in " ".join(
        done.stderr.split()
    )


def test_a_quick_run_does_not_mention_waiting_and_a_long_wait_is_mentioned_again() -> None:
    now = [0.0]
    waits = Waits(lambda: now[0])
    notices = WaitingNotices(waits)
    with waits.on("for a"), waits.on("for b"):
        said = {}
        for second in range(70):
            now[0] = float(second)
            line = notices.line()
            if line:
                said[second] = line
    assert said[2] == "waiting for a (2 s so far, and 1 more)"
    assert list(said) == [2, 10, 30, 60]
    assert not notices.line()


# Ctrl-C

CONTROLLED = """
import fcntl, os, sys, termios

fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C on the terminal becomes a signal
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("command", [["plan"], ["plan", "-o", "json"]], ids=" ".join)
def test_ctrl_c_ends_a_read_only_command_at_once(
    connected: Path, emulator: Emulator, command: list[str]
) -> None:
    """Even while threads wait for answers, which they cannot abandon."""
    emulator.faults.add(FaultRule(FaultKind.DELAY, "GET", count=None, seconds=20))
    process = subprocess.Popen(
        command_line(connected, *command),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=NO_PROXY,
    )
    while not emulator.log.entries():
        assert process.poll() is None
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    shown, said = process.communicate(timeout=10)
    assert time.monotonic() - asked < 5
    assert process.returncode == ExitCode.UNREADABLE
    assert said.endswith("Interrupted. Nothing was changed. Running again is safe.\n")
    assert shown == ""


def test_ctrl_c_before_an_apply_is_acknowledged_at_once(connected: Path, emulator: Emulator) -> None:
    """On a terminal, by the key itself."""
    add(connected, "second-db")
    emulator.faults.add(FaultRule(FaultKind.DELAY, "GET", count=None, seconds=8))
    terminal, own = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", CONTROLLED, *command_line(connected, "apply")],
        stdin=own,
        stdout=own,
        stderr=own,
        env={**NO_PROXY, "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(own)
    while not emulator.log.entries():
        assert process.poll() is None
    os.write(terminal, b"\x03")
    screen = b""
    while b"Press Ctrl-C again to exit immediately" not in screen:
        assert select.select([terminal], [], [], 4)[0], screen
        screen += os.read(terminal, 4096)
    assert b"stopping: finishing the actions under way, starting no new ones" in screen
    os.write(terminal, b"\x03")
    assert process.wait(timeout=5) == ExitCode.UNREADABLE
    os.close(terminal)
    assert all(entry.verb == "GET" for entry in emulator.log.entries())
