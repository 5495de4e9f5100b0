"""Secret values: a type that does not show itself, the digest that stands for it, and what fills a secret position."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.model.json import Json, canonical_text
from reconciler.model.secret_source import Source


class Secret:
    """Holds a write-only value; no representation of it shows the content or its length."""

    __slots__ = ("_value",)

    def __init__(self, value: Json) -> None:
        self._value = value

    def reveal(self) -> Json:
        """Return the content, for the request body that carries it and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(canonical_text(self._value))


class Digest(NamedTuple):
    """Stands for a secret in records: `text` tells whether a value is the same, to holders of the key only.

    `key` is the id of the key, "" where a record does not name it. Digests of two keys say nothing
    about each other.
    """

    key: str
    text: str


_KEY_ID_PURPOSE = b"reconciler: id of this digest key"
_KEY_ID_DIGITS = 12


class Digester:
    """Makes the digests of secrets, HMAC-SHA-256 with one key. Made at the edge, so that the key stays there.

    Without a key it makes none. `key_id` names the key without telling it, "" where there is none.
    """

    __slots__ = ("_key", "key_id")

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self.key_id = "" if key is None else self._of(key, _KEY_ID_PURPOSE)[:_KEY_ID_DIGITS]

    def __repr__(self) -> str:
        return f"Digester({self.key_id or 'no key'})"

    def digest(self, secret: Secret) -> Digest | None:
        """The digest of a value, None without a key."""
        if self._key is None:
            return None
        text = canonical_text(secret.reveal()).encode("utf-8", "surrogatepass")
        return Digest(self.key_id, self._of(self._key, text))

    @staticmethod
    def _of(key: bytes, text: bytes) -> str:
        return hmac.new(key, text, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Expression:
    """A secret position holding a placeholder: text that is no secret and reads back as sent."""

    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A secret that lives in a store. `version` is None where none was given."""

    store: str
    ref: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.store}:{self.ref}" + (f"@{self.version}" if self.version else "")


@dataclass(frozen=True, slots=True)
class Literal:
    """A plain value to be written. Only desired resources hold it. `digest` is None without a digest key.

    `source` says where it was handed in from, None where the file holds the value itself.
    """

    secret: Secret
    digest: Digest | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """A plain value that is handed in, and is not at hand. Only desired resources hold it.

    `why` says why it is not, "" where nobody looked.
    """

    source: Source
    why: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value is set and the API does not tell which. Only live resources hold it."""


SecretLeaf = Expression | Reference | Literal | Handed | Unreadable
