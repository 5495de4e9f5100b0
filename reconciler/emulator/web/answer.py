"""Replies and refusals as HTTP responses in the format of each API (v1 section 8, v2 section 3.1)."""

from typing import Any

from starlette.responses import PlainTextResponse, Response

from reconciler.emulator.exchange import Api, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.wire import encode


def response(reply: Reply, kind: type[Response] = Response) -> Response:
    """A reply as a response of class `kind`; a `str` becomes plain text, bytes declare their own type."""
    if reply.document is None:
        return kind(status_code=reply.status, headers=dict(reply.headers))
    if isinstance(reply.document, bytes):
        return kind(reply.document, reply.status, dict(reply.headers))
    if isinstance(reply.document, str):
        return PlainTextResponse(reply.document, reply.status, dict(reply.headers))
    return kind(encode(reply.document), reply.status, dict(reply.headers), media_type="application/json")


def error_reply(api: Api, error: ApiError) -> Reply:
    """A refusal with the error body of `api`."""
    prefix = "API" if api is Api.V1 else "HTTP"
    document: dict[str, Any] = {"error": error.code or f"{prefix}-{error.status}", "message": error.message}
    if error.details is not None:
        document["details"] = dict(error.details)
    return Reply(error.status, document, error.headers)
