"""JSON text to values and back, with the limits of a public server.

Refuses text that is not UTF-8, `NaN` and `Infinity`, numbers beyond the range of a double,
and nesting too deep to walk. The collections interpret the documents. Called where bodies
are read and responses written.
"""

import json
import math
from collections.abc import Iterator
from typing import Any, TypeGuard

DEEPEST = 200
"""Maximum nesting of a body; functions that walk a document recurse once per level."""

_LONGEST_INTEGER = 320

Document = dict[str, Any]
"""One JSON object; documents in the store are never changed in place.

Members of stored ones that begin with an underscore are for the emulator only (`visible`).
"""


class MalformedJsonError(ValueError):
    """A body is not JSON; the text says why in the words of a Go decoder."""


def decode(body: bytes) -> Any:
    """The value in `body`; raises MalformedJsonError."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJsonError("invalid UTF-8 in request body") from error
    try:
        value = json.loads(text, parse_float=_finite, parse_int=_bounded, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise MalformedJsonError("exceeded max depth") from error
    except json.JSONDecodeError as error:
        raise MalformedJsonError(_go_wording(text, error.pos)) from error
    except (ValueError, OverflowError) as error:
        raise MalformedJsonError("number out of range") from error
    if _is_too_deep(value):
        raise MalformedJsonError("exceeded max depth")
    return value


def encode(value: Any) -> bytes:
    """Compact JSON in ASCII, which also represents lone surrogates safely."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def visible(document: Document) -> Document:
    """A stored document as responses show it: without members that begin with an underscore."""
    return {name: value for name, value in document.items() if not name.startswith("_")}


def parts(value: Any) -> Iterator[Any]:
    """Yield `value` and all values inside it, in no particular order; member names are not included."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a value is a number in JSON; in Python, booleans are numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def holds_nul(value: Any) -> bool:
    """Whether any text inside `value`, member names included, has a NUL character."""
    for part in parts(value):
        texts = (part,) if isinstance(part, str) else part if isinstance(part, dict) else ()
        if any("\x00" in text for text in texts):
            return True
    return False


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        if not inner:
            return False
        level = inner
    return True


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _bounded(text: str) -> int:
    # Longer integers exceed a double as well, and are slow to parse.
    if len(text) > _LONGEST_INTEGER:
        raise ValueError(text)
    number = int(text)
    float(number)
    return number


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _go_wording(text: str, position: int) -> str:
    if position >= len(text.rstrip()):
        return "unexpected EOF"
    return f"invalid character {text[position]!r} looking for beginning of value"
