"""Whole commands under faults that a process must survive: hostile input, closed outputs, a full disk, pipes."""

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from reconciler.emulator import Emulator
from reconciler.errors import ExitCode
from tests.cli.running import NO_BYTECODE
from tests.faults import estate, tricks
from tests.faults.canary import CLUSTER_TOKEN, PASSWORD, TOKEN, leaks
from tests.faults.fault import HTTP_FAULTS
from tests.faults.known import limit_of
from tests.faults.proxy import Proxy, Trick
from tests.faults.table import result
from tests.scenarios.world import SWITCHED

_SAMPLE_S = 0.02
LONGEST_S = 20.0
"""Real time of one command, on a busy machine."""
MOST_RESIDENT_KB = 400 * 1024


@dataclass(frozen=True)
class Trial:
    """One command under a fault. `prepare` gets the folder, `trick` meets every request that it sends."""

    fault: str
    command: str
    prepare: Callable[[Path], object] = lambda _: None
    trick: Trick | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    stdout: str = ""
    most_file_bytes: int | None = None

    def __str__(self) -> str:
        return f"{self.fault} | {self.command}"


def _in_file(data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "orgs/acme/orders.yaml").write_bytes(data)


def _pipe(name: str) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return make


_HOW: dict[str, Trick] = {fault.name: fault.how for fault in HTTP_FAULTS if callable(fault.how)}
TRIALS = (
    Trial("195 KiB of open brackets", "validate", _in_file(b"a: " + b"[" * 195 * 1024)),
    Trial("50,000 unknown fields", "validate", _in_file(
        b"apiVersion: entity.humanitec.io/v1b1\nkind: Definition\nmetadata: {id: a}\nentity:\n  name: a\n"
        b"  type: s3\n  driver_type: humanitec/echo\n" + b"".join(b"  f%d: 1\n" % n for n in range(50_000)))),
    Trial("a mapping as its kind", "plan", _in_file(b"apiVersion: entity.humanitec.io/v1b1\nkind: {a: b}\n")),
    Trial("a pipe instead of a document", "plan", _pipe("orgs/acme/more.yaml")),
    Trial("a pipe instead of the settings", "plan", _pipe("reconciler.yaml")),
    Trial("a pipe instead of a saved plan", "apply --plan plan.json --yes", _pipe("plan.json")),
    Trial("stdout is full", "plan", stdout="/dev/full"),
    Trial("stdout is full", "plan -o json", stdout="/dev/full"),
    Trial("no file can be written", "apply --yes", most_file_bytes=0),
    Trial("an unknown scheme of a proxy", "plan", environment={"HTTP_PROXY": "socks9://127.0.0.1:1"}),
    Trial("no certificates at SSL_CERT_FILE", "plan", environment={"SSL_CERT_FILE": "/nowhere/ca.pem"}),
    *(Trial(f"{name}, each time", command, trick=_HOW[name]) for name, command in (
        ("gzip of 80 MiB", "plan"),
        ("a body of 80 MiB", "plan"),
        ("an error with a body of 80 MiB", "plan"),
        ("status 400 that repeats token and request", "plan -o json"),
        ("status 422 that repeats token and request", "apply --yes"),
        ("redirect 307 to another server", "apply --yes"),
        ("HTML page with status 200", "plan --debug"),
    )),
)  # fmt: skip


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Emulator(organizations=estate.ORGANIZATIONS) as emulator, Proxy(emulator.transport()) as made:
        estate.seed(emulator)
        yield made


@pytest.fixture
def folder(tmp_path: Path, proxy: Proxy) -> Path:
    estate.replace_files(tmp_path, estate.files_before())
    connection = f"{{url: '{proxy.url}', token: {{env: API_TOKEN}}}}"
    targets = "".join(
        f"  {name}:\n    organization: {name}\n    paths: [orgs/{name}/**]\n"
        f"    orchestrator: {connection}\n    runners: {connection}\n"
        for name in estate.ORGANIZATIONS
    )
    rules = "".join(f"  {name}: {{severity: 'off', reason: a test}}\n" for name in SWITCHED)
    (tmp_path / "reconciler.yaml").write_text(f"version: 1\ntargets:\n{targets}rules:\n{rules}")
    return tmp_path


def _parameter(trial: Trial) -> ParameterSet:
    limit = limit_of(trial.fault, trial.command)
    marks = [pytest.mark.xfail(reason=limit.reason, strict=True)] if limit else []
    return pytest.param(trial, id=str(trial), marks=marks)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    trials = TRIALS if metafunc.config.getoption("--whole") else TRIALS[::2]
    metafunc.parametrize("trial", [_parameter(trial) for trial in trials])


@pytest.mark.slow
def test_a_command_ends_in_time_without_a_bug_or_a_secret(
    folder: Path, proxy: Proxy, trial: Trial, record_property: Callable[[str, object], None]
) -> None:
    trial.prepare(folder)
    with proxy.playing(trial.trick or tricks.closes_afterwards, ".*", ".*", times=None):
        code, said, seconds, resident_kb = _run(folder, trial)
    broken = {
        "never a bug": ""
        if code != ExitCode.BUG and "Traceback" not in said
        else f"exit {code}: {said[-600:]}",
        "no secret shows": next(leaks([("the output", said)]), ""),
        "bounded time": "" if code is not None else f"still running after {seconds:.0f} s",
        "bounded memory": "" if resident_kb < MOST_RESIDENT_KB else f"{resident_kb} kB resident",
        "token stays": "" if not proxy.strayed else "requests went to another server",
        "nothing left over": ", ".join(path.name for path in folder.rglob("*.tmp")),
    }
    found = {name: why for name, why in broken.items() if why}
    record_property("trial", result("Commands", trial.fault, trial.command, found))
    assert found == {}


def _run(folder: Path, trial: Trial) -> tuple[int | None, str, float, int]:
    """Exit code, None if it had to be killed; everything it said; seconds; peak memory in kB."""
    own = {"API_TOKEN": TOKEN, "DB_PASSWORD": PASSWORD, "CLUSTER_TOKEN": CLUSTER_TOKEN, **trial.environment}
    if trial.most_file_bytes is not None:
        own |= NO_BYTECODE
    plain = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    limit = trial.most_file_bytes

    def restrict() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with Path(trial.stdout or os.devnull).open("wb") as sink:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", "-C", str(folder), *trial.command.split()],
            stdin=subprocess.DEVNULL,
            stdout=sink if trial.stdout else subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**plain, **own},
            preexec_fn=restrict,  # noqa: PLW1509 - sets a limit, and takes no lock
        )
        killed = threading.Event()
        watchdog = threading.Timer(LONGEST_S, _kill, (process, killed))
        watchdog.start()
        ended = threading.Event()
        peaks = [0]
        sampler = threading.Thread(target=_sample, args=(process.pid, ended, peaks))
        sampler.start()
        said = _read_all(process)
        ended.set()
        sampler.join()
        process.wait()
        watchdog.cancel()
    seconds = time.monotonic() - started
    return (None if killed.is_set() else process.returncode), said, seconds, max(peaks)


def _sample(pid: int, ended: threading.Event, peaks: list[int]) -> None:
    """Read the peak memory of a process in kB until it ends. `getrusage` would count what it was forked from."""
    status = Path(f"/proc/{pid}/status")
    while not ended.wait(_SAMPLE_S):
        with suppress(OSError):
            lines = status.read_text().splitlines()
            peaks.extend(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _kill(process: "subprocess.Popen[bytes]", killed: threading.Event) -> None:
    killed.set()
    process.kill()


def _read_all(process: "subprocess.Popen[bytes]") -> str:
    """Both outputs, to their end."""
    parts: list[bytes] = []
    readers = [
        threading.Thread(target=lambda stream=stream: parts.append(stream.read()))
        for stream in (process.stdout, process.stderr)
        if stream is not None
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    return b"\n".join(parts).decode(errors="replace")
