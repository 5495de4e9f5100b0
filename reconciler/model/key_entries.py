"""The entries of a Secret that contain a key pair, its successor and its predecessor, and how they are changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.place import cluster
from reconciler.model.secret import Secret


@dataclass(frozen=True, slots=True)
class KeyEntries:
    """Where a key is kept. `entry` is the one that pods read; those of a rotation have longer names."""

    cluster: str
    namespace: str
    secret: str
    entry: str

    @property
    def staged(self) -> str:
        """Entry of the key that will be next.

        >>> KeyEntries("eu-1", "agents", "key", "private_key").staged
        'private_key.next'
        """
        return f"{self.entry}.next"

    @property
    def previous(self) -> str:
        """Entry of the key that was replaced last, until nothing uses it any more."""
        return f"{self.entry}.previous"

    def key(self, entry: str) -> ResourceKey:
        """Key of one entry in a plan."""
        place = cluster(self.cluster)
        return ResourceKey(place, Kind.PRIVATE_KEY, f"{self.namespace}/{self.secret}/{entry}")

    def __str__(self) -> str:
        return f"Secret {self.namespace}/{self.secret} of cluster {self.cluster}"


@dataclass(frozen=True, slots=True)
class CopyOf:
    """The content of an entry as it was before the change."""

    entry: str


@dataclass(frozen=True, slots=True)
class SecretChange:
    """A change of some entries of a Secret; the others stay as they are.

    `expected` are the fingerprints of keys that must be there, by entry; "" if there must be none. `entries` are the
    new contents, None to remove one. `created_at` are the new times at which keys were made, by entry.
    """

    expected: Mapping[str, str]
    entries: Mapping[str, Secret | CopyOf | None]
    created_at: Mapping[str, datetime | None] = field(default_factory=dict)
