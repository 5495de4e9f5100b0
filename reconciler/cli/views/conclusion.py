"""What a result comes down to: the headline, what was not examined, and whether to run again.

Every sentence here is derived from the result alone, so that all views say the same.
"""

from collections import Counter
from dataclasses import dataclass

from reconciler.cli.views import agenda
from reconciler.model.finding import Finding, Severity, sort_findings
from reconciler.plan.action import Outcome, Refusal, Status, TargetPlan, Unexamined
from reconciler.result import PassResult, Purpose, Verdict

NOTHING_CHANGED = "Nothing was changed."
SHORT_COMMIT = 12
_LEFT = (Status.FAILED, Status.BLOCKED, Status.UNKNOWN, Status.REFUSED, Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class Rerun:
    """Whether running the same command again can harm, and whether it can help."""

    is_safe: bool
    is_useful: bool
    sentence: str


def plans(result: PassResult) -> list[TargetPlan]:
    """The plans a reader is to judge: of a preview, this change's own."""
    if result.preview is not None:
        return list(result.preview.own)
    return [target.plan for target in result.targets if target.plan is not None]


def findings(result: PassResult) -> tuple[Finding, ...]:
    """Findings of the files and those that only showed against live, sorted, without repetition."""
    problems = [p for target in result.targets if target.plan is not None for p in target.plan.problems]
    return sort_findings([*result.findings, *problems])


def refusals(result: PassResult) -> list[Refusal]:
    """Refusals of all targets' guards."""
    return [refusal for target in result.targets if target.plan for refusal in target.plan.refusals]


def commit_text(result: PassResult) -> str:
    """Commit in twelve digits, and whether the folder differs from it."""
    source = result.source
    if not source.revision:
        return "no commit"
    dirty = " + uncommitted changes" if source.is_dirty else ""
    return f"commit {source.revision[:SHORT_COMMIT]}{dirty}"


def findings_text(found: tuple[Finding, ...]) -> str:
    """Count of findings by severity: `2 errors, 1 warning`."""
    numbers = Counter(finding.severity for finding in found)
    return (
        ", ".join(plural(numbers[severity], severity) for severity in Severity if numbers[severity])
        or "no findings"
    )


def plural(number: int, noun: str) -> str:
    """Number and noun.

    >>> plural(1, "error"), plural(1200, "file")
    ('1 error', '1,200 files')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def statuses_text(outcomes: tuple[Outcome, ...]) -> str:
    """Count of things by what became of them, in the order of `Status`."""
    numbers: Counter[Status] = Counter()
    for outcome in outcomes:
        numbers[outcome.status] += _things(outcome)
    told = ", ".join(f"{numbers[status]:,} {status}" for status in Status if numbers[status])
    return told or "no action was taken"


def _things(outcome: Outcome) -> int:
    """How many things one action was about: those carried by it count as in the plan."""
    return 1 + len(outcome.action.carried)


def headline(result: PassResult) -> str:
    """Verdict with its counts, on one line."""
    verdict = result.verdict
    match verdict:
        case Verdict.INVALID:
            return f"invalid: {findings_text(findings(result))}"
        case Verdict.STALE:
            return "stale: not what the plan was made for"
        case Verdict.UNREADABLE:
            return _unreadable(result)
        case Verdict.CHANGES | Verdict.REFUSED | Verdict.EMPTY if result.purpose is not Purpose.APPLY:
            return _planned(result)
        case _:
            return f"{verdict}: {statuses_text(result.outcomes)}"


def _unreadable(result: PassResult) -> str:
    names = [target.target for target in result.targets if target.error]
    if not names:
        return "failed: see the error below"
    return f"unreadable: {plural(len(names), 'target')} of {len(result.targets)} ({', '.join(names)})"


def _planned(result: PassResult) -> str:
    if result.purpose is Purpose.VALIDATE:
        read = plural(result.source.file_count, "file")
        return f"valid: {plural(result.source.document_count, 'document')} in {read}"
    numbers = agenda.counts_text(agenda.total(plans(result)))
    if result.verdict is Verdict.REFUSED and refusals(result):
        return f"refused by {plural(len(refusals(result)), 'guard')}: {numbers}"
    if result.verdict is Verdict.EMPTY:
        return f"nothing to write: {numbers}"
    return f"{numbers}"


MAX_UNREAD = 5
"""Files named for each reason why they were not looked into; the others are counted."""


def unexamined(result: PassResult) -> list[Unexamined]:
    """Everything that could not be, or was not, looked at. Rules that could not look come grouped."""
    found: list[Unexamined] = []
    by_reason: dict[str, list[str]] = {}
    for blind in dict.fromkeys(result.unknown):
        rules = by_reason.setdefault(blind.reason, [])
        if blind.rule not in rules:
            rules.append(blind.rule)
    for reason, rules in by_reason.items():
        found.append(Unexamined(f"{plural(len(rules), 'rule')} ({', '.join(rules)})", reason))
    found += [
        Unexamined(f"rule {rule}", f"switched off in the settings: {reason}")
        for rule, reason in result.rules_off
    ]
    found += [
        Unexamined(f"target {target.target}", "could not be read, see its error", is_failure=True)
        for target in result.targets
        if target.error
    ]
    several = len(result.targets) > 1
    for target in result.targets:
        for item in target.plan.unexamined if target.plan is not None else ():
            subject = f"{item.subject} (target {target.target})" if several else item.subject
            found.append(Unexamined(subject, item.reason, item.is_failure))
    by_cause: dict[str, list[str]] = {}
    for path, reason in result.unread:
        by_cause.setdefault(reason, []).append(path)
    for reason, paths in by_cause.items():
        more = f" and {len(paths) - MAX_UNREAD} more" if len(paths) > MAX_UNREAD else ""
        found.append(Unexamined(", ".join(paths[:MAX_UNREAD]) + more, reason))
    if result.selection:
        found.append(Unexamined("everything else", f"only {result.selection} was asked for"))
    return found


def rerun(result: PassResult) -> Rerun:
    """Whether to run again: the last line of every apply."""
    match result.verdict:
        case Verdict.INVALID:
            return Rerun(
                is_safe=True,
                is_useful=False,
                sentence="Running again is safe, and useful only after the errors are fixed.",
            )
        case Verdict.STALE:
            return Rerun(
                is_safe=True,
                is_useful=False,
                sentence="Running again with this plan is safe and refuses again: make a new plan.",
            )
        case Verdict.REFUSED:
            return Rerun(
                is_safe=True,
                is_useful=False,
                sentence="Running again is safe, and refuses again until the case is approved or changed.",
            )
        case Verdict.UNREADABLE:
            return _rerun_unreadable(result)
        case Verdict.PARTIAL | Verdict.INTERRUPTED:
            return _rerun_partial(result)
        case Verdict.NOT_STARTED:
            return Rerun(is_safe=True, is_useful=True, sentence="Running again is safe: nothing was begun.")
        case Verdict.CHANGES:
            return Rerun(
                is_safe=True, is_useful=False, sentence="Running again is safe: planning only reads."
            )
        case Verdict.EMPTY:
            return Rerun(
                is_safe=True, is_useful=False, sentence="Running again is safe; there is nothing left to do."
            )
        case Verdict.APPLIED:
            return Rerun(
                is_safe=True,
                is_useful=False,
                sentence="Running again is safe; it should find nothing left to do.",
            )


def _rerun_unreadable(result: PassResult) -> Rerun:
    is_transient = any(target.error and target.is_transient for target in result.targets)
    if is_transient:
        return Rerun(
            is_safe=True,
            is_useful=True,
            sentence="Running again is safe and useful: what failed may pass by itself.",
        )
    return Rerun(
        is_safe=True,
        is_useful=False,
        sentence="Running again is safe, and useful only after the cause above is removed.",
    )


def _rerun_partial(result: PassResult) -> Rerun:
    """Every pass reads again before it writes, so running again never repeats what was done (design 4.4)."""
    left = [outcome for outcome in result.outcomes if outcome.status in _LEFT]
    may_pass = (
        result.stopped
        or any(target.inventory_error or (target.error and target.is_transient) for target in result.targets)
        or any(outcome.is_transient or outcome.status in (Status.UNKNOWN, Status.SKIPPED) for outcome in left)
    )
    if may_pass:
        return Rerun(
            is_safe=True,
            is_useful=True,
            sentence="Running again is safe and useful: it does only what is left.",
        )
    return Rerun(
        is_safe=True,
        is_useful=False,
        sentence="Running again is safe, and useful only after the failures above are fixed.",
    )


def effect(result: PassResult) -> str:
    """What happened to the world, as a sentence."""
    done = sum(
        _things(outcome)
        for outcome in result.outcomes
        if outcome.status is Status.DONE and outcome.action.writes_orchestrator
    )
    recorded = sum(
        outcome.status is Status.DONE and not outcome.action.writes_orchestrator
        for outcome in result.outcomes
    )
    unsure = sum(outcome.status is Status.UNKNOWN for outcome in result.outcomes)
    told = []
    if done:
        told.append(f"{plural(done, 'change')} made.")
    if recorded:
        told.append(f"{plural(recorded, 'own record')} written.")
    if unsure:
        told.append(f"{plural(unsure, 'change')} sent with unknown effect.")
    return " ".join(told) if told else NOTHING_CHANGED


def next_step(result: PassResult) -> str:
    """What the reader does next, "" where the result leaves nothing to say."""
    if result.advice:
        return result.advice
    if result.verdict is Verdict.INVALID:
        rule = next((f.rule for f in findings(result) if f.severity is Severity.ERROR), "")
        return f"Fix the errors above; `reconciler explain {rule}` says more." if rule else ""
    if result.verdict is Verdict.REFUSED:
        return _after_refusal(result)
    if result.verdict is Verdict.EMPTY and result.purpose is Purpose.VALIDATE:
        return "Compare with what is live: `reconciler plan`."
    return {
        Verdict.STALE: "Make a new plan with `reconciler plan --out FILE`, review it and apply that.",
        Verdict.CHANGES: "Carry it out with `reconciler apply`.",
    }.get(result.verdict, "")


def _after_refusal(result: PassResult) -> str:
    if refusals(result):
        return "Change the files, or approve this one case with the options above."
    if result.preview is not None:
        return ""
    rest = " `reconciler apply` does the rest." if result.has_changes else ""
    return f"Decide about what is contested.{rest}"
