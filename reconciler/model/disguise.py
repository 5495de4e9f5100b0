"""Finds a secret in a message of a server, in any of the usual encodings.

A server that explains a refusal can repeat what it got: as it is, escaped, encoded, or a part of it. Called for
every message of a server before it is shown.
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, unquote_plus

from reconciler.model.json import Json
from reconciler.model.secret import Secret

_SHORTEST_WORD = 8
"""Shorter words of a secret are too common to search for on their own."""
_SHORTEST_ENCODED = 4
"""Bytes of a secret of which encoded forms are searched for; those of fewer bytes are found in ordinary words."""
_UNICODE_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_SEPARATORS = re.compile(r"[\s:,\-_.]|0x|\\x", re.IGNORECASE)
_URL_SAFE = str.maketrans("-_", "+/")


def repeats(line: str, hidden: Iterable[Secret]) -> bool:
    """True if the line has one of the secrets, or a long word of one.

    Found: plain, in any case, reversed, escaped, percent-encoded, in hex and in base64. Not found: a part of a
    word, or an encoding of an encoding.
    """
    readings = tuple(dict.fromkeys(_readings(line)))
    joined = _SEPARATORS.sub("", line).casefold()
    base64_text = re.sub(r"\s", "", line).translate(_URL_SAFE)
    for secret in hidden:
        for text in _texts(secret.reveal()):
            folded = text.casefold()
            if any(folded in reading for reading in readings):
                return True
            content = text.encode("utf-8", "surrogatepass")
            if len(content) >= _SHORTEST_ENCODED and (
                content.hex() in joined or any(core in base64_text for core in _base64_cores(content))
            ):
                return True
    return False


def _readings(line: str) -> Iterator[str]:
    """The line, and what it says decoded; each forwards and backwards, in one case."""
    decoded = (
        line,
        unquote(line),
        unquote_plus(line),
        unquote(unquote(line)),
        html.unescape(line),
        _UNICODE_ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), line),
        re.sub(r"\\(.)", r"\1", line),
    )
    for text in decoded:
        folded = text.casefold()
        yield folded
        yield folded[::-1]


def _texts(value: Json) -> Iterator[str]:
    """A secret as it would be written, and its parts that are long enough to give it away."""
    if not isinstance(value, str):
        if value is not None and not isinstance(value, bool):
            yield json.dumps(value)
        return
    text = value.strip()
    if text:
        yield from (text, json.dumps(text)[1:-1])
        yield from (word for word in text.split() if len(word) >= _SHORTEST_WORD)


def _base64_cores(content: bytes) -> Iterator[str]:
    """What base64 has of the content wherever it begins: characters that depend on its neighbours are left out."""
    for offset, unsure in ((0, 0), (1, 2), (2, 3)):
        whole = (len(content) + offset) // 3 * 3
        core = base64.b64encode((b"\0" * offset + content)[:whole]).decode()[unsure:]
        if len(core) >= _SHORTEST_ENCODED:
            yield core
