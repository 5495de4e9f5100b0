"""How things are named: kinds, ids and the key under which a thing is compared."""

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import NamedTuple, NewType

OrganizationId = NewType("OrganizationId", str)
TargetName = NewType("TargetName", str)
Fingerprint = NewType("Fingerprint", str)
"""Lower-case hex SHA-256 over the DER of a public key, 64 digits (v1 reference 3.4)."""


def shown(fingerprint: str) -> str:
    """The part of a fingerprint that people are shown: twelve digits.

    >>> shown("7a8053884377bc9a598beafd009caf83")
    '7a8053884377'
    """
    return fingerprint[:12]


class Kind(StrEnum):
    """Everything a plan can act on. `CRITERION` is a part of a definition with calls of its own."""

    AGENT = "Agent"
    KEY = "Key"
    DEFINITION = "Definition"
    CRITERION = "Criterion"
    RUNNER = "Runner"
    RUNNER_RULE = "RunnerRule"


class Generation(StrEnum):
    """Which of the two APIs holds a kind."""

    V1 = "v1"
    V2 = "v2"


GENERATION: dict[Kind, Generation] = {
    Kind.AGENT: Generation.V1,
    Kind.KEY: Generation.V1,
    Kind.DEFINITION: Generation.V1,
    Kind.CRITERION: Generation.V1,
    Kind.RUNNER: Generation.V2,
    Kind.RUNNER_RULE: Generation.V2,
}


class ResourceKey(NamedTuple):
    """Names one thing in one organization.

    The id of a `Key` is `<agent>/<fingerprint>`, that of a `RunnerRule` is
    `<project or *>/<environment type or *>` (its natural key, v2 reference 8.2), that of a
    `Criterion` is `<definition>[<selector>]`. Every other id is the API's own.
    """

    kind: Kind
    organization: OrganizationId
    id: str

    def matches(self, pattern: str) -> bool:
        """True for the name itself and for a glob that fits it (`fnmatch`; `[*]` is a literal star).

        Keys may be named by their full fingerprint or by the twelve digits that are shown.

        >>> ResourceKey(Kind.RUNNER_RULE, OrganizationId("acme"), "*/dev").matches("RunnerRule/*/dev")
        True
        """
        names = (f"{self.kind}/{self.id}", str(self))
        return any(name == pattern or fnmatchcase(name, pattern) for name in names)

    def __str__(self) -> str:
        """`Kind/id`, as users write it; fingerprints are cut to twelve digits."""
        if self.kind is Kind.KEY:
            agent, _, fingerprint = self.id.partition("/")
            return f"{self.kind}/{agent}/{shown(fingerprint)}"
        return f"{self.kind}/{self.id}"
