"""Members of v1 request bodies, read strictly.

A wrong JSON type is 422, a violated constraint 400 (v1 section 15, U2). Null counts as absent.
"""

from typing import Any

from reconciler.emulator.choices import UnknownFields
from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.wire import Document, MalformedJsonError, decode


def json_body(call: Call) -> Any:
    """The decoded body; 422 if it is empty or not JSON."""
    if not call.body.strip():
        raise ApiError(422, "request body is empty")
    try:
        return decode(call.body)
    except MalformedJsonError as error:
        raise ApiError(422, f"request body is not valid JSON: {error}") from error


def object_body(call: Call, known: frozenset[str]) -> Document:
    """The body as an object; unknown members are ignored or refused, depending on `unknown_fields` (U27)."""
    body = json_body(call)
    if not isinstance(body, dict):
        raise ApiError(422, "request body must be an object")
    return known_only(call, body, known)


def known_only(call: Call, body: Document, known: frozenset[str]) -> Document:
    """The known members of `body`, without nulls."""
    unknown = sorted(set(body) - known)
    if unknown and call.choices.unknown_fields is UnknownFields.REFUSE:
        raise ApiError(400, f"unknown field {unknown[0]}", details={"fields": unknown})
    return {name: value for name, value in body.items() if name in known and value is not None}


def text(body: Document, name: str) -> str | None:
    """A string member, or None if absent."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ApiError(422, f"{name} must be a string", details={"field": name})
    return value


def required_text(body: Document, name: str) -> str:
    """A string member, possibly empty; 400 if it is missing."""
    value = text(body, name)
    if value is None:
        raise ApiError(400, f"{name} is required", details={"field": name})
    return value


def filled_text(body: Document, name: str) -> str:
    """A non-empty string member; 400 if it is missing or empty."""
    value = required_text(body, name)
    if not value:
        raise ApiError(400, f"{name} is required", details={"field": name})
    return value


def boolean(body: Document, name: str) -> bool | None:
    """A boolean member, or None if absent."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise ApiError(422, f"{name} must be a boolean", details={"field": name})
    return value


def mapping(body: Document, name: str) -> Document | None:
    """An object member, or None if absent."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise ApiError(422, f"{name} must be an object", details={"field": name})
    return value


def flag(call: Call, name: str) -> bool:
    """A boolean query parameter, false if absent; 400 for other values."""
    value = call.parameter(name)
    if value is None or value in ("", "false", "0"):
        return False
    if value in ("true", "1"):
        return True
    raise ApiError(400, f"query parameter {name} must be true or false", details={"field": name})
