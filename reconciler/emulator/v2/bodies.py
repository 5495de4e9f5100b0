"""Bodies of v2 requests: decoded and validated before identity is checked (v2 section 2.2)."""

from collections.abc import Callable
from typing import Any

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2.schema import Schema, SchemaProblem, unknown_member, visit
from reconciler.emulator.wire import Document, MalformedJsonError, decode, holds_nul


def body_of(name: str, schema: Schema) -> Callable[[Call], Document]:
    """A reader of bodies for the schema published under `name`: 400 for anything else."""

    def read(call: Call) -> Document:
        value = _decoded(call)
        try:
            result = visit(schema, value)
        except SchemaProblem as problem:
            raise ApiError(400, problem.message(name)) from problem
        stranger = unknown_member(schema, value)
        if stranger:
            raise ApiError(400, f'Parsing error: error=json: unknown field "{stranger}"')
        return dict(result)

    return read


def _decoded(call: Call) -> Any:
    media_type = call.content_type.partition(";")[0].strip().lower()
    if media_type not in ("", "application/json"):
        raise ApiError(
            400, f'request body has an error: header Content-Type has unexpected value: "{call.content_type}"'
        )
    if not call.body:
        raise ApiError(400, "request body has an error: value is required but missing")
    if b"\x00" in call.body:
        raise ApiError(400, "request body contains NUL char", code="API-000")
    try:
        value = decode(call.body)
    except MalformedJsonError as error:
        raise ApiError(400, f"request body has an error: failed to decode request body: {error}") from error
    if holds_nul(value):
        raise ApiError(400, "request body contains NUL char", code="API-000")
    return value
