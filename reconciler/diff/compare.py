"""Sorts both states and the inventory into groups. What to do about each group is decided by the plan."""

from dataclasses import replace

from reconciler.diff.change import Change, CriteriaChange, Diff, FieldChange, Group, SecretDifference
from reconciler.diff.fields import criteria_change, differences, literals_changed, reference_text
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, digest, pointer
from reconciler.model.record import Inventory, Ownership, Phase
from reconciler.model.secret import Handed, Literal
from reconciler.model.state import Resource, State


def compare(desired: State, live: State, inventory: Inventory) -> Diff:
    """Every key of a completely read kind, in exactly one group.

    Kinds missing in `live.complete` are left out: an error is no evidence of absence. An object
    that is not owned is adopted if it is equal, else contested; built-in ones are never owned.
    Literals of `desired` carry their digests (`reconciler.model.desired.digested`).
    """
    keys = desired.resources.keys() | live.resources.keys() | inventory.entries.keys()
    changes = {
        key: _change(key, desired.resources.get(key), live.resources.get(key), inventory.entries.get(key))
        for key in sorted(keys)
        if key.kind in live.complete
    }
    # Rules of a runner whose document has no `rules` are not managed: owned or not, they stay.
    for key, change in changes.items():
        if change.group is Group.PRUNE and change.live is not None and change.live.parent in desired.open:
            changes[key] = replace(change, group=Group.RELEASED)
    return Diff(changes)


def _change(
    key: ResourceKey, desired: Resource | None, live: Resource | None, entry: Ownership | None
) -> Change:
    if desired is not None and live is not None:
        return _both(desired, live, entry)
    if desired is not None:
        is_lost = entry is not None and entry.phase is Phase.OWNED and not entry.is_leaving
        return Change(
            key,
            Group.CREATION,
            desired=desired,
            is_drift=is_lost and _is_as_applied(desired, entry),
            is_lost=is_lost,
        )
    if live is None:
        return Change(key, Group.FORGOTTEN)
    if live.is_built_in or entry is None:
        return Change(key, Group.UNMANAGED, live=live)
    if not is_owned(entry, live):
        return Change(key, Group.FORGOTTEN, live=live)
    return Change(key, Group.PRUNE, live=live, is_drift=not _is_as_written(entry, live))


def _is_as_written(entry: Ownership, live: Resource) -> bool:
    """True if the object is as it was sent, or as it then read back, its secrets as far as the API shows them."""
    if digest(live.document) not in (entry.applied, entry.observed):
        return False
    if entry.observed_at and live.updated_at != entry.observed_at:
        return False
    return all(reference_text(live.secrets.get(at)) == text for at, text in entry.references.items())


def is_owned(entry: Ownership | None, live: Resource) -> bool:
    """True if an entry of the record proves ownership.

    A pending one does only if live is exactly what was to be created: between the mark and a
    crash somebody else may have taken the id.
    """
    if entry is None or live.is_built_in:
        return False
    return entry.phase is Phase.OWNED or entry.applied == digest(live.document)


def _both(desired: Resource, live: Resource, entry: Ownership | None) -> Change:
    proof = entry if is_owned(entry, live) else None
    fields = differences(desired, live, proof)
    criteria = criteria_change(desired, live)
    if proof is None:
        group = Group.CONTESTED if fields or criteria or live.is_built_in else Group.ADOPTION
    elif criteria or any(change.is_known for change in fields):
        group = Group.UPDATE
    elif proof.phase is Phase.PENDING:
        # An apply was cut off between creating it and recording that.
        group = Group.ADOPTION
    else:
        group = Group.UNCHANGED
    return Change(
        desired.key,
        group,
        desired=desired,
        live=live,
        fields=fields,
        criteria=criteria,
        is_drift=group is Group.UPDATE and _is_drift(desired, fields, criteria, proof),
    )


def _is_drift(
    desired: Resource, fields: tuple[FieldChange, ...], criteria: CriteriaChange, entry: Ownership | None
) -> bool:
    """True if every difference is on the live side: desired is what was last applied."""
    if entry is None or entry.phase is not Phase.OWNED:
        return False
    if criteria and entry.criteria != criteria_digest(desired):
        return False
    return all(_is_on_live_side(change, desired, entry) for change in fields)


def _is_as_applied(desired: Resource, entry: Ownership | None) -> bool:
    """True if desired is what was last applied, as far as digests show."""
    if entry is None or entry.applied != digest(desired.document):
        return False
    if entry.criteria != criteria_digest(desired) or entry.leaves != leaves_digest(desired):
        return False
    return not literals_changed(desired, entry)


def _is_on_live_side(change: FieldChange, desired: Resource, entry: Ownership) -> bool:
    """True if the desired value of this field is the one that was last applied."""
    if change.secret is SecretDifference.FOREIGN_WRITE or not change.is_known:
        return True
    if change.path[:1] != ("secrets",) and change.secret is None:
        # The record has one digest for the document, not one for each field.
        return entry.applied == digest(desired.document)
    at = pointer(change.path[1:])
    # A literal has a digest in the record if it was applied; missing on the live side, somebody removed it.
    if change.secret is SecretDifference.SET:
        return at in entry.secrets
    if change.secret is SecretDifference.CHANGED:
        return False
    return at not in entry.secrets and entry.leaves == leaves_digest(desired)


def leaves_digest(resource: Resource) -> str:
    """Digest of the references and placeholders in secret positions, "" if there are none."""
    shown: dict[str, Json] = {
        at: repr(leaf) for at, leaf in resource.secrets.items() if not isinstance(leaf, Literal | Handed)
    }
    return digest(shown) if shown else ""


def criteria_digest(resource: Resource) -> str:
    """Digest of managed criteria, "" if they are not managed."""
    return "" if resource.criteria is None else digest(list[Json](sorted(resource.criteria)))
