"""What a plain YAML scalar means: the core schema of YAML 1.2 (specification 1.2.2, section 10.3).

`no`, `on`, `yes` and timestamps are strings. Infinity and NaN are refused, because JSON has neither.
"""

import math
import re

RESOLVABLE_START = "+-.0123456789ntfNTF~"
"""Every plain scalar that is not a string starts with one of these, or is empty."""
_NUMBER_START = "+-.0123456789"
LARGEST_NUMBER_CHARACTERS = 400
"""Longer ones are refused: no double needs as many, and converting digits takes quadratic time."""

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def plain_value(text: str) -> str | int | float | bool | None:
    """Value of an untagged plain scalar.

    Raises ValueError with a readable reason for numbers that JSON cannot represent.

    >>> [plain_value(text) for text in ("no", "012", "0o14", "1e3", "true", "", "2024-01-01")]
    ['no', 12, 12, 1000.0, True, None, '2024-01-01']
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _NOT_FINITE.fullmatch(text):
        raise ValueError("infinity and NaN cannot be used")
    if len(text) > LARGEST_NUMBER_CHARACTERS:
        if _FLOAT.fullmatch(text):
            raise ValueError(f"a number with more than {LARGEST_NUMBER_CHARACTERS} characters cannot be used")
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text, 0)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise ValueError("the number is too large")
        return number
    return text


_SHORT_TAG = "tag:yaml.org,2002:"


def tagged_value(text: str, tag: str) -> str | int | float | bool | None:
    """Value of a scalar with an explicit tag of the core schema, or `!`.

    Raises ValueError with a readable reason if the tag is unknown or does not match the value.
    """
    if tag in ("!", _SHORT_TAG + "str"):
        return text
    name = tag.removeprefix(_SHORT_TAG)
    if name == tag or name not in ("int", "float", "bool", "null"):
        raise ValueError(
            "unknown tag; the known ones are !!str, !!int, !!float, !!bool, !!null, !!map and !!seq, and for secrets "
            "!env, !file and !secret"
        )
    value = plain_value(text)
    if name == "float" and type(value) is int:
        return float(value)
    expected = {"int": int, "float": float, "bool": bool, "null": type(None)}[name]
    if type(value) is not expected:
        raise ValueError(f"the value does not match its tag !!{name}")
    return value
