"""Differences inside one entry, ready to be laid out by a view. Contains no secrets.

Of a hidden field there is only the name and a note, whatever its values are: neither content nor
length of a secret can reach a view from here.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from reconciler.diff.change import Absent, FieldChange, Visibility
from reconciler.model.json import JsonObject, Path, dotted, steps
from reconciler.model.kind import FACTS
from reconciler.model.secret import Expression, Reference, SecretLeaf
from reconciler.model.state import Resource
from reconciler.views.agenda import Entry, Risk
from reconciler.views.visible import centred, clipped, leaves, value_text, visible, whole_pair

SECRET = "(secret)"  # noqa: S105  shown in place of a secret
FOREIGN = "(not ours)"
"""Shown in place of a live value that somebody else set."""
_CENTRED_FROM = 200
"""Characters of a value or a line from which on only the part that differs is shown, with what surrounds it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One named difference. `before` is "" for a created object, `after` for a deleted one.

    `note` replaces both values; `lines` is a difference line by line, each starting with `+`, `-` or a space.
    """

    name: str
    before: str = ""
    after: str = ""
    note: str = ""
    lines: tuple[str, ...] = ()


def parts(entry: Entry, limit: int) -> list[Part]:
    """All differences in an entry. What changes is never cut; values that are set or go are, to `limit` characters.

    For a creation the fields that are set, for a deletion those that go. Criteria come first: they are what matches.
    """
    change = entry.change
    found = [Part("criteria", before=visible(text)) for text in entry.criteria_removed]
    found += [Part("criteria", after=visible(text)) for text in entry.criteria_added]
    if entry.risk is Risk.CREATE and change.desired is not None:
        found += _resource_parts(change.desired, limit, is_added=True)
    elif entry.risk is Risk.DELETE and change.live is not None:
        found += _resource_parts(change.live, limit, is_added=False, foreign=change.foreign)
    else:
        found += [_field_part(field, limit) for field in change.fields]
    return found


def _field_part(field: FieldChange, limit: int) -> Part:
    name = visible(dotted(field.path)) or "(whole document)"
    if field.visibility is Visibility.HIDDEN:
        return Part(name, note=f"{SECRET} {field.note or 'changed'}")
    before, after = field.before, field.after
    if field.visibility is Visibility.FOREIGN:
        shown = "" if isinstance(after, Absent) else value_text(after, limit)
        return Part(name, before=FOREIGN, after=shown)
    if isinstance(before, str) and isinstance(after, str) and ("\n" in before or "\n" in after):
        return Part(name, lines=_line_difference(before, after))
    old, new = whole_pair(before, after, _CENTRED_FROM)
    note = f"({visible(field.note)})" if field.note and isinstance(before, Absent) and before is after else ""
    return Part(name, old, new, note)


def _line_difference(before: str, after: str) -> tuple[str, ...]:
    """Every line that differs, between one that does not on each side; long lines are cut around the difference."""
    old, new = [visible(line) for line in before.split("\n")], [visible(line) for line in after.split("\n")]
    shown: list[str] = []
    for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(1):
        if shown:
            shown.append("  …")
        for tag, first, last, from_, to in group:
            if tag == "equal":
                shown += [f"  {clipped(line, _CENTRED_FROM)}" for line in old[first:last]]
                continue
            pairs = [
                centred(a, b, _CENTRED_FROM) if tag == "replace" else (a, b)
                for a, b in zip_longest(old[first:last], new[from_:to], fillvalue="")
            ]
            shown += [f"- {a}" for a, _ in pairs[: last - first]]
            shown += [f"+ {b}" for _, b in pairs[: to - from_]]
    return tuple(shown)


def _resource_parts(
    resource: Resource, limit: int, *, is_added: bool, foreign: frozenset[Path] = frozenset()
) -> Iterator[Part]:
    # The document of a key only repeats what its id already says.
    document: JsonObject = resource.document if FACTS[resource.key.kind].is_compared else {}
    for path, value in leaves(document):
        if value not in ("", False, None, {}, []):
            text = FOREIGN if path in foreign else value_text(value, limit)
            name = visible(dotted(path))
            yield Part(name, after=text) if is_added else Part(name, before=text)
    for at, leaf in sorted(resource.secrets.items()):
        name = visible(dotted(("secrets", *steps(at))))
        shown = _leaf_text(leaf, limit)
        if shown is None:
            yield Part(name, note=f"{SECRET} {'set' if is_added else 'removed'}")
        else:
            yield Part(name, after=shown) if is_added else Part(name, before=shown)


def _leaf_text(leaf: SecretLeaf, limit: int) -> str | None:
    """Text of a placeholder or a reference, which are not secrets; None for anything else."""
    match leaf:
        case Expression(text=text):
            return value_text(text, limit)
        case Reference():
            return value_text(str(leaf), limit)
        case _:
            return None
