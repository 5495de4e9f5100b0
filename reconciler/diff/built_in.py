"""Built-in definitions that make room: their criteria are removed while `builtIn.disabled` lists them, then restored.

Nothing else of a built-in definition is ever a change. The removed criteria are kept in the ownership record.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.diff.change import Change, CriteriaChange, Diff, Group
from reconciler.model.kind import Kind
from reconciler.model.record import Criteria
from reconciler.model.state import Resource


def with_built_in(diff: Diff, disabled: Collection[str], taken: Mapping[str, Criteria]) -> Diff:
    """The diff with an update for each built-in definition that loses criteria or gets them back.

    `disabled` are ids from the settings, `taken` the criteria removed so far, by id.
    """
    if not disabled and not taken:
        return diff
    changes = dict(diff.changes)
    for key, change in diff.changes.items():
        live = change.live
        if key.kind is not Kind.DEFINITION or change.group is not Group.UNMANAGED or live is None:
            continue
        # One that is declared as well is contested, and stays so: a person has to rename the document.
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
    """True if a built-in definition has back everything that was removed, and is not to lose it again."""
    live = change.live
    return (
        change.group is Group.UNMANAGED and live is not None and taken.keys() <= (live.criteria or {}).keys()
    )
