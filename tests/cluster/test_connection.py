"""Servers that are not a healthy API server: the connection is bounded, follows nothing and shows nothing."""

import contextlib
import gc
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.cluster.access import KubeconfigAccess
from reconciler.cluster.connection import MOST_BYTES, Connection
from reconciler.cluster.secret_entry import SecretReader
from reconciler.errors import ClusterAccessError, ClusterError

CANARY = "canary-of-a-connection"
Answer = Callable[[BaseHTTPRequestHandler], None]


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server that answers every request like this, and the requests it got."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            pass

        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Authorization', '')}".strip())
            with contextlib.suppress(ConnectionError):  # a client that gave up
                answer(self)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def kubeconfig(folder: Path, server: str, **more: str) -> KubeconfigAccess:
    path = folder / "config"
    whole = {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": server, **more}}],
        "users": [{"name": "me", "user": {"token": CANARY}}],
    }
    path.write_text(json.dumps(whole))
    return KubeconfigAccess(path)


def body(content: bytes, status: int = 200) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def refused(folder: Path, answer: Answer, read_timeout_s: float = 5.0) -> ClusterError:
    with serving(answer) as (server, _):
        connection = Connection(kubeconfig(folder, server), {}, read_timeout_s=read_timeout_s)
        with pytest.raises(ClusterError) as caught:
            connection.get("api", "v1")
    assert CANARY not in f"{connection!r} {caught.value} {caught.value.advice} {caught.value.__cause__}"
    assert caught.value.advice or "larger" in str(caught.value)
    return caught.value


@pytest.mark.parametrize("status", [429, 500, 503, 418])
def test_other_answers_are_said_with_their_number(tmp_path: Path, status: int) -> None:
    error = refused(tmp_path, body(CANARY.encode(), status))
    assert str(error) == f"the API server answers {status}"
    assert not isinstance(error, ClusterAccessError)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_not_the_answer_of_an_api_server(tmp_path: Path, content: bytes) -> None:
    assert str(refused(tmp_path, body(content))) == "the answer is not that of an API server"


def test_an_answer_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    assert "is larger than" in str(refused(tmp_path, body(b" " * (MOST_BYTES + 1))))


def test_a_redirect_is_not_followed_so_that_the_token_goes_nowhere_else(tmp_path: Path) -> None:
    with serving(body(b"{}")) as (elsewhere, asked):

        def redirect(request: BaseHTTPRequestHandler) -> None:
            request.send_response(302)
            request.send_header("Location", elsewhere)
            request.send_header("Content-Length", "0")
            request.end_headers()

        error = refused(tmp_path, redirect)
        assert asked == []
    assert str(error) == "the API server redirects (302), which is not followed"
    assert isinstance(error, ClusterAccessError)


def test_a_server_that_sends_a_byte_at_a_time_meets_the_deadline(tmp_path: Path) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b" ")
            request.wfile.flush()
            time.sleep(0.05)

    started = time.monotonic()
    assert str(refused(tmp_path, drip, 0.3)) == "the API server did not answer in time"
    assert time.monotonic() - started < 4


def test_a_server_that_never_answers_costs_a_bounded_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        access = kubeconfig(tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(ClusterAccessError, match="did not answer in time"):
            Connection(access, {}, read_timeout_s=0.2).get("api")


def test_an_answer_that_is_cut_is_said(tmp_path: Path) -> None:
    def cut(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b'{"kind": "Secret"')

    assert str(refused(tmp_path, cut)) == "the API server cannot be reached"


def test_the_token_is_sent_to_the_server_of_the_kubeconfig(tmp_path: Path) -> None:
    with serving(body(b'{"kind": "Other"}')) as (server, asked):
        Connection(kubeconfig(tmp_path, server), {}).get("api", "a/b?c")
        assert asked == [f"/api/a%2Fb%3Fc Bearer {CANARY}"]
        with pytest.raises(ClusterAccessError, match="is not that of an API server"):
            SecretReader(kubeconfig(tmp_path, server), {}).entry("ns", "name", "key")


def test_the_proxy_of_the_kubeconfig_is_used(tmp_path: Path) -> None:
    """Plain HTTP through a proxy asks it for the whole URL."""
    with serving(body(b'{"kind": "Other"}')) as (proxy, asked):
        access = kubeconfig(tmp_path, "http://cluster.test", **{"proxy-url": proxy})
        assert Connection(access, {}).get("api") == {"kind": "Other"}
        assert asked == [f"http://cluster.test/api Bearer {CANARY}"]


def test_a_proxy_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    access = kubeconfig(tmp_path, "http://cluster.test", **{"proxy-url": "ftp://proxy.test"})
    with pytest.raises(ClusterAccessError, match="the proxy of the cluster cannot be used"):
        Connection(access, {})


def test_a_connection_can_send_nothing_but_get() -> None:
    changing = {"post", "put", "patch", "delete", "request", "create", "update", "apply"}
    assert not changing & {name for name in dir(Connection) if not name.startswith("_")}


DRIBBLES = {
    "the first line": (b"HTTP/1.1 200 O", b"K"),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
    "early hints": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b" "),
    "a body that ends with the connection": (b"HTTP/1.0 200 OK\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@contextlib.contextmanager
def dribbling(start: bytes, part: bytes) -> Iterator[str]:
    """Address of a server that answers each connection like this, and goes on far beyond the deadline."""
    over = threading.Event()

    def answer(line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            line.recv(65_536)
            line.sendall(start)
            for _ in range(1_000):
                if over.wait(0.02):
                    return
                line.sendall(part)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        over.set()


def late(access: KubeconfigAccess) -> None:
    """Ask once; the answer must be late, and soon."""
    started = time.monotonic()
    with pytest.raises(ClusterAccessError, match="did not answer in time"):
        Connection(access, {}, read_timeout_s=0.4).get("api")
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(("start", "part"), DRIBBLES.values(), ids=DRIBBLES)
def test_an_answer_that_dribbles_for_ever_ends_at_the_deadline(
    tmp_path: Path, start: bytes, part: bytes
) -> None:
    with dribbling(start, part) as server:
        late(kubeconfig(tmp_path, f"http://{server}"))


@pytest.mark.parametrize("part", [b"X", b"X: x\r\n"])
def test_a_proxy_that_dribbles_for_ever_ends_at_the_deadline(tmp_path: Path, part: bytes) -> None:
    """Before the tunnel to the cluster is there, nothing of the answer can be read."""
    with dribbling(b"HTTP/1.1 200 OK\r\n", part) as proxy:
        late(kubeconfig(tmp_path, "https://cluster.test", **{"proxy-url": f"http://{proxy}"}))


def test_a_server_that_dribbles_while_tls_is_negotiated_ends_at_the_deadline(tmp_path: Path) -> None:
    with dribbling(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0", b"\0") as server:
        late(kubeconfig(tmp_path, f"https://{server}", **{"tls-server-name": "cluster.test"}))


def test_every_request_over_one_connection_has_a_deadline_of_its_own(tmp_path: Path) -> None:
    """The second answer dribbles; it comes over the connection of the first, whose deadline was met."""
    over = threading.Event()

    def answer() -> None:
        line, _ = server.accept()
        with line, contextlib.suppress(OSError):
            line.recv(65_536)
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            line.recv(65_536)
            line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(400):
                if over.wait(0.02):
                    return
                line.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, daemon=True).start()
        access = kubeconfig(tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}")
        connection = Connection(access, {}, read_timeout_s=0.4)
        assert connection.get("api") == {}
        started = time.monotonic()
        with pytest.raises(ClusterAccessError, match="did not answer in time"):
            connection.get("api")
        assert time.monotonic() - started < 4
        over.set()


def test_requests_leave_no_descriptor_behind(tmp_path: Path) -> None:
    with serving(body(b"{}")) as (server, _):
        connection = Connection(kubeconfig(tmp_path, server), {})
        connection.get("api")
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(5):
            connection.get("api")
        gc.collect()
        assert len(list(Path("/proc/self/fd").iterdir())) <= before
