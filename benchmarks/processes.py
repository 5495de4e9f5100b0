"""Child processes: the program under measure, and the emulator it talks to."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.trees import ORGANIZATION, TOKENS

START_S = 30.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BenchmarkError(Exception):
    """A run that did not do what was to be measured."""


@dataclass(frozen=True)
class Run:
    """One finished process: wall and processor seconds, peak resident memory in MiB, exit code and output."""

    seconds: float
    processor_s: float
    memory_mib: float
    code: int
    stdout: str
    stderr: str


_LAUNCHER = """
import json, os, sys, time
start = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
took = time.perf_counter() - start
report = [took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, status]
os.write(int(sys.argv[1]), json.dumps(report).encode())
"""
"""Starts a program from a small process: a child counts the memory of whoever forked it as its own peak."""


def run(arguments: Sequence[str], *, expect: Sequence[int] = (0,)) -> Run:
    """Run a program to its end. Raises BenchmarkError on another exit code than expected.

    Memory is `ru_maxrss` of this one child, which Linux counts in KiB and macOS in bytes.
    """
    environment = {**os.environ, **dict.fromkeys(TOKENS, "bench"), "NO_COLOR": "1"}
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, os.fdopen(reading, "rb") as report:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(writing), *arguments]
        subprocess.run(
            launcher,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=environment,
            pass_fds=(writing,),
            check=True,
        )
        os.close(writing)
        seconds, processor_s, peak, status = json.loads(report.read())
        code = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        result = Run(
            seconds=seconds,
            processor_s=processor_s,
            memory_mib=peak / (1024 * 1024 if sys.platform == "darwin" else 1024),
            code=code,
            stdout=out.read().decode(),
            stderr=err.read().decode(),
        )
    if code not in expect:
        command = " ".join(arguments[-6:])
        raise BenchmarkError(
            f"`… {command}` ended with {code}, expected {expect}\n{result.stderr[-2000:]}{result.stdout[-2000:]}"
        )
    return result


def reconciler(*arguments: str, expect: Sequence[int] = (0,)) -> Run:
    """Run the program as its users do: the console script of this environment."""
    return run([str(Path(sys.executable).with_name("reconciler")), *arguments], expect=expect)


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    url: str

    def requests(self) -> list[dict[str, Any]]:
        """Every API request since the log was cleared, as the server saw it."""
        with DIRECT.open(f"{self.url}/_emulator/log", timeout=60) as answer:
            entries: list[dict[str, Any]] = json.load(answer)
        return entries

    def forget_requests(self) -> None:
        """Clear the log."""
        request = urllib.request.Request(f"{self.url}/_emulator/log", method="DELETE")
        DIRECT.open(request, timeout=60).close()


@contextmanager
def emulator() -> Iterator[Emulator]:
    """Run `reconciler emulator` on a free loopback port, without a state file, until the block ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [str(Path(sys.executable).with_name("reconciler")), "emulator", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--organization", ORGANIZATION], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        started = Emulator(f"http://127.0.0.1:{port}")
        _wait_for(started, process)
        yield started
    finally:
        process.terminate()
        process.wait()


def _wait_for(started: Emulator, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            started.requests()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise BenchmarkError(f"`reconciler emulator` does not answer at {started.url}")
