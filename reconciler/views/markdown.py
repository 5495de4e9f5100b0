"""A plan as a comment on a pull request: this change's own effect first, always within GitHub's limit.

Everything that comes from files, from the API or from the user is either in a block whose fence is
longer than any run of backticks inside, or escaped in an HTML element, so Markdown, mentions and
references in it have no effect. What does not fit is shortened to one line, then left out and
counted; never dropped silently.
"""

import json
from collections.abc import Sequence

from reconciler.model.finding import Finding, Severity
from reconciler.model.origin import Origin
from reconciler.model.wording import plural
from reconciler.passes.result import PassResult, Purpose, Verdict
from reconciler.plan.action import TargetPlan
from reconciler.views import agenda, conclusion, unseen
from reconciler.views.markdown_changes import changes
from reconciler.views.markdown_safe import bounded, code, fenced, kept, size, words
from reconciler.views.pull_request import NO_PULL_REQUEST, PullRequest
from reconciler.views.quotation import quotation
from reconciler.views.text import compared_text

LIMIT = 65_536
"""Characters of a comment on GitHub, counted here in UTF-16 units, the larger of the possible counts."""
_HEAD_LIMIT = 6_000
_FINDINGS_LIMIT = 20_000
_NOTES_LIMIT = 8_000
_QUOTED_COLUMNS = 100
_CLOSING_ROOM = 300


def render(result: PassResult, pull_request: PullRequest = NO_PULL_REQUEST) -> str:
    """Comment of at most `LIMIT` UTF-16 units, ending with a line break."""
    head = _head(result, pull_request)
    tail = "".join((_findings(result), _existing(result), _notes(result), _foot(result, pull_request)))
    room = LIMIT - size(head) - size(tail) - _CLOSING_ROOM
    return head + changes(result, room, pull_request) + tail


def _head(result: PassResult, pull_request: PullRequest) -> str:
    """Marker, one sentence, then what a reviewer decides: settings, approvals, refusals, what could not be read."""
    lines = [pull_request.marker, f"### reconciler{_root(pull_request)}: {words(_sentence(result))}", ""]
    if result.settings_change is not None:
        lines += [f"**This change edits the settings:** {code(result.settings_change.in_force)}", ""]
        lines += [f"- {code(line)}" for line in conclusion.setting_lines(result)] + [""]
    if result.error:
        lines += [f"**Error:** {code(result.error)}", ""]
    for found in conclusion.troubles(result):
        what = "Stopped" if found.is_stop else "Could not read"
        lines += [f"**{what}** {code(found.title)}", ""]
        lines += [f"- {code(line)}" for line in (*found.settings, found.advice) if line] + [""]
    lines += [f"- **Stale:** {code(what)}" for what in result.changed]
    plans = conclusion.plans(result)
    if len(plans) > 1 and not conclusion.is_without_changes(result):
        lines += [*_table(plans, several=True), ""]
    text = bounded(lines, _HEAD_LIMIT, "line")
    return text + _approvals(result)


def _approvals(result: PassResult) -> str:
    """What approvals allow, what guards refuse, and how to approve that."""
    text = ""
    accepted = [
        "\n    ".join((conclusion.accepted_text(one), *map(str, one.refusal.keys)))
        for one in conclusion.accepted(result)
    ]
    if accepted:
        text += "**Allowed by approvals:**\n\n" + fenced(kept(accepted, _HEAD_LIMIT, "approval")) + "\n"
    found = conclusion.refusals(result)
    if found:
        refusals = [
            f"{refusal.guard} ({refusal.target}): {refusal.message}\n    to allow this one case: {refusal.approval}"
            for refusal in found
        ]
        text += "**Refused, held with whatever depends on it:**\n\n"
        text += fenced(kept(refusals, _HEAD_LIMIT, "refusal")) + "\n"
    wanted = [(value, refusal.target) for refusal in found for value in refusal.approvals]
    wanted += [
        (f"contested={c.key}", plan.target) for plan in conclusion.plans(result) for c in plan.contested
    ]
    if wanted:
        text += _how_to_approve(wanted)
    return text


def _how_to_approve(wanted: Sequence[tuple[str, str]]) -> str:
    """The entries of `approvals.yaml` that approve exactly this, with what only a person can fill in."""
    lines = ["version: 1", "approvals:"]
    for value, target in wanted:
        lines += [
            f"  - what: {json.dumps(value, ensure_ascii=False)}",
            f"    target: {json.dumps(target, ensure_ascii=False)}",
            "    who: …",
            "    until: …  # the last day on which it applies, such as 2027-01-31",
            "    reason: …",
        ]
    shown = fenced(kept(lines, _HEAD_LIMIT, "line"), language="yaml")
    return (
        "<details><summary>To approve, add this to <code>approvals.yaml</code> in this pull request</summary>\n\n"
        f"{shown}\nA merge that contains it approves exactly these cases.\n\n</details>\n\n"
    )


def _root(pull_request: PullRequest) -> str:
    return f" {code(pull_request.root)}" if pull_request.root else ""


def _sentence(result: PassResult) -> str:
    """What merging does, in one sentence; the verdict where there is no plan."""
    settings = conclusion.settings_headline(result)
    if (
        result.verdict not in (Verdict.CHANGES, Verdict.REFUSED, Verdict.EMPTY)
        or result.purpose is not Purpose.PLAN
    ):
        return conclusion.headline(result)
    numbers = agenda.total(conclusion.plans(result))
    subject = "merging this" if result.preview is not None else "applying this"
    does = [
        f"{verb} {numbers[word]:,}"
        for word, verb in (
            ("delete", "deletes"), ("replace", "replaces"), ("update", "updates"), ("create", "creates"),
            ("adopt", "adopts"), ("forget", "forgets"),
        )
        if numbers[word]
    ]  # fmt: skip
    left = [
        f"{numbers[word]:,} {said}"
        for word, said in (
            ("contested", "contested"), ("drift", "drifted"), ("keep", "kept"), ("release", "no longer managed"),
            ("verify", "to verify"),
        )
        if numbers[word]
    ]  # fmt: skip
    refused = conclusion.refusals(result)
    if refused:
        left.insert(0, f"refused by {plural(len(refused), 'guard')}")
    total = sum(numbers[word] for word in ("delete", "replace", "update", "create", "adopt", "forget"))
    what = f"{', '.join(does)} {'object' if total == 1 else 'objects'}" if does else "changes nothing"
    return "; ".join(filter(None, (settings, f"{subject} {what}", *left)))


def _table(plans: Sequence[TargetPlan], *, several: bool) -> list[str]:
    shown = [word for word in agenda.COUNTED if any(agenda.counts(plan)[word] for plan in plans)]
    if not shown:
        return []
    header = (["target"] if several else []) + shown
    rows = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for plan in plans:
        numbers = agenda.counts(plan)
        cells = ([code(plan.target)] if several else []) + [f"{numbers[word]:,}" for word in shown]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def _findings(result: PassResult) -> str:
    own, existing = result.own_findings, result.existing_findings
    text = ""
    if own:
        text += f"**{conclusion.findings_text(own)}**\n\n{_listed(own, result, _FINDINGS_LIMIT)}\n"
    if existing:
        title = f"Also without this change: {conclusion.findings_text(existing)}"
        # Errors stop a target whoever caused them; warnings of the base are not about this change.
        errors = [finding for finding in existing if finding.severity is Severity.ERROR]
        shown = _listed(errors, result, _NOTES_LIMIT) if errors else ""
        text += f"<details><summary>{title}</summary>\n\n{shown}\n</details>\n\n" if shown else f"{title}\n\n"
    return text


def _listed(found: Sequence[Finding], result: PassResult, room: int) -> str:
    lines = [
        f"{finding.origin}: {finding.severity} {finding.rule}: {finding.message}"
        + _quoted(result, finding.origin)
        + "".join(f"\n    see also {other}" for other in finding.others)
        + (f"\n    {finding.advice}" if finding.advice else "")
        for finding in found
    ]
    return fenced(kept(lines, room, "finding"))


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
            f"{code(preview.base)}; `reconciler plan` there shows "
            "them.\n\n</details>\n\n"
        )
    if preview.withdrawn:
        shown = fenced(kept(preview.withdrawn, _NOTES_LIMIT, "change"))
        number = plural(len(preview.withdrawn), "change")
        text += (
            f"<details><summary>{number} no longer made because of this change</summary>\n\n{shown}\n"
            "</details>\n\n"
        )
    return text


def _notes(result: PassResult) -> str:
    text = ""
    found = unseen.sorted_out(result)
    # Where looking failed, the rest of the comment cannot be relied on: that is not folded away.
    for title, checks, shown in (
        ("Unknown, because looking failed", found.failed, _open),
        ("Unknown", found.open, _folded),
    ):
        if checks:
            lines = [f"· {line}" for line in unseen.lines_of(checks)]
            text += shown(f"{title}: {unseen.title_of(checks)}", lines)
    for name, items in (("Switched off", unseen.switched(result)), ("Not examined", unseen.others(result))):
        if items:
            lines = [f"{'!' if item.is_failure else '·'} {item.subject}: {item.reason}" for item in items]
            # A change can silence a rule for itself: a reviewer must see that without unfolding anything.
            shown = _open if name == "Switched off" else _folded
            text += shown(f"{name}: {len(items):,}", lines)
    if result.checked_only:
        text += f"Checked, not applied: {code(unseen.checked_only(result))}\n\n"
    if result.left_alone:
        text += f"Left alone: {code(unseen.left_alone(result))}\n\n"
    return text


def _folded(title: str, lines: Sequence[str]) -> str:
    shown = fenced(kept(lines, _NOTES_LIMIT // 2, "line"))
    return f"<details><summary>{title}</summary>\n\n{shown}\n</details>\n\n"


def _open(title: str, lines: Sequence[str]) -> str:
    return f"{title}\n\n{fenced(kept(lines, _NOTES_LIMIT // 2, 'line'))}\n"


def _foot(result: PassResult, pull_request: PullRequest) -> str:
    """What was compared with what, and what the reader may do."""
    lines = [conclusion.where_text(result)]
    if pull_request.head:
        lines.append(f"head of the pull request: {pull_request.head[: conclusion.SHORT_COMMIT]}")
    if result.preview is not None:
        lines.append(f"compared with {result.preview.base}")
    lines += [
        f"Compared in {target.target}: {compared_text(target)}"
        for target in result.targets
        if target.plan is not None
    ]
    where = _folded_lines("Where this was compared", lines)
    step = code(result.advice) if result.advice else _step(result)
    return f"{where}{conclusion.NOTHING_CHANGED} {step}".rstrip() + "\n"


def _step(result: PassResult) -> str:
    """The next step for a reviewer, who applies nothing by hand."""
    if result.verdict in (Verdict.CHANGES, Verdict.EMPTY):
        return ""
    if result.verdict is Verdict.REFUSED:
        return "What is held waits until the files are changed or the case is approved."
    return conclusion.next_step(result)


def _folded_lines(title: str, lines: Sequence[str]) -> str:
    return f"<details><summary>{title}</summary>\n\n{fenced(kept(lines, _HEAD_LIMIT // 2, 'line'))}\n</details>\n\n"
