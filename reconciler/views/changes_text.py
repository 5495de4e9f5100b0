"""The changes of a plan for people at a terminal: one entry for each object, equal ones folded into one."""

from collections import Counter
from collections.abc import Sequence

from reconciler.model.identity import ResourceKey
from reconciler.model.kind import FACTS, Kind
from reconciler.model.place import Realm
from reconciler.model.state import Resource
from reconciler.model.wording import plural
from reconciler.views.agenda import UPDATES, Entry, Mark, Risk
from reconciler.views.detail import Detail
from reconciler.views.page import Page, Tone
from reconciler.views.parts import Part, parts
from reconciler.views.visible import columns, leaves, visible

FOLD_FROM = 3
MAX_NAMES = 12
_IN_TITLE = 4
_MAX_USERS = 5
_VALUE_LIMIT = 200
_NO_LIMIT = 1_000_000
_MAX_LABEL = 36
_INSTALLATION = "reconciler/installation"
_BY_REASON = (Risk.ADOPT, Risk.FORGET, Risk.VERIFY, Risk.DELETE, Risk.KEPT, Risk.RELEASED)
_BY_FIELDS = (*UPDATES, Risk.REPLACE, Risk.DRIFT, Risk.CONTESTED)
_ALL_NAMED = (Risk.DELETE, Risk.KEPT, Risk.RELEASED)
"""Folded entries that are named all the same, however many there are: a delete must not hide among others."""
_SOME_NAMED = (Risk.REPLACE, Risk.DRIFT, Risk.CONTESTED, Risk.VERIFY)
_UNWORDED = (Risk.DELETE, Risk.CREATE, *UPDATES)
"""What the mark alone says."""
_TONES = {
    Mark.ADD: Tone.ADD,
    Mark.CHANGE: Tone.CHANGE,
    Mark.REMOVE: Tone.REMOVE,
    Mark.ATTENTION: Tone.ATTENTION,
}


def changes(page: Page, items: Sequence[Entry], detail: Detail) -> None:
    """Add entries in their order, equal ones folded into one."""
    for group in folded(items, detail):
        page.gap()
        if len(group) == 1:
            _entry(page, group[0], detail)
        elif group[0].risk is Risk.CREATE and group[0].key.place.realm is Realm.CLUSTER:
            _installation(page, group)
        else:
            _fold(page, group, detail)


def folded(items: Sequence[Entry], detail: Detail) -> list[list[Entry]]:
    """Entries in groups: those that would read the same are one group, placed where its first is."""
    groups: dict[object, list[Entry]] = {}
    for index, entry in enumerate(items):
        groups.setdefault(_signature(entry, detail) or index, []).append(entry)
    found: list[list[Entry]] = []
    for group in groups.values():
        found += [group] if len(group) >= FOLD_FROM else [[entry] for entry in group]
    return sorted(found, key=lambda group: (group[0].risk, group[0].key))


def _signature(entry: Entry, detail: Detail) -> object:
    """Value that is equal for entries that may be shown as one; None for an entry shown alone."""
    same = (entry.risk, entry.key.kind, entry.explanation, entry.held)
    if entry.users:
        return None
    if entry.risk in _BY_REASON:
        return (*same, entry.sent_with)
    if entry.risk in _BY_FIELDS:
        return (*same, tuple(parts(entry, _VALUE_LIMIT)), _whole(entry))
    if detail.full:
        return None
    if entry.key.place.realm is Realm.CLUSTER:
        return (entry.risk, entry.explanation, entry.held, entry.place)
    return (*same, entry.sent_with, tuple(essence(entry)))


def _whole(entry: Entry) -> tuple[object, ...]:
    """The differences with their whole values: what is cut alike need not be equal."""
    return tuple(
        (field.path, str(field.before), str(field.after), field.note) for field in entry.change.fields
    )


def _entry(page: Page, entry: Entry, detail: Detail) -> None:
    word = "" if entry.risk in _UNWORDED else f"{entry.word} "
    page.say(f"{entry.mark} {word}{entry.key}", _TONES[entry.mark], hang=4, aside=_line_of(entry))
    _explanation(page, entry)
    _body(page, entry, detail)


def _line_of(entry: Entry) -> str:
    """`file:line` of its document."""
    origin = entry.change.desired.origin if entry.change.desired else None
    if origin is None:
        return ""
    return f"{origin.file}:{origin.line}" if origin.line else origin.file


def _fold(page: Page, group: Sequence[Entry], detail: Detail) -> None:
    first = group[0]
    word = "" if first.risk in _UNWORDED else f"{first.word} "
    noun = plural(len(group), str(first.key.kind))
    is_listed = detail.full or first.risk in (*_ALL_NAMED, *_SOME_NAMED)
    names = [str(entry.key).removeprefix(f"{first.key.kind}/") for entry in group]
    title = f"{first.mark} {word}{noun}"
    aside = ""
    if not is_listed:
        inline = len(names) <= _IN_TITLE
        title += " " + (", ".join(names) if inline else f"{names[0]} … {names[-1]}")
        aside = "" if inline else "(--full lists them)"
    page.say(title, _TONES[first.mark], hang=4, aside=aside)
    _explanation(page, first)
    if first.risk not in _BY_REASON:
        _body(page, first, detail)
    if is_listed:
        limit = MAX_NAMES if first.risk in _SOME_NAMED and not detail.full else len(group)
        for entry in group[:limit]:
            shown = f"  ({', '.join(_types(entry.change.live))})" if first.risk is Risk.DELETE else ""
            page.say(
                f"{entry.key}{shown if len(shown) > len('  ()') else ''}",
                indent=4,
                hang=2,
                aside=_line_of(entry),
            )
        if len(group) > limit:
            page.say(f"… and {len(group) - limit:,} more (--full)", indent=4)


def _installation(page: Page, group: Sequence[Entry]) -> None:
    """What one document installs on a cluster, by kind."""
    first = group[0]
    owners = {owner for entry in group if (owner := owner_of(entry.change.desired))}
    of = f" of {owners.pop()}" if len(owners) == 1 else ""
    page.say(f"{first.mark} {len(group)} objects{of}", _TONES[first.mark], hang=4, aside=_line_of(first))
    _explanation(page, first)
    numbers = Counter(str(entry.key.kind) for entry in group)
    kinds = [name if number == 1 else f"{number} {name}s" for name, number in numbers.items()]
    page.say(f"{', '.join(kinds)} (--full)", indent=4, hang=2)


def owner_of(resource: Resource | None) -> str:
    """The document whose installation an object belongs to, such as `Runner/eu-1`; "" for a namespace."""
    if resource is None:
        return ""
    metadata = resource.document.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    found = annotations.get(_INSTALLATION) if isinstance(annotations, dict) else None
    return found if isinstance(found, str) else ""


def _explanation(page: Page, entry: Entry) -> None:
    if entry.users:
        more = len(entry.users) - _MAX_USERS
        shown = ", ".join(entry.users[:_MAX_USERS]) + (f" and {more:,} more" if more > 0 else "")
        page.say(f"! in use by {shown}", Tone.ATTENTION, indent=4, hang=2)
    if entry.explanation:
        page.say(entry.explanation, indent=4, hang=2)
    if entry.held:
        page.say(f"held: {entry.held}", Tone.ATTENTION, indent=4, hang=2)
    if entry.sent_with is not None:
        page.say(f"sent in the same call as {entry.sent_with}", indent=4, hang=2)


def _body(page: Page, entry: Entry, detail: Detail) -> None:
    """What changes; of what is created or deleted only the essence, unless all is asked for."""
    if entry.risk in (Risk.CREATE, Risk.DELETE) and not detail.full:
        rows = essence(entry)
        width = max((len(label) for label, _ in rows), default=0)
        for label, text in rows:
            page.say(text, indent=4, hang=width + 2, lead=f"{label.ljust(width)}  ")
        return
    found = parts(entry, _NO_LIMIT)
    width = max((columns(part.name) for part in found), default=0)
    width = width if width <= _MAX_LABEL else 0
    for index, part in enumerate(found):
        # Several criteria are one list under one name.
        name = "" if index and part.name == found[index - 1].name == "criteria" else part.name
        is_one_sided = entry.risk in (Risk.CREATE, Risk.DELETE)
        _part(page, part, f"{name.ljust(width)}  ", hang=width + 2 if width else 2, is_one_sided=is_one_sided)


def essence(entry: Entry) -> list[tuple[str, str]]:
    """Label and text of what an object that comes or goes matches, its type and driver, and how much there is of it."""
    resource = entry.change.desired if entry.risk is Risk.CREATE else entry.change.live
    selectors = entry.criteria_added if entry.risk is Risk.CREATE else entry.criteria_removed
    rows = [("criteria" if not index else "", visible(selector)) for index, selector in enumerate(selectors)]
    if resource is None:
        return rows
    if resource.key.kind is Kind.PRIVATE_KEY:
        return [(name, visible(str(resource.document[name]))) for name in ("for", "key")]
    words = _types(resource)
    # The document of a key only repeats what its id already says.
    document = resource.document if FACTS[resource.key.kind].is_compared else {}
    fields = sum(1 for _, value in leaves(document) if value not in ("", False, None, {}, []))
    if fields:
        words.append(plural(fields, "field"))
    if resource.secrets:
        words.append(plural(len(resource.secrets), "secret"))
    if words:
        rows.append(("type" if _value(resource, ("type",)) else "has", ", ".join(words)))
    return rows


_TYPES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("type",), ""),
    (("driver_type",), "driver "),
    (("driver_account",), "account "),
    (("runner_id",), "runner "),
    (("runner_configuration", "type"), "type "),
)


def _types(resource: Resource | None) -> list[str]:
    """What kind of thing it is: type, driver, account, runner."""
    if resource is None or resource.key.place.realm is Realm.CLUSTER:
        return []
    found = ((label, _value(resource, path)) for path, label in _TYPES)
    return [f"{label}{visible(value)}" for label, value in found if value]


def _value(resource: Resource, path: tuple[str, ...]) -> str:
    at: object = resource.document
    for name in path:
        at = at.get(name) if isinstance(at, dict) else None
    return at if isinstance(at, str) else ""


def _part(page: Page, part: Part, lead: str, *, hang: int, is_one_sided: bool) -> None:
    """Add one difference; the sign of an object that is created or deleted is that of its entry."""
    if part.lines:
        page.say(part.name, indent=4, hang=2)
        for line in part.lines:
            page.say(line, indent=6, hang=2)
    elif part.note:
        page.say(part.note, indent=4, hang=hang, lead=lead)
    elif part.before and part.after:
        both = f"{part.before} → {part.after}"
        if columns(lead + both) + 4 <= page.width:
            page.say(both, indent=4, lead=lead)
        else:
            page.say(part.name, indent=4, hang=2)
            page.say(part.before, indent=6, hang=2, lead="- ")
            page.say(part.after, indent=6, hang=2, lead="+ ")
    else:
        sign = "" if is_one_sided else "+ " if part.after else "- "
        value = part.after or part.before
        if columns(lead + sign + value) + 4 <= page.width or not lead.strip():
            page.say(value, indent=4, hang=hang, lead=f"{lead}{sign}")
        else:
            page.say(part.name, indent=4, hang=2)
            page.say(value, indent=6, hang=2, lead=sign)


def names(page: Page, keys: Sequence[ResourceKey], *, indent: int, limit: int, detail: Detail) -> None:
    """Add names, one on each line; those beyond `limit` are counted unless all are asked for."""
    limit = len(keys) if detail.full else limit
    for key in keys[:limit]:
        page.say(str(key), indent=indent, hang=2)
    if len(keys) > limit:
        page.say(f"… and {len(keys) - limit:,} more (--full)", indent=indent)
