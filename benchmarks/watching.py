"""Memory of `watch` over many passes that fail in all the ways an API can fail.

Passes follow each other at once: the intervals of the settings are hundredths of a second.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measures import Row
from benchmarks.processes import DIRECT, BenchmarkError, Emulator, emulator
from benchmarks.trees import TOKENS, write_tree

DEFINITIONS = 100
_WATCH = "watch: {pollSeconds: 0.02, resyncSeconds: 0.02, backoffMaxSeconds: 0.02, listen: '127.0.0.1:0'}\n"
_BOUND_MIB = 120
_CALM_PASSES = 3
"""Before the faults: the first pass creates everything."""
_FAULTS = (
    {"kind": "error_before_effect", "status": 400, "probability": 0.2},
    {"kind": "error_before_effect", "status": 401, "probability": 0.05},
    {"kind": "truncated_body", "probability": 0.02},
    {"kind": "cut_before_effect", "probability": 0.02},
)


def watching(folder: Path, passes: int) -> list[Row]:
    """Resident memory after `passes` passes under faults, beside that before them."""
    with emulator() as server:
        write_tree(folder, url=server.url, definitions=DEFINITIONS, runners=3, concurrency=8)
        settings = folder / "reconciler.yaml"
        settings.write_text(settings.read_text(encoding="utf-8") + _WATCH, encoding="utf-8")
        program = Path(sys.executable).with_name("reconciler")
        process = subprocess.Popen(
            [program, "-C", folder, "watch", "--allow-uncommitted"],
            env={**os.environ, **dict.fromkeys(TOKENS, "bench")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            before, after, failed = _watched(process, server, passes)
        finally:
            process.terminate()
            process.communicate()
    return [
        Row(
            f"watch: resident memory after {passes} passes, {failed} of them failed",
            f"{after:.0f} MiB",
            f"after {_CALM_PASSES} passes",
            f"{before:.0f} MiB",
            ratio=after / before,
            bound=f"under {_BOUND_MIB} MiB",
            is_met=after < _BOUND_MIB,
        )
    ]


def _watched(process: "subprocess.Popen[str]", server: Emulator, passes: int) -> tuple[float, float, int]:
    """Resident memory before and after, in MiB, and the number of passes that failed."""
    verdicts = _verdicts(process)
    for _ in range(_CALM_PASSES):
        next(verdicts)
    before = _resident_mib(process)
    for number, fault in enumerate(_FAULTS):
        _add(server, {**fault, "count": None, "seed": number})
    failed = sum(next(verdicts) not in ("up to date", "applied") for _ in range(passes))
    return before, _resident_mib(process), failed


def _verdicts(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stderr is not None
    for line in process.stderr:
        record = json.loads(line)
        if record["message"] in ("pass finished", "pass failed"):
            yield str(record.get("verdict", "error"))
    raise BenchmarkError("`reconciler watch` ended")


def _add(server: Emulator, fault: dict[str, object]) -> None:
    request = urllib.request.Request(
        f"{server.url}/_emulator/faults", data=json.dumps(fault).encode(), method="POST"
    )
    DIRECT.open(request, timeout=60).close()


def _resident_mib(process: "subprocess.Popen[str]") -> float:
    """Resident memory of a process; `ps` counts in KiB on Linux and macOS."""
    shown = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, text=True, check=True
    )
    return int(shown.stdout) / 1024
