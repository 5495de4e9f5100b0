"""Files of which it is not known what they declare, although nothing is wrong with the tree.

An absence is evidence only where everything was read. A file that cannot be parsed is an error and stops its targets;
these files are no errors, because most of them never declared anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model.desired import AGENT_TYPE
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import Kind
from reconciler.model.state import Resource

_SHARED = frozenset((Kind.AGENT, Kind.KEY, Kind.OPERATOR_KEY, Kind.SECRET_STORE))
_MOST_SHOWN = 3
Name = tuple[Kind, str]
"""A key without its place."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One file, and why it is not known what it declares. `is_own` is true if it belongs to the target."""

    file: str
    why: str
    is_own: bool = True

    def covers(self, key: ResourceKey, live: Resource | None) -> bool:
        """True if the file may declare this object of the target."""
        return self.is_own or is_shared(key, live)


def shown(doubts: Sequence[Doubt]) -> str:
    """The first files with their reasons, and the number of the others."""
    named = "; ".join(f"{one.file} {one.why}" for one in doubts[:_MOST_SHOWN])
    return named + (f"; so are {len(doubts) - _MOST_SHOWN} more" if len(doubts) > _MOST_SHOWN else "")


def is_shared(key: ResourceKey, live: Resource | None) -> bool:
    """True for an object that a document can declare in any organization that it lists, wherever its file is."""
    if key.kind is Kind.DEFINITION:
        return live is None or live.document.get("type") == AGENT_TYPE
    return key.kind in _SHARED


@dataclass(frozen=True, slots=True)
class Absence:
    """What is missing from the files of the targets, apart from single documents."""

    doubts: Mapping[TargetName, tuple[Doubt, ...]] = field(default_factory=dict)
    bare: frozenset[TargetName] = frozenset()
    """Targets whose paths match no file with a document: all that they have is declared elsewhere."""
    emptied: Mapping[TargetName, frozenset[Name]] = field(default_factory=dict)
    """Kinds and ids in the records of targets that declare nothing and are not part of the run."""


NO_ABSENCE = Absence()
