"""Names under which secrets stand: one table, read with the strictness that each reader needs.

- `is_secret_word`: the name says so in whole words. For accusations (a rule that reports an error).
- `tells_secret`: a word of the table occurs anywhere. For logs, whose field names are our own.
- `may_hold_secret`: as above, or a word that stands for a secret often enough. For showing lines of files,
  where hiding too much costs little.
"""

import re

SECRET_POSITIONS = frozenset(("secrets", "secret_refs", "auth", "token", "key", "publicKey", "digestKey"))
"""Members of our own formats; below them nothing that was submitted is ever shown."""

_WORDS = (
    "password passwd passphrase pwd secret token credential credentials api_key private_key access_key".split()  # noqa: SIM905  a column of quotes would hide the words
)
"""Words that mean a secret and nothing else, in lower case; `_` where a separator may stand."""
_STEMS = (*(word.replace("_", "") for word in _WORDS), "passw", "authorization", "cookie")
_LIKELY = (
    *"auth publickey keydata sshkey certificate stringdata binarydata digestkey signature salt session dsn".split(),  # noqa: SIM905  as above
    *"connection bearer jwt helmvalues".split(),  # noqa: SIM905  as above
    *(rf"{word}$" for word in ("sig", "pass", "pin", "otp", "cert", "pem", "key")),
)
_HOLDERS = frozenset(
    (
        *(re.sub(r"[^a-z]", "", name.lower()) for name in SECRET_POSITIONS),
        "data",
        "env",
        "environment",
        "keys",
    )
)
"""Whole names of what holds secrets among other things."""

_TELLING = re.compile("|".join(_STEMS))
_POSSIBLE = re.compile("|".join((*_STEMS, *_LIKELY)))
_WHOLE_WORD = re.compile(
    rf"(?:^|_)(?:{'|'.join(word.replace('_', '_?') for word in _WORDS)})(?:_|$)", re.IGNORECASE
)
_TEXT_WORD = r"[a-z_-]*(?:secret|token|password|private_key|api_key)"
_ASSIGNED = re.compile(rf"(?i)\b({_TEXT_WORD})(['\"]?\s*[=:]\s*['\"]?)([^\s'\",;&}}]{{4,}})")


def is_secret_word(name: str) -> bool:
    """True where the parts of a name between underscores say that it holds a secret.

    >>> is_secret_word("DB_PASSWORD"), is_secret_word("API_KEY"), is_secret_word("TOKENIZER")
    (True, True, False)
    """
    return _WHOLE_WORD.search(name) is not None


def tells_secret(name: str) -> bool:
    """True where a name holds a word that means a secret, however it is joined.

    >>> tells_secret("clientSecret"), tells_secret("private-key"), tells_secret("author")
    (True, True, False)
    """
    return _TELLING.search(_folded(name)) is not None


def may_hold_secret(name: str) -> bool:
    """True where what stands under a name may be a secret; so it is where there is no name to go by."""
    folded = _folded(name)
    return not name or folded in _HOLDERS or _POSSIBLE.search(folded) is not None


def mask_assigned(text: str, mask: str) -> str:
    """Return the text with the values of `token=…`, `password: …` and the like masked."""
    return _ASSIGNED.sub(rf"\1\2{mask}", text)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
