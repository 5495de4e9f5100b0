"""Servers that are not healthy API servers, for clients that can send any method."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from reconciler.cluster.access import KubeconfigAccess

CANARY = "canary-of-a-cluster-token"
Answer = Callable[[BaseHTTPRequestHandler], None]


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """The address of a server that answers every request like this, and the requests it got, as method and path."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            pass

        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with contextlib.suppress(ConnectionError):  # a client that gave up
                answer(self)

        do_GET = do_PATCH = do_POST = do_DELETE = answer  # noqa: N815  the library's names

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def access(folder: Path, server: str) -> KubeconfigAccess:
    """A kubeconfig whose user has the token CANARY."""
    path = folder / "config"
    whole = {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {"token": CANARY}}],
    }
    path.write_text(json.dumps(whole))
    return KubeconfigAccess(path)


def says(content: bytes | dict[str, Any], status: int = 200, **headers: str) -> Answer:
    """Answers with this content; `_` in the names of headers is `-`."""
    sent = content if isinstance(content, bytes) else json.dumps(content).encode()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(sent)))
        request.end_headers()
        request.wfile.write(sent)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Each answer once, and the last one for ever."""
    left = list(answers)

    def answer(request: BaseHTTPRequestHandler) -> None:
        now = left.pop(0) if len(left) > 1 else left[0]
        now(request)

    return answer
