"""Names of things: ids, and the key by which a thing is compared."""

from fnmatch import fnmatchcase
from typing import NamedTuple, NewType

from reconciler.model.kind import FACTS, Kind
from reconciler.model.place import Place

TargetName = NewType("TargetName", str)
"""Name of a target in the settings; of a cluster, `cluster:` and its name there (`target_of_cluster`)."""
Fingerprint = NewType("Fingerprint", str)
"""Lower-case hex SHA-256 over the DER of a public key, 64 digits (v1 reference 3.4)."""


def target_of_cluster(name: str) -> TargetName:
    """Under which name a cluster has a plan and a result. No target of the settings can have a colon."""
    return TargetName(f"cluster:{name}")


def shown(fingerprint: str) -> str:
    """The part of a fingerprint that is shown to people: the first twelve digits.

    >>> shown("7a8053884377bc9a598beafd009caf83")
    '7a8053884377'
    """
    return fingerprint[:12]


class ResourceKey(NamedTuple):
    """Identifies one thing in one place.

    The id of a `Key` is `<agent>/<fingerprint>`, that of a `RunnerRule` is
    `<project or *>/<environment type or *>` (its natural key, v2 reference 8.2), that of a
    `Criterion` is `<definition>[<selector>]`, that of an `OperatorKey` its fingerprint. Every other
    id is the API's own.
    """

    place: Place
    kind: Kind
    id: str

    def beside(self, kind: Kind, identifier: str) -> "ResourceKey":
        """Key of another thing in the same place."""
        return ResourceKey(self.place, kind, identifier)

    def matches(self, pattern: str) -> bool:
        """True for the name itself and for a glob that matches it (`fnmatch`; `[*]` is a literal star).

        A key can be named by its full fingerprint or by the twelve digits that are shown.

        >>> from reconciler.model.place import organization
        >>> ResourceKey(organization("acme"), Kind.RUNNER_RULE, "*/dev").matches("RunnerRule/*/dev")
        True
        """
        names = (f"{self.kind}/{self.id}", str(self))
        return any(name == pattern or fnmatchcase(name, pattern) for name in names)

    def __str__(self) -> str:
        """`Kind/id`, as users write it; fingerprints are shortened to twelve digits."""
        if FACTS[self.kind].is_compared:
            return f"{self.kind}/{self.id}"
        owner, slash, fingerprint = self.id.rpartition("/")
        return f"{self.kind}/{owner}{slash}{shown(fingerprint)}"
