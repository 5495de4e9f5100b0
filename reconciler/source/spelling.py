"""Numbers that do not arrive as they are written: `0123`, `1.10`, `1e3`, more digits than a double has.

JSON does not preserve how a number is written, and the APIs store numbers as doubles. If a string was
meant (an account, a version, a commit), it is silently lost. The spelling is read from the file at the
places of the parsed document, so that the parsers need not keep it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from reconciler.model.finding import Finding
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.origin import Origin, Positions
from reconciler.model.reading_rule import concern, problem
from reconciler.model.secret_name import may_name_secret
from reconciler.model.wording import plural
from reconciler.source.scalar import plain_value
from reconciler.source.violation import QUOTE, named
from reconciler.source.yaml_text import lines_of

_SUSPECT = re.compile(
    rb"(?:[-+]?0[0-9xo]|\+[.0-9]|-0(?![.0-9])|[-+]?\.[0-9]|[-+]?[0-9]+\.(?:[0-9]*0)?(?![0-9])"
    rb"|[-+]?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]|[-+]?[0-9.]{16})"
)
"""The start of a word that may be such a number. Addresses and quoted strings match as well."""
_WORD = re.compile(rb"[-+.0-9](?<![\w.+-].)[-+.0-9A-Za-z]*")
"""A word, from its start. The lookbehind comes second, because searching for a plain set of bytes is 6 times faster."""
_TOKEN = re.compile(r"(?:[&!]\S*[ \t]+)*([-+.0-9][0-9A-Za-z.+-]*)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_OCTAL_DIGITS = re.compile(r"0[0-7]+")
_EXACT = 2**53
"""Every whole number up to this one is exact as a double."""
_WITHOUT_EXPONENT = (Decimal("1e-6"), Decimal("1e21"))
"""Between these, JSON writes numbers without an exponent."""
_MOST_CHARACTERS = 60
_PLAIN = frozenset(("helmValues", "privateKey"))
"""Names that sound secret but also contain plain values; members below are checked by their own names."""
MAX_FINDINGS = 50
"""Per document; further numbers are only counted."""


def suspects(content: bytes) -> frozenset[int | float]:
    """Values of all words in a text that may be numbers whose spelling would be lost.

    Other numbers of the document need no check, so their places need not be computed.
    """
    found: set[int | float] = set()
    for word in _WORD.findall(content):
        if not _SUSPECT.match(word):
            continue
        try:
            value = plain_value(word.decode("ascii"))
        except ValueError:
            continue
        if isinstance(value, int | float):
            found.add(value)
    return frozenset(found)


def arriving(value: float) -> str:
    """A number in JSON after it was stored as a double; "" if it is too large for one.

    >>> [arriving(value) for value in (12, 1.10, 1e3, 12345678901234567890, 0.5)]
    ['12', '1.1', '1000', '12345678901234567000', '0.5']
    """
    if isinstance(value, int) and abs(value) <= _EXACT:
        return str(value)
    try:
        number = Decimal(repr(float(value)))
    except OverflowError:
        return ""
    least, most = _WITHOUT_EXPONENT
    if number and not least <= abs(number) < most:
        return repr(float(value))
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def with_spelling(
    findings: Sequence[Finding],
    document: JsonObject,
    positions: Positions,
    content: bytes,
    values: frozenset[int | float],
) -> list[Finding]:
    """The findings of one document, and those for numbers whose spelling is lost.

    `content` is the text of the file, `values` are its `suspects`. If a string is required, there is a finding
    already; its advice is extended by the value that would arrive.
    """
    if not _holds(document, values):
        return list(findings)
    lines = lines_of(content.decode("utf-8-sig", "replace"))
    kept, found = list(findings), []
    at = {finding.origin: index for index, finding in enumerate(kept) if finding.rule == "F06"}
    for path, value, place in _respelled(document, positions, lines):
        index = at.get(place)
        if index is None:
            found.append(_finding(path, value, place, lines))
        elif kept[index].advice == QUOTE:
            change = _change(path, value, _written(value, place, lines))
            kept[index] = replace(kept[index], advice=f"{QUOTE}; it {change}")
    return [*kept, *_bounded(found)]


def _bounded(found: list[Finding]) -> list[Finding]:
    """The first findings, errors before warnings, and one with the number of those left out."""
    found.sort(key=Finding.sort_key)
    shown, rest = found[:MAX_FINDINGS], found[MAX_FINDINGS:]
    if rest:
        do = "does" if len(rest) == 1 else "do"
        message = f"{plural(len(rest), 'more number')} in the document {do} not arrive as written"
        shown.append(replace(rest[0], message=message, advice="quote those that are meant as strings"))
    return shown


def _respelled(
    document: JsonObject, positions: Positions, lines: Sequence[str]
) -> Iterator[tuple[Path, int | float, Origin]]:
    for path, value, place in positions.walk(document):
        if isinstance(value, int | float) and not isinstance(value, bool):
            text = _written(value, place, lines)
            if text and text != arriving(value):
                yield path, value, place


def _holds(value: Json, numbers: frozenset[int | float]) -> bool:
    """True if a value contains one of the numbers."""
    if isinstance(value, dict):
        return any(_holds(child, numbers) for child in value.values())
    if isinstance(value, list):
        return any(_holds(child, numbers) for child in value)
    return isinstance(value, int | float) and not isinstance(value, bool) and value in numbers


def _written(value: float, place: Origin, lines: Sequence[str]) -> str:
    """Text of a number in the file, "" if it is not known."""
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    found = _TOKEN.match(line, place.column - 1)
    if found is None:
        return ""
    try:
        return found[1] if plain_value(found[1]) == value else ""
    except ValueError:
        return ""


def _change(path: Path, value: float, text: str) -> str:
    """How the number changes, to follow its name in a sentence; without any digits if it may be a secret."""
    arrives = arriving(value)
    is_hidden = any(may_name_secret(step) for step in path if isinstance(step, str) and step not in _PLAIN)
    if is_hidden or len(text) > _MOST_CHARACTERS:
        return "does not arrive as it is written" if arrives else "is too large to be stored"
    return f"is written `{text}` and arrives as `{arrives}`" if arrives else "is too large to be stored"


def _finding(path: Path, value: float, place: Origin, lines: Sequence[str]) -> Finding:
    text, arrives = _written(value, place, lines), arriving(value)
    change = _change(path, value, text)
    message = f"{named(path)} {change}"
    if _LEADING_ZERO.fullmatch(text):
        advice = "quote it if a string is meant"
        if _OCTAL_DIGITS.fullmatch(text) and text in change:
            advice += f"; if an octal number is meant, write `{int(text, 8)}`"
        return problem("F15", message, place, advice=advice)
    if not arrives or _is_another_number(text, arrives):
        return problem("F15", message, place, advice="quote it to keep all digits")
    return concern("F15", message, place, advice="quote it if a string is meant")


def _is_another_number(text: str, arrives: str) -> bool:
    return text[:2] not in ("0x", "0o") and Decimal(text) != Decimal(arrives)
