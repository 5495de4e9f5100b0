"""A plan as a comment on a pull request: this change's own effect first, always within GitHub's limit.

Everything that comes from files, from the API or from the user is either in a block whose fence is
longer than any run of backticks inside, or escaped in an HTML element, so Markdown, mentions and
references in it have no effect. What does not fit is shortened to one line, then left out and
counted; never dropped silently.
"""

import html
import re
from collections.abc import Iterable, Sequence

from reconciler.model.finding import Finding
from reconciler.model.origin import Origin
from reconciler.model.place import Realm
from reconciler.model.wording import plural
from reconciler.passes.result import PassResult
from reconciler.plan.action import TargetPlan
from reconciler.views import agenda, conclusion, unseen
from reconciler.views.agenda import Entry, Mark
from reconciler.views.parts import Part, parts
from reconciler.views.quotation import quotation
from reconciler.views.text import compared_text
from reconciler.views.visible import clipped, visible

MARKER = "<!-- reconciler:plan -->"
"""First line, by which a workflow finds its own comment again."""
LIMIT = 65_536
"""Characters of a comment on GitHub, counted here in UTF-16 units, the larger of the possible counts."""
_HEAD_LIMIT = 6_000
_FINDINGS_LIMIT = 20_000
_NOTES_LIMIT = 8_000
_ENTRY_LIMIT = 8_000
_LINE_LIMIT = 400
_VALUE_LIMIT = 160
_QUOTED_COLUMNS = 100
_CLOSING_ROOM = 300
_RUN = re.compile(r"`+")
_SIGNS = {Mark.ADD: "+", Mark.CHANGE: "!", Mark.REMOVE: "-", Mark.ATTENTION: "!"}


def render(result: PassResult) -> str:
    """Comment of at most `LIMIT` UTF-16 units, ending with a line break."""
    head = _head(result)
    tail = "".join((_findings(result), _existing(result), _notes(result), _foot(result)))
    room = LIMIT - size(head) - size(tail) - _CLOSING_ROOM
    return head + _changes(result, room) + tail


def size(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def _head(result: PassResult) -> str:
    several = len(result.targets) > 1
    lines = [MARKER, f"### reconciler plan: {_words(conclusion.headline(result))}", ""]
    if result.settings_change is not None:
        lines += [f"**This change edits the settings:** {_code(result.settings_change.in_force)}", ""]
        lines += [f"- {_code(line)}" for line in conclusion.setting_lines(result)] + [""]
    for target in result.targets:
        where = ", ".join((target.organization, *dict.fromkeys(target.endpoints)))
        what = "Cluster" if target.realm is Realm.CLUSTER else f"Target {_code(target.target)}:"
        lines.append(f"- {what} {_code(where)}")
    if result.preview is not None:
        lines.append(f"- Own effect of this change, compared with {_code(result.preview.base)}")
    if result.source.location:
        lines.append(f"- Source {_code(result.source.location)}, {_code(conclusion.commit_text(result))}")
    if result.error:
        lines += ["", f"**Error:** {_code(result.error)}"]
    for found in conclusion.troubles(result):
        what = "Stopped" if found.is_stop else "Could not read"
        lines += ["", f"**{what}** {_code(found.title)}", ""]
        lines += [f"- {_code(line)}" for line in (*found.settings, found.advice) if line]
    lines += [f"- **Stale:** {_code(what)}" for what in result.changed]
    if conclusion.plans(result):
        lines += ["", *_table(conclusion.plans(result), several=several)]
    refusals = [
        f"{refusal.guard} ({refusal.target}): {refusal.message}\n    to allow this one case: "
        f"{refusal.approval}"
        for refusal in conclusion.refusals(result)
    ]
    text = _bounded(lines, _HEAD_LIMIT, "line")
    accepted = [
        "\n    ".join((conclusion.accepted_text(one), *map(str, one.refusal.keys)))
        for one in conclusion.accepted(result)
    ]
    if accepted:
        text += "\n**Allowed by approvals:**\n\n" + _fenced(_kept(accepted, _HEAD_LIMIT, "approval"))
    if refusals:
        text += "\n**Refused, held with whatever depends on it:**\n\n" + _fenced(
            _kept(refusals, _HEAD_LIMIT, "refusal")
        )
    return text + "\n"


def _table(plans: Sequence[TargetPlan], *, several: bool) -> list[str]:
    shown = [word for word in agenda.COUNTED if any(agenda.counts(plan)[word] for plan in plans)]
    if not shown:
        return []
    header = (["target"] if several else []) + shown
    rows = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for plan in plans:
        numbers = agenda.counts(plan)
        cells = ([_code(plan.target)] if several else []) + [f"{numbers[word]:,}" for word in shown]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def _changes(result: PassResult, room: int) -> str:
    """As many entries in full as fit; then as many as fit on one line each; the rest as a number."""
    plans = conclusion.plans(result)
    items = [
        (entry, plan.target if len(plans) > 1 else "") for plan in plans for entry in agenda.entries(plan)
    ]
    items.sort(key=lambda item: (item[0].risk, item[0].key))
    lines = [_short(entry, target) for entry, target in items]
    sizes = [size(line) + 1 for line in lines]
    left = sum(sizes)
    used = 0
    full: list[str] = []
    for index, (entry, target) in enumerate(items):
        block = _block(entry, target)
        if used + size(block) + left - sizes[index] > room:
            break
        full.append(block)
        used += size(block)
        left -= sizes[index]
    folded: list[str] = []
    fence_room = room - used
    for line, length in zip(lines[len(full) :], sizes[len(full) :], strict=True):
        if length > fence_room:
            break
        folded.append(line)
        fence_room -= length
    text = "".join(full)
    if folded:
        text += f"{plural(len(folded), 'change')} without details, for lack of space:\n\n"
        text += _fenced(folded, language="diff")
    hidden = len(items) - len(full) - len(folded)
    if hidden:
        text += f"\n**{hidden:,} more changes not shown.** `reconciler plan` shows all of them.\n\n"
    return text


def _short(entry: Entry, target: str) -> str:
    inside = f" ({target})" if target else ""
    place = f"  {entry.place}" if entry.place else ""
    return clipped(visible(f"{_SIGNS[entry.mark]} {entry.word} {entry.key}{inside}{place}"), _LINE_LIMIT)


def _block(entry: Entry, target: str) -> str:
    inside = f" ({target})" if target else ""
    title = _escaped(clipped(visible(f"{entry.mark} {entry.word} {entry.key}{inside}"), _LINE_LIMIT))
    place = f" <sub>{_escaped(clipped(visible(entry.place), _LINE_LIMIT))}</sub>" if entry.place else ""
    body: list[str] = []
    if entry.explanation:
        body.append(f"# {visible(entry.explanation)}")
    if entry.sent_with is not None:
        body.append(f"# sent in the same call as {visible(str(entry.sent_with))}")
    for part in parts(entry, _VALUE_LIMIT):
        body += _part_lines(part)
    if not body:
        return f"<details><summary><code>{title}</code>{place}</summary></details>\n\n"
    fenced = _fenced(_kept(body, _ENTRY_LIMIT, "line"), language="diff")
    return f"<details><summary><code>{title}</code>{place}</summary>\n\n{fenced}\n</details>\n\n"


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


def _findings(result: PassResult) -> str:
    own, existing = result.own_findings, result.existing_findings
    text = ""
    if own:
        text += f"**{conclusion.findings_text(own)}**\n\n{_listed(own, result, _FINDINGS_LIMIT)}\n"
    if existing:
        title = f"Also without this change: {conclusion.findings_text(existing)}"
        shown = _listed(existing, result, _NOTES_LIMIT)
        text += f"<details><summary>{title}</summary>\n\n{shown}\n</details>\n\n"
    return text


def _listed(found: Sequence[Finding], result: PassResult, room: int) -> str:
    lines = [
        f"{finding.origin}: {finding.severity} {finding.rule}: {finding.message}"
        + _quoted(result, finding.origin)
        + "".join(f"\n    see also {other}" for other in finding.others)
        + (f"\n    {finding.advice}" if finding.advice else "")
        for finding in found
    ]
    return _fenced(_kept(lines, room, "finding"))


def _quoted(result: PassResult, place: Origin) -> str:
    excerpt = result.excerpts.get(place)
    if excerpt is None:
        return ""
    return "".join(f"\n    {line}" for line in quotation(excerpt, place.line, _QUOTED_COLUMNS))


def _existing(result: PassResult) -> str:
    preview = result.preview
    if preview is None:
        return ""
    text = ""
    if preview.existing_count:
        number = plural(preview.existing_count, "difference")
        text = (
            f"<details><summary>{number} without this change</summary>\n\nThey already exist on "
            f"{_code(preview.base)}; `reconciler plan` there shows "
            "them.\n\n</details>\n\n"
        )
    if preview.withdrawn:
        shown = _fenced(_kept(preview.withdrawn, _NOTES_LIMIT, "change"))
        number = plural(len(preview.withdrawn), "change")
        text += (
            f"<details><summary>{number} no longer made because of this change</summary>\n\n{shown}\n"
            "</details>\n\n"
        )
    return text


def _notes(result: PassResult) -> str:
    text = ""
    title = unseen.blind_title(result)
    if title:
        text += _folded(f"Unknown: {title}", [f"· {line}" for line in unseen.blind_lines(result)])
    for name, items in (("Switched off", unseen.switched(result)), ("Not examined", unseen.others(result))):
        if items:
            lines = [f"{'!' if item.is_failure else '·'} {item.subject}: {item.reason}" for item in items]
            # A change can silence a rule for itself: a reviewer must see that without unfolding anything.
            shown = _open if name == "Switched off" else _folded
            text += shown(f"{name}: {len(items):,}", lines)
    if result.checked_only:
        text += f"Checked, not applied: {_code(unseen.checked_only(result))}\n\n"
    if result.left_alone:
        text += f"Left alone: {_code(unseen.left_alone(result))}\n\n"
    return text


def _folded(title: str, lines: Sequence[str]) -> str:
    shown = _fenced(_kept(lines, _NOTES_LIMIT // 2, "line"))
    return f"<details><summary>{title}</summary>\n\n{shown}\n</details>\n\n"


def _open(title: str, lines: Sequence[str]) -> str:
    return f"{title}\n\n{_fenced(_kept(lines, _NOTES_LIMIT // 2, 'line'))}\n"


def _foot(result: PassResult) -> str:
    lines = [
        f"Compared in {target.target}: {compared_text(target)}"
        for target in result.targets
        if target.plan is not None
    ]
    compared = "" if not lines else _fenced(_kept(lines, _HEAD_LIMIT // 2, "target")) + "\n"
    step = conclusion.next_step(result) if not result.advice else _code(result.advice)
    return f"{compared}{conclusion.NOTHING_CHANGED} {step}".rstrip() + "\n"


def _kept(lines: Sequence[str], room: int, noun: str) -> list[str]:
    """Leading lines that fit, each cut to the limit of a line first, then the number of those that do not."""
    kept: list[str] = []
    for line in lines:
        parts_of_line = [clipped(visible(part), _LINE_LIMIT) for part in line.split("\n")]
        text = "\n".join(parts_of_line)
        room -= size(text) + 1
        if room < 0:
            kept.append(f"… {plural(len(lines) - len(kept), f'more {noun}')} not shown")
            break
        kept.append(text)
    return kept


def _bounded(lines: Sequence[str], room: int, noun: str) -> str:
    """Leading lines of Markdown that fit, then the number of those that do not."""
    text = ""
    for index, line in enumerate(lines):
        if size(text) + size(line) > room:
            return text + f"- … {plural(len(lines) - index, f'more {noun}')} not shown\n"
        text += line + "\n"
    return text


def _fenced(lines: Iterable[str], language: str = "text") -> str:
    """Code block that no content can close."""
    body = "\n".join(lines)
    longest = max((len(run) for run in _RUN.findall(body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}\n"


def _code(text: str) -> str:
    """Inline code that shows its content literally, whatever it is."""
    shown = clipped(visible(text), _LINE_LIMIT)
    return f"<code>{_escaped(shown)}</code>"


_MARKDOWN = re.compile(r"[!-/:-@\[-`{-~]")
_HARMLESS = "-+,;%=/.?^"


def _escaped(text: str) -> str:
    """Text with ASCII punctuation as entities, except characters without meaning in HTML and Markdown."""
    return _MARKDOWN.sub(lambda match: match[0] if match[0] in _HARMLESS else f"&#{ord(match[0])};", text)


def _words(text: str) -> str:
    """Fixed text in a heading; names of targets inside are escaped."""
    return html.escape(visible(text), quote=False).replace("@", "@\u200b").replace("#", "&#35;")
