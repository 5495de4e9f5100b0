import contextlib
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message

import pytest

from reconciler.controller.backoff import Progress
from reconciler.controller.health import HealthServer, application
from reconciler.controller.metrics import Metrics
from reconciler.controller.status import StatusBoard
from reconciler.errors import SettingsError
from tests.controller.moving import START, MovingClock, finding, passed, target


class Probe:
    """A server on a real port with its board, metrics and clock."""

    def __init__(self) -> None:
        self.clock = MovingClock()
        self.board = StatusBoard(START)
        self.metrics = Metrics()
        app = application(self.board, self.metrics, monotonic=self.clock.monotonic)
        self.server = HealthServer(app, "127.0.0.1:0")

    def get(self, path: str, *, accept: str = "*/*", method: str = "GET") -> tuple[int, str, Message]:
        host, port = self.server.address
        request = urllib.request.Request(
            f"http://{host}:{port}{path}", headers={"accept": accept}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), error.headers


@pytest.fixture
def probe() -> Iterator[Probe]:
    probe = Probe()
    with probe.server:
        yield probe


def test_a_loop_within_its_deadline_is_alive(probe: Probe) -> None:
    probe.board.promise(alive_until=100, next_wake_at=None)
    probe.clock.seconds = 100
    assert probe.get("/healthz")[:2] == (200, "ok\n")


def test_a_loop_that_is_late_is_not_alive(probe: Probe) -> None:
    probe.board.promise(alive_until=100, next_wake_at=None)
    probe.clock.seconds = 130
    status, text, _ = probe.get("/healthz")
    assert status == 503
    assert "30 s overdue" in text


def test_ready_from_the_first_finished_pass_on(probe: Probe) -> None:
    assert probe.get("/readyz")[0] == 503
    probe.board.started("one", "first pass", START)
    assert probe.get("/readyz")[0] == 503
    probe.board.finished(passed(), Progress.FINISHED, "one", START)
    assert probe.get("/readyz")[:2] == (200, "ok\n")


def test_invalid_files_do_not_remove_readiness(probe: Probe) -> None:
    """The files are broken, not the program: restarting it or routing requests elsewhere would not help."""
    probe.board.finished(passed(findings=(finding(),)), Progress.STALLED, "one", START)
    assert probe.get("/readyz")[0] == 200


def test_not_ready_while_something_cannot_be_read(probe: Probe) -> None:
    probe.board.finished(passed(), Progress.FINISHED, "one", START)
    probe.board.finished(
        passed(target(error="acme: 503", is_transient=True)), Progress.TRANSIENT, "one", START
    )
    status, text, _ = probe.get("/readyz")
    assert status == 503
    assert "acme: 503" in text


def test_metrics_are_served_in_the_text_format(probe: Probe) -> None:
    probe.metrics.passed(passed(target(owned=3)), success_at=START)
    status, text, headers = probe.get("/metrics")
    assert status == 200
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'reconciler_passes_total{verdict="up to date"} 1.0' in text
    assert 'reconciler_managed_objects{kind="Agent"} 3.0' in text


def test_the_status_page_escapes_what_it_shows(probe: Probe) -> None:
    probe.board.finished(
        passed(findings=(finding("<script>alert(1)</script>"),)), Progress.STALLED, "one", START
    )
    status, text, headers = probe.get("/")
    assert status == 200
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "default-src 'none'" in headers["content-security-policy"]


def test_the_status_page_is_json_for_programs(probe: Probe) -> None:
    probe.board.finished(passed(target(), revision="one"), Progress.FINISHED, "one", START)
    document = json.loads(probe.get("/", accept="application/json")[1])
    assert document["observedRevision"] == "one"
    assert document["lastPass"]["verdict"] == "up to date"
    assert [condition["type"] for condition in document["conditions"]] == [
        "Ready",
        "Reconciling",
        "Stalled",
        "SourceRead",
    ]


def test_a_token_in_a_message_is_not_shown(probe: Probe) -> None:
    message = "sent Authorization: Bearer abcdef0123456789"
    probe.board.finished(
        passed(target(error=message), findings=(finding(message),), error=message),
        Progress.STALLED,
        "",
        START,
    )
    probe.board.raised(message, "SourceError", Progress.TRANSIENT, START)
    for path in ("/", "/readyz", "/metrics"):
        assert "abcdef0123456789" not in probe.get(path)[1]
    assert "abcdef0123456789" not in probe.get("/", accept="application/json")[1]


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nX: "], ids=["idle", "in a header"])
@pytest.mark.parametrize("count", [60, 300])
def test_idle_connections_do_not_make_a_probe_fail(probe: Probe, count: int, sent: bytes) -> None:
    probe.board.promise(alive_until=100, next_wake_at=None)
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            idle = stack.enter_context(socket.create_connection(probe.server.address))
            idle.sendall(sent)
        for _ in range(3):
            assert probe.get("/healthz")[:2] == (200, "ok\n")


def test_a_connection_is_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.controller.connection.LONGEST_S", 0.2)
    probe = Probe()
    with probe.server, socket.create_connection(probe.server.address) as idle:
        idle.settimeout(30)
        with contextlib.suppress(ConnectionResetError):
            assert idle.recv(1) == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed_through_the_port(probe: Probe, method: str) -> None:
    assert {probe.get(path, method=method)[0] for path in ("/", "/healthz", "/readyz", "/metrics")} == {405}


def test_no_port_and_no_thread_remain_afterwards() -> None:
    probe = Probe()
    with probe.server:
        address = probe.server.address
        assert probe.get("/healthz")[0] in (200, 503)
    assert "health" not in {thread.name for thread in threading.enumerate()}
    with socket.create_server(address):
        pass


def test_a_port_in_use_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(SettingsError, match=f"cannot listen on {listen}") as raised,
            HealthServer(application(StatusBoard(START), Metrics()), listen),
        ):
            pass
    assert "watch.listen" in raised.value.advice


@pytest.mark.parametrize(
    "listen", ["", "8080", "host:", "host:http", "127.0.0.1:65536", "127.0.0.1:-1", "h:²"]
)
def test_an_invalid_address_is_a_clear_error(listen: str) -> None:
    with (
        pytest.raises(SettingsError, match="not an address"),
        HealthServer(application(StatusBoard(START), Metrics()), listen),
    ):
        pass
