"""Differences inside one entry, ready to be laid out by a view. Contains no secrets.

Of a hidden field there is only the name and a note, whatever its values are: neither content nor
length of a secret can reach a view from here.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.diff.change import Absent, FieldChange, Visibility
from reconciler.model.json import JsonObject, Path, dotted, steps
from reconciler.model.kind import FACTS
from reconciler.model.secret import Expression, Reference, SecretLeaf
from reconciler.model.state import Resource
from reconciler.views.agenda import Entry, Risk
from reconciler.views.visible import clipped, leaves, pair_text, value_text, visible

SECRET = "(secret)"  # noqa: S105  shown in place of a secret
FOREIGN = "(not ours)"
"""Shown in place of a live value that somebody else set."""
MAX_DIFF_LINES = 16


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
    """All differences in an entry, values cut to `limit` characters.

    For a creation the fields that are set, for a deletion those that go; criteria come last.
    """
    change = entry.change
    found: list[Part] = []
    if entry.risk is Risk.CREATE and change.desired is not None:
        found += _resource_parts(change.desired, limit, is_added=True)
    elif entry.risk is Risk.DELETE and change.live is not None:
        found += _resource_parts(change.live, limit, is_added=False, foreign=change.foreign)
    else:
        found += [_field_part(field, limit) for field in change.fields]
    found += [Part("criteria", before=visible(text)) for text in entry.criteria_removed]
    found += [Part("criteria", after=visible(text)) for text in entry.criteria_added]
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
        return Part(name, lines=_line_difference(before, after, limit))
    old, new = pair_text(before, after, limit)
    note = f"({visible(field.note)})" if field.note and isinstance(before, Absent) and before is after else ""
    return Part(name, old, new, note)


def _line_difference(before: str, after: str, limit: int) -> tuple[str, ...]:
    changed = [
        line
        for line in difflib.unified_diff(before.split("\n"), after.split("\n"), n=1, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    shown = [line[0] + " " + clipped(visible(line[1:]), limit) for line in changed[:MAX_DIFF_LINES]]
    if len(changed) > MAX_DIFF_LINES:
        shown.append(f"  … {len(changed) - MAX_DIFF_LINES:,} more lines differ")
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
