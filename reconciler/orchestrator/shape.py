"""Typed access to untyped answers: an unexpected shape is an error, never a guess.

Unknown members are ignored everywhere, so that a newer server does not break this client.
"""

from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from reconciler.model.json import Json, JsonObject, dotted

M = TypeVar("M", bound=BaseModel)


class ShapeError(ValueError):
    """A member of an answer is missing or has another type; the message names the member, never its value."""


def member_object(value: Json, where: str) -> JsonObject:
    """The value as an object; `where` names it in the error."""
    if not isinstance(value, dict):
        raise ShapeError(f"{where} is not an object")
    return value


def member_list(value: Json, where: str) -> list[Json]:
    """The value as an array; null is refused, because an empty list must be explicit."""
    if not isinstance(value, list):
        raise ShapeError(f"{where} is not an array")
    return value


def objects(value: Json, where: str) -> Iterator[JsonObject]:
    """Yield the items of an array of objects."""
    for index, item in enumerate(member_list(value, where)):
        yield member_object(item, f"{where}[{index}]")


def optional_objects(value: Json, where: str) -> Iterator[JsonObject]:
    """Yield the items of an array of objects that can be absent or null."""
    if value is not None:
        yield from objects(value, where)


def text(document: JsonObject, member: str) -> str:
    """A member that must be a non-empty string."""
    value = document.get(member)
    if not isinstance(value, str) or not value:
        raise ShapeError(f"member `{member}` is missing, empty or not a string")
    return value


def optional_text(document: JsonObject, member: str) -> str:
    """A string member, "" if it is absent or null. Other types are refused."""
    value = document.get(member)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ShapeError(f"member `{member}` is not a string")
    return value


def optional_flag(document: JsonObject, member: str) -> bool:
    """A boolean member, false if it is absent or null. Other types are refused."""
    value = document.get(member)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise ShapeError(f"member `{member}` is neither true nor false")
    return value


def validated(model: type[M], document: JsonObject) -> M:
    """The document as a model; the messages of pydantic are not used, because they quote values."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise ShapeError(f"member `{dotted(first['loc'])}`: {first['type']}") from None
