"""The changes of a plan in a comment: values first, equal changes folded, never more than fits."""

from collections.abc import Sequence

from reconciler.model.kind import Kind
from reconciler.model.place import Realm
from reconciler.model.wording import plural
from reconciler.passes.result import PassResult
from reconciler.views import agenda, changes_text, conclusion
from reconciler.views.agenda import Entry, Mark, Risk
from reconciler.views.detail import BRIEF
from reconciler.views.markdown_safe import escaped, fenced, kept, size
from reconciler.views.parts import Part, parts
from reconciler.views.pull_request import PullRequest
from reconciler.views.visible import clipped, visible

OPEN_BELOW = 20
"""Entries from which on each is folded away."""
_ENTRY_LIMIT = 8_000
_NAMES_LIMIT = 4_000
_LINE_LIMIT = 400
_CHANGED_LIMIT = 2_000
"""Characters of a line with a value that changes: only a longer one is cut."""
_VALUE_LIMIT = 160
_SIGNS = {Mark.ADD: "+", Mark.CHANGE: "!", Mark.REMOVE: "-", Mark.ATTENTION: "!"}


def changes(result: PassResult, room: int, pull_request: PullRequest) -> str:
    """As many entries in full as fit; then as many as fit on one line each; the rest as a number."""
    groups = _groups(result)
    is_open = len(groups) < OPEN_BELOW
    lines = [_short(group, target) for group, target in groups]
    sizes = [size(line) + 1 for line in lines]
    left = sum(sizes)
    used = 0
    full: list[str] = []
    for index, (group, target) in enumerate(groups):
        block = _block(group, target, pull_request, is_open=is_open)
        if used + size(block) + left - sizes[index] > room:
            break
        full.append(block)
        used += size(block)
        left -= sizes[index]
    short: list[str] = []
    fence_room = room - used
    for line, length in zip(lines[len(full) :], sizes[len(full) :], strict=True):
        if length > fence_room:
            break
        short.append(line)
        fence_room -= length
    text = "".join(full)
    if short:
        text += f"{plural(len(short), 'change')} without details, for lack of space:\n\n"
        text += fenced(short, language="diff")
    hidden = sum(len(group) for group, _ in groups[len(full) + len(short) :])
    if hidden:
        text += f"\n**{hidden:,} more changes not shown.** `reconciler plan` shows all of them.\n\n"
    return text


def _groups(result: PassResult) -> list[tuple[list[Entry], str]]:
    """Entries that read the same, with the target where there are several; by risk."""
    plans = conclusion.plans(result)
    found = [
        (group, str(plan.target) if len(plans) > 1 else "")
        for plan in plans
        for group in changes_text.folded(agenda.entries(plan), BRIEF)
    ]
    return sorted(found, key=lambda item: (item[0][0].risk, item[0][0].key))


def _title(group: Sequence[Entry], target: str) -> str:
    first = group[0]
    inside = f" ({target})" if target else ""
    if len(group) == 1:
        return f"{first.word} {first.key}{inside}"
    if _is_installation(first):
        owners = {owner for entry in group if (owner := changes_text.owner_of(entry.change.desired))}
        of = f" of {owners.pop()}" if len(owners) == 1 else ""
        return f"{first.word} {len(group)} objects{of}{inside}"
    names = [str(entry.key).removeprefix(f"{first.key.kind}/") for entry in (group[0], group[-1])]
    return f"{first.word} {plural(len(group), str(first.key.kind))} {names[0]} … {names[1]}{inside}"


def _is_installation(entry: Entry) -> bool:
    """True for what a document installs on a cluster, which is folded whatever its kinds and fields are."""
    is_object = entry.key.place.realm is Realm.CLUSTER and entry.key.kind is not Kind.PRIVATE_KEY
    return entry.risk is Risk.CREATE and is_object


def _short(group: Sequence[Entry], target: str) -> str:
    first = group[0]
    place = f"  {first.place}" if first.place and len(group) == 1 else ""
    return clipped(visible(f"{_SIGNS[first.mark]} {_title(group, target)}{place}"), _LINE_LIMIT)


def _block(group: Sequence[Entry], target: str, pull_request: PullRequest, *, is_open: bool) -> str:
    first = group[0]
    title = escaped(clipped(visible(f"{first.mark} {_title(group, target)}"), _LINE_LIMIT))
    origin = first.change.desired.origin if first.change.desired is not None else None
    place = f" <sub>{pull_request.place(origin)}</sub>" if origin is not None and len(group) == 1 else ""
    body = _body(
        first, with_values=len(group) == 1 or not (first.risk in _WITHOUT_VALUES or _is_installation(first))
    )
    inner = (
        fenced(kept(body, _ENTRY_LIMIT, "line", line_limit=_CHANGED_LIMIT), language="diff") if body else ""
    )
    if len(group) > 1:
        inner += _names(group)
    if is_open:
        return f"<code>{title}</code>{place}\n\n{inner}\n"
    return f"<details><summary><code>{title}</code>{place}</summary>\n\n{inner}\n</details>\n\n"


_WITHOUT_VALUES = (Risk.DELETE, Risk.KEPT, Risk.RELEASED, Risk.ADOPT, Risk.FORGET, Risk.VERIFY)


def _names(group: Sequence[Entry]) -> str:
    names = fenced(kept([str(entry.key) for entry in group], _NAMES_LIMIT, "name"))
    return f"\n<details><summary>{plural(len(group), 'name')}</summary>\n\n{names}\n</details>\n"


def _body(entry: Entry, *, with_values: bool) -> list[str]:
    """Lines of a `diff` block: what it does to others, why, and the values."""
    body = []
    if entry.users:
        body.append(f"! in use by {', '.join(entry.users)}")
    if entry.held:
        body.append(f"! held: {visible(entry.held)}")
    if entry.explanation:
        body.append(f"# {visible(entry.explanation)}")
    if entry.sent_with is not None:
        body.append(f"# sent in the same call as {visible(str(entry.sent_with))}")
    if not with_values or entry.key.kind is Kind.KEY:
        return body
    if entry.risk in (Risk.CREATE, Risk.DELETE):
        sign = _SIGNS[entry.mark]
        return body + [f"{sign} {label or 'criteria'}: {text}" for label, text in changes_text.essence(entry)]
    for part in parts(entry, _VALUE_LIMIT):
        body += _part_lines(part)
    return body


def _part_lines(part: Part) -> list[str]:
    if part.lines:
        return [f"! {part.name}:", *part.lines]
    if part.note:
        return [f"! {part.name}: {part.note}"]
    lines = []
    if part.before:
        lines.append(f"- {part.name}: {part.before}")
    if part.after:
        lines.append(f"+ {part.name}: {part.after}")
    return lines
