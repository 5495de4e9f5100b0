"""Probes, metrics and a status page on their own port, served from a thread.

Reads the status board and the metrics and changes nothing. It requires no credentials, so it
shows nothing that must be kept from anyone who can reach the port. `cli` runs it around the loop.
"""

import html
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from reconciler.controller.connection import ShortConnection
from reconciler.controller.metrics import CONTENT_TYPE, Metrics
from reconciler.controller.status import ConditionType, StatusBoard, WatchStatus
from reconciler.errors import SettingsError
from reconciler.log import redact
from reconciler.model.json import Json, JsonObject

_log = logging.getLogger(__name__)
_STOP_WAIT_S = 5.0
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


def application(
    board: StatusBoard, metrics: Metrics, *, monotonic: Callable[[], float] = time.monotonic
) -> Starlette:
    """The HTTP endpoints of one loop. `monotonic` is the loop's clock, in seconds."""

    def healthz(_: Request) -> Response:
        late_s = monotonic() - board.snapshot().alive_until
        if late_s > 0:
            return PlainTextResponse(
                f"the report of the loop is {late_s:.0f} s overdue\n", 503, headers=_HEADERS
            )
        return PlainTextResponse("ok\n", headers=_HEADERS)

    def readyz(_: Request) -> Response:
        status = board.snapshot()
        if not status.is_reading:
            ready = status.conditions[ConditionType.READY]
            return PlainTextResponse(redact(f"{ready.reason}: {ready.message}\n"), 503, headers=_HEADERS)
        return PlainTextResponse("ok\n", headers=_HEADERS)

    def exposition(_: Request) -> Response:
        return Response(metrics.exposition(), media_type=CONTENT_TYPE, headers=_HEADERS)

    def page(request: Request) -> Response:
        document = status_document(board.snapshot())
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(document, headers=_HEADERS)
        return HTMLResponse(_html(document), headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", exposition),
            Route("/", page),
        ]
    )


class HealthServer:
    """Serves `application` at `listen` (`host:port`, `[::1]:port`; port 0 takes any free one).

    A context manager: the port is open inside the block and released after it. Entering raises
    SettingsError where the address cannot be used.
    """

    def __init__(self, app: Starlette, listen: str) -> None:
        self._listen = listen
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                loop="asyncio",
                http=ShortConnection,
                ws="none",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are bound. Only valid while entered."""
        assert self._socket is not None
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    def __enter__(self) -> Self:
        self._socket = _bound(self._listen)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="health", daemon=True
        )
        self._thread.start()
        host, port = self.address
        _log.info("serving health and metrics", extra={"host": host, "port": port})
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._socket is not None
        assert self._thread is not None
        self._server.should_exit = True
        self._thread.join(_STOP_WAIT_S)
        self._socket.close()


def _bound(listen: str) -> socket.socket:
    host, separator, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (separator and _is_encodable(host) and port.isascii() and port.isdigit() and int(port) <= 65535):
        raise SettingsError(
            f"`watch.listen` is {listen!r}, which is not an address",
            advice="use `host:port`, such as `127.0.0.1:8080`, or `0.0.0.0:8080` in a pod",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {listen}: {error.strerror or error}",
            advice="set another address in `watch.listen`; port 0 takes any free one",
        ) from error


def _is_encodable(host: str) -> bool:
    """True for a name that the socket module can encode; it raises TypeError for any other."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def status_document(status: WatchStatus) -> JsonObject:
    """Content of the status page, as JSON. Texts are redacted as in the log."""
    conditions: list[Json] = [
        {
            "type": condition.type,
            "status": condition.status,
            "reason": condition.reason,
            "message": redact(condition.message),
            "since": condition.since.isoformat(timespec="seconds"),
        }
        for condition in status.conditions.values()
    ]
    return {
        "conditions": conditions,
        "observedRevision": status.observed_revision,
        "attemptedRevision": status.attempted_revision,
        "lastSuccess": status.last_success_at.isoformat(timespec="seconds")
        if status.last_success_at
        else None,
        "nextWake": status.next_wake_at.isoformat(timespec="seconds") if status.next_wake_at else None,
        "lastError": redact(status.last_error),
        "lastPass": _last_pass(status),
    }


def _last_pass(status: WatchStatus) -> Json:
    result = status.last_result
    if result is None:
        return None
    targets: list[Json] = [
        {
            "target": target.target,
            "organization": target.organization,
            "planned": len(target.plan.actions) if target.plan else None,
            "driftReported": len(target.plan.drift_reported) if target.plan else None,
            "refusals": len(target.plan.refusals) if target.plan else None,
            "outcomes": len(target.outcomes),
            "error": redact(target.error or target.inventory_error),
        }
        for target in result.targets
    ]
    return {
        "verdict": result.verdict,
        "startedAt": result.started_at.isoformat(timespec="seconds"),
        "seconds": round(result.seconds, 3),
        "revision": result.source.revision,
        "error": redact(result.error),
        "findings": [
            redact(f"{finding.rule} {finding.severity} {finding.origin}: {finding.message}")
            for finding in result.findings[:100]
        ],
        "findingCount": len(result.findings),
        "unknownRules": len(result.unknown),
        "targets": targets,
    }


def _html(document: JsonObject) -> str:
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{_cell(value)}</td></tr>" for name, value in document.items()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>reconciler</title>"
        "<style>body{font-family:sans-serif}th{text-align:left;vertical-align:top;padding-right:1em}"
        "pre{margin:0;white-space:pre-wrap}</style>"
        f"<h1>reconciler</h1><table>{rows}</table>"
        "<p>Metrics are at /metrics. Request application/json to get this page as JSON.</p></html>"
    )


def _cell(value: Json) -> str:
    if isinstance(value, dict | list):
        return f"<pre>{html.escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
    return html.escape("–" if value in (None, "") else str(value))  # noqa: RUF001  a dash for people
