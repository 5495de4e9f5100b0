"""What is measured, each beside what it should be compared with."""

import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.processes import BenchmarkError, Emulator, emulator, reconciler, run
from benchmarks.trees import ORGANIZATION, definition_body, write_tree

_RATED = 550
"""Definitions of the run whose rate of creates has a target."""
_HEADERS = {"Authorization": "Bearer bench", "Content-Type": "application/json"}


@dataclass(frozen=True)
class Row:
    """One line of the table. `beside` is what the ratio is against; `bound` what the ratio or value must meet.

    A ratio is `value / beside_value`. `is_met` is None where there is no target.
    """

    measure: str
    value: str
    beside: str = ""
    beside_value: str = ""
    ratio: float | None = None
    bound: str = ""
    is_met: bool | None = None


def best(repeat: int, once: Callable[[], float]) -> float:
    """Return the least of several runs: everything else on a machine only makes it slower."""
    return min(once() for _ in range(repeat))


def _timed(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    gc.collect()
    start = clock()
    action()
    return clock() - start


def start_up(folder: Path, repeat: int) -> list[Row]:
    """Time from the start of the process to its end, of commands that do next to nothing."""
    write_tree(folder, url="http://127.0.0.1:9", definitions=1, runners=0, concurrency=1)
    bare = best(repeat, lambda: run([sys.executable, "-c", "pass"]).seconds)
    rows = []
    for words in (["--help"], ["plan", "--help"], ["-C", str(folder), "validate"]):
        seconds = best(repeat, lambda words=words: reconciler(*words).seconds)  # type: ignore[misc]  # no annotation fits in a lambda
        shown = " ".join(words[-1:] if words[0] == "-C" else words)
        bound = 0.2 if shown == "validate" else 0.3
        rows.append(
            Row(
                f"start-up: `reconciler {shown}`",
                f"{seconds * 1000:.0f} ms",
                "`python -c pass`",
                f"{bare * 1000:.0f} ms",
                seconds / bare,
                f"under {bound * 1000:.0f} ms",
                seconds < bound,
            )
        )
    return rows


def definitions(folder: Path, count: int, *, repeat: int, concurrency: int) -> list[Row]:
    """First apply and no-op plan of so many resource definitions."""
    with emulator() as server:
        write_tree(folder, url=server.url, definitions=count, runners=0, concurrency=concurrency)
        applied = reconciler("-C", str(folder), "apply", "--yes", "-o", "json")
        sent = server.requests()
        creating = json.loads(applied.stdout)["seconds"]
        no_op = _no_op(folder, server, repeat)
        list_s = best(repeat, lambda: _timed(lambda: _list_once(server)))
        list_processor_s = best(repeat, lambda: _timed(lambda: _list_once(server), time.process_time))
    creates = sum(entry["effect"] == "created" for entry in sent)
    if creates != count:
        raise BenchmarkError(f"{creates} objects were created, not {count}")
    create_s = _creating_s(sent)
    bare = _bare_client(count, concurrency)
    for _ in range(repeat - 1 if count == _RATED else 0):
        create_s = min(create_s, _apply_once(folder, count, concurrency))
        bare = min(bare, _bare_client(count, concurrency))
    parse = _libyaml(folder, repeat)
    floor = parse.compose_s + list_s
    label = f"{count:,} definitions"
    return [
        Row(
            f"{label}: first apply, requests",
            f"{len(sent)} ({_verbs(sent)})",
            "one create each",
            str(count),
            len(sent) / count,
        ),
        Row(
            f"{label}: first apply, whole pass",
            f"{creating:.2f} s, {count / creating:.0f}/s",
            f"bare httpx, {concurrency} threads, creates alone",
            f"{bare:.2f} s, {count / bare:.0f}/s",
            bare / creating,
        ),
        Row(
            f"{label}: first apply, from the first create to the last",
            f"{create_s:.2f} s, {count / create_s:.0f}/s",
            f"bare httpx, {concurrency} threads",
            f"{bare:.2f} s, {count / bare:.0f}/s",
            bare / create_s,
            "ratio of the rates at least 0.90" if count == _RATED else "",
            bare / create_s >= 0.9 if count == _RATED else None,
        ),
        Row(
            f"{label}: no-op plan, requests",
            f"{no_op.requests} ({no_op.verbs})",
            "one read each",
            str(count),
            no_op.requests / count,
            "at most 10",
            no_op.requests <= 10,
        ),
        Row(
            f"{label}: no-op plan, cold process",
            f"{no_op.seconds:.2f} s",
            "libyaml compose + one list call",
            f"{parse.compose_s:.2f} + {list_s:.2f} s",
            no_op.seconds / floor,
            *_no_op_bound(count, no_op.seconds, no_op.seconds / floor),
        ),
        Row(
            f"{label}: no-op plan, processor time",
            f"{no_op.processor_s:.2f} s",
            "libyaml compose + one list call",
            f"{parse.compose_processor_s:.2f} + {list_processor_s:.2f} s",
            no_op.processor_s / (parse.compose_processor_s + list_processor_s),
        ),
        Row(
            f"{label}: validate, cold process",
            f"{best(repeat, lambda: reconciler('-C', str(folder), 'validate').seconds):.2f} s",
            "libyaml: compose, load",
            f"{parse.compose_s:.2f} s, {parse.load_s:.2f} s",
        ),
        Row(
            f"{label}: peak memory of the no-op plan",
            f"{no_op.memory_mib:.0f} MiB",
            "the files",
            f"{parse.bytes / 2**20:.1f} MiB",
            bound="under 250 MiB",
            is_met=no_op.memory_mib < 250,
        ),
        Row(
            f"{label}: peak memory of the first apply",
            f"{applied.memory_mib:.0f} MiB",
            bound="under 250 MiB",
            is_met=applied.memory_mib < 250,
        ),
    ]


def _no_op_bound(count: int, seconds: float, ratio: float) -> tuple[str, bool | None]:
    """What a no-op plan of so many definitions must meet, and whether it does."""
    if count >= 10_000:
        return "ratio at most 3", ratio <= 3
    if count == 100:
        return "under 0.35 s", seconds < 0.35
    return "", None


def runners(folder: Path, count: int, *, repeat: int, concurrency: int) -> list[Row]:
    """First apply and no-op plan of so many runners of the second generation."""
    with emulator() as server:
        write_tree(folder, url=server.url, definitions=0, runners=count, concurrency=concurrency)
        applied = reconciler("-C", str(folder), "apply", "--yes", "-o", "json")
        sent = server.requests()
        creating = json.loads(applied.stdout)["seconds"]
        # The first plan may read each runner once, to learn the time stamps it can trust later.
        reconciler("-C", str(folder), "apply", "--yes")
        no_op = _no_op(folder, server, repeat)
        pages = sum(entry["verb"] == "GET" and entry["path"].endswith("/runners") for entry in no_op.log)
        reads = sum(entry["verb"] == "GET" and "/runners/" in entry["path"] for entry in no_op.log)
    label = f"{count:,} runners"
    return [
        Row(
            f"{label}: first apply",
            f"{creating:.2f} s, {len(sent)} requests ({_verbs(sent)})",
            "one create each",
            str(count),
            len(sent) / count,
        ),
        Row(
            f"{label}: no-op plan",
            f"{no_op.seconds:.2f} s, {no_op.requests} requests ({no_op.verbs})",
            "pages of the list",
            str(pages),
            no_op.requests / max(1, pages),
            "no runner read one by one",
            reads == 0,
        ),
        Row(f"{label}: peak memory of the no-op plan", f"{no_op.memory_mib:.0f} MiB"),
    ]


@dataclass(frozen=True)
class _NoOp:
    seconds: float
    processor_s: float
    memory_mib: float
    log: list[dict[str, Any]]

    @property
    def requests(self) -> int:
        return len(self.log)

    @property
    def verbs(self) -> str:
        return _verbs(self.log)


def _no_op(folder: Path, server: Emulator, repeat: int) -> _NoOp:
    """Plans that must be empty: exit code 0 with --detailed-exit-code."""
    runs = []
    log: list[dict[str, Any]] = []
    for _ in range(repeat):
        server.forget_requests()
        runs.append(reconciler("-C", str(folder), "plan", "--detailed-exit-code"))
        log = server.requests()
    return _NoOp(
        min(one.seconds for one in runs),
        min(one.processor_s for one in runs),
        max(one.memory_mib for one in runs),
        log,
    )


def _verbs(log: list[dict[str, Any]]) -> str:
    counts = Counter(str(entry["verb"]) for entry in log)
    return ", ".join(f"{verb} {count}" for verb, count in sorted(counts.items()))


def _list_once(server: Emulator) -> None:
    with httpx.Client(trust_env=False, timeout=60, headers=_HEADERS) as client:
        client.get(f"{server.url}/orgs/{ORGANIZATION}/resources/defs").raise_for_status().json()


def _creating_s(log: list[dict[str, Any]]) -> float:
    """Seconds from the first create to the last, by the server's clock."""
    times = [datetime.fromisoformat(entry["time"]) for entry in log if entry["effect"] == "created"]
    return (max(times) - min(times)).total_seconds()


def _apply_once(folder: Path, count: int, concurrency: int) -> float:
    """Seconds from the first create to the last of an apply to an empty organization."""
    with emulator() as server:
        other = folder.with_name(f"{folder.name}-{server.url.rpartition(':')[2]}")
        write_tree(other, url=server.url, definitions=count, runners=0, concurrency=concurrency)
        reconciler("-C", str(other), "apply", "--yes", "-o", "json")
        return _creating_s(server.requests())


def _bare_client(count: int, concurrency: int) -> float:
    """Seconds from the first create to the last where nothing is around them, by the server's clock."""
    bodies = [definition_body(number) for number in range(count)]
    with (
        emulator() as server,
        httpx.Client(trust_env=False, timeout=60, headers=_HEADERS) as client,
        ThreadPoolExecutor(concurrency) as pool,
    ):
        url = f"{server.url}/orgs/{ORGANIZATION}/resources/defs"

        def create(body: bytes) -> None:
            client.post(url, content=body).raise_for_status()

        for _ in pool.map(create, bodies):
            pass
        return _creating_s(server.requests())


@dataclass(frozen=True)
class _Parse:
    compose_s: float
    compose_processor_s: float
    load_s: float
    bytes: int


def _libyaml(folder: Path, repeat: int) -> _Parse:
    """Read and parse every file once with PyYAML over libyaml: to nodes, and to values."""
    files = sorted(folder.glob("definitions/*/*.yaml"))

    def compose() -> None:
        for file in files:
            yaml.compose(file.read_bytes(), Loader=yaml.CSafeLoader)

    def load() -> None:
        for file in files:
            yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)

    return _Parse(
        best(repeat, lambda: _timed(compose)),
        best(repeat, lambda: _timed(compose, time.process_time)),
        best(repeat, lambda: _timed(load)),
        sum(file.stat().st_size for file in files),
    )
