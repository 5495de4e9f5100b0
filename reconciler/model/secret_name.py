"""Names that denote secrets: one list, applied with three degrees of caution.

Members of this tool's own formats are known exactly. Fields of log records and environment variables are
judged by their words. Where a line of a file may be quoted, any name that might denote a secret counts.
"""

import re
from functools import cache

SECRET_POSITIONS = frozenset(("secrets", "secret_refs", "auth", "token", "key", "publicKey", "digestKey"))
"""Members of this tool's own formats below which no submitted value is ever shown."""

_WORDS = (
    "secret",
    "token",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "credential",
    "api_key",
    "private_key",
    "access_key",
)
"""Words that denote a secret by themselves, with `_` between their parts."""
_WORDS_IN_LOGS = ("passw", "authorization", "cookie")
"""Further words for log fields: this program chooses their names, and no harmless one contains them."""
_WORDS_IN_DOUBT = (
    *_WORDS_IN_LOGS,
    "auth",
    "public_key",
    "key_data",
    "ssh_key",
    "certificate",
    "string_data",
    "binary_data",
    "digest_key",
    "signature",
    "salt",
    "session",
    "dsn",
    "connection",
    "bearer",
    "jwt",
    "helm_values",
)
_ENDINGS_IN_DOUBT = ("sig", "pass", "pin", "otp", "cert", "pem", "key")
_NAMES_IN_DOUBT = frozenset(("data", "env", "environment", "keys"))
_HARMLESS_ENDING = re.compile(
    r"(?:^|_)(?:file|path|url|uri|name|id|ttl|type|namespace|endpoint)$", re.IGNORECASE
)


def _pattern(words: tuple[str, ...]) -> str:
    """Alternatives that match with and without the `_` between parts, as a regular expression."""
    return "|".join(word.replace("_", "[_-]?") for word in words)


_IN_VARIABLE = re.compile(rf"(?:^|_)(?:{_pattern(_WORDS)})s?(?:_|$)", re.IGNORECASE)
_IN_LOG = re.compile(_pattern((*_WORDS, *_WORDS_IN_LOGS)), re.IGNORECASE)
_IN_DOUBT = re.compile(
    "|".join(
        (
            *(word.replace("_", "") for word in (*_WORDS, *_WORDS_IN_DOUBT)),
            *(f"{ending}$" for ending in _ENDINGS_IN_DOUBT),
        )
    )
)
ASSIGNED = re.compile(rf"(?i)\b([a-z_-]*(?:{_pattern(_WORDS)}))(['\"]?\s*[=:]\s*['\"]?)([^\s'\",;&}}]{{4,}})")
"""A name that denotes a secret, the separator, and the value, as in logs and messages."""


@cache
def may_name_secret(name: str) -> bool:
    """True if the value under this name in a file may be secret; also if the name is not known ("").

    >>> may_name_secret("DB_PASSWORD"), may_name_secret("pem"), may_name_secret("namespace")
    (True, True, False)
    """
    folded = _folded(name)
    return not name or folded in _FOLDED_POSITIONS or _IN_DOUBT.search(folded) is not None


def field_names_secret(name: str) -> bool:
    """True for a field of a log record whose value must not be written.

    >>> field_names_secret("client_secret"), field_names_secret("key")
    (True, False)
    """
    return _IN_LOG.search(name) is not None


def variable_names_secret(name: str) -> bool:
    """True for an environment variable that usually contains a secret, not the location of one.

    >>> variable_names_secret("DB_PASSWORD"), variable_names_secret("TOKEN_FILE"), variable_names_secret("TOKENIZER")
    (True, False, False)
    """
    return _IN_VARIABLE.search(name) is not None and _HARMLESS_ENDING.search(name) is None


def _folded(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


_FOLDED_POSITIONS = frozenset((*map(_folded, SECRET_POSITIONS), *_NAMES_IN_DOUBT))
