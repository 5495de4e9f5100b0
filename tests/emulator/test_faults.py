"""Faults occur as their rules say, and the same through both doors."""

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


def test_too_many_requests_may_have_a_retry_hint(door: httpx.Client, emulator: Emulator) -> None:
    emulator.faults.add(FaultRule(FaultKind.TOO_MANY_REQUESTS, retry_after=7))
    emulator.faults.add(FaultRule(FaultKind.TOO_MANY_REQUESTS, after=1))

    with_hint, without_hint, fine = (door.get(AGENTS) for _ in range(3))

    assert (with_hint.status_code, with_hint.headers["Retry-After"]) == (429, "7")
    assert (without_hint.status_code, "Retry-After" in without_hint.headers) == (429, False)
    assert fine.status_code == 200


@pytest.mark.parametrize(
    ("seconds", "header"),
    [(0, "0"), (30.0, "30"), (0.5, "0.5"), (1_000_000, "1000000"), (316_224_000, "316224000")],
)
def test_a_retry_hint_is_written_in_digits(
    client: httpx.Client, emulator: Emulator, seconds: float, header: str
) -> None:
    emulator.faults.add(FaultRule(FaultKind.TOO_MANY_REQUESTS, retry_after=seconds))

    assert client.get(AGENTS).headers["Retry-After"] == header


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


def test_a_partial_list_hides_items_and_the_next_page(client: httpx.Client, emulator: Emulator) -> None:
    emulator.seed({"organization": "acme", "generate": {"runners": 10, "definitions": 5}})
    emulator.faults.add(FaultRule(FaultKind.PARTIAL_LIST, share=0.2, count=None, seed=3))

    page = client.get("/orgs/acme/runners", params={"per_page": 5}).json()
    listed = client.get(DEFS).json()

    assert len(page["items"]) == 4
    assert "next_page_token" not in page
    assert len(listed) == 9
    assert client.get(f"{DEFS}/generated-00001").status_code == 200


def _seed_runners(emulator: Emulator, number: int) -> None:
    emulator.seed({"organization": "acme", "generate": {"runners": number}})


def test_a_wrong_page_token_is_a_server_error(door: httpx.Client, emulator: Emulator) -> None:
    _seed_runners(emulator, 3)
    emulator.faults.add(FaultRule(FaultKind.WRONG_PAGE_TOKEN))

    first = door.get("/orgs/acme/runners", params={"per_page": 2}).json()
    second = door.get("/orgs/acme/runners", params={"per_page": 2, "page": first["next_page_token"]})

    assert len(first["items"]) == 2
    assert second.status_code == 500


def test_a_wrong_page_token_comes_with_a_last_page_too(client: httpx.Client, emulator: Emulator) -> None:
    _seed_runners(emulator, 1)
    emulator.faults.add(FaultRule(FaultKind.WRONG_PAGE_TOKEN))

    assert client.get("/orgs/acme/runners").json()["next_page_token"]
    assert "next_page_token" not in client.get("/orgs/acme/runners").json()


def test_a_repeated_page_leads_back_to_itself(client: httpx.Client, emulator: Emulator) -> None:
    _seed_runners(emulator, 5)
    emulator.faults.add(FaultRule(FaultKind.REPEATED_PAGE, count=2, after=1))
    pages, token = [], None
    for _ in range(5):
        page = client.get("/orgs/acme/runners", params={"per_page": 2, **({"page": token} if token else {})})
        pages.append([runner["id"][-1] for runner in page.json()["items"]])
        token = page.json().get("next_page_token")

    assert pages == [["0", "1"], ["2", "3"], ["2", "3"], ["2", "3"], ["4"]]


def test_a_repeated_first_page_is_the_first_page(client: httpx.Client, emulator: Emulator) -> None:
    _seed_runners(emulator, 3)
    emulator.faults.add(FaultRule(FaultKind.REPEATED_PAGE))

    first = client.get("/orgs/acme/runners", params={"per_page": 2}).json()
    again = client.get("/orgs/acme/runners", params={"per_page": 2, "page": first["next_page_token"]}).json()

    assert again["items"] == first["items"]
    assert again["next_page_token"] != first["next_page_token"]


@pytest.mark.parametrize("kind", [FaultKind.WRONG_PAGE_TOKEN, FaultKind.REPEATED_PAGE])
def test_faults_of_pages_do_not_affect_lists_without_pages(
    client: httpx.Client, emulator: Emulator, kind: FaultKind
) -> None:
    number = emulator.faults.add(FaultRule(kind))

    assert isinstance(client.get(DEFS).json(), list)
    assert client.get("/orgs/acme/runners/none").status_code == 404
    (rule,) = emulator.faults.report()
    assert (rule["number"], rule["matched"]) == (number, 0)


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
        {"kind": "delay", "path": "x" * 1_001},
    ],
)
def test_invalid_rules_are_refused(client: httpx.Client, rule: Any) -> None:
    assert client.post("/_emulator/faults", json=rule).status_code == 400


def test_a_rule_with_a_broken_pattern_is_refused_in_python_too(emulator: Emulator) -> None:
    with pytest.raises(InvalidFaultError):
        emulator.faults.add(FaultRule(FaultKind.DELAY, path="("))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, True, "1"])
@pytest.mark.parametrize("name", ["seconds", "probability", "share", "retry_after"])
def test_rules_built_in_python_are_checked_as_well(emulator: Emulator, name: str, value: Any) -> None:
    with pytest.raises(InvalidFaultError, match=name):
        emulator.faults.add(FaultRule(FaultKind.DELAY, **{name: value}))


def test_a_fault_is_named_in_the_log_with_what_the_client_saw(
    client: httpx.Client, emulator: Emulator, rsa_key: Make
) -> None:
    emulator.faults.add(FaultRule(FaultKind.ERROR_AFTER_EFFECT, verb="POST", status=502))
    emulator.faults.add(FaultRule(FaultKind.CUT_AFTER_EFFECT, verb="DELETE"))

    _create(client, rsa_key)
    with pytest.raises(httpx.RemoteProtocolError):
        client.delete(f"{AGENTS}/eu-1")

    assert [(entry.status, entry.effect, entry.faults) for entry in emulator.log.entries()] == [
        (502, "created", ("error_after_effect",)),
        (0, "deleted", ("cut_after_effect",)),
    ]
