"""Secret values: a type that does not show itself, and the digest that stands for it in records."""

import hashlib
import hmac
from dataclasses import dataclass

from reconciler.model.json import Json, canonical_text


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


def keyed_digest(secret: Secret, key: bytes) -> str:
    """HMAC-SHA-256 in hex: tells whether a value is the one last sent, to holders of `key` only."""
    text = canonical_text(secret.reveal()).encode("utf-8", "surrogatepass")
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
    """A plain value to be written. Only desired resources hold it."""

    secret: Secret


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value is set and the API does not tell which. Only live resources hold it."""


SecretLeaf = Expression | Reference | Literal | Unreadable
