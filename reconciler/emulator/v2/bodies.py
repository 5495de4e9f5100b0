"""Bodies of v2 requests: bounded, decoded and validated before anyone asks who calls (v2 2.2)."""

import re
from collections.abc import Callable
from typing import Any

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2.schema import Schema, SchemaProblem, unknown_member, visit
from reconciler.emulator.wire import Document, MalformedJsonError, decode, holds_nul

_VISIBLE = (
    "[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff\\u0020\\u00a0\\u1680"
    "\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"
)

SLUG = "[a-z](?:-?[a-z0-9])+"
"""Ids of most kinds, in the form that never backtracks far (v2 section 15)."""

IDENTIFIER = "[a-z][a-z0-9_-]+"
"""Ids of runners."""

DISPLAY_NAME: Schema = {
    "type": "string",
    "minLength": 2,
    "maxLength": 60,
    "pattern": f"{_VISIBLE}(?: |{_VISIBLE})*{_VISIBLE}",
    "x-pattern-error": "display_name contains invalid characters",
}


def slug(text: str) -> Schema:
    """Return the schema of an id of most kinds, failing with `text`."""
    return {"type": "string", "pattern": SLUG, "x-pattern-error": text}


def body_of(name: str, schema: Schema) -> Callable[[Call], Document]:
    """Return a reader of bodies for the schema published under `name`: 400 for anything else."""

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


def boolean_parameter(call: Call, name: str) -> bool:
    """Return a boolean query parameter, false when absent; 400 for other words."""
    value = call.parameter(name)
    if value is None or value == "false":
        return False
    if value == "true":
        return True
    raise ApiError(
        400, f'parameter "{name}" in query has an error: value {value}: an invalid boolean: invalid syntax'
    )


def uuid_parameter(call: Call, name: str, published: str) -> str:
    """Return a path parameter in the usual form of a UUID; 400, naming it as `published`."""
    value = call.path[name].lower()
    if not re.fullmatch("[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", value):
        reason = f"error unmarshaling '{call.path[name]}' text as *uuid.UUID: invalid UUID"
        raise ApiError(400, f"Invalid format for parameter {published}: {reason}")
    return value


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
