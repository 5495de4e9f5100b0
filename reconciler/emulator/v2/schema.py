"""A validator with the messages of the server's (v2 section 3.2).

Schemas are JSON Schema objects with three additions: `x-pattern-error` is the message of a
failed pattern, `x-variants` maps a discriminator (`x-discriminator`, `type` if unset) to
schemas, and `x-nullable` allows null. Members are visited in alphabetical order, required ones
after them, and the first problem ends the visit. A problem below the top level quotes the
schema and **the submitted value**; the server leaks values in the same way, so this is intended.
"""

import json
import re
from functools import cache
from typing import Any

Schema = dict[str, Any]
Place = tuple[str, ...]

_TYPES = {"string": str, "boolean": bool, "integer": int, "object": dict, "array": list}


class SchemaProblem(Exception):  # noqa: N818 - a finding that travels, not a failure of this code
    """The first problem of a body: place, text, and the schema and value to quote.

    `bare` is the pattern's own message, which is used alone if set.
    """

    def __init__(
        self,
        place: Place,
        reason: str,
        *,
        schema: Schema | None = None,
        value: Any = None,
        bare: str = "",
    ) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason
        self.schema = schema
        self.value = value
        self.bare = bare

    def message(self, body_schema: str) -> str:
        """The text of the response: one line at the top level, otherwise with schema and value."""
        line = self.bare or self._located()
        if len(self.place) <= 1 or self.schema is None:
            return (
                f"request body has an error: doesn't match schema #/components/schemas/{body_schema}: {line}"
            )
        if self.bare:
            return line
        return f"{line}\nSchema:\n  {_quoted(self.schema)}\n\nValue:\n  {_quoted(self.value)}\n"

    def _located(self) -> str:
        return f'Error at "/{"/".join(self.place)}": {self.reason}' if self.place else self.reason


def visit(schema: Schema, value: Any, place: Place = ()) -> Any:
    """`value` with defaults filled in; raises SchemaProblem."""
    if value is None:
        raise SchemaProblem(place, "Value is not nullable", schema=schema, value=value)
    kind = schema.get("type", "object")
    # JSON distinguishes numbers and booleans; in Python, booleans are numbers.
    if not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        article = "an" if kind in ("integer", "object", "array") else "a"
        raise SchemaProblem(place, f"value must be {article} {kind}", schema=schema, value=value)
    if isinstance(value, str):
        _check_text(schema, value, place)
    elif isinstance(value, list):
        return _visit_items(schema, value, place)
    elif isinstance(value, dict):
        return _visit_members(_variant(schema, value, place), value, place)
    return value


def unknown_member(schema: Schema, value: Any) -> str:
    """The first member, in document order, that a strict decoder refuses, or ""."""
    if isinstance(value, list):
        found = (unknown_member(schema.get("items", {}), item) for item in value)
        return next((name for name in found if name), "")
    if not isinstance(value, dict):
        return ""
    if "properties" not in schema:
        found = (unknown_member(schema.get("additionalProperties", {}), item) for item in value.values())
        return next((name for name in found if name), "")
    for name, item in value.items():
        if name not in schema["properties"]:
            return str(name)
        inner = unknown_member(schema["properties"][name], item)
        if inner:
            return inner
    return ""


def _variant(schema: Schema, value: dict[str, Any], place: Place) -> Schema:
    variants = schema.get("x-variants")
    if variants is None:
        return schema
    by = schema.get("x-discriminator", "type")
    if by not in value:
        raise SchemaProblem(place, f'input does not contain the discriminator property "{by}"')
    if not isinstance(value[by], str):
        raise SchemaProblem(place, f'value of discriminator property "{by}" is not a string')
    if value[by] not in variants:
        raise SchemaProblem(place, f'discriminator property "{by}" has invalid value')
    chosen: Schema = variants[value[by]]
    return chosen


def _visit_members(schema: Schema, value: dict[str, Any], place: Place) -> dict[str, Any]:
    properties: dict[str, Schema] = schema.get("properties", {})
    result = dict(value)
    for name, member in sorted(properties.items()):
        if "default" in member and result.get(name) is None:
            result[name] = member["default"]
    for name in sorted(result):
        member_schema = properties.get(name) or schema.get("additionalProperties")
        if member_schema:
            result[name] = visit(member_schema, result[name], (*place, name))
    for name in schema.get("required", ()):
        if name not in result:
            raise SchemaProblem((*place, name), f'property "{name}" is missing', schema=schema, value=result)
    return result


def _visit_items(schema: Schema, value: list[Any], place: Place) -> list[Any]:
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    if len(value) < least:
        raise SchemaProblem(place, f"minimum number of items is {least}", schema=schema, value=value)
    if most is not None and len(value) > most:
        raise SchemaProblem(place, f"maximum number of items is {most}", schema=schema, value=value)
    return [visit(schema["items"], item, (*place, str(number))) for number, item in enumerate(value)]


def _check_text(schema: Schema, value: str, place: Place) -> None:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if len(value) < least:
        raise SchemaProblem(place, f"minimum string length is {least}", schema=schema, value=value)
    if most is not None and len(value) > most:
        raise SchemaProblem(place, f"maximum string length is {most}", schema=schema, value=value)
    pattern = schema.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        bare = schema.get("x-pattern-error", "")
        reason = f'string doesn\'t match the regular expression "{pattern}"'
        raise SchemaProblem(place, reason, schema=schema, value=value, bare=bare)
    if schema.get("enum") and value not in schema["enum"]:
        raise SchemaProblem(place, "value is not one of the allowed values", schema=schema, value=value)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Go's $ matches only at the very end and \d only ASCII (v2 section 15).
    return re.compile(pattern, re.ASCII)


def _quoted(value: Any) -> str:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).replace("\n", "\n  ")
    # Go's encoder escapes these three.
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
