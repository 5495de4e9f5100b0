"""The type of parsed JSON and YAML values, its digest and JSON pointers (RFC 6901)."""

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import JsonValue as Json
else:
    # What is validated was parsed from YAML or JSON, so it holds nothing else; pydantic would ask a function
    # about every value once more, and copy it.
    Json = Any

JsonObject = dict[str, Json]
Path = tuple[str | int, ...]
"""Steps from the root of a document: keys of mappings and indexes of lists."""

__all__ = ["Json", "JsonObject", "Path", "canonical_text", "digest", "dotted", "pointer", "steps"]


def canonical_text(value: Json) -> str:
    """Equal values give equal text: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Json) -> str:
    """SHA-256 of the canonical text, as 64 lower-case hex digits."""
    return hashlib.sha256(canonical_text(value).encode("utf-8", "surrogatepass")).hexdigest()


def pointer(path: Sequence[str | int]) -> str:
    """RFC 6901.

    >>> pointer(("a/b", 0, "c"))
    '/a~1b/0/c'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def steps(text: str) -> tuple[str, ...]:
    """Invert `pointer`; list indexes stay text.

    >>> steps("/a~1b/0")
    ('a/b', '0')
    """
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def dotted(path: Sequence[str | int]) -> str:
    """For people.

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
