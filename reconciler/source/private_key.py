"""Private keys in files of any kind (rule R10): their places, never any part of them.

Detected: PEM, OpenSSH, SSH2, PGP and PuTTY blocks, PKCS#8, PKCS#1 and SEC1 structures in DER, key bags of
PKCS#12, and JSON Web Keys; each verbatim, escaped in JSON, YAML or programs, split over quoted lines or list
items, in UTF-16, and in up to three layers of base64. Not detected: keys in archives and compressed files, in
Java key stores, in DER with a passphrase, with spaces written as `%20`, and in base64 that does not begin at
the start of its text (a PEM block is detected there too).

Prose that only mentions a label is not reported: base64 text must follow. Every search is linear in the size
of the content: it looks for fixed texts, and matches patterns only around one, within limits.

How PEM in base64 is found at any offset: the text `-----BEGIN` encodes to one of three fixed texts, depending
on its offset modulo 3 in the encoded text. They are searched for in the content without white space, because
base64 is wrapped. Everything else in base64 is found by decoding long runs and searching the result.
"""

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from reconciler.model.declaration import PrivateKeyPlace
from reconciler.model.origin import Origin

MAX_PLACES = 100
"""Per file; one is enough to refuse the tree."""
_DEPTH = 3
"""Layers of base64 that are decoded."""

_WORD = b"PRIVATE KEY"
_WIDE_WORD = _WORD.decode().encode("utf-16-le")
_LABEL = rb"BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
_BEGIN = re.compile(rb"-{4,5} ?" + _LABEL)
_CUT_BEGIN = re.compile(rb"-{2,5}" + _LABEL)
_DASHES = re.compile(rb"-{4,5} ?\Z")
_LABEL_BYTES = 80
_WINDOW_BYTES = 1024
"""How far after a label its body can start: headers, indentation, escapes."""
_REAL_BREAK = re.compile(rb"[ \t]*\r?\n|[ \t]")

_BEFORE_BODY = re.compile(
    rb"(?:\\{1,8}(?:[nrt]|u000[aAdD]|\r?\n)|[\s\"'|>#*,]|[+-](?=[\s\"'])"
    rb"|(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash|MessageID): ?[^\r\n\\]{0,100}+)*+"
)
"""Line ends, quotes, indentation, list and comment markers, and headers, in any notation."""
_WHOLE_BODY = re.compile(rb"[A-Za-z0-9+/=]{40}")
"""Enough base64 after a label to make it a key: an Ed25519 key, the shortest in use, has 64 characters."""
_NARROW_BODY = re.compile(rb"[A-Za-z0-9+/]{16}")
_MIXED = (re.compile(rb"[0-9+/]"), re.compile(rb"[A-Z]"), re.compile(rb"[a-z]"))
_JOINT = re.compile(rb"(?:\\{1,8}[nrt]|[\s\"'|>#*,]|(?<=[\s\"'])[+-](?=[\s\"']))+")
"""Separators between lines of base64. A plus or minus counts only on its own: at the end of a line it is base64."""

_WHITE = b" \t\r\n"
_ESCAPED_BREAK = re.compile(rb"\\{1,8}[nr]")
_REMOVED = re.compile(rb"(?:\\{1,8}[nr]|[ \t\r\n])+")
_ESCAPE = re.compile(rb"\\{1,8}u00([2-7][0-9a-fA-F])")
"""A printable character as a JSON escape."""
_ENCODED = tuple(
    (base64.b64encode(bytes(shift) + b"-----BEGIN")[first:last], (4 - first) % 4)
    for shift, first, last in ((0, 0, 13), (1, 2, 14), (2, 3, 16))
)
"""Each fixed text, and the number of its characters before the next whole group of four."""
_ALPHABET = re.compile(rb"[A-Za-z0-9+/_-]*")
_ENCODED_LABEL = 120
_ENCODED_WINDOW = 1024

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_MASK = bytes(0x41 if byte in _LETTERS else 0x20 for byte in range(256))
_LONG = b"A" * 40
_CHUNK = re.compile(rb"[A-Za-z0-9+/_-]++")
_NEXT_CHUNK = re.compile(rb"(?:\\{1,8}[nrt]|[\s\"',#]){1,200}+([A-Za-z0-9+/_-]++)")
_STANDARD = bytes.maketrans(b"-_", b"+/")

_JWK = re.compile(rb"kty[\"'\\]{0,10}\s{0,20}:\s{0,20}[\"'\\]{0,10}(?:RSA|EC|OKP)\b")
_JWK_PRIVATE = re.compile(rb"(?<![A-Za-z0-9_-])d[\"'\\]{0,10}\s{0,20}:\s{0,20}[\"'\\]{0,10}[A-Za-z0-9_-]{40}")
_JWK_BYTES = 8192
"""Maximum extent of one key; all members of a 4096-bit key take less than 4,000 bytes."""
_PUTTY = b"Private-Lines:"
_PUTTY_BODY = re.compile(rb"Private-Lines: ?[0-9]{1,4}\s{1,80}[A-Za-z0-9+/]{40}")

_RSA = re.compile(rb"\x30\x82..\x02\x01\x00\x02\x82([\x00-\x08].)\x00", re.DOTALL)
_EXPONENTS = (b"\x02\x03\x01\x00\x01", b"\x02\x01\x03")
_EDWARDS = re.compile(
    rb"\x02\x01[\x00\x01]\x30\x05\x06\x03\x2b\x65[\x6e-\x71]\x04[\x22\x3b]\x04[\x20\x39]", re.DOTALL
)
_PFX = re.compile(rb"\x30(?:\x80|\x82..|\x83...)\x02\x01\x03", re.DOTALL)
_KEY_BAGS = tuple(b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01" + kind for kind in (b"\x01", b"\x02"))
_EC_REST = re.compile(rb"\xa0[\x01-\x7f]\x06|\xa1(?:[\x01-\x7f]|\x81.)\x03", re.DOTALL)
_EC_SIZES = frozenset(range(20, 67))

_IN_EACH_ENCODED = b"LS0t"
_MARKS = (b"\x02", b"\\", b"BEGIN", b"kty", b"Private-")
"""Every text that contains a key, other than in base64, contains one of these."""

_Hits = Iterator[tuple[int, str]]


def find_private_keys(content: bytes, file: str) -> tuple[PrivateKeyPlace, ...]:
    """Places of private keys in a file, in order, without duplicates."""
    content = _as_utf8(content)
    found = sorted(_scan(content, 0).items())[:MAX_PLACES]
    return tuple(PrivateKeyPlace(origin, form) for origin, form in _placed(content, found, file))


def _as_utf8(content: bytes) -> bytes:
    """The content as UTF-8. UTF-16 is recognised by its byte order mark, or by the words that every label contains."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace").encode("utf-8", "replace")
    at = content.find(_WIDE_WORD) if b"\0" in content else -1
    if at < 0:
        return content
    return content[at % 2 :].decode("utf-16-le", "replace").encode("utf-8", "replace")


def _scan(content: bytes, depth: int) -> dict[int, str]:
    """Form of each key, by its offset; at most `MAX_PLACES` of each form."""
    found: dict[int, str] = {}
    is_marked = any(mark in content for mark in _MARKS)
    for hits in (
        (_encoded_pem, _escaped, _jwks, _putty, _der, _key_bags, _pem) if is_marked else (_encoded_pem,)
    ):
        found.update(islice(hits(content), MAX_PLACES))
    if depth < _DEPTH:
        found.update(islice(_encoded(content, sorted(found), depth), MAX_PLACES))
    return found


def _pem(content: bytes) -> _Hits:
    """Blocks with a label, verbatim or escaped."""
    at = content.find(_WORD)
    while at >= 0:
        word = content.rfind(b"BEGIN ", max(0, at - _LABEL_BYTES), at)
        dashes = _DASHES.search(content, max(0, word - 6), word) if word > 0 else None
        begin = -1 if dashes is None else dashes.start()
        label = _BEGIN.match(content, begin) if begin >= 0 else None
        if label is not None and label.end() > at and _has_body(content, label.end()):
            yield begin, "PEM" if _REAL_BREAK.match(content, label.end()) else "escaped"
        at = content.find(_WORD, at + len(_WORD))


def _has_body(content: bytes, at: int) -> bool:
    """True if base64 text follows, after escapes, quotes, indentation and headers.

    In lines shorter than 40 characters it must also look like base64, because prose can follow a label too.
    """
    end = at + _WINDOW_BYTES
    before = _BEFORE_BODY.match(content, at, end)
    start = at if before is None else before.end()
    if _WHOLE_BODY.match(content, start, end):
        return True
    if not _NARROW_BODY.match(content, start, end):
        return False
    joined = _JOINT.sub(b"", content[start:end])
    return _WHOLE_BODY.match(joined) is not None and all(kind.search(joined[:120]) for kind in _MIXED)


def _escaped(content: bytes) -> _Hits:
    r"""Keys in text whose printable characters are escaped, such as `\u002d`."""
    if b"\\u00" not in content or _ESCAPE.search(content) is None:
        return
    plain = _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), content)
    hits = sorted(offset for offset, _ in islice(chain(_pem(plain), _jwks(plain)), MAX_PLACES))
    for offset in _before_rewriting(content, _ESCAPE, hits, kept=1):
        yield offset, "escaped"


def _jwks(content: bytes) -> _Hits:
    """JSON Web Keys with a private member (RFC 7517, RFC 7518 section 6), each one flat object."""
    at = content.find(b"kty")
    while at >= 0:
        end = at + len(b"kty")
        if _JWK.match(content, at):
            closing = content.find(b"}", at, at + _JWK_BYTES)
            end = closing if closing >= 0 else at + _JWK_BYTES
            first = max(0, at - _JWK_BYTES)
            start = 1 + max(content.rfind(b"{", first, at), content.rfind(b"}", first, at), first - 1)
            if _JWK_PRIVATE.search(content, start, end):
                yield at, "JWK"
        at = content.find(b"kty", end)


def _putty(content: bytes) -> _Hits:
    at = content.find(_PUTTY)
    while at >= 0:
        if _PUTTY_BODY.match(content, at):
            yield at, "PuTTY"
        at = content.find(_PUTTY, at + len(_PUTTY))


def _der(content: bytes) -> _Hits:
    """Private keys in DER: RSA (RFC 8017 A.1.2, also inside PKCS#8), EC (RFC 5915), Edwards curves (RFC 8410)."""
    for at in _occurrences(content, b"\x02\x01\x00\x02\x82"):
        matched = _RSA.match(content, at - 4) if at >= 4 else None
        if matched is not None:
            after = matched.start(1) + 2 + int.from_bytes(matched[1])
            if content.startswith(_EXPONENTS, after):
                yield at - 4, "DER"
    for at in _occurrences(content, b"\x30\x05\x06\x03\x2b\x65"):
        if at >= 3 and _EDWARDS.match(content, at - 3):
            yield at - 3, "DER"
    for at in _occurrences(content, b"\x02\x01\x01\x04"):
        if _is_sec1(content, at):
            yield at, "DER"


def _is_sec1(content: bytes, at: int) -> bool:
    """True for a sequence of version 1, the key, and the curve or the public half."""
    if content[max(0, at - 2) : at - 1] != b"\x30" and content[max(0, at - 3) : at - 1] != b"\x30\x81":
        return False
    size = content[at + 4] if at + 4 < len(content) else 0
    return size in _EC_SIZES and _EC_REST.match(content, at + 5 + size) is not None


def _key_bags(content: bytes) -> _Hits:
    """PKCS#12 files that contain a key, not only certificates (RFC 7292, section 4.2)."""
    if _PFX.match(content) and any(bag in content for bag in _KEY_BAGS):
        yield 0, "PKCS#12"


def _occurrences(content: bytes, wanted: bytes) -> Iterator[int]:
    at = content.find(wanted)
    while at >= 0:
        yield at
        at = content.find(wanted, at + 1)


def _encoded_pem(content: bytes) -> _Hits:
    """PEM blocks in base64, at any offset and in lines of any width."""
    packed = content.translate(None, _WHITE)
    if b"\\" in packed:
        packed = _ESCAPED_BREAK.sub(b"", packed)
    if _IN_EACH_ENCODED not in packed:
        return
    hits = [
        at
        for encoded, lead in _ENCODED
        for at in islice(
            (at for at in _occurrences(packed, encoded) if _decodes_to_key(packed, at + lead)), MAX_PLACES
        )
    ]
    for offset in _before_rewriting(content, _REMOVED, sorted(hits), kept=0):
        yield offset, "base64"


def _decodes_to_key(text: bytes, at: int) -> bool:
    label = _CUT_BEGIN.match(_decoded(text[at : at + _ENCODED_LABEL]))
    if label is None:
        return False
    run = _ALPHABET.match(text, at, at + _ENCODED_WINDOW)
    return run is not None and _has_body(_decoded(run[0]), label.end())


def _encoded(content: bytes, known: list[int], depth: int) -> _Hits:
    """Keys of any form in long runs of base64, except where a place is already known."""
    mask = content.translate(_MASK)
    at = mask.find(_LONG)
    while at >= 0:
        end = _run_end(content, at)
        near = bisect_left(known, at - _WINDOW_BYTES)
        if near == len(known) or known[near] >= end:
            inner = _decoded(_JOINT.sub(b"", content[at:end]))
            if _may_hold_key(inner) and _scan(inner, depth + 1):
                yield at, "base64"
        at = mask.find(_LONG, end)


def _may_hold_key(inner: bytes) -> bool:
    """A cheap filter: lock files, for example, are full of digests in base64."""
    return any(mark in inner for mark in _MARKS) or _LONG in inner.translate(_MASK)


def _run_end(content: bytes, at: int) -> int:
    """End of one base64 text: further lines must be as wide as the first; the last can be shorter."""
    chunk = _CHUNK.match(content, at)
    assert chunk is not None  # the mask shows that one begins here
    width, end = len(chunk[0]), chunk.end()
    following = _NEXT_CHUNK.match(content, end)
    while following is not None and len(following[1]) <= width:
        end = following.end()
        following = _NEXT_CHUNK.match(content, end) if len(following[1]) == width else None
    return end


def _decoded(text: bytes) -> bytes:
    """Decoded base64 of either alphabet, empty if it is not base64; an incomplete last group is ignored."""
    text = text.translate(_STANDARD)
    try:
        return base64.b64decode(
            text[: len(text) // 4 * 4] if len(text) % 4 == 1 else text + b"=" * (-len(text) % 4)
        )
    except binascii.Error:
        return b""


def _before_rewriting(
    content: bytes, replaced: re.Pattern[bytes], hits: Iterable[int], *, kept: int
) -> Iterator[int]:
    """Offsets in `content` of `hits`: ascending offsets in it with every match of `replaced` cut to `kept` bytes."""
    shift = 0
    pieces: Iterator[re.Match[bytes]] | None = None
    piece: re.Match[bytes] | None = None
    for hit in hits:
        if pieces is None:
            pieces = replaced.finditer(content)
            piece = next(pieces, None)
        while piece is not None and piece.start() - shift + kept <= hit:
            shift += piece.end() - piece.start() - kept
            piece = next(pieces, None)
        yield hit + shift


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
