"""What the name and the bytes of a file say about it: whether it is read as documents, or only looks like one.

YAML files are all read. JSON files hold all kinds of data, so that only those with the words of an
envelope are read. A file of another ending is not read, and must not be passed over in silence where it
contains one of this tool's documents: somebody renamed it, and its object is still wanted.
"""

import re

_ENVELOPE = ((b"kind", b"apiVersion"), (b"kind", b"metadata"))
"""Words of which one pair is in every document that may be ours."""
_OUR_VERSION = re.compile(
    rb"""apiVersion["']?[ \t]*:[ \t\r\n]*["']?(?:entity\.humanitec\.io|core\.api\.humanitec\.io|reconciler\\?/)"""
)
_SURROGATES = re.compile(rb"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_OTHER_ENDING = re.compile(r"\.(?:ya?ml|json)(?=[^a-z0-9]|$)", re.IGNORECASE)


def holds_document(content: bytes) -> bool:
    """True for JSON that may hold a document."""
    return any(all(word in content for word in words) for words in _ENVELOPE)


def names_our_version(content: bytes) -> bool:
    """True where one of the handled `apiVersion`s is written, wherever that is."""
    return _OUR_VERSION.search(content) is not None


def was_renamed(path: str) -> bool:
    """True for names with a document's ending before the last one, such as `a.yaml.txt`."""
    return _OTHER_ENDING.search(path.rpartition("/")[2]) is not None


def as_yaml(content: bytes) -> bytes:
    r"""Return JSON in the grammar of YAML, which has no pairs of escapes for one character.

    >>> as_yaml(rb'"\ud83d\ude00"')
    b'"\\U0001F600"'
    """
    return _SURROGATES.sub(lambda found: found[1] + _whole(found[2], found[3]), content)


def _whole(high: bytes, low: bytes) -> bytes:
    code = 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)
    return b"\\U%08X" % code
