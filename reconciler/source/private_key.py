"""Private keys in files of any kind: PEM blocks, escaped PEM blocks and base64 of either (rule R10).

Finds places, never returns any of a key. Prose that only mentions a label is no finding: a label
must be followed by base64 text. Every search is linear in the size of the content.

How base64 is found: the text `-----BEGIN` encodes to one of three fixed texts, by its offset
modulo 3 in what was encoded. They are searched in the content without white space, because base64
is wrapped in lines, and what follows is decoded and held against the same pattern as plain text.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from reconciler.model.declaration import PrivateKeyPlace
from reconciler.model.origin import Origin

MAX_PLACES = 100
"""Of one file; one is enough to refuse."""

_TAIL = b"PRIVATE KEY-----"
_BEGIN = re.compile(rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY-----\Z")
_CUT_BEGIN = re.compile(rb"-{2,5}BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY-----")
_HEADER = re.compile(rb"(?:Proc-Type|DEK-Info): ?[A-Za-z0-9,\- ]{1,80}")
_ESCAPE = re.compile(rb"\\{1,8}(?:[nrt]|u000[aAdD]|\r?\n)")
_JOINT = re.compile(rb"[\s\"'+|>#*,]+")
_REAL_BREAK = re.compile(rb"[ \t]*\r?\n|[ \t]")
_BODY_CHARACTERS = 40
"""Base64 characters behind a label that make it a key: an Ed25519 key, the shortest in use, has 64."""
_BODY = re.compile(rb"[A-Za-z0-9+/=]{%d}" % _BODY_CHARACTERS)
_LABEL_BYTES = 80
_WINDOW_BYTES = 1024
"""How far behind a label its body is looked for: headers, indentation, escapes."""

_WHITE = b" \t\r\n"
_ESCAPED_BREAK = re.compile(rb"\\{1,8}[nr]")
_ENCODED = tuple(
    (base64.b64encode(bytes(shift) + b"-----BEGIN")[first:last], (4 - first) % 4)
    for shift, first, last in ((0, 0, 13), (1, 2, 14), (2, 3, 16))
)
"""Each fixed text, and how many characters of it precede the next whole group of four."""
_ALPHABET = re.compile(rb"[A-Za-z0-9+/_-]*")
_ENCODED_WINDOW = 1024


def find_private_keys(content: bytes, file: str) -> tuple[PrivateKeyPlace, ...]:
    """Return where private keys stand in a file, in order, each place once."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    found = sorted({**dict(_encoded_keys(content)), **dict(_plain_keys(content))}.items())[:MAX_PLACES]
    return tuple(PrivateKeyPlace(origin, form) for origin, form in _placed(content, found, file))


def _plain_keys(content: bytes) -> Iterator[tuple[int, str]]:
    """Offsets of PEM blocks, and whether they stand as they are or escaped."""
    count, at = 0, content.find(_TAIL)
    while at >= 0 and count < MAX_PLACES:
        end = at + len(_TAIL)
        begin = content.rfind(b"-----BEGIN ", max(0, at - _LABEL_BYTES), end)
        if begin >= 0 and _BEGIN.match(content[begin:end]) and _has_body(content[end : end + _WINDOW_BYTES]):
            count += 1
            yield begin, "PEM" if _REAL_BREAK.match(content, end) else "escaped"
        at = content.find(_TAIL, end)


def _has_body(rest: bytes) -> bool:
    """Whether base64 text follows, behind escapes, quotes, indentation and encryption headers."""
    text = _ESCAPE.sub(b"\n", rest)
    text = _HEADER.sub(b" ", text)
    text = _JOINT.sub(b"", text)
    return _BODY.match(text) is not None


def _encoded_keys(content: bytes) -> Iterator[tuple[int, str]]:
    if not any(encoded[:4] in content for encoded, _ in _ENCODED) and b"\n" not in content:
        return
    packed = content.translate(None, _WHITE)
    if b"\\" in packed:
        packed = _ESCAPED_BREAK.sub(b"", packed)
    hits: list[int] = []
    for encoded, lead in _ENCODED:
        at = packed.find(encoded)
        while at >= 0 and len(hits) < MAX_PLACES * 10:
            if _decodes_to_key(packed[at + lead : at + lead + _ENCODED_WINDOW]):
                hits.append(at)
            at = packed.find(encoded, at + 1)
    for offset in _unpacked(content, sorted(hits)):
        yield offset, "base64"


def _decodes_to_key(text: bytes) -> bool:
    matched = _ALPHABET.match(text)
    assert matched is not None  # the pattern matches the empty text
    run = matched[0].translate(bytes.maketrans(b"-_", b"+/"))
    try:
        decoded = base64.b64decode(run[: len(run) // 4 * 4])
    except binascii.Error:
        return False
    label = _CUT_BEGIN.match(decoded)
    return label is not None and _has_body(decoded[label.end() :])


_PIECE = re.compile(rb"(?:\\{1,8}[nr]|[ \t\r\n])+")


def _unpacked(content: bytes, hits: list[int]) -> Iterator[int]:
    """Offsets in the content of ascending offsets in its packed form."""
    packed = start = 0
    pieces = _PIECE.finditer(content)
    piece = next(pieces, None)
    for hit in hits:
        while piece is not None and packed + piece.start() - start <= hit:
            packed += piece.start() - start
            start = piece.end()
            piece = next(pieces, None)
        yield start + hit - packed


def _placed(content: bytes, found: list[tuple[int, str]], file: str) -> Iterator[tuple[Origin, str]]:
    line, start, scanned = 1, 0, 0
    for offset, form in found:
        breaks = content.count(b"\n", scanned, offset)
        if breaks:
            line += breaks
            start = content.rfind(b"\n", scanned, offset) + 1
        scanned = offset
        column = len(content[start:offset].decode("utf-8", "replace")) + 1
        yield Origin(file, line, column), form
