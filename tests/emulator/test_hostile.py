"""Hostile input: every body, header, path and host gets a documented answer, quickly."""

import json
import socket
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from reconciler.emulator import Emulator, FaultKind, FaultRule
from reconciler.emulator.exchange import Operation
from reconciler.emulator.operations import OPERATIONS
from reconciler.emulator.web.server import running
from tests.emulator.conftest import HEADERS

Make = Callable[..., Any]
AGENTS = "/orgs/acme/agents"

NOT_JSON = {
    "empty": b"",
    "spaces": b"   ",
    "text": b"hello",
    "half": b'{"id": "a"',
    "two": b"{} {}",
    "trailing comma": b'{"id": "a",}',
    "bad UTF-8": b'{"id": "\xff\xfe"}',
    "UTF-16": '{"id": "a"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "NUL byte": b'{"id": "a\x00b"}',
    "NaN": b'{"id": NaN}',
    "Infinity": b'{"id": -Infinity}',
    "huge float": b'{"id": 1e999}',
    "huge whole number": b'{"id": 1' + b"0" * 400 + b"}",
    "endless whole number": b'{"id": ' + b"9" * 100_000 + b"}",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "deeper than the limit": b'{"id":' + b"[" * 201 + b"]" * 201 + b"}",
}
WRONG = {
    "null": b"null",
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"7",
    "a flag": b"true",
    "escaped NUL": b'{"id": "a\\u0000b", "\\u0000": 1}',
    "lone surrogate": b'{"id": "\\ud800", "name": "\\udfff"}',
    "numbers everywhere": b'{"id": 1, "name": 2, "type": 3, "public_key": 4, "criteria": 5, "key": 6}',
    "lists everywhere": b'{"id": [], "name": [], "public_key": [{}], "criteria": [[]], "runner_id": []}',
    "objects everywhere": b'{"id": {}, "type": {}, "driver_inputs": {"values": [], "secrets": 1}}',
    "duplicate members": b'{"id": "a", "id": 7}',
    "long names": b'{"' + b"x" * 100_000 + b'": 1}',
    "many members": b"{" + b",".join(b'"m%d": 1' % n for n in range(5_000)) + b"}",
}
BODIES = {**NOT_JSON, **WRONG}
REFUSED = {400, 401, 403, 404, 405, 409, 413, 415, 422}
"""Answers to a body that no operation should accept: only statuses that both references know."""

WITH_BODY = [operation for operation in OPERATIONS if operation.verb in ("POST", "PUT", "PATCH")]


def _path(operation: Operation, name: str = "x") -> str:
    parts = operation.path.replace("{org}", "acme").split("/")
    return "/".join(name if part.startswith("{") else part for part in parts)


def _named(operation: Operation) -> str:
    return f"{operation.verb} {operation.path}"


@pytest.fixture
def peopled(emulator: Emulator, rsa_key: Make, definition: Make, runner: Make) -> Emulator:
    """An emulator in which every basic collection has an object called `known`."""
    emulator.seed(
        {
            "organization": "acme",
            "agents": [{"id": "known", "public_key": rsa_key().pem}],
            "definitions": [definition("known")],
            "env_types": [{"id": "known"}],
            "projects": [{"id": "known"}],
            "runners": [runner("known")],
            "environments": [{"id": "known", "project": "known", "env_type_id": "known"}],
        }
    )
    return emulator


@pytest.mark.parametrize("name", ["x", "known"])
@pytest.mark.parametrize("operation", WITH_BODY, ids=_named)
def test_bodies_that_are_not_json_are_refused_by_every_operation(
    peopled: Emulator, client: httpx.Client, operation: Operation, name: str
) -> None:
    path = _path(operation, name)
    before = peopled.log.entries()

    answers = {
        kind: client.request(operation.verb, path, content=body, headers={"Content-Type": "application/json"})
        for kind, body in NOT_JSON.items()
    }

    # Some operations accept a missing body.
    odd = {kind: answer.status_code for kind, answer in answers.items() if answer.status_code not in REFUSED}
    assert set(odd) <= {"empty"}
    assert all(status < 500 for status in odd.values())
    assert all(set(answers[kind].json()) >= {"error", "message"} for kind in answers.keys() - odd.keys())
    assert len(peopled.log.entries()) == len(before) + len(NOT_JSON)


@pytest.mark.parametrize("name", ["x", "known"])
@pytest.mark.parametrize("operation", WITH_BODY, ids=_named)
def test_json_of_another_form_never_causes_a_server_error(
    peopled: Emulator, client: httpx.Client, operation: Operation, name: str
) -> None:
    path = _path(operation, name)

    answers = {
        kind: client.request(operation.verb, path, content=body, headers={"Content-Type": "application/json"})
        for kind, body in WRONG.items()
    }

    assert {kind: answer.status_code for kind, answer in answers.items() if answer.status_code >= 500} == {}


@pytest.mark.parametrize("operation", OPERATIONS, ids=_named)
def test_hostile_names_and_parameters_never_cause_a_server_error(
    peopled: Emulator, client: httpx.Client, operation: Operation
) -> None:
    names = (
        "%00",
        "%ff",
        "%ed%a0%80",
        "%F0%9F%98%80",
        "%2F%2F",
        "..%2f..",
        "a" * 5_000,
        "'%22%3B--",
        "%0d%0a",
    )
    queries = (
        "",
        "?deleted=%00",
        "?per_page=99999999999999999999",
        "?force=%ff&a=b&a=c",
        "?&&==%",
        "?app=" + "x" * 9_000,
    )

    odd = {
        (name, query): answer.status_code
        for name in names
        for query in (queries if name == "%00" else queries[:1])
        for answer in [client.request(operation.verb, _path(operation, name) + query)]
        if answer.status_code >= 500
    }

    assert odd == {}


CONTROL = [("POST", "reset"), ("POST", "seed"), ("POST", "deployments"), ("PUT", "clock"), ("POST", "faults")]
NO_ORGANIZATIONS: list[Any] = [5, "acme", [5], [None], ["A B"], [["a"]], {"a": 1}, ["\x00"]]
NO_OFFSETS: list[Any] = [None, True, "1", [], 1e300, -1e300, 10**300, 4e9, -4e9]
NO_RULES: list[dict[str, Any]] = [
    {"count": 1.5},
    {"count": True},
    {"count": -1},
    {"after": True},
    {"after": 1e3},
    {"status": 450.5},
    {"status": 99},
    {"seed": 1.0},
    {"seed": []},
    {"probability": 2},
    {"probability": True},
    {"share": 1.5},
    {"seconds": 1e300},
    {"seconds": -1},
    {"retry_after": -1},
    {"retry_after": "x"},
    {"path": "x" * 2_000},
    {"path": 5},
    {"path": "(?P<a"},
    {"path": "a{99999999999}"},
    {"verb": None},
]
CONTROL_BODIES: dict[str, list[Any]] = {
    "reset": [{"organizations": value} for value in NO_ORGANIZATIONS],
    "seed": [
        {"organization": 5},
        {"organization": ["acme"], "agents": [{"id": "x"}]},
        {"organizations": 5},
        {"organizations": "acme"},
        {"agents": None},
        {"agents": {}},
        {"agents": [None]},
        {"agents": [{}]},
        {"organization": "acme", "agents": [{"organization": []}]},
        {"organization": "acme", "agent_keys": [{"agent": [], "public_key": "x"}]},
        {"organization": "acme", "agent_keys": [{"agent": {"a": 1}}]},
        {"organization": "acme", "environments": [{"project": []}]},
        {"organization": "acme", "environments": [{"project": "known"}]},
        {"organization": "acme", "environments": [{"project": "known", "id": 7}]},
        {
            "organization": "acme",
            "environments": [{"project": "known", "id": "e2", "env_type_id": "known", "runner_id": [1]}],
        },
        {"organization": "acme", "active_resources": [{"def_id": []}]},
        {"organization": "acme", "drivers": [{"id": 7}]},
        {"organization": "acme", "resource_types": [{"type": {}}]},
        {"generate": 5},
        {"generate": {"definitions": True}},
        {"generate": {"definitions": -1}},
        {"generate": {"definitions": 10**9}},
        {"generate": {"definitions": 1.5}},
    ],
    "deployments": [
        {"organization": "acme", "project": "known"},
        {"organization": 1, "project": 2, "env": 3},
    ],
    "clock": [{"offset_seconds": value} for value in NO_OFFSETS],
    "faults": [{"kind": "delay", **members} for members in NO_RULES],
}


@pytest.mark.parametrize(
    ("path", "document"),
    [(path, body) for path, bodies in CONTROL_BODIES.items() for body in bodies],
    ids=str,
)
def test_the_control_plane_refuses_invalid_members_and_changes_nothing(
    peopled: Emulator, client: httpx.Client, path: str, document: Any
) -> None:
    verb = "PUT" if path == "clock" else "POST"
    before = [client.get(f"/_emulator/{kind}").json() for kind in ("faults", "clock")]
    agents = client.get(AGENTS).json()

    answer = client.request(verb, f"/_emulator/{path}", content=json.dumps(document))

    assert answer.status_code in (400, 404, 422), answer.text
    assert [client.get(f"/_emulator/{kind}").json() for kind in ("faults", "clock")] == before
    assert client.get(AGENTS).json() == agents


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize(("verb", "path"), CONTROL)
def test_the_control_plane_accepts_no_hostile_body(
    peopled: Emulator, client: httpx.Client, verb: str, path: str, kind: str
) -> None:
    answer = client.request(verb, f"/_emulator/{path}", content=BODIES[kind])

    # A reset needs no body, and ignores members it does not know.
    expected = {204, 400} if path == "reset" else {200, 400} if (path, kind) == ("seed", "empty") else {400}
    assert answer.status_code in expected


def test_numbers_in_control_paths_may_be_anything(client: httpx.Client) -> None:
    for number in ("x", "-1", "9" * 400, "%00", "1e3", "²"):
        for kind in ("faults", "tunnels"):
            assert client.delete(f"/_emulator/{kind}/{number}").status_code == 404
    assert client.get("/_emulator/log", params={"after": "9" * 400}).json() == []
    assert client.get("/_emulator/log", params={"after": "²"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example:8480"},
        {"Host": ""},
        {"Host": "["},
        {"Host": "a@b.example"},
    ],
    ids=str,
)
def test_web_pages_of_another_origin_do_not_reach_the_control_plane(
    peopled: Emulator, client: httpx.Client, headers: dict[str, str]
) -> None:
    answers = [
        client.request(verb, f"/_emulator/{path}", headers=headers, content=b"{}")
        for verb, path in (*CONTROL, ("GET", "log"), ("DELETE", "log"), ("GET", "tunnels"))
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert len(client.get(AGENTS).json()) == 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8480",
        "localhost:8480",
        "[::1]:8480",
        "emulator",
        "emulator.ci.svc.cluster.local:80",
        "10.0.0.7",
    ],
)
def test_addresses_and_local_names_reach_the_control_plane_also_from_a_page_of_its_own(
    client: httpx.Client, host: str
) -> None:
    plain = client.get("/_emulator/clock", headers={"Host": host})
    page = client.get("/_emulator/clock", headers={"Host": host, "Origin": f"http://{host}"})

    assert (plain.status_code, page.status_code) == (200, 200)


@pytest.fixture
def port(emulator: Emulator) -> Iterator[int]:
    with running(emulator) as url:
        number = urllib.parse.urlsplit(url).port
        assert number is not None
        yield number


def _ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


RAW = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n",
    "NUL in the head": b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "bad bytes in the path": b"GET /orgs/\xff\xfe/agents HTTP/1.1\r\nHost: a\r\n\r\n",
    "two lengths": b"POST /orgs/acme/agents HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "bad length": b"POST /orgs/acme/agents HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    "bad chunk": b"POST /orgs/acme/agents HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "endless line": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "endless headers": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 30_000 + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("request_", RAW.values(), ids=RAW)
def test_what_is_not_http_is_answered_with_400_or_disconnected(
    port: int, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    try:
        answer = _ask(port, request_)
    except OSError:
        # Reset while sending or closing: the server had seen enough.
        answer = b""

    assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert _ask(port, b"GET /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").startswith(
        b"HTTP/1.1 200"
    )
    assert not [record for record in caplog.records if record.exc_info]


def test_a_client_that_disconnects_in_the_middle_of_its_body_changes_only_the_log(
    port: int, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"POST %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nContent-Length: 500\r\n\r\n{"
    for path in (b"/orgs/acme/agents", b"/_emulator/seed"):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(head % path)
    for _ in range(100):
        _ask(port, b"GET /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        cut = [entry for entry in emulator.log.entries() if entry.path == AGENTS]
        if cut:
            break

    assert [(entry.status, entry.effect) for entry in cut] == [(0, "none")]
    assert not [record for record in caplog.records if record.exc_info]


def test_clients_that_send_headers_byte_by_byte_do_not_delay_others(port: int) -> None:
    head = b"GET /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Slow: yes\r\n\r\n"
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(50)
        ]
        for byte in head[:-1]:
            for connection in slow:
                connection.sendall(bytes([byte]))
        assert _ask(port, head).startswith(b"HTTP/1.1 200")
        for connection in slow:
            connection.sendall(head[-1:])
        answers = [connection.recv(12) for connection in slow]

    assert set(answers) == {b"HTTP/1.1 200"}


HALF_A_LINE = b"GET /alive HTT"
HALF_A_BODY = b"POST /orgs/acme/agents HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{"


@pytest.mark.parametrize(
    ("before", "beginning"),
    [(0, b""), (0, HALF_A_LINE), (0, HALF_A_BODY), (1, HALF_A_LINE), (1, HALF_A_BODY)],
)
def test_clients_that_never_continue_are_disconnected(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, before: int, beginning: bytes
) -> None:
    """The same on a connection that has served a request before."""
    monkeypatch.setattr("reconciler.emulator.web.connection.PATIENCE_S", 0.1)
    with running(emulator) as url:
        address = ("127.0.0.1", urllib.parse.urlsplit(url).port)
        with socket.create_connection(address, timeout=10) as connection:
            for _ in range(before):
                connection.sendall(b"GET /alive HTTP/1.1\r\nHost: a\r\n\r\n")
                assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
            connection.sendall(beginning)
            rest = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert b"HTTP/" not in rest


def test_a_delay_for_one_client_does_not_delay_another(port: int, emulator: Emulator) -> None:
    emulator.faults.add(FaultRule(FaultKind.DELAY, path="/agents$", seconds=600))
    request = b"GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as waiting:
        waiting.sendall(request % AGENTS.encode())
        assert _ask(port, request % b"/alive").startswith(b"HTTP/1.1 200")


def test_a_client_that_waits_for_a_late_answer_is_not_disconnected(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.emulator.web.connection.PATIENCE_S", 0.05)
    emulator.faults.add(FaultRule(FaultKind.DELAY, seconds=0.3))
    with running(emulator) as url, httpx.Client(base_url=url, headers=HEADERS, trust_env=False) as client:
        assert client.get(AGENTS).status_code == 200
