"""Whole commands on real folders: in this process, as processes of their own, and on a terminal."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from click.testing import CliRunner

from reconciler.cli.program import program
from reconciler.errors import ExitCode

ENVIRONMENT = {**os.environ, "TEST_TOKEN": "x"}
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
"""For a process that cannot write whole files: Python would leave half of a module's bytecode to all later ones."""

DEFINITION = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: @ID@}
entity:
  name: My database
  type: postgres
  driver_type: humanitec/template
  driver_inputs: {values: {templates: {init: "size: small"}}}
  criteria: [{app_id: @ID@}]
"""
LITERAL_SECRET = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: cache, annotations: {reconciler/R78: "off: a literal on purpose"}}
entity:
  name: My cache
  type: redis
  driver_type: humanitec/echo
  driver_inputs: {secrets: {password: canary-of-a-secret}}
  criteria: [{app_id: shop}]
"""


def add(folder: Path, *identifiers: str) -> None:
    for identifier in identifiers:
        (folder / f"{identifier}.yaml").write_text(DEFINITION.replace("@ID@", identifier))


def call(folder: Path, *arguments: str) -> "tuple[int, str, str]":
    result = CliRunner().invoke(program, ["-C", str(folder), *arguments], prog_name="reconciler")
    return result.exit_code, result.stdout, result.stderr


def command_line(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "reconciler", "-C", str(folder), *arguments]


def on_a_terminal(
    arguments: list[str], react: Callable[["subprocess.Popen[bytes]", int], object]
) -> tuple[int, str]:
    """Run a command on a terminal, `react` to its question, and return exit code and screen."""
    terminal, own = pty.openpty()
    process = subprocess.Popen(
        arguments, stdin=own, stdout=own, stderr=own, env={**os.environ, "TERM": "xterm"}
    )
    os.close(own)
    watchdog = threading.Timer(
        60, process.kill
    )  # a program that never ends must fail the test, not block the run
    watchdog.start()
    screen = b""
    asked = False
    with contextlib.suppress(OSError):  # the terminal ends with the program
        while True:
            # CPython may take a signal just before it blocks in reading; then only the next one wakes it.
            if not select.select([terminal], [], [], 1.0)[0] and asked:
                react(process, terminal)
                continue
            chunk = os.read(terminal, 65_536)
            screen += chunk
            if b"[y/N]" in screen and not asked:
                asked = True
                react(process, terminal)
    os.close(terminal)
    watchdog.cancel()
    return process.wait(timeout=30), screen.decode()


@contextlib.contextmanager
def watching(folder: Path, *more: str) -> Iterator[Iterator[dict[str, object]]]:
    """Records of a `watch` that is stopped at the end."""
    process = subprocess.Popen(
        command_line(folder, "watch", "--listen", "127.0.0.1:0", *more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    watchdog = threading.Timer(
        60, process.kill
    )  # records that never come must fail the test, not block the run
    watchdog.start()
    assert process.stderr is not None
    try:
        yield (json.loads(line) for line in process.stderr)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        watchdog.cancel()
    assert process.returncode == ExitCode.DONE
