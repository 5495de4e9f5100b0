"""Field-by-field differences between two canonical resources."""

from collections.abc import Iterator, Mapping

from reconciler.diff.change import (
    ABSENT,
    Absent,
    CriteriaChange,
    FieldChange,
    SecretDifference,
    Visibility,
)
from reconciler.model.json import Json, Path, steps
from reconciler.model.kind import FACTS
from reconciler.model.record import Ownership, Phase
from reconciler.model.secret import Digest, Expression, Handed, Literal, Reference, SecretLeaf, Unreadable
from reconciler.model.state import Resource

_SAME_CRITERIA = CriteriaChange()


def document_changes(before: Json | Absent, after: Json | Absent, path: Path = ()) -> Iterator[FieldChange]:
    """The fewest changes that turn `before` (live) into `after` (desired), in key order.

    Lists of the same length are compared by position, others as one value.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from document_changes(before.get(name, ABSENT), after.get(name, ABSENT), (*path, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from document_changes(old, new, (*path, index))
    elif not is_same(before, after):
        yield FieldChange(path, before, after)


def is_same(before: Json | Absent, after: Json | Absent) -> bool:
    """True if JSON values are equal: `true` is not 1, and 5 is not "5" (v1 reference 4.3).

    >>> is_same(True, 1), is_same(1, 1.0), is_same([1], [1])
    (False, True, True)
    """
    if isinstance(before, dict) and isinstance(after, dict):
        if before.keys() != after.keys():
            return False
        for name, value in before.items():  # noqa: SIM110  `all` over a generator costs twice as much
            if not is_same(value, after[name]):
                return False
        return True
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(is_same, before, after))
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    return before == after


def criteria_change(desired: Resource, live: Resource) -> CriteriaChange:
    """Difference of criteria; empty if desired does not manage them."""
    if desired.criteria is None:
        return CriteriaChange()
    wanted, present = desired.criteria, live.criteria or {}
    if wanted.keys() == present.keys():
        return _SAME_CRITERIA
    return CriteriaChange(
        added={selector: wanted[selector] for selector in sorted(wanted.keys() - present.keys())},
        removed={selector: present[selector] for selector in sorted(present.keys() - wanted.keys())},
    )


def secret_changes(desired: Resource, live: Resource, owned: Ownership | None) -> Iterator[FieldChange]:
    """Differences in secret positions, sorted by pointer. They never contain the value of a literal."""
    facts = FACTS[desired.key.kind]
    readable = live.secrets if facts.returns_secrets else _unseen(desired, owned)
    for at in sorted(desired.secrets.keys() | readable.keys()):
        path = (*facts.secret_root, *steps(at))
        wanted, present = desired.secrets.get(at), readable.get(at)
        if wanted is None:
            yield FieldChange(path, ABSENT, ABSENT, Visibility.HIDDEN, SecretDifference.REMOVED)
        elif isinstance(wanted, Handed):
            # That a value is to be set is known without the value.
            difference = SecretDifference.SET if present is None else SecretDifference.NOT_AT_HAND
            yield FieldChange(path, ABSENT, ABSENT, Visibility.HIDDEN, difference, wanted.why)
        elif isinstance(wanted, Literal):
            differs = _literal_difference(wanted, present, at, owned)
            # Runners show no secrets, only when they were last written.
            is_open = differs is None or not differs.is_known
            if is_open and isinstance(present, Unreadable) and _was_touched(live, owned):
                differs = SecretDifference.FOREIGN_WRITE
            if differs is not None:
                yield FieldChange(path, ABSENT, ABSENT, Visibility.HIDDEN, differs)
        elif not _is_same_leaf(wanted, present, is_pinned=owned is not None and at in owned.pinned):
            yield FieldChange(path, _shown(present), _shown(wanted))


def _unseen(desired: Resource, owned: Ownership | None) -> Mapping[str, SecretLeaf]:
    """Positions that may be set where the API shows none: those to be set, and those that were last sent."""
    recorded = () if owned is None else owned.secrets
    return {at: Unreadable() for at in (*desired.secrets, *recorded)}


def _literal_difference(
    wanted: Literal, present: SecretLeaf | None, at: str, owned: Ownership | None
) -> SecretDifference | None:
    """How a literal differs from what is live; None if it is known to be equal."""
    if present is None:
        return SecretDifference.SET
    if isinstance(present, Expression):
        return None if wanted.secret.reveal() == present.text else SecretDifference.CHANGED
    if owned is None:
        return SecretDifference.NOT_COMPARABLE
    recorded = owned.secrets.get(at)
    difference = _digests_differ(recorded, wanted.digest)
    if owned.phase is Phase.PENDING and difference is not SecretDifference.CHANGED:
        # It cannot be known whether the interrupted create or somebody else wrote it.
        return SecretDifference.UNSETTLED
    if difference is not None:
        return difference
    is_as_left = owned.references.get(at, "") == reference_text(present)
    return None if is_as_left else SecretDifference.FOREIGN_WRITE


def _digests_differ(recorded: Digest | None, wanted: Digest | None) -> SecretDifference | None:
    """How values with these digests differ, None if they are equal.

    Digests made with different keys cannot be compared; a record of version 1 does not name its key.
    """
    if wanted is None:
        return SecretDifference.NOT_COMPARABLE if recorded is None else SecretDifference.NO_KEY
    if recorded is None:
        return SecretDifference.CHANGED
    if recorded.key not in ("", wanted.key):
        return SecretDifference.OTHER_KEY
    return None if recorded.text == wanted.text else SecretDifference.CHANGED


def literals_changed(desired: Resource, owned: Ownership) -> bool:
    """True if a literal is known to differ from what was last sent, or was added or removed."""
    literals = {at: leaf for at, leaf in desired.secrets.items() if isinstance(leaf, Literal)}
    if owned.secrets.keys() - literals.keys():
        return True
    return any(
        _digests_differ(owned.secrets.get(at), leaf.digest) is SecretDifference.CHANGED
        for at, leaf in literals.items()
    )


def _was_touched(live: Resource, owned: Ownership | None) -> bool:
    """True if somebody wrote the runner since it was last seen: its credentials may have changed."""
    return owned is not None and bool(owned.observed_at) and live.updated_at != owned.observed_at


def _is_same_leaf(wanted: SecretLeaf, present: SecretLeaf | None, *, is_pinned: bool) -> bool:
    """True if a secret leaf is as wanted.

    A reference without a version accepts any that the server filled in (v1 reference 4.6), but not one that was
    last applied with a version (`is_pinned`).
    """
    if isinstance(wanted, Reference) and isinstance(present, Reference):
        accepts_any = wanted.version is None and not is_pinned
        return (wanted.store, wanted.ref) == (present.store, present.ref) and (
            accepts_any or wanted.version == present.version
        )
    return wanted == present


def reference_text(leaf: SecretLeaf | None) -> str:
    """What is recorded of a live secret: its reference with version, "" if the API does not show one."""
    return str(leaf) if isinstance(leaf, Reference) else ""


def _shown(leaf: SecretLeaf | None) -> Json | Absent:
    match leaf:
        case None:
            return ABSENT
        case Expression(text=text):
            return text
        case Reference():
            return str(leaf)
        case Literal() | Handed() | Unreadable():
            return "(secret)"


def visible_differences(desired: Resource, live: Resource) -> list[FieldChange]:
    """Field changes that reading shows: those of secrets that do not read back are left out."""
    return [change for change in differences(desired, live, None) if change.visibility is Visibility.SHOWN]


def differences(desired: Resource, live: Resource, owned: Ownership | None) -> tuple[FieldChange, ...]:
    """All field changes of one resource, without its criteria.

    The text of a key is never compared: its id is its fingerprint (v1 reference 3.2).
    """
    if not FACTS[desired.key.kind].is_compared:
        return ()
    before, after = dict(live.document), dict(desired.document)
    # Most documents are equal, and finding that out costs a fraction of listing the differences.
    documents = () if is_same(before, after) else document_changes(before, after)
    return (*documents, *secret_changes(desired, live, owned))


def literal_digests(desired: Resource) -> Mapping[str, Digest]:
    """Digests of the literals that carry one, by pointer."""
    return {
        at: leaf.digest
        for at, leaf in desired.secrets.items()
        if isinstance(leaf, Literal) and leaf.digest is not None
    }
