"""What a guard refuses, and the approval that allows this one case."""

import re
from dataclasses import dataclass

from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.json import Json, digest

COUNTED = frozenset(("deletes", "empty-tree", "older-commit"))
"""Guards that are approved by number and digest; every other one is approved object by object."""
CUSTOM_RESOURCES = "custom-resources"
"""The guard that nobody can approve: what it names stands for infrastructure that others made."""
_DIGEST_LENGTH = 12
_MOST_OPTIONS = 8


def _literal(name: str) -> str:
    """The name as a pattern that matches nothing else.

    >>> _literal("RunnerRule/*/dev")
    'RunnerRule/[*]/dev'
    """
    return re.sub(r"([*?[])", r"[\1]", name)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A guard that trips in one target. `keys` are the objects it names, sorted."""

    guard: str
    target: TargetName
    message: str
    keys: tuple[ResourceKey, ...]
    is_one_of_many: bool = False
    """True if the run has several targets, so that a name alone is ambiguous."""
    details: tuple[str, ...] = ()
    """Everything that the message only counts, for those who decide; no part of what is approved."""

    @property
    def count(self) -> int:
        """Number of objects it names."""
        return len(self.keys)

    @property
    def digest(self) -> str:
        """Digest of exactly these objects: another object, or one more, gives another digest."""
        named = [[str(key.place), str(key.kind), key.id] for key in sorted(self.keys)]
        return digest([list[Json](name) for name in named])[:_DIGEST_LENGTH]

    @property
    def approvals(self) -> tuple[str, ...]:
        """Values of `--accept` that together allow this case; none where nothing does."""
        if self.guard == CUSTOM_RESOURCES:
            return ()
        if self.guard in COUNTED:
            return (f"{self.guard}={self.count}:{self.digest}",)
        target = f"{self.target}:" if self.is_one_of_many else ""
        return tuple(f"{self.guard}={target}{_literal(str(key))}" for key in self.keys)

    @property
    def approval(self) -> str:
        """The exact command-line options, such as `--accept protected=Definition/database`."""
        if self.guard == CUSTOM_RESOURCES:
            return "undeploy the applications first; no option allows it"
        options = [f"--accept {value}" for value in self.approvals]
        if len(options) <= _MOST_OPTIONS:
            return " ".join(options)
        return (
            f"--accept {self.guard}=KIND/ID for each of the {self.count} objects, or a glob that matches them"
        )
