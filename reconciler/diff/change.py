"""The words of a comparison: groups, changes and the fields inside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, Path
from reconciler.model.state import Resource


class Group(StrEnum):
    """Where a key falls. Every key of desired, live and inventory falls into exactly one.

    `FORGOTTEN` is owned, but neither desired nor live: only our record of it goes. `RELEASED` is owned and
    live, and part of something whose parts the files do not manage: it is left alone and stays owned.
    """

    CREATION = "create"
    UPDATE = "update"
    PRUNE = "prune"
    ADOPTION = "adopt"
    CONTESTED = "contested"
    UNCHANGED = "unchanged"
    UNMANAGED = "unmanaged"
    RELEASED = "released"
    FORGOTTEN = "forgotten"


class Visibility(StrEnum):
    """`HIDDEN` fields hold secrets: that they change may be said, from what to what never."""

    SHOWN = "shown"
    HIDDEN = "hidden"


class Absent:
    """A value that is not there, unlike null."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


class SecretDifference(StrEnum):
    """How a secret position differs; the value is what people read.

    The last four are no differences: the value may be the same or another one. It may be with `UNSETTLED` too,
    which is a difference because the value is sent again.
    """

    SET = "set"
    REMOVED = "removed"
    CHANGED = "changed"
    FOREIGN_WRITE = "changed in the orchestrator"
    """Somebody else wrote it since we did, or may have."""
    UNSETTLED = "sent again: whether an earlier apply sent it is not known"
    """The create that was to set it has no outcome in the record."""
    NOT_COMPARABLE = "cannot be compared"
    OTHER_KEY = "cannot be compared: its digest was made with another key"
    NO_KEY = "cannot be compared: the key of its digest is not here"
    NOT_AT_HAND = "not compared"

    @property
    def is_known(self) -> bool:
        """False where it is not known whether the values differ."""
        return self not in _UNKNOWN


_UNKNOWN = frozenset(
    (
        SecretDifference.NOT_COMPARABLE,
        SecretDifference.OTHER_KEY,
        SecretDifference.NO_KEY,
        SecretDifference.NOT_AT_HAND,
    )
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One path whose value differs. `before` is live, `after` desired; both ABSENT where hidden.

    `secret` says how a secret differs, whose values are never here; None everywhere else. `because` is the
    reason where that needs one.
    """

    path: Path
    before: Json | Absent
    after: Json | Absent
    visibility: Visibility = Visibility.SHOWN
    secret: SecretDifference | None = None
    because: str = ""

    @property
    def is_known(self) -> bool:
        """False for a secret that may or may not differ: alone it never makes an update."""
        return self.secret is None or self.secret.is_known

    @property
    def note(self) -> str:
        """What is said where values cannot be, "" where they can."""
        if self.secret is None:
            return ""
        return f"{self.secret}: {self.because}" if self.because else str(self.secret)


@dataclass(frozen=True, slots=True)
class CriteriaChange:
    """Difference of a definition's criteria, each by selector."""

    added: Mapping[str, dict[str, str]] = field(default_factory=dict)
    removed: Mapping[str, dict[str, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one key. `is_drift`: live changed while desired did not since the last apply.

    `is_lost`: owned, desired and not live, so somebody else deleted it; drift only where desired did not
    change either.
    """

    key: ResourceKey
    group: Group
    desired: Resource | None = None
    live: Resource | None = None
    fields: tuple[FieldChange, ...] = ()
    criteria: CriteriaChange = CriteriaChange()
    is_drift: bool = False
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """All changes of one target, by key, sorted."""

    changes: Mapping[ResourceKey, Change]

    def of(self, *groups: Group) -> list[Change]:
        """Changes of some groups, by key."""
        return [change for change in self.changes.values() if change.group in groups]
