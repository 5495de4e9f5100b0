"""Which requests are sent again after which failures: the table that keeps an apply from writing twice."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event

import httpx
import pytest

from reconciler.emulator import Emulator, FaultKind, FaultRule
from reconciler.errors import LostAnswerError, OrchestratorError, UnavailableError
from reconciler.orchestrator.client import Orchestrator, Retry
from reconciler.orchestrator.retry import retry_after_s
from tests.orchestrator.conftest import Connect
from tests.orchestrator.samples import TOKEN, definition

TRIES = 4
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CALLS: Mapping[str, Callable[[Orchestrator], object]] = {
    "GET": lambda client: client.get(definition().key),
    "POST": lambda client: client.create(definition("another")),
    "PUT": lambda client: client.update(definition(), definition(), secrets_changed=True),
    "PATCH": lambda client: client.update(definition(), definition(name="x"), secrets_changed=False),
    "DELETE": lambda client: client.delete(definition()),
}
WRITES = [verb for verb in CALLS if verb != "GET"]


def strike(kind: FaultKind, status: int | None = None, retry_after: float | None = None) -> FaultRule:
    return FaultRule(kind=kind, count=None, status=status, retry_after=retry_after)


UNDONE = {
    "429": strike(FaultKind.TOO_MANY_REQUESTS),
    "429 with a hint": strike(FaultKind.TOO_MANY_REQUESTS, retry_after=2),
    "503 with a hint": strike(FaultKind.ERROR_BEFORE_EFFECT, 503, retry_after=2),
}
DOUBTFUL = {
    "500": strike(FaultKind.ERROR_BEFORE_EFFECT, 500),
    "500 after effect": strike(FaultKind.ERROR_AFTER_EFFECT, 500),
    "502 with a hint": strike(FaultKind.ERROR_BEFORE_EFFECT, 502, retry_after=2),
    "503": strike(FaultKind.ERROR_BEFORE_EFFECT, 503),
    "504": strike(FaultKind.ERROR_BEFORE_EFFECT, 504),
    "cut": strike(FaultKind.CUT_BEFORE_EFFECT),
    "cut after effect": strike(FaultKind.CUT_AFTER_EFFECT),
    "truncated": strike(FaultKind.TRUNCATED_BODY),
}


@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize("fault", UNDONE.values(), ids=UNDONE)
def test_what_was_certainly_not_done_is_sent_again(
    emulator: Emulator, connect: Connect, verb: str, fault: FaultRule
) -> None:
    emulator.seed({"organization": "acme", "definitions": [_body()]})
    emulator.faults.add(fault)
    client = connect()
    with pytest.raises(UnavailableError):
        CALLS[verb](client)
    assert client.requests == {verb: TRIES}


@pytest.mark.parametrize("fault", DOUBTFUL.values(), ids=DOUBTFUL)
def test_a_read_is_sent_again_after_any_failure(
    emulator: Emulator, connect: Connect, fault: FaultRule
) -> None:
    emulator.seed({"organization": "acme", "definitions": [_body()]})
    emulator.faults.add(fault)
    client = connect()
    with pytest.raises(UnavailableError):
        CALLS["GET"](client)
    assert client.requests == {"GET": TRIES}


@pytest.mark.parametrize("verb", WRITES)
@pytest.mark.parametrize("fault", DOUBTFUL.values(), ids=DOUBTFUL)
def test_a_write_that_may_have_been_done_is_never_sent_again(
    emulator: Emulator, connect: Connect, verb: str, fault: FaultRule
) -> None:
    emulator.seed({"organization": "acme", "definitions": [_body()]})
    emulator.faults.add(fault)
    client = connect()
    with pytest.raises(LostAnswerError):
        CALLS[verb](client)
    assert client.requests == {verb: 1}


@pytest.mark.parametrize("verb", CALLS)
def test_a_temporary_refusal_is_survived(
    emulator: Emulator, connect: Connect, waits: list[float], verb: str
) -> None:
    emulator.seed({"organization": "acme", "definitions": [_body()]})
    emulator.faults.add(FaultRule(kind=FaultKind.TOO_MANY_REQUESTS, retry_after=3))
    client = connect()
    CALLS[verb](client)
    assert client.requests == {verb: 2}
    assert waits == [pytest.approx(3.3)]


AFTER_A_WRITE: Mapping[type[httpx.TransportError], type[OrchestratorError]] = {
    httpx.ConnectError: UnavailableError,
    httpx.ConnectTimeout: UnavailableError,
    httpx.PoolTimeout: UnavailableError,
    httpx.ProxyError: UnavailableError,
    httpx.ReadTimeout: LostAnswerError,
    httpx.WriteTimeout: LostAnswerError,
    httpx.ReadError: LostAnswerError,
    httpx.WriteError: LostAnswerError,
    httpx.RemoteProtocolError: LostAnswerError,
}


@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize(("cause", "after_a_write"), AFTER_A_WRITE.items())
def test_a_broken_connection_is_tried_again_only_before_anything_was_sent(
    connect: Connect, verb: str, cause: type[httpx.TransportError], after_a_write: type[OrchestratorError]
) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise cause(f"Illegal header value Bearer {TOKEN}")

    client = connect(transport=httpx.MockTransport(broken))
    expected = UnavailableError if verb == "GET" else after_a_write
    with pytest.raises(OrchestratorError) as raised:
        CALLS[verb](client)
    assert type(raised.value) is expected
    assert TOKEN not in str(raised.value)
    assert client.requests == {verb: TRIES if expected is UnavailableError else 1}


@pytest.mark.parametrize("verb", [verb for verb in CALLS if verb != "DELETE"])
@pytest.mark.parametrize("content", [b"", b"<html>", b'{"id": ', b"NaN", b"[" * 100_000])
def test_after_an_answer_that_is_not_json_a_read_is_repeated_and_a_write_is_verified(
    connect: Connect, verb: str, content: bytes
) -> None:
    client = connect(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=content)))
    with pytest.raises(
        UnavailableError if verb == "GET" else LostAnswerError, match="the answer is not JSON"
    ):
        CALLS[verb](client)
    assert client.requests == {verb: TRIES if verb == "GET" else 1}


def test_delays_grow_up_to_a_limit(emulator: Emulator, connect: Connect, waits: list[float]) -> None:
    emulator.faults.add(strike(FaultKind.TOO_MANY_REQUESTS))
    client = connect(retry=Retry(tries=8, sleep=waits.append, chance=lambda: 1.0))
    with pytest.raises(UnavailableError):
        client.get(definition().key)
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 10]


def test_a_hint_beyond_the_limit_is_passed_on_instead_of_waited_for(
    emulator: Emulator, connect: Connect, waits: list[float]
) -> None:
    emulator.faults.add(strike(FaultKind.TOO_MANY_REQUESTS, retry_after=120))
    client = connect()
    with pytest.raises(UnavailableError) as raised:
        client.get(definition().key)
    assert raised.value.retry_after_s == 120
    assert waits == []
    assert client.requests == {"GET": 1}


def test_slow_failures_use_up_the_time_for_retries(emulator: Emulator, connect: Connect) -> None:
    """The limit covers the attempts as well as the waiting."""
    seconds = iter(range(0, 1000, 40))
    emulator.faults.add(strike(FaultKind.TOO_MANY_REQUESTS))
    client = connect(retry=Retry(sleep=lambda _: None, clock=lambda: next(seconds)))
    with pytest.raises(UnavailableError):
        client.get(definition().key)
    assert client.requests == {"GET": 2}


HINTS: Mapping[str | None, float | None] = {
    None: None,
    "7": 7,
    " 1.5 ": 1.5,
    format_datetime(NOW + timedelta(seconds=90), usegmt=True): 90,
    format_datetime(NOW - timedelta(seconds=90), usegmt=True): 0,
    "Thu, 01 Jan 2026 00:00:30 -0000": 30,
    "1000000000": 1e9,
    "Fri, 31 Dec 9999 23:59:59 GMT": 251_635_075_199,
    "Fri, 31 Dec 99999999999999999999 23:59:59 GMT": None,
    "9" * 400: None,
    "-3": None,
    "soon": None,
    "nan": None,
    "": None,
}


@pytest.mark.parametrize(("text", "seconds"), HINTS.items())
def test_retry_after_is_a_number_or_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, now=NOW) == seconds


def test_a_date_is_relative_to_the_clock_of_the_server(connect: Connect, waits: list[float]) -> None:
    headers = {
        "Date": format_datetime(NOW, usegmt=True),
        "Retry-After": format_datetime(NOW + timedelta(seconds=10), usegmt=True),
    }
    client = connect(transport=httpx.MockTransport(lambda _: httpx.Response(503, headers=headers)))
    with pytest.raises(UnavailableError):
        client.get(definition().key)
    assert waits == [pytest.approx(11)] * 3


def _body() -> dict[str, object]:
    return {
        "id": "orders",
        "name": "orders",
        "type": "postgres",
        "driver_type": "humanitec/echo",
    }


def test_a_stop_ends_a_pause_and_no_further_attempt_is_made() -> None:
    stop = Event()
    attempts: list[int] = []

    def attempt() -> None:
        attempts.append(len(attempts))
        threading.Timer(0.05, stop.set).start()
        raise UnavailableError("busy", retry_after_s=50.0)

    started = time.monotonic()
    with pytest.raises(UnavailableError, match="busy"):
        Retry(stop=stop).call(attempt)
    assert attempts == [0]
    assert time.monotonic() - started < 25  # the pause is 50 s
    with pytest.raises(UnavailableError, match="busy"):
        Retry(stop=stop).call(attempt)
    assert attempts == [0, 1]
