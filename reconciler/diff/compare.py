"""Both states and the inventory, sorted into groups.

Callers: `reconciler.passes.reconcile`. What to do about each group is the plan's business.
"""

from dataclasses import replace

from reconciler.diff.change import Change, CriteriaChange, Diff, FieldChange, Group, SecretDifference
from reconciler.diff.fields import criteria_change, differences, literals_changed
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, digest, pointer
from reconciler.model.record import Inventory, Ownership, Phase
from reconciler.model.secret import Handed, Literal
from reconciler.model.state import Resource, State


def compare(desired: State, live: State, inventory: Inventory) -> Diff:
    """Sort every key of a completely read kind into exactly one group.

    Kinds missing in `live.complete` are left out: an error is no evidence of absence. What
    nobody owns is adopted when it is equal and contested when not; built-in things are never
    owned. Literals of `desired` carry their digests (`reconciler.model.desired.digested`).
    """
    keys = desired.resources.keys() | live.resources.keys() | inventory.entries.keys()
    changes = {
        key: _change(key, desired.resources.get(key), live.resources.get(key), inventory.entries.get(key))
        for key in sorted(keys)
        if key.kind in live.complete
    }
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
    return Change(key, Group.PRUNE if is_ours(entry, live) else Group.FORGOTTEN, live=live)


def is_ours(entry: Ownership | None, live: Resource) -> bool:
    """Tell whether a record proves ownership.

    A pending one does only if live is exactly what we meant to create: between the mark and a
    crash somebody else may have taken the id.
    """
    if entry is None or live.is_built_in:
        return False
    return entry.phase is Phase.OWNED or entry.applied == digest(live.document)


def _both(desired: Resource, live: Resource, entry: Ownership | None) -> Change:
    ours = is_ours(entry, live)
    owned = entry if ours else None
    fields = differences(desired, live, owned)
    criteria = criteria_change(desired, live)
    if not ours:
        group = Group.CONTESTED if fields or criteria or live.is_built_in else Group.ADOPTION
    elif criteria or any(change.is_known for change in fields):
        group = Group.UPDATE
    elif entry is not None and entry.phase is Phase.PENDING:
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
        is_drift=group is Group.UPDATE and _is_drift(desired, fields, criteria, entry),
    )


def _is_drift(
    desired: Resource, fields: tuple[FieldChange, ...], criteria: CriteriaChange, entry: Ownership | None
) -> bool:
    """True where every difference lies on the live side: desired is what was last applied."""
    if entry is None or entry.phase is not Phase.OWNED:
        return False
    if criteria and entry.criteria != criteria_digest(desired):
        return False
    return all(_lies_on_the_live_side(change, desired, entry) for change in fields)


def _is_as_applied(desired: Resource, entry: Ownership | None) -> bool:
    """True where desired is what was last applied, as far as digests can tell."""
    if entry is None or entry.applied != digest(desired.document):
        return False
    if entry.criteria != criteria_digest(desired) or entry.leaves != leaves_digest(desired):
        return False
    return not literals_changed(desired, entry)


def _lies_on_the_live_side(change: FieldChange, desired: Resource, entry: Ownership) -> bool:
    """True where what is desired of this field is what was last applied."""
    if change.secret is SecretDifference.FOREIGN_WRITE or not change.is_known:
        return True
    if change.path[:1] != ("secrets",) and change.secret is None:
        return entry.applied == digest(desired.document)
    at = pointer(change.path[1:])
    if change.secret is SecretDifference.SET:
        return at in entry.secrets
    if change.secret is SecretDifference.CHANGED:
        return False
    return at not in entry.secrets and entry.leaves == leaves_digest(desired)


def leaves_digest(resource: Resource) -> str:
    """Digest of the references and placeholders in secret positions, "" where there are none."""
    shown: dict[str, Json] = {
        at: repr(leaf) for at, leaf in resource.secrets.items() if not isinstance(leaf, Literal | Handed)
    }
    return digest(shown) if shown else ""


def criteria_digest(resource: Resource) -> str:
    """Digest of managed criteria, "" where they are not managed."""
    return "" if resource.criteria is None else digest(list[Json](sorted(resource.criteria)))
