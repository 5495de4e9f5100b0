"""Built-in definitions that make room: their criteria go while the settings say so, and come back after.

Nothing else of a built-in definition is ever a change. What was taken from it is kept in the record.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.diff.change import Change, CriteriaChange, Diff, Group
from reconciler.model.kind import Kind
from reconciler.model.record import Criteria
from reconciler.model.state import Resource


def with_built_in(diff: Diff, disabled: Collection[str], taken: Mapping[str, Criteria]) -> Diff:
    """The diff with a change for each built-in definition that loses criteria or gets them back.

    `disabled` are ids of the settings, `taken` the criteria that were taken so far, by id.
    """
    if not disabled and not taken:
        return diff
    changes = dict(diff.changes)
    for key, change in diff.changes.items():
        live = change.live
        if key.kind is not Kind.DEFINITION or change.group is not Group.UNMANAGED or live is None:
            continue
        if live.is_built_in:
            changes[key] = _switched(change, live, taken.get(key.id, {}), is_disabled=key.id in disabled)
    return Diff(changes)


def _switched(change: Change, live: Resource, taken: Criteria, *, is_disabled: bool) -> Change:
    present = dict(live.criteria or {})
    if is_disabled:
        criteria = CriteriaChange(removed=present)
        wanted: Criteria = {}
    else:
        missing = {selector: taken[selector] for selector in sorted(taken.keys() - present.keys())}
        criteria = CriteriaChange(added=missing)
        wanted = {**present, **missing}
    if not criteria:
        return change
    desired = replace(live, criteria=wanted, handle={})
    return replace(change, group=Group.UPDATE, desired=desired, criteria=criteria)


def is_given_back(change: Change, taken: Criteria) -> bool:
    """True where a built-in definition has everything that was taken from it, and nothing is to be taken again."""
    live = change.live
    return (
        change.group is Group.UNMANAGED and live is not None and taken.keys() <= (live.criteria or {}).keys()
    )
