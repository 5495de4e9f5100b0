"""`reconciler emulator` as a process: what it prints, where it listens, how it ends."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.errors import ExitCode

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def _started(*arguments: str) -> Iterator["tuple[subprocess.Popen[str], str, str]"]:
    """Start the command and return the process, the URL it announces, and its output until then."""
    command = [sys.executable, "-m", "reconciler", "emulator", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if "Ctrl-C" in line:
                break
        words = [word for word in said.split() if word.startswith("http://")]
        yield process, words[-1] if words else "", said
    finally:
        process.kill()
        process.communicate()


def _ask(url: str) -> object:
    request = urllib.request.Request(url, headers={"Authorization": "Bearer x"})
    with _DIRECT.open(request, timeout=10) as answer:
        return json.load(answer)


def _refused(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "emulator", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, " ".join(done.stderr.split())


def test_it_says_where_it_listens_that_it_is_for_practice_and_that_nothing_is_kept() -> None:
    with _started("--organization", "acme") as (_, url, said):
        listed = _ask(f"{url}/orgs/acme/agents")

    assert listed == []
    assert url.startswith("http://127.0.0.1:")
    assert not url.endswith(":0")
    assert "not for production" in said
    assert "state is not kept" in said
    assert "open to the network" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_0_and_releases_the_state_file(tmp_path: Path, number: int) -> None:
    state = tmp_path / "state.db"
    with _started("--state", str(state), "--organization", "acme") as (process, url, said):
        _ask(f"{url}/orgs/acme/agents")
        process.send_signal(number)
        shown, ending = process.communicate(timeout=30)

    assert (process.returncode, shown, ending.strip()) == (ExitCode.DONE, "", "stopped")
    assert str(state) in "".join(said.split())
    # SQLite removes its log next to the file when the file is closed properly.
    assert [path.name for path in tmp_path.iterdir()] == ["state.db"]


def test_an_address_beyond_loopback_is_reported_as_a_warning() -> None:
    with _started("--host", "0.0.0.0") as (_, _, said):
        assert "open to the network" in said


def test_a_port_in_use_is_a_clear_error_and_nothing_is_announced() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = _refused("--port", str(port))

    assert code == ExitCode.USAGE
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in said
    assert "practice orchestrator on" not in said


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid"),
        (["--host", "ü..x"], "cannot listen on ü..x:0: this is not a host name"),
        (["--host", "x" * 64], "this is not a host name"),
        (["--resource-type", "No No"], "'No No' is not a valid resource type"),
        (["--organization", "No No"], "'No No' is not a valid organization id"),
        (["--state", "/nowhere/state.db"], "/nowhere/state.db cannot be opened"),
    ],
)
def test_what_cannot_be_used_is_named(arguments: list[str], hint: str) -> None:
    code, said = _refused("--port", "0", *arguments)

    assert code == ExitCode.USAGE
    assert hint in said
