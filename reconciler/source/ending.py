"""Whether a file is read as documents, judged by its name and its bytes.

All YAML files are read. JSON files contain all kinds of data, so only those with the words of an
envelope are read. A file with another extension is not read, but must be reported if it contains one
of this tool's documents: it was probably renamed, and its object is still wanted.
"""

import re

_ENVELOPE = ((b"kind", b"apiVersion"), (b"kind", b"metadata"))
"""Pairs of words; every document that this tool handles contains one of them."""
_OUR_VERSION = re.compile(
    rb"""apiVersion["']?[ \t]*:[ \t\r\n]*["']?(?:entity\.humanitec\.io|core\.api\.humanitec\.io|reconciler\\?/)"""
)
_SURROGATES = re.compile(rb"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_OTHER_ENDING = re.compile(r"\.(?:ya?ml|json)(?=[^a-z0-9]|$)", re.IGNORECASE)


def holds_document(content: bytes) -> bool:
    """True for JSON that may contain a document."""
    return any(all(word in content for word in words) for words in _ENVELOPE)


def names_our_version(content: bytes) -> bool:
    """True if one of the handled `apiVersion`s appears anywhere."""
    return _OUR_VERSION.search(content) is not None


def was_renamed(path: str) -> bool:
    """True for names with the extension of a document before the last one, such as `a.yaml.txt`."""
    return _OTHER_ENDING.search(path.rpartition("/")[2]) is not None


def as_yaml(content: bytes) -> bytes:
    r"""JSON in the grammar of YAML, which has no surrogate pairs.

    >>> as_yaml(rb'"\ud83d\ude00"')
    b'"\\U0001F600"'
    """
    return _SURROGATES.sub(lambda found: found[1] + _whole(found[2], found[3]), content)


def _whole(high: bytes, low: bytes) -> bytes:
    code = 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)
    return b"\\U%08X" % code
