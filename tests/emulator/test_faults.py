"""Faults strike as their rules say, and the same through both doors."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator, FaultKind, FaultRule, InvalidFaultError

AGENTS = "/orgs/acme/agents"
DEFS = "/orgs/acme/resources/defs"
Make = Callable[..., Any]


def _create(client: httpx.Client, rsa_key: Make, number: int = 1) -> httpx.Response:
    return client.post(AGENTS, json={"id": f"eu-{number}", "public_key": rsa_key(number).pem})


def test_too_many_requests_may_carry_a_retry_hint(door: httpx.Client, emulator: Emulator) -> None:
    emulator.faults.add(FaultRule(FaultKind.TOO_MANY_REQUESTS, retry_after=7))
    emulator.faults.add(FaultRule(FaultKind.TOO_MANY_REQUESTS, after=1))

    with_hint, without_hint, fine = (door.get(AGENTS) for _ in range(3))

    assert (with_hint.status_code, with_hint.headers["Retry-After"]) == (429, "7")
    assert (without_hint.status_code, "Retry-After" in without_hint.headers) == (429, False)
    assert fine.status_code == 200


@pytest.mark.parametrize(
    ("kind", "effect"), [(FaultKind.ERROR_BEFORE_EFFECT, False), (FaultKind.ERROR_AFTER_EFFECT, True)]
)
def test_a_server_error_may_come_before_or_after_the_effect(
    door: httpx.Client, emulator: Emulator, rsa_key: Make, kind: FaultKind, *, effect: bool
) -> None:
    emulator.faults.add(FaultRule(kind, verb="POST", status=502))

    answer = _create(door, rsa_key)

    assert answer.status_code == 502
    assert bool(door.get(AGENTS).json()) is effect


@pytest.mark.parametrize(
    ("kind", "effect"),
    [
        (FaultKind.CUT_BEFORE_EFFECT, False),
        (FaultKind.CUT_AFTER_EFFECT, True),
        (FaultKind.TRUNCATED_BODY, True),
    ],
)
def test_a_cut_connection_is_a_protocol_error_at_both_doors(
    door: httpx.Client, emulator: Emulator, rsa_key: Make, kind: FaultKind, *, effect: bool
) -> None:
    emulator.faults.add(FaultRule(kind, verb="POST"))

    with pytest.raises(httpx.RemoteProtocolError):
        _create(door, rsa_key)

    assert bool(door.get(AGENTS).json()) is effect


def test_a_slow_answer_times_out_after_its_effect(
    door: httpx.Client, emulator: Emulator, rsa_key: Make
) -> None:
    emulator.faults.add(FaultRule(FaultKind.DELAY, verb="POST", seconds=30))
    door.timeout = httpx.Timeout(5, read=0.05)

    with pytest.raises(httpx.ReadTimeout):
        _create(door, rsa_key)

    assert door.get(AGENTS, timeout=5).json()


def test_a_stale_list_shows_the_moment_the_rule_was_set(
    door: httpx.Client, emulator: Emulator, rsa_key: Make
) -> None:
    _create(door, rsa_key, 1)
    emulator.faults.add(FaultRule(FaultKind.STALE_LIST, path="agents$", count=2))
    _create(door, rsa_key, 2)
    door.delete(f"{AGENTS}/eu-1")

    lists = [[agent["id"] for agent in door.get(AGENTS).json()] for _ in range(3)]

    assert lists == [["eu-1"], ["eu-1"], ["eu-2"]]


def test_a_partial_list_hides_items_and_the_way_to_more(client: httpx.Client, emulator: Emulator) -> None:
    emulator.seed({"organization": "acme", "generate": {"runners": 10, "definitions": 5}})
    emulator.faults.add(FaultRule(FaultKind.PARTIAL_LIST, share=0.2, count=None, seed=3))

    page = client.get("/orgs/acme/runners", params={"per_page": 5}).json()
    listed = client.get(DEFS).json()

    assert len(page["items"]) == 4
    assert "next_page_token" not in page
    assert len(listed) == 9
    assert client.get(f"{DEFS}/generated-00001").status_code == 200


def test_each_request_is_refused_once(client: httpx.Client, emulator: Emulator, rsa_key: Make) -> None:
    emulator.faults.add(FaultRule(FaultKind.REFUSED_ONCE, count=None, status=500))

    statuses = [client.get(path).status_code for path in (AGENTS, DEFS, AGENTS, DEFS)]

    assert statuses == [500, 500, 200, 200]


def test_a_slow_authorization_ends_with_the_clock(
    client: httpx.Client, emulator: Emulator, rsa_key: Make
) -> None:
    emulator.faults.add(FaultRule(FaultKind.SLOW_KEY_AUTHORIZATION, seconds=60))
    client.get(AGENTS)
    _create(client, rsa_key)

    before = client.get(f"{AGENTS}/eu-1/keys").json()[0]["is_authorized"]
    emulator.clock.advance(seconds=60)
    after = client.get(f"{AGENTS}/eu-1/keys").json()[0]["is_authorized"]

    assert (before, after) == (False, True)


def test_a_rule_skips_and_counts_and_matches_verb_and_path(client: httpx.Client, emulator: Emulator) -> None:
    emulator.faults.add(
        FaultRule(FaultKind.ERROR_BEFORE_EFFECT, verb="get", path="agents$", after=1, count=2)
    )

    statuses = [client.get(AGENTS).status_code for _ in range(4)]

    assert statuses == [200, 503, 503, 200]
    assert client.get(DEFS).status_code == 200


def test_chance_repeats_with_the_seed(client: httpx.Client, emulator: Emulator) -> None:
    def run() -> list[int]:
        emulator.faults.clear()
        emulator.faults.add(FaultRule(FaultKind.ERROR_BEFORE_EFFECT, probability=0.5, count=None, seed=4))
        return [client.get(AGENTS).status_code for _ in range(20)]

    first = run()

    assert first == run()
    assert set(first) == {200, 503}


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"kind": "none"},
        {"kind": "delay", "path": "("},
        {"kind": "delay", "x": 1},
        {"kind": "delay", "seconds": "1"},
        {"kind": "error_before_effect", "status": 200},
    ],
)
def test_rules_that_make_no_sense_are_refused(client: httpx.Client, rule: Any) -> None:
    assert client.post("/_emulator/faults", json=rule).status_code == 400


def test_a_rule_with_a_broken_pattern_is_refused_in_python_too(emulator: Emulator) -> None:
    with pytest.raises(InvalidFaultError):
        emulator.faults.add(FaultRule(FaultKind.DELAY, path="("))
