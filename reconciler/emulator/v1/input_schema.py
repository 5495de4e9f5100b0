"""The part of JSON Schema with which drivers describe their inputs (v1 section 7.2).

Supported are `type`, `enum`, `const`, the bounds of numbers, strings and arrays, `required`,
`properties`, `additionalProperties`, `items`, `allOf`, `anyOf`, `oneOf` and `not`; every
other keyword is ignored, including `pattern`, because an untrusted expression can take
exponential time. A string with a placeholder matches everything, because its value is not
known yet. Messages never contain values.
"""

from collections.abc import Callable, Iterator
from typing import Any

from reconciler.emulator.failure import ApiError
from reconciler.emulator.wire import Document, is_number, parts

UNKNOWN = "${}"
"""Represents a value that cannot be checked; matches everything."""


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": is_number,
    "integer": lambda value: is_number(value) and value == int(value),
}
_BOUNDS: dict[str, tuple[type | tuple[type, ...], Callable[[Any, Any], bool], str]] = {
    "minimum": ((int, float), lambda value, bound: value >= bound, "must be at least"),
    "maximum": ((int, float), lambda value, bound: value <= bound, "must be at most"),
    "exclusiveMinimum": ((int, float), lambda value, bound: value > bound, "must be above"),
    "exclusiveMaximum": ((int, float), lambda value, bound: value < bound, "must be below"),
    "minLength": (str, lambda value, bound: len(value) >= bound, "must have a length of at least"),
    "maxLength": (str, lambda value, bound: len(value) <= bound, "must have a length of at most"),
    "minItems": (list, lambda value, bound: len(value) >= bound, "must have a length of at least"),
    "maxItems": (list, lambda value, bound: len(value) <= bound, "must have a length of at most"),
}
_LISTS = ("allOf", "anyOf", "oneOf")


def check_schema(schema: Any, place: str) -> None:
    """Refuse a schema with keywords of the wrong type: 400 naming the place."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise _malformed(place, "must be an object")
    names = schema.get("type", [])
    if not all(isinstance(name, str) and name in _TYPES for name in _as_list(names)):
        raise _malformed(f"{place}.type", f"must name {', '.join(_TYPES)}")
    if not isinstance(schema.get("enum", []), list):
        raise _malformed(f"{place}.enum", "must be an array")
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise _malformed(f"{place}.required", "must be an array of strings")
    for name in _BOUNDS:
        # Draft 4 has booleans next to `minimum` and `maximum`; they are ignored.
        is_flag = name.startswith("exclusive") and isinstance(schema.get(name), bool)
        if name in schema and not is_flag and not is_number(schema[name]):
            raise _malformed(f"{place}.{name}", "must be a number")
    if not isinstance(schema.get("properties", {}), dict):
        raise _malformed(f"{place}.properties", "must be an object")
    for inner_place, inner in _subschemas(schema, place):
        check_schema(inner, inner_place)


def problems(value: Any, schema: Any, place: str) -> Iterator[str]:
    """Yield the problems of `value`; the schema has passed `check_schema`."""
    if schema is True or (isinstance(value, str) and "${" in value):
        return
    if schema is False:
        yield f"{place} is not allowed"
        return
    names = _as_list(schema.get("type", []))
    if names and not any(_TYPES[name](value) for name in names):
        yield f"{place} must be of type {' or '.join(names)}"
        return
    yield from _mismatches(value, schema, place)
    if not isinstance(value, bool):
        for name, (kinds, holds, words) in _BOUNDS.items():
            bound = schema.get(name)
            if is_number(bound) and isinstance(value, kinds) and not holds(value, bound):
                yield f"{place} {words} {bound}"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                yield f"{place}.{name} is required"
    for inner_place, inner_value, inner in _parts(value, schema, place):
        yield from problems(inner_value, inner, inner_place)


def _mismatches(value: Any, schema: Document, place: str) -> Iterator[str]:
    """Yield the problems of the whole value; one with a placeholder inside can still become valid."""
    if _holds_placeholder(value):
        return
    if "enum" in schema and not any(_is_same(value, choice) for choice in schema["enum"]):
        yield f"{place} must be one of the values of its enum"
    if "const" in schema and not _is_same(value, schema["const"]):
        yield f"{place} must be its constant"
    if "anyOf" in schema and _count(value, schema["anyOf"], place) == 0:
        yield f"{place} matches nothing of anyOf"
    if "oneOf" in schema and _count(value, schema["oneOf"], place) != 1:
        yield f"{place} must match exactly one of oneOf"
    if "not" in schema and _count(value, [schema["not"]], place) == 1:
        yield f"{place} matches what it must not"


def _count(value: Any, schemas: list[Any], place: str) -> int:
    return sum(next(problems(value, schema, place), None) is None for schema in schemas)


def _parts(value: Any, schema: Document, place: str) -> list[tuple[str, Any, Any]]:
    """The parts of a value that have their own schema."""
    parts = [(place, value, inner) for inner in schema.get("allOf", [])]
    if isinstance(value, list) and isinstance(schema.get("items"), dict | bool):
        parts += [(f"{place}[{number}]", item, schema["items"]) for number, item in enumerate(value)]
    if isinstance(value, dict):
        named = schema.get("properties", {})
        others = schema.get("additionalProperties", True)
        parts += [(f"{place}.{name}", item, named.get(name, others)) for name, item in value.items()]
    return parts


def _subschemas(schema: Document, place: str) -> Iterator[tuple[str, Any]]:
    for name, inner in schema.get("properties", {}).items():
        yield f"{place}.properties.{name}", inner
    for name in ("additionalProperties", "items", "not"):
        # A list of schemas for an array's first items belongs to older drafts and is ignored.
        if name in schema and not (name == "items" and isinstance(schema[name], list)):
            yield f"{place}.{name}", schema[name]
    for name in _LISTS:
        if not isinstance(schema.get(name, []), list):
            raise _malformed(f"{place}.{name}", "must be an array")
        for number, inner in enumerate(schema.get(name, [])):
            yield f"{place}.{name}[{number}]", inner


def _holds_placeholder(value: Any) -> bool:
    return any(isinstance(part, str) and "${" in part for part in parts(value))


def _is_same(one: Any, other: Any) -> bool:
    """Compare as JSON does: true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _malformed(place: str, problem: str) -> ApiError:
    return ApiError(400, f"{place} {problem}", details={"field": place})
