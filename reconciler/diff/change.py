"""What a comparison results in: groups, changes and the fields inside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, Path
from reconciler.model.state import Resource


class Group(StrEnum):
    """The group of a key. Every key of desired, live and inventory is in exactly one.

    `FORGOTTEN`: owned, but neither desired nor live; only its entry in the record goes. `RELEASED`: owned, live,
    and part of an object whose parts the files do not manage; it is left alone and stays owned.
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
    """Whether values may be shown. `HIDDEN` fields hold secrets: only that they change is reported.

    `FOREIGN`: the live value is somebody else's and may be a secret; only the desired one is shown.
    """

    SHOWN = "shown"
    HIDDEN = "hidden"
    FOREIGN = "foreign"


class Absent:
    """The type of a missing value, which is not null."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


class SecretDifference(StrEnum):
    """How a secret position differs, in words for people.

    With the last four it is not known whether it differs at all. Nor is it with `UNSETTLED`, but that is a
    difference, because the value is sent again.
    """

    SET = "set"
    REMOVED = "removed"
    CHANGED = "changed"
    FOREIGN_WRITE = "changed in the orchestrator"
    """Somebody else wrote it after the last apply, or may have."""
    UNSETTLED = "sent again: whether an earlier apply sent it is not known"
    """The create that was to set it has no outcome in the record."""
    NOT_COMPARABLE = "cannot be compared"
    OTHER_KEY = "cannot be compared: its digest was made with another key"
    NO_KEY = "cannot be compared: the key of its digest is not available"
    NOT_AT_HAND = "not compared"

    @property
    def is_known(self) -> bool:
        """False if it is not known whether the values differ."""
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
    """One path whose value differs. `before` is live, `after` desired; both are ABSENT if hidden.

    `secret` is how a secret differs, without its values; None for any other field. `because` is the reason, ""
    if none is needed.
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
        """What is shown in place of hidden values, "" if they are not hidden."""
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
    """The comparison of one key.

    `is_drift`: since the last apply, live changed and desired did not; of an object that is no longer desired,
    live is not as it was last written.

    `is_lost`: owned, desired and not live, so somebody else deleted it. That is drift only if desired did
    not change either.
    """

    key: ResourceKey
    group: Group
    desired: Resource | None = None
    live: Resource | None = None
    fields: tuple[FieldChange, ...] = ()
    criteria: CriteriaChange = CriteriaChange()
    is_drift: bool = False
    is_lost: bool = False
    changed_by: tuple[str, ...] = ()
    """Clusters only: who else manages fields that differ, such as `kubectl-edit`."""
    foreign: frozenset[Path] = frozenset()
    """Clusters only: paths of the live document whose values are somebody else's and must not be shown."""


@dataclass(frozen=True, slots=True)
class Diff:
    """All changes of one target, by key, sorted."""

    changes: Mapping[ResourceKey, Change]

    def of(self, *groups: Group) -> list[Change]:
        """Changes of these groups, sorted by key."""
        return [change for change in self.changes.values() if change.group in groups]
