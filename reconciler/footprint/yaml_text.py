"""JSON values as YAML text that every reader of YAML understands alike.

YAML 1.1 and 1.2 disagree about many plain words (`no`, `1e3`, `0o14`, `12:30`). Only words that are text in both are
written plain; everything else is quoted as in JSON, which is YAML too.
"""

import json
import re
from collections.abc import Iterator

from reconciler.model.json import Json

_PLAIN = re.compile(r"[A-Za-z_/](?:[\w ./@+=,()-]|:(?=[^\s])|(?<! )#)*", re.ASCII)
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
"""Words that some version of YAML takes for a truth value or nothing, in lower case."""
_STEP = "  "


def to_yaml(value: Json) -> str:
    """One document in block style, without a marker at its start. Members keep their order.

    >>> print(to_yaml({"a": ["x", {"b": "no", "c": 1}], "d": {}}), end="")
    a:
      - x
      - b: "no"
        c: 1
    d: {}
    """
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Json) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _member(f"{_scalar(name)}:", inner, _STEP)
    elif isinstance(value, list) and value:
        for inner in value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from (f"{_STEP}{line}" for line in rest)
    else:
        yield _scalar(value)


def _member(start: str, value: Json, indent: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield start
        yield from (f"{indent}{line}" for line in _lines(value))
    else:
        yield f"{start} {_scalar(value)}"


def _scalar(value: Json) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    is_plain = _PLAIN.fullmatch(value) and value[-1] != " " and value.lower() not in _WORDS
    return value if is_plain else _quoted(value)


def _quoted(text: str) -> str:
    """A text in double quotes. What is not printable is escaped, also beyond the 16 bits of JSON's escapes."""
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isprintable():
        return quoted
    return "".join(character if character.isprintable() else _escaped(character) for character in quoted)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
