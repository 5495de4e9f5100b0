"""Secret values: a type that hides its content, digests, and what a secret position can contain."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.model.json import Json, canonical_text
from reconciler.model.secret_source import Source


class Secret:
    """A write-only value; no representation of it shows the content or its length."""

    __slots__ = ("_value",)

    def __init__(self, value: Json) -> None:
        self._value = value

    def reveal(self) -> Json:
        """The content, for use in a request body only."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(canonical_text(self._value))


class Digest(NamedTuple):
    """Represents a secret in records: only with the key can `text` be compared with a value.

    `key` is the id of the key, "" if a record does not name it. Digests of different keys cannot be
    compared.
    """

    key: str
    text: str


_KEY_ID_PURPOSE = b"reconciler: id of this digest key"
_KEY_ID_DIGITS = 12


class Digester:
    """Computes digests of secrets: HMAC-SHA-256 with one key. Created at the edge, so that the key stays there.

    Without a key it computes none. `key_id` identifies the key without revealing it, "" if there is none.
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
    """A placeholder in a secret position: not a secret, and returned as sent."""

    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A secret in a store. `version` is None if none was given."""

    store: str
    ref: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.store}:{self.ref}" + (f"@{self.version}" if self.version else "")


@dataclass(frozen=True, slots=True)
class Literal:
    """A plain value to write. Only desired resources have it. `digest` is None without a digest key.

    `source` says where it was handed in from, None if the file contains the value itself.
    """

    secret: Secret
    digest: Digest | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """A plain value that is to be handed in but is not available. Only desired resources have it.

    `why` is the reason, "" if it was not looked up.
    """

    source: Source
    why: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that is set but never returned by the API. Only live resources have it."""


SecretLeaf = Expression | Reference | Literal | Handed | Unreadable
