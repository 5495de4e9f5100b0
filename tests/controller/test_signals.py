"""The loop in a process of its own, stopped by real signals."""

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

PROGRAM = """
import sys
from datetime import UTC, datetime

from reconciler.controller.loop import Loop, PassRequest
from reconciler.controller.signals import stop_on_signals
from reconciler.log import LogFormat, configure
from reconciler.passes.result import PassResult, Purpose, SourceInfo
from reconciler.settings import Watch

def run_pass(request: PassRequest) -> PassResult:
    print("pass began", flush=True)
    if sys.argv[1] != "idle":
        request.stop.wait()
        print("asked to stop", flush=True)
    if sys.argv[1] == "stuck":
        sys.stdin.read()
    print("pass ended", flush=True)
    return PassResult(Purpose.APPLY, SourceInfo("x", "one"), datetime.now(UTC), stopped=request.stop.is_set())

configure("info", LogFormat.JSON, sys.stderr)
loop = Loop(run_pass, lambda: "one", Watch())
with stop_on_signals(loop.stop):
    code = loop.run()
sys.exit(code)
"""


class Running:
    """A process, with its lines as they arrive."""

    def __init__(self, behaviour: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, behaviour],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # a buffer would hide lines from the selector
        )

    def expect(self, text: str) -> None:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(30), f"no line came, {text!r} was expected"
        assert self.process.stdout.readline().decode().strip() == text

    def end(self) -> tuple[int, str, str]:
        self.process.wait(30)  # before its input is closed, which would release a stuck pass
        output, errors = self.process.communicate()
        return self.process.returncode, output.decode(), errors.decode()


@pytest.fixture
def started() -> Iterator[list[Running]]:
    """Processes that are ended whatever happens."""
    running: list[Running] = []
    yield running
    for entry in running:
        if entry.process.poll() is None:
            entry.process.kill()
            entry.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_waiting_loop_with_exit_code_0(started: list[Running], number: int) -> None:
    running = Running("idle")
    started.append(running)
    running.expect("pass began")
    running.expect("pass ended")
    os.kill(running.process.pid, number)
    code, _, errors = running.end()
    assert code == 0
    assert '"message": "stopped"' in errors
    assert "Traceback" not in errors


def test_a_signal_lets_the_running_pass_finish(started: list[Running]) -> None:
    running = Running("working")
    started.append(running)
    running.expect("pass began")
    os.kill(running.process.pid, signal.SIGTERM)
    code, output, errors = running.end()
    assert code == 0
    assert output.split("\n") == ["asked to stop", "pass ended", ""]
    assert '"verdict": "not started"' in errors


def test_the_second_signal_exits_at_once(started: list[Running]) -> None:
    running = Running("stuck")
    started.append(running)
    running.expect("pass began")
    os.kill(running.process.pid, signal.SIGTERM)
    running.expect("asked to stop")
    os.kill(running.process.pid, signal.SIGINT)
    code, output, errors = running.end()
    assert code == 128 + signal.SIGINT
    assert "pass ended" not in output
    assert "exiting immediately" in errors
