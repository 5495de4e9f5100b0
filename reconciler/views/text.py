"""A plan or a validation for people at a terminal: the verdict, entries by risk, what was not examined.

Lines of source files come from `reconciler.source.excerpt`, which leaves out what may be a secret.
Called by `reconciler.cli.commands`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import ResourceKey
from reconciler.model.place import Realm
from reconciler.model.wording import plural
from reconciler.passes.result import PassResult, Purpose, TargetResult
from reconciler.plan.action import Unexamined
from reconciler.views import agenda, conclusion, unseen
from reconciler.views.agenda import Entry, Mark, Risk
from reconciler.views.page import Page, Tone
from reconciler.views.parts import Part, parts
from reconciler.views.quotation import quotation
from reconciler.views.visible import columns

MAX_PARTS = {Risk.CREATE: 8, Risk.DELETE: 4, Risk.KEPT: 4}
MAX_UPDATE_PARTS = 24
MAX_NAMES = 12
MAX_REFUSED_NAMES = 5
MAX_FINDINGS = 200
MAX_FOLDED_PARTS = 3
FOLD_FROM = 3
_ESSENCE = ("type", "driver_type", "runner_id")
_VALUE_LIMIT = 200
_SHORT_VALUE = 96
_TONES = {
    Mark.ADD: Tone.ADD,
    Mark.CHANGE: Tone.CHANGE,
    Mark.REMOVE: Tone.REMOVE,
    Mark.ATTENTION: Tone.ATTENTION,
}


def render(result: PassResult, *, width: int = 80, color: bool = False) -> str:
    """Text of a validation or a plan; for an apply see `outcome_text.render`."""
    page = _page(result, width)
    _foot(page, result)
    return page.text(color=color)


def announce(result: PassResult, *, width: int = 80, color: bool = False) -> str:
    """Text of a plan that is about to be applied: without the last line, which says that nothing was changed."""
    return _page(result, width).text(color=color)


def _page(result: PassResult, width: int) -> Page:
    page = Page(width)
    head(page, result)
    trouble(page, result)
    if result.purpose is not Purpose.VALIDATE and conclusion.plans(result):
        _changes(page, result)
    unexamined(page, result)
    return page


def _settings(page: Page, result: PassResult) -> None:
    """Add the settings that the previewed change edits, before anything else."""
    change = result.settings_change
    if change is None:
        return
    tone = Tone.ATTENTION if change.grave else Tone.PLAIN
    page.say(f"! This change edits the settings: {change.in_force}", tone, hang=2)
    for line in conclusion.setting_lines(result):
        page.say(line, indent=4, hang=2)
    page.gap()


def head(page: Page, result: PassResult) -> None:
    """Add settings that change, targets, source and verdict."""
    _settings(page, result)
    for target in result.targets:
        where = ", ".join(dict.fromkeys(target.endpoints))
        what = (
            f"Cluster {target.organization}"
            if target.realm is Realm.CLUSTER
            else f"Target {target.target}: organization {target.organization}"
        )
        page.say(what + (f", {where}" if where else ""), hang=2)
    source = result.source
    if source.location:
        read = f", {plural(source.file_count, 'file')}" if source.file_count else ""
        page.say(f"Source {source.location}: {conclusion.commit_text(result)}{read}", hang=2)
    title = {Purpose.VALIDATE: "Check", Purpose.PLAN: "Plan", Purpose.APPLY: "Apply"}[result.purpose]
    page.say(f"{title}: {conclusion.headline(result)}", Tone.STRONG, hang=2)


def trouble(page: Page, result: PassResult, announced: PassResult | None = None) -> None:
    """Add failures before any target, stale plans, findings, unreadable targets, refusals and approved cases.

    Findings, approved cases and notes are left out where the plan that was `announced` shows them.
    """
    if result.error:
        page.gap()
        page.say(f"! error: {result.error}", Tone.ATTENTION, hang=2)
    if result.changed:
        page.gap()
        page.say("! stale: changed since the plan was made", Tone.ATTENTION, hang=2)
        for what in result.changed:
            page.say(what, indent=4, hang=2)
    _findings(page, result, () if announced is None else announced.all_findings)
    for found in conclusion.troubles(result):
        page.gap()
        page.say(f"! {found.title}", Tone.ATTENTION, hang=2)
        for line in (*found.settings, found.advice):
            if line:
                page.say(line, indent=4, hang=2)
    for refusal in conclusion.refusals(result):
        page.gap()
        page.say(
            f"! refused by guard {refusal.guard} (target {refusal.target}): {refusal.message}",
            Tone.ATTENTION,
            hang=2,
        )
        _names(page, refusal.keys, indent=4, limit=MAX_REFUSED_NAMES)
        page.say("Held with whatever depends on it; the rest is applied. To allow this case:", indent=4)
        page.say(refusal.approval, Tone.STRONG, indent=6, hang=2)
    known = () if announced is None else conclusion.accepted(announced)
    for one in conclusion.accepted(result):
        if one in known:
            continue
        page.gap()
        page.say(f"! accepted: {conclusion.accepted_text(one)}", Tone.ATTENTION, hang=2)
        _names(page, one.refusal.keys, indent=4, limit=MAX_REFUSED_NAMES)
    for note in result.notes:
        if announced is None or note not in announced.notes:
            page.gap()
            page.say(f"! {note}", Tone.ATTENTION, hang=2)


def _findings(page: Page, result: PassResult, known: Iterable[Finding] = ()) -> None:
    known = frozenset(known)
    found = [finding for finding in result.own_findings if finding not in known]
    if found:
        page.gap()
    for finding in found[:MAX_FINDINGS]:
        tone = Tone.REMOVE if finding.severity is Severity.ERROR else Tone.CHANGE
        page.say(f"{finding.origin}: {finding.severity} {finding.rule}: {finding.message}", tone, hang=4)
        excerpt = result.excerpts.get(finding.origin)
        if excerpt is not None:
            for line in quotation(excerpt, finding.origin.line, page.width - 4):
                page.cut(line, Tone.FAINT, indent=4)
        for other in finding.others:
            page.say(f"see also {other}", indent=4, hang=2)
        if finding.advice:
            page.say(finding.advice, indent=4, hang=2)
    _more_findings(page, len(found) - MAX_FINDINGS)
    existing = result.existing_findings
    if existing:
        page.gap()
        page.say(f"Also without this change: {conclusion.findings_text(existing)}", Tone.STRONG)
    for finding in existing[:MAX_FINDINGS]:
        page.say(f"{finding.origin}: {finding.severity} {finding.rule}: {finding.message}", indent=2, hang=4)
    _more_findings(page, len(existing) - MAX_FINDINGS)


def _more_findings(page: Page, left: int) -> None:
    if left > 0:
        page.say(f"… {plural(left, 'more finding')} not shown; -o json has all")


def _changes(page: Page, result: PassResult) -> None:
    plans = conclusion.plans(result)
    if result.preview is not None:
        page.gap()
        page.say(f"Own effect of this change, compared with {result.preview.base}:", Tone.STRONG)
    for plan in plans:
        items = agenda.entries(plan)
        if len(plans) > 1 and items:
            page.gap()
            page.say(f"{conclusion.place_text(plan)}:", Tone.STRONG)
        changes(page, items)
        _contested_help(page, items)
    if result.preview is not None:
        _existing(page, result)
    _compared(page, result.targets)


def changes(page: Page, items: Sequence[Entry]) -> None:
    """Add entries in their order, small equal ones folded into one."""
    for group in folded(items):
        page.gap()
        if len(group) == 1:
            _entry(page, group[0])
        else:
            _fold(page, group)


def folded(items: Sequence[Entry]) -> list[list[Entry]]:
    """Entries in groups: those that would read the same are one group, placed where its first is."""
    groups: dict[object, list[Entry]] = {}
    for index, entry in enumerate(items):
        groups.setdefault(_signature(entry) or index, []).append(entry)
    found: list[list[Entry]] = []
    for group in groups.values():
        found += [group] if len(group) >= FOLD_FROM else [[entry] for entry in group]
    return sorted(found, key=lambda group: (group[0].risk, group[0].key))


def _signature(entry: Entry) -> object:
    """Value that is equal for entries that may be shown as one; None for an entry shown alone."""
    if entry.risk in (Risk.ADOPT, Risk.FORGET, Risk.VERIFY):
        return (entry.risk, entry.key.kind, entry.reason, entry.held)
    if entry.risk in (Risk.DELETE, Risk.KEPT):
        return (entry.risk, entry.key.kind, entry.reason, entry.sent_with, entry.held)
    if entry.risk not in (Risk.UPDATE, Risk.DRIFT, Risk.CONTESTED):
        return None
    inside = parts(entry, _VALUE_LIMIT)
    if not inside or len(inside) > MAX_FOLDED_PARTS or any(part.lines for part in inside):
        return None
    whole = tuple((f.path, str(f.before), str(f.after), f.note) for f in entry.change.fields)
    return (entry.risk, entry.key.kind, entry.explanation, entry.held, tuple(inside), whole)


def _entry(page: Page, entry: Entry) -> None:
    title = f"{entry.mark} {entry.word} {entry.key}"
    place = f"  {entry.place}" if entry.place else ""
    if columns(title + place) <= page.width:
        page.say(title + place, _TONES[entry.mark], hang=4)
    else:
        page.say(title, _TONES[entry.mark], hang=4)
        page.say(entry.place, Tone.FAINT, indent=4, hang=2)
    _explanation(page, entry)
    _parts(page, entry)


def _fold(page: Page, group: Sequence[Entry]) -> None:
    first = group[0]
    noun = f"{first.key.kind} objects"
    page.say(f"{first.mark} {first.word} {len(group):,} {noun}", _TONES[first.mark], hang=4)
    _explanation(page, first)
    if first.risk in (Risk.DELETE, Risk.KEPT):
        # No limit here: it would hide a delete.
        for entry in group:
            page.say(f"{entry.key}{_essence(entry)}", indent=4, hang=2)
        return
    if first.risk not in (Risk.ADOPT, Risk.FORGET, Risk.VERIFY):
        _parts(page, first)
    _names(page, [entry.key for entry in group], [entry.place for entry in group], indent=4)


def _essence(entry: Entry) -> str:
    """Type, driver or runner of a live object, in parentheses."""
    live = entry.change.live
    words = [str(live.document[name]) for name in _ESSENCE if live is not None and live.document.get(name)]
    return f"  ({', '.join(words)})" if words else ""


def _explanation(page: Page, entry: Entry) -> None:
    if entry.explanation:
        page.say(entry.explanation, indent=4, hang=2)
    if entry.held:
        page.say(f"held: {entry.held}", Tone.ATTENTION, indent=4, hang=2)
    if entry.sent_with is not None:
        page.say(f"sent in the same call as {entry.sent_with}", indent=4, hang=2)


def _names(
    page: Page,
    keys: Sequence[ResourceKey],
    places: Sequence[str] = (),
    *,
    indent: int,
    limit: int = MAX_NAMES,
) -> None:
    for index, key in enumerate(keys[:limit]):
        place = f"  {places[index]}" if places and places[index] else ""
        page.say(f"{key}{place}", indent=indent, hang=2)
    if len(keys) > limit:
        page.say(f"… and {len(keys) - limit:,} more; -o json names all", indent=indent)


def _parts(page: Page, entry: Entry) -> None:
    found = parts(entry, _VALUE_LIMIT)
    limit = MAX_PARTS.get(entry.risk, MAX_UPDATE_PARTS)
    for part in found[:limit]:
        _part(page, part)
    if len(found) > limit:
        page.say(f"… {plural(len(found) - limit, 'more field')}; -o json has all", indent=4)


def _part(page: Page, part: Part) -> None:
    if part.lines:
        page.say(f"{part.name}:", indent=4, hang=2)
        for line in part.lines:
            page.cut(line, indent=6)
    elif part.note:
        page.say(f"{part.name}: {part.note}", indent=4, hang=2)
    elif part.before and part.after:
        both = f"{part.name}: {part.before} → {part.after}"
        if columns(both) + 4 <= page.width:
            page.say(both, indent=4)
        else:
            page.say(f"{part.name}:", indent=4, hang=2)
            page.say(part.before, indent=6, hang=2, lead="- ")
            page.say(part.after, indent=6, hang=2, lead="+ ")
    else:
        sign, value = ("+", part.after) if part.after else ("-", part.before)
        page.say(f"{sign} {part.name}: {_short(value)}", indent=4, hang=4)


def _short(value: str) -> str:
    return value if len(value) <= _SHORT_VALUE else value[: _SHORT_VALUE - 1] + "…"


def _contested_help(page: Page, items: Iterable[Entry]) -> None:
    keys = [entry.key for entry in items if entry.risk is Risk.CONTESTED]
    if keys:
        more = f", and so on for each of the {len(keys)}" if len(keys) > 1 else ""
        page.gap()
        page.say(
            f"{plural(len(keys), 'object')} contested: change the files to match what is live to "
            f"adopt {'it' if len(keys) == 1 else 'them'}, or take over with --accept contested={keys[0]}{more}",
            hang=2,
        )


def _existing(page: Page, result: PassResult) -> None:
    preview = result.preview
    if preview is None:
        return
    page.gap()
    if preview.existing_count:
        page.say(
            f"Not caused by this change: {plural(preview.existing_count, 'further difference')}; "
            f"run `reconciler plan` on {preview.base} for details.",
            hang=2,
        )
    else:
        page.say(f"Without this change, {preview.base} and the live side do not differ.", hang=2)
    if preview.withdrawn:
        shown = ", ".join(preview.withdrawn[:MAX_NAMES])
        more = len(preview.withdrawn) - MAX_NAMES
        tail = f" and {more:,} more" if more > 0 else ""
        page.say(f"No longer done because of this change: {shown}{tail}.", hang=2)


def _compared(page: Page, targets: Sequence[TargetResult]) -> None:
    """Add the numbers behind the verdict: they tell an empty plan from one that saw nothing."""
    page.gap()
    for target in targets:
        text = compared_text(target)
        if text:
            page.say(f"Compared in {target.target}: {text}", hang=2)


def compared_text(target: TargetResult) -> str:
    """Number of objects on each side, by kind; "" without a plan.

    No numbers if something could not be read: a reader would take them for complete.
    """
    plan = target.plan
    if plan is None:
        return ""
    if target.is_unread:
        return "only in part, because something could not be read"
    counts = [
        f"{kind} {desired:,} desired, {live:,} live, {owned:,} owned"
        for kind, (desired, live, owned) in sorted(plan.counts.items())
        if desired or live or owned
    ]
    return "; ".join(counts) or "nothing desired, nothing live"


def unexamined(page: Page, result: PassResult, announced: PassResult | None = None) -> None:
    """Add what was not examined and why, and what was checked but is never applied.

    What the plan that was `announced` shows is left out.
    """
    if announced is not None:
        known = frozenset(announced.unknown)
        left = tuple(one for one in result.unknown if one not in known)
        result = replace(result, unknown=left, checked_only=(), left_alone=())
    shown = [] if announced is None else [*unseen.switched(announced), *unseen.others(announced)]
    title = unseen.blind_title(result)
    if title:
        page.gap()
        page.say(f"Unknown: {title}", Tone.STRONG)
        for line in unseen.blind_lines(result):
            page.say(f"· {line}", indent=2, hang=2)
    _listed(page, "Switched off:", [one for one in unseen.switched(result) if one not in shown])
    _listed(page, "Not examined:", [one for one in unseen.others(result) if one not in shown])
    if result.checked_only or result.left_alone:
        page.gap()
    if result.checked_only:
        page.say(f"Checked, not applied: {unseen.checked_only(result)}", hang=2)
    if result.left_alone:
        page.say(f"Left alone: {unseen.left_alone(result)}", hang=2)


def _listed(page: Page, title: str, items: Sequence[Unexamined]) -> None:
    if not items:
        return
    page.gap()
    page.say(title, Tone.STRONG)
    for item in items:
        mark = "!" if item.is_failure else "·"
        tone = Tone.ATTENTION if item.is_failure else Tone.PLAIN
        page.say(f"{mark} {item.subject}: {item.reason}", tone, indent=2, hang=2)


def _foot(page: Page, result: PassResult) -> None:
    page.gap()
    step = conclusion.next_step(result)
    page.say(" ".join(filter(None, (conclusion.NOTHING_CHANGED, step))))
