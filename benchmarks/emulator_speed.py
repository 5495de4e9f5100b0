"""The emulator itself: lists at full size, and single requests that must not grow with it."""

import json
import time
from typing import Any

import httpx

from benchmarks.measures import Row, best
from benchmarks.processes import BenchmarkError, emulator
from benchmarks.trees import ORGANIZATION

_HEADERS = {"Authorization": "Bearer bench"}
_DEFS = f"/orgs/{ORGANIZATION}/resources/defs"
_RUNNERS = f"/orgs/{ORGANIZATION}/runners"


def emulator_speed(definitions: int, runners: int, repeat: int) -> list[Row]:
    """Rows for an emulator that holds so many definitions and runners."""
    with (
        emulator() as server,
        httpx.Client(base_url=server.url, headers=_HEADERS, trust_env=False, timeout=300) as client,
    ):
        lone_s = best(repeat, lambda: _create_and_delete(client))
        start = time.perf_counter()
        seed = {"organization": ORGANIZATION, "generate": {"definitions": definitions, "runners": runners}}
        _expect(client.post("/_emulator/seed", json=seed), 200)
        seeded_s = time.perf_counter() - start
        crowded_s = best(repeat, lambda: _create_and_delete(client))
        listed, list_s = _timed_list(client, definitions, repeat)
        read_s = best(repeat, lambda: _timed_read(listed))
        pages = best(repeat, lambda: _timed_pages(client, runners))
    size = f"{len(listed) / 1_048_576:.1f} MiB"
    return [
        Row(
            f"emulator: list of {definitions:,} definitions, {size}",
            _ms(list_s), "reading the same JSON", _ms(read_s), list_s / read_s, "under 500 ms", list_s < 0.5,
        ),
        Row(
            f"emulator: list of {runners:,} runners, all pages",
            _ms(pages), "", "", None, "under 500 ms", pages < 0.5,
        ),
        Row(
            f"emulator: create and delete one among {definitions:,}",
            _ms(crowded_s), "in an empty one", _ms(lone_s), crowded_s / lone_s, "ratio at most 2",
            crowded_s / lone_s <= 2,
        ),
        Row(f"emulator: seed of {definitions:,} definitions and {runners:,} runners", f"{seeded_s:.2f} s"),
    ]  # fmt: skip


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _expect(answer: httpx.Response, status: int) -> httpx.Response:
    if answer.status_code != status:
        raise BenchmarkError(f"{answer.request.method} {answer.url} gave {answer.status_code}")
    return answer


def _create_and_delete(client: httpx.Client) -> float:
    body = {"id": "one-more", "name": "one-more", "type": "s3", "driver_type": "humanitec/echo"}
    start = time.perf_counter()
    _expect(client.post(_DEFS, json={**body, "criteria": [{"app_id": "one-more"}]}), 200)
    _expect(client.delete(f"{_DEFS}/one-more"), 204)
    return time.perf_counter() - start


def _timed_list(client: httpx.Client, definitions: int, repeat: int) -> tuple[bytes, float]:
    bodies: list[bytes] = []

    def once() -> float:
        start = time.perf_counter()
        bodies.append(_expect(client.get(_DEFS), 200).content)
        return time.perf_counter() - start

    seconds = best(repeat, once)
    found: list[Any] = json.loads(bodies[-1])
    if len(found) < definitions:
        raise BenchmarkError(f"the list has {len(found)} definitions, expected {definitions}")
    return bodies[-1], seconds


def _timed_read(body: bytes) -> float:
    start = time.perf_counter()
    json.loads(body)
    return time.perf_counter() - start


def _timed_pages(client: httpx.Client, runners: int) -> float:
    start, seen, token = time.perf_counter(), 0, ""
    while True:
        page = _expect(client.get(_RUNNERS, params={"page": token} if token else {}), 200).json()
        seen += len(page["items"])
        token = page.get("next_page_token", "")
        if not token:
            break
    seconds = time.perf_counter() - start
    if seen != runners:
        raise BenchmarkError(f"the pages have {seen} runners, expected {runners}")
    return seconds
