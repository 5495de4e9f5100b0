"""A plan or a validation for people at a terminal: where, the changes, what went wrong, and the counts last.

Lines of source files come from `reconciler.source.excerpt`, which leaves out what may be a secret.
Called by `reconciler.cli.commands`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.model.finding import Finding, Severity
from reconciler.model.place import Realm
from reconciler.model.wording import plural
from reconciler.passes.result import PassResult, Purpose, TargetResult
from reconciler.plan.action import Unexamined
from reconciler.views import agenda, conclusion, counts_text, unseen
from reconciler.views.agenda import Entry, Risk
from reconciler.views.changes_text import MAX_NAMES, changes, names
from reconciler.views.detail import BRIEF, Detail
from reconciler.views.page import Page, Tone
from reconciler.views.quotation import quotation

MAX_REFUSED_NAMES = 5
MAX_FINDINGS = 200
_IN_DEMAND = "private key place"
"""What is declared for the rules alone; shown on demand."""


def render(result: PassResult, *, width: int = 80, color: bool = False, detail: Detail = BRIEF) -> str:
    """Text of a validation or a plan; for an apply see `outcome_text.render`."""
    return page_of(result, width=width, detail=detail).text(color=color)


def page_of(result: PassResult, *, width: int = 80, detail: Detail = BRIEF) -> Page:
    """The page of a validation or a plan."""
    page = _page(result, width, detail)
    counts_text.closing(page, result, detail)
    return page


def announce(result: PassResult, *, width: int = 80, color: bool = False, detail: Detail = BRIEF) -> str:
    """Text of a plan that is about to be applied: without a next step."""
    page = _page(result, width, detail)
    counts_text.closing(page, result, detail, is_last=False)
    return page.text(color=color)


def _page(result: PassResult, width: int, detail: Detail) -> Page:
    page = Page(width)
    if not (conclusion.is_without_changes(result) or result.purpose is Purpose.VALIDATE):
        head(page, result)
    elif result.settings_change is not None:
        _settings(page, result)
    if result.purpose is not Purpose.VALIDATE and conclusion.plans(result):
        _changes(page, result, detail)
    trouble(page, result, detail=detail)
    unexamined(page, result, detail=detail)
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
    """Add settings that change, and in one line the address of each target and the commit."""
    _settings(page, result)
    page.say(conclusion.where_text(result), Tone.STRONG, hang=2)


def trouble(
    page: Page, result: PassResult, announced: PassResult | None = None, detail: Detail = BRIEF
) -> None:
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
    _findings(page, result, () if announced is None else announced.all_findings, detail)
    for found in conclusion.troubles(result):
        page.gap()
        page.say(f"! {found.title}", Tone.ATTENTION, hang=2)
        for line in (*found.settings, found.advice):
            if line:
                page.say(line, indent=4, hang=2)
    _refusals(page, result, detail)
    known = () if announced is None else conclusion.accepted(announced)
    for one in conclusion.accepted(result):
        if one in known:
            continue
        page.gap()
        page.say(f"! accepted: {conclusion.accepted_text(one)}", Tone.ATTENTION, hang=2)
        names(page, one.refusal.keys, indent=4, limit=MAX_REFUSED_NAMES, detail=detail)
    for note in result.notes:
        if announced is None or note not in announced.notes:
            page.gap()
            page.say(f"! {note}", Tone.ATTENTION, hang=2)


def _refusals(page: Page, result: PassResult, detail: Detail) -> None:
    for refusal in conclusion.refusals(result):
        page.gap()
        page.say(
            f"! refused by guard {refusal.guard} (target {refusal.target}): {refusal.message}",
            Tone.ATTENTION,
            hang=2,
        )
        names(page, refusal.keys, indent=4, limit=MAX_REFUSED_NAMES, detail=detail)
        page.say("Held with whatever depends on it; the rest is applied. To allow this case:", indent=4)
        page.say(refusal.approval, Tone.STRONG, indent=6, hang=2)


def _findings(page: Page, result: PassResult, known: Iterable[Finding], detail: Detail) -> None:
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
    existing = [finding for finding in result.existing_findings if finding not in known]
    if not existing:
        return
    page.gap()
    page.say(f"Also without this change: {conclusion.findings_text(tuple(existing))}", Tone.STRONG)
    # Errors stop a target whoever caused them.
    shown = [one for one in existing if detail.full or one.severity is Severity.ERROR]
    for finding in shown[:MAX_FINDINGS]:
        page.say(f"{finding.origin}: {finding.severity} {finding.rule}: {finding.message}", indent=2, hang=4)
    _more_findings(page, len(shown) - MAX_FINDINGS)


def _more_findings(page: Page, left: int) -> None:
    if left > 0:
        page.say(f"… {plural(left, 'more finding')} not shown; -o json has all")


def _changes(page: Page, result: PassResult, detail: Detail) -> None:
    plans = conclusion.plans(result)
    if result.preview is not None and not conclusion.is_without_changes(result):
        page.gap()
        page.say(f"Own effect of this change, compared with {result.preview.base}:", Tone.STRONG)
    for plan in plans:
        items = agenda.entries(plan)
        if detail.quiet:
            items = [entry for entry in items if entry.risk in _DECISIONS or entry.held]
        if len(plans) > 1 and items:
            page.gap()
            page.say(f"{conclusion.place_text(plan)}:", Tone.STRONG)
        changes(page, items, detail)
        _contested_help(page, items)
    if result.preview is not None:
        _existing(page, result)
    _compared(page, result.targets, detail)


_DECISIONS = (Risk.CONTESTED, Risk.DRIFT, Risk.KEPT, Risk.VERIFY)


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
    if preview.withdrawn:
        shown = ", ".join(preview.withdrawn[:MAX_NAMES])
        more = len(preview.withdrawn) - MAX_NAMES
        tail = f" and {more:,} more" if more > 0 else ""
        page.say(f"No longer done because of this change: {shown}{tail}.", hang=2)


def _compared(page: Page, targets: Sequence[TargetResult], detail: Detail) -> None:
    """Add the numbers of both sides on demand; always where something was not read, so that nobody relies on them."""
    page.gap()
    for target in targets:
        text = compared_text(target)
        if text and (detail.full or target.is_unread):
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


def unexamined(
    page: Page, result: PassResult, announced: PassResult | None = None, detail: Detail = BRIEF
) -> None:
    """Add what was not examined and why, and what was checked but is never applied.

    What the plan that was `announced` shows is left out.
    """
    if announced is not None:
        known = frozenset(announced.unknown)
        left = tuple(one for one in result.unknown if one not in known)
        result = replace(result, unknown=left, checked_only=(), left_alone=())
    shown = [] if announced is None else [*unseen.switched(announced), *unseen.others(announced)]
    _unknown(page, result, detail)
    _listed(page, "Switched off:", [one for one in unseen.switched(result) if one not in shown])
    _listed(page, "Not examined:", [one for one in unseen.others(result) if one not in shown])
    checked = replace(
        result,
        checked_only=tuple(one for one in result.checked_only if detail.full or one[0] != _IN_DEMAND),
    )
    if checked.checked_only or result.left_alone:
        page.gap()
    if checked.checked_only:
        page.say(f"Checked, not applied: {unseen.checked_only(checked)}", hang=2)
    if result.left_alone:
        page.say(f"Left alone: {unseen.left_alone(result)}", hang=2)


def _unknown(page: Page, result: PassResult, detail: Detail) -> None:
    """Add the rules that could not be evaluated: loudly where looking failed, the others on demand."""
    found = unseen.sorted_out(result)
    # The error of a target that could not be read says why already.
    silent = {
        target.organization if target.realm is Realm.CLUSTER else target.target
        for target in result.targets
        if target.error and not target.stopped_by
    }
    failed = tuple(one for one in found.failed if detail.unknown or one.unseen.place not in silent)
    sections = [("! Unknown, because looking failed", Tone.ATTENTION, failed)]
    if detail.unknown:
        sections += [
            ("Unknown", Tone.STRONG, found.open),
            ("Left to `reconciler plan`, which reads live state", Tone.STRONG, found.later),
            ("Never read by any run, see `reconciler explain`", Tone.STRONG, found.never),
        ]
    for title, tone, checks in sections:
        if checks:
            page.gap()
            page.say(f"{title}: {unseen.title_of(checks)}", tone, hang=2)
            for line in unseen.lines_of(checks):
                page.say(f"· {line}", indent=2, hang=2)


def _listed(page: Page, title: str, items: Sequence[Unexamined]) -> None:
    if not items:
        return
    page.gap()
    page.say(title, Tone.STRONG)
    for item in items:
        mark = "!" if item.is_failure else "·"
        tone = Tone.ATTENTION if item.is_failure else Tone.PLAIN
        page.say(f"{mark} {item.subject}: {item.reason}", tone, indent=2, hang=2)
