"""Fields that a plan writes, as flat records for the log of an unattended apply.

Contains no secrets: of a hidden field there is only the name and a note, whatever its values are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.diff.change import ABSENT, Absent
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json
from reconciler.passes.result import PassResult
from reconciler.plan.action import Action
from reconciler.views.agenda import Entry, Risk, entries
from reconciler.views.json import fields_of
from reconciler.views.visible import pair_text

VALUE_LIMIT = 500
"""Characters of one value: templates are long, and log collectors cut or refuse long lines."""
_UNWRITTEN = (Risk.CONTESTED, Risk.DRIFT, Risk.KEPT, Risk.RELEASED, Risk.ADOPT, Risk.FORGET, Risk.VERIFY)


@dataclass(frozen=True, slots=True)
class WrittenField:
    """One field that is about to be written. `old` is live, `new` desired; None if absent or hidden."""

    target: str
    organization: str
    action: str
    kind: str
    id: str
    field: str
    old: str | None
    new: str | None
    drift: bool
    hidden: bool = False
    note: str = ""


def written_fields(planned: PassResult) -> Iterator[WrittenField]:
    """Every field that an apply of this plan writes; held actions write nothing."""
    for target in planned.targets:
        plan = target.plan
        if plan is None or target.error:
            continue
        written = {key for action in plan.allowed for key in (action.subject.key, *_carried(action))}
        for entry in entries(plan):
            if entry.risk not in _UNWRITTEN and entry.key in written:
                yield from _of_entry(str(target.target), entry)


def _carried(action: Action) -> Iterator[ResourceKey]:
    return (change.key for change in action.carried)


def reported_drift(planned: PassResult) -> Iterator[Entry]:
    """Entries of objects that drifted and that the policy leaves as they are."""
    for plan in planned.plans:
        yield from (entry for entry in entries(plan) if entry.risk is Risk.DRIFT)


def _of_entry(target: str, entry: Entry) -> Iterator[WrittenField]:
    def written(field: str, old: str | None, new: str | None, *, is_hidden: bool, note: str) -> WrittenField:
        return WrittenField(
            target,
            entry.key.place.name,
            entry.word,
            str(entry.key.kind),
            entry.key.id,
            field,
            old,
            new,
            drift=entry.change.is_drift,
            hidden=is_hidden,
            note=note,
        )

    for field in fields_of(entry):
        is_hidden = bool(field["secret"])
        old, new = (
            (None, None) if is_hidden else _pair(field.get("before", ABSENT), field.get("after", ABSENT))
        )
        yield written(str(field["path"]), old, new, is_hidden=is_hidden, note=str(field.get("note", "")))
    for selector in entry.criteria_removed:
        yield written("criteria", selector, None, is_hidden=False, note="")
    for selector in entry.criteria_added:
        yield written("criteria", None, selector, is_hidden=False, note="")


def _pair(before: Json | Absent, after: Json | Absent) -> tuple[str | None, str | None]:
    old, new = pair_text(before, after, VALUE_LIMIT)
    return None if isinstance(before, Absent) else old, None if isinstance(after, Absent) else new
