"""Parsed JSON and YAML values: their type, their digest, and JSON pointers (RFC 6901)."""

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import JsonValue as Json
else:
    # Only values parsed from YAML or JSON are validated; with JsonValue, pydantic would check every value again
    # and copy it.
    Json = Any

JsonObject = dict[str, Json]
Path = tuple[str | int, ...]
"""Steps from the root of a document: keys of mappings and indexes of lists."""

__all__ = ["Json", "JsonObject", "Path", "canonical_text", "digest", "dotted", "pointer", "steps"]


def canonical_text(value: Json) -> str:
    """JSON that is equal for equal values: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Json) -> str:
    """SHA-256 of the canonical text, as 64 lower-case hex digits."""
    return hashlib.sha256(canonical_text(value).encode("utf-8", "surrogatepass")).hexdigest()


def pointer(path: Sequence[str | int]) -> str:
    """JSON pointer of a path (RFC 6901).

    >>> pointer(("a/b", 0, "c"))
    '/a~1b/0/c'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def steps(text: str) -> tuple[str, ...]:
    """Steps of a JSON pointer, the inverse of `pointer`; list indexes stay text.

    >>> steps("/a~1b/0")
    ('a/b', '0')
    """
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def dotted(path: Sequence[str | int]) -> str:
    """A path in dotted notation, for people.

    >>> dotted(("driver_inputs", "values", "ports", 0))
    'driver_inputs.values.ports[0]'
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
