"""Failures below HTTP: reported in fixed words, whatever the server, the network or a library says."""

import contextlib
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator

import httpx
import pytest

from reconciler.errors import LostAnswerError, OrchestratorError, UnavailableError
from reconciler.model.kind import Generation
from reconciler.model.secret import Secret
from reconciler.orchestrator.access import EnvironmentTransport
from reconciler.orchestrator.broken import reason
from reconciler.orchestrator.client import Endpoint, Retry
from reconciler.orchestrator.http import Channel
from tests.orchestrator.conftest import Connect
from tests.orchestrator.samples import TOKEN, definition

ONCE = Retry(tries=1)


@contextlib.contextmanager
def answering(raw: bytes) -> Iterator[str]:
    """Answer the first connection with these bytes and close it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(raw)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


ANSWERS = {
    b"HTTP/9 Bearer " + TOKEN.encode() + b"\r\n\r\n": "the answer is not HTTP",
    b"HTTP/1.1 200 OK\r\nBearer " + TOKEN.encode() + b"\r\n\r\n": "the answer is not HTTP",
    b"": "the answer was cut off",
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{": "the answer was cut off",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}": "cannot be decompressed",
}


@pytest.mark.parametrize(("raw", "words"), ANSWERS.items())
def test_an_answer_that_breaks_off_or_is_not_http_is_not_quoted(
    connect: Connect, raw: bytes, words: str
) -> None:
    with answering(raw) as url, EnvironmentTransport(url, connections=1) as transport:
        client = connect(v1=Endpoint(url, Secret(TOKEN)), transport=transport, retry=ONCE)
        with pytest.raises(UnavailableError, match=words) as raised:
            client.get(definition().key)
    assert TOKEN not in "".join(traceback.format_exception(raised.value))


def test_a_refused_connection_is_reported_by_its_cause(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with EnvironmentTransport(url, connections=1) as transport:
        client = connect(v1=Endpoint(url, Secret(TOKEN)), transport=transport, retry=ONCE)
        with pytest.raises(UnavailableError, match=r"no connection to 127\.0\.0\.1:\d+: connection refused$"):
            client.get(definition().key)


class _UnknownError(httpx.TransportError):
    pass


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the name was not resolved"),
        (ssl.SSLCertVerificationError(1, TOKEN), "the certificate is not trusted"),
        (ssl.SSLError(1, TOKEN), "TLS could not be negotiated"),
        (OSError(113, TOKEN), "No route to host"),
        (ValueError(TOKEN), "the connection failed"),
    ],
)
def test_a_failed_connection_is_reported_with_the_error_of_the_system(cause: Exception, words: str) -> None:
    error = httpx.ConnectError(TOKEN)
    error.__cause__ = cause
    cause.__context__ = error
    assert reason(error) == words


def test_a_failure_of_an_unknown_kind_is_reported_by_its_class() -> None:
    assert reason(_UnknownError(TOKEN)) == "_UnknownError"


@pytest.mark.parametrize("status", [409, 429, 500, 599])
def test_the_phrase_of_a_status_is_the_standard_one(connect: Connect, status: int) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        phrase = f"\x1b[2J{TOKEN}".encode()
        return httpx.Response(status, headers={"X-Request-Id": TOKEN}, extensions={"reason_phrase": phrase})

    client = connect(transport=httpx.MockTransport(answer), retry=ONCE)
    with pytest.raises(OrchestratorError, match=rf"orders: {status}( [A-Z][A-Za-z ]+)?$") as raised:
        client.delete(definition())
    assert TOKEN not in raised.value.request_id


def test_a_permission_that_is_the_token_is_not_named(connect: Connect) -> None:
    token = "abcdefghijkl"
    body = {"message": "no", "details": {"failed_checks": [{"permission": token}]}}
    transport = httpx.MockTransport(lambda _: httpx.Response(403, json=body))
    client = connect(v1=Endpoint("http://emulator", Secret(token)), transport=transport)
    with pytest.raises(OrchestratorError) as raised:
        client.delete(definition())
    assert token not in raised.value.advice


@pytest.mark.parametrize(
    "spoiler", ["\n", "\r\nX-Other: ", "\x00", " ", "\t", "\x7f", "é", "\u2028", "\ud800"]
)
def test_a_token_that_is_not_valid_in_a_header_is_refused_unquoted(connect: Connect, spoiler: str) -> None:
    with pytest.raises(OrchestratorError, match="nothing was sent") as raised:
        connect(v1=Endpoint("http://emulator", Secret(f"{TOKEN}{spoiler}x")))
    assert TOKEN not in "".join(traceback.format_exception(raised.value))


def test_a_url_with_a_password_is_named_without_it(connect: Connect) -> None:
    def refused(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("")

    endpoint = Endpoint(f"http://user:{TOKEN}@emulator", None)
    client = connect(v1=endpoint, transport=httpx.MockTransport(refused), retry=ONCE)
    with pytest.raises(UnavailableError, match="no connection to emulator: ") as raised:
        client.get(definition().key)
    assert TOKEN not in str(raised.value)


class _Drip(httpx.SyncByteStream):
    """An endless body, one part every 20 seconds by a clock that nobody waits for."""

    def __init__(self, part: bytes) -> None:
        self._part = part
        self.seconds = 0.0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.seconds += 20
            yield self._part


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Encoding": "gzip"}], ids=["plain", "decompresses to nothing"]
)
def test_an_answer_that_does_not_end_in_time_is_a_timeout(headers: dict[str, str]) -> None:
    empty_gzip_header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    drip = _Drip(b"\x00\x00\x00\xff\xff" if headers else b" ")

    def parts(_: httpx.Request) -> httpx.Response:
        drip.seconds = 0
        return httpx.Response(
            200, headers=headers, stream=_Headed(empty_gzip_header if headers else b"", drip)
        )

    channel = Channel(
        Endpoint("http://emulator", Secret(TOKEN)),
        Generation.V1,
        transport=httpx.MockTransport(parts),
        slots=threading.Semaphore(1),
        retry=ONCE,
        clock=lambda: drip.seconds,
    )
    with pytest.raises(UnavailableError, match="timed out before the answer was complete"):
        channel.get(("x",), lambda answer: answer)
    assert drip.seconds == 140
    with pytest.raises(LostAnswerError, match="timed out before the answer was complete"):
        channel.send("POST", ("x",), lambda answer: answer, body={})
    channel.close()


class _Headed(httpx.SyncByteStream):
    """A first part, then an endless body."""

    def __init__(self, head: bytes, drip: _Drip) -> None:
        self._head = head
        self._drip = drip

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        yield from self._drip
