"""Servers that never come to an end, over real connections: time and memory of a request are limited."""

import contextlib
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator

import pytest

from reconciler.errors import LostAnswerError, OrchestratorError, UnavailableError
from reconciler.model.json import Json
from reconciler.model.kind import Generation
from reconciler.orchestrator import http, volume
from reconciler.orchestrator.access import EnvironmentTransport
from reconciler.orchestrator.client import Endpoint, Retry
from reconciler.orchestrator.http import Channel
from reconciler.orchestrator.paging import pages
from reconciler.orchestrator.volume import TooLargeError, Volume

STEP_S = 0.02
CEILING_S = 20.0
"""Far more than the deadline of these tests, far less than a server here goes on for."""
MIB = 1024 * 1024


@contextlib.contextmanager
def served(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Call `serve` with each connection, in a thread of its own; the event is set at the end."""
    done = threading.Event()
    threads: list[threading.Thread] = []

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            serve(connection, done)

    def accept() -> None:
        while not done.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = server.accept()
                threads.append(threading.Thread(target=handle, args=(connection,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            done.set()
            acceptor.join()
            for thread in threads:
                thread.join()


@contextlib.contextmanager
def channel(url: str, volume: Volume | None = None) -> Iterator[Channel]:
    opened = Channel(
        Endpoint(url),
        Generation.V1,
        transport=EnvironmentTransport(url, connections=1),
        slots=threading.Semaphore(1),
        retry=Retry(tries=1),
        volume=volume,
    )
    try:
        yield opened
    finally:
        opened.close()


def same(answer: Json) -> Json:
    return answer


def dribbling(start: bytes, part: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def serve(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(start)
        ends = time.monotonic() + 2 * CEILING_S
        while time.monotonic() < ends and not done.wait(STEP_S):
            connection.sendall(part)

    return serve


DRIBBLES = {
    "the first line": (b"HTTP/1.1 200 O", b"K"),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "the body": (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@pytest.mark.parametrize(("start", "part"), DRIBBLES.values(), ids=DRIBBLES)
def test_an_answer_that_dribbles_for_ever_ends_at_the_deadline(
    start: bytes, part: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_LONGEST_ANSWER_S", 0.5)
    with served(dribbling(start, part)) as url, channel(url) as opened:
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="timed out"):
            opened.get(("x",), same)
        with pytest.raises(LostAnswerError, match="timed out"):
            opened.send("POST", ("x",), same, body={})
        assert time.monotonic() - began < CEILING_S


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_dribbles_for_ever_ends_at_the_deadline(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With https, nothing of the answer can be read before the tunnel is there."""
    monkeypatch.setattr(http, "_LONGEST_ANSWER_S", 0.5)
    with served(dribbling(b"HTTP/1.1 200 OK\r\nX: ", b"x")) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with channel(f"{scheme}://api.test") as opened:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match="timed out"):
                opened.get(("x",), same)
            assert time.monotonic() - began < CEILING_S


def answer(body: bytes, *headers: str) -> Callable[[socket.socket, threading.Event], None]:
    head = "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers))

    def serve(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)

    return serve


def test_an_answer_that_is_compressed_twice_is_not_decompressed() -> None:
    body = gzip.compress(gzip.compress(b" " * 300 * MIB, 1))
    assert len(body) < MIB
    with (
        served(answer(body, "Content-Encoding: gzip, gzip")) as url,
        channel(url) as opened,
        pytest.raises(UnavailableError, match="cannot be decompressed"),
    ):
        opened.get(("x",), same)


def test_a_compressed_answer_is_decompressed_up_to_the_limit_and_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(volume, "LARGEST_ANSWER_BYTES", 4 * MIB)
    body = gzip.compress(b" " * 300 * MIB, 9)
    with (
        served(answer(body, "Content-Encoding: gzip")) as url,
        channel(url) as opened,
        pytest.raises(OrchestratorError, match=f"larger than {4 * MIB} bytes"),
    ):
        opened.get(("x",), same)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "deflate without a header"])
def test_a_compressed_answer_is_read(coding: str) -> None:

    packer = zlib.compressobj(wbits={"gzip": 31, "deflate": 15}.get(coding, -15))
    body = packer.compress(b'{"a": 1}' + b" " * 3 * MIB) + packer.flush()
    with (
        served(answer(body, f"Content-Encoding: {coding.split(maxsplit=1)[0]}")) as url,
        channel(url) as opened,
    ):
        assert opened.get(("x",), same) == {"a": 1}


def test_a_compressed_answer_that_is_cut_off_is_not_used() -> None:
    body = gzip.compress(b"[]")[:-4]
    with (
        served(answer(body, "Content-Encoding: gzip")) as url,
        channel(url) as opened,
        pytest.raises(UnavailableError, match="cannot be decompressed"),
    ):
        opened.get(("x",), same)


def test_an_answer_of_very_many_values_is_not_parsed() -> None:
    body = b"[" + b"[]," * 3_000_000 + b"[]]"
    with (
        served(answer(body)) as url,
        channel(url) as opened,
        pytest.raises(OrchestratorError, match="more than 2000000 values"),
    ):
        opened.get(("x",), same)


def test_pages_without_end_are_read_up_to_the_limit_of_the_pass() -> None:
    sent = 0

    def serve(connection: socket.socket, done: threading.Event) -> None:
        nonlocal sent
        sent += 1
        answer(b'{"items": [{}], "next_page_token": "%d", "x": "%s"}' % (sent, b"x" * MIB))(connection, done)

    with (
        served(serve) as url,
        channel(url, Volume(10 * MIB)) as opened,
        pytest.raises(OrchestratorError, match=f"answers of this pass to more than {10 * MIB} bytes"),
    ):
        pages(opened, ("x",))
    assert sent == 10


def test_answers_that_are_read_at_the_same_time_are_limited_together() -> None:
    volume = Volume(most_in_flight_bytes=100)
    with volume.receiving() as first, volume.receiving() as second:
        first(60)
        second(40)
        with pytest.raises(TooLargeError, match="being read at the moment to more than 100 bytes"):
            first(1)
    with volume.receiving() as later:
        later(100)
