"""Summary of a result: the headline, the next step, and whether to run again.

Every sentence is derived from the result alone, so all views agree.
"""

from collections import Counter
from dataclasses import dataclass

from reconciler.diff.change import Absent
from reconciler.diff.settings_change import Concern, SettingChange, SettingsChange
from reconciler.errors import ExitCode
from reconciler.model.finding import Finding, Severity
from reconciler.model.json import dotted
from reconciler.model.place import Realm
from reconciler.model.wording import plural
from reconciler.passes.result import Cause, PassResult, Purpose, TargetResult, Verdict
from reconciler.plan.action import Outcome, Status, TargetPlan
from reconciler.plan.approval import Accepted
from reconciler.plan.refusal import Refusal
from reconciler.views import agenda
from reconciler.views.visible import pair_text

NOTHING_CHANGED = "Nothing was changed."
SHORT_COMMIT = 7
_SETTING_LIMIT = 300
_LEFT = (Status.FAILED, Status.BLOCKED, Status.UNKNOWN, Status.REFUSED, Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class Rerun:
    """Whether running the same command again is safe, and whether it is useful."""

    is_safe: bool
    is_useful: bool
    sentence: str


def place_text(plan: TargetPlan) -> str:
    """Heading of a plan: `Target acme`, `Cluster eu-1`."""
    return f"Cluster {plan.organization}" if plan.realm is Realm.CLUSTER else f"Target {plan.target}"


def plans(result: PassResult) -> list[TargetPlan]:
    """Plans for the reader to judge: for a preview, only this change's own part."""
    if result.preview is not None:
        return list(result.preview.own)
    return [target.plan for target in result.targets if target.plan is not None]


def refusals(result: PassResult) -> list[Refusal]:
    """Refusals by the guards of all targets."""
    return [refusal for target in result.targets if target.plan for refusal in target.plan.refusals]


def accepted(result: PassResult) -> list[Accepted]:
    """Refusals overridden by approvals, in all plans that the reader judges."""
    return [one for plan in plans(result) for one in plan.accepted]


def accepted_text(one: Accepted) -> str:
    """What a guard would have refused, and the approval that allows it."""
    refusal = one.refusal
    return f"guard {refusal.guard} (target {refusal.target}): {refusal.message}; allowed by {one.approval}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why targets could not be read or are stopped: one cause, the settings that may be responsible, and what to do."""

    text: str
    advice: str
    targets: tuple[str, ...]
    settings: tuple[str, ...]
    is_stop: bool = False
    """True if errors of the files stop them."""

    @property
    def title(self) -> str:
        """Targets and cause, in one sentence."""
        noun = "target" if len(self.targets) == 1 else "targets"
        return f"{noun} {', '.join(self.targets)}: {self.text}"


def troubles(result: PassResult) -> list[Trouble]:
    """Each cause once, however many targets and requests failed because of it."""
    found: dict[tuple[str, str, bool], list[tuple[str, str]]] = {}
    for target in result.targets:
        if not target.error:
            continue
        for cause in target.causes or (Cause(target.error, target.advice),):
            setting = _setting_text(cause.setting, result)
            is_stop = bool(target.stopped_by) and not cause.setting
            found.setdefault((cause.text, cause.advice, is_stop), []).append((target.target, setting))
    return [
        Trouble(
            text,
            advice,
            tuple(dict.fromkeys(name for name, _ in members)),
            tuple(dict.fromkeys(setting for _, setting in members if setting)),
            is_stop,
        )
        for (text, advice, is_stop), members in found.items()
    ]


def _setting_text(path: tuple[str, ...], result: PassResult) -> str:
    """`file:line:column: setting`, or the setting alone if its line is not known."""
    if not path:
        return ""
    place = result.places.get(path)
    return f"{place}: {dotted(path)}" if place is not None else dotted(path)


def settings_headline(result: PassResult) -> str:
    """Number of sensitive settings that change, by concern: `settings change (1 address)`; "" if none do."""
    if result.settings_change is None or not result.settings_change.grave:
        return ""
    numbers = Counter(setting.concern for setting in result.settings_change.grave)
    counts = ", ".join(f"{numbers[concern]:,} {concern}" for concern in Concern if numbers[concern])
    return f"settings change ({counts})"


def setting_lines(result: PassResult) -> list[str]:
    """One line for each sensitive setting that changes, and one for all others."""
    change = result.settings_change
    if change is None:
        return []
    lines = [_setting_line(setting, change) for setting in change.grave]
    if change.others:
        lines.append("also: " + ", ".join(dotted(setting.path) for setting in change.others))
    return lines


def _setting_line(setting: SettingChange, change: SettingsChange) -> str:
    before, after = pair_text(setting.before, setting.after, _SETTING_LIMIT)
    place = "" if isinstance(setting.after, Absent) else f"  {change.places.get(setting.path, '')}"
    if isinstance(setting.before, Absent):
        return f"{setting.concern}: + {dotted(setting.path)}: {after}{place}".rstrip()
    if isinstance(setting.after, Absent):
        return f"{setting.concern}: - {dotted(setting.path)}: {before}"
    return f"{setting.concern}: {dotted(setting.path)}: {before} → {after}{place}".rstrip()


def commit_text(result: PassResult) -> str:
    """First digits of the commit, and how many files differ from it: `8eeba14 + 1 uncommitted file`."""
    source = result.source
    if not source.revision:
        return "no commit"
    if not source.is_dirty:
        return source.revision[:SHORT_COMMIT]
    files = plural(source.uncommitted, "uncommitted file") if source.uncommitted else "uncommitted changes"
    return f"{source.revision[:SHORT_COMMIT]} + {files}"


def match_text(result: PassResult) -> str:
    """What live state is compared with: the commit, or the files of a folder without one."""
    return commit_text(result) if result.source.revision else "the files"


def where_text(result: PassResult) -> str:
    """Targets with their addresses, and the commit: `acme · api.humanitec.io · 8eeba14`."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for target in result.targets:
        addresses = tuple(dict.fromkeys(one.removeprefix("https://") for one in target.endpoints))
        groups.setdefault(addresses, []).append(_target_text(target))
    if len(groups) == 1:
        places = [
            part for addresses, names in groups.items() for part in (", ".join(names), ", ".join(addresses))
        ]
    else:
        places = [
            ", ".join(names) + (f" ({', '.join(addresses)})" if addresses else "")
            for addresses, names in groups.items()
        ]
    location = result.source.location if ":" in result.source.location else ""
    return " · ".join(filter(None, (*places, location, commit_text(result))))


def _target_text(target: TargetResult) -> str:
    if target.realm is Realm.CLUSTER:
        return f"cluster {target.organization}"
    name = str(target.target)
    return name if name == target.organization else f"{name} (organization {target.organization})"


def is_without_changes(result: PassResult) -> bool:
    """True for a plan that was made completely and has nothing to show."""
    return (
        result.purpose is Purpose.PLAN
        and result.verdict is Verdict.EMPTY
        and not any(target.is_unread for target in result.targets)
        and bool(result.targets)
        and not any(agenda.entries(plan) for plan in plans(result))
    )


def findings_text(found: tuple[Finding, ...]) -> str:
    """Count of findings by severity: `2 errors, 1 warning`."""
    numbers = Counter(finding.severity for finding in found)
    return (
        ", ".join(plural(numbers[severity], severity) for severity in Severity if numbers[severity])
        or "no findings"
    )


def rule_order(name: str) -> tuple[str, int, str]:
    """Sort key for rule ids: `R9` before `R10`.

    >>> sorted(["R10", "F02", "R9"], key=rule_order)
    ['F02', 'R9', 'R10']
    """
    letters = name.rstrip("0123456789")
    digits = name[len(letters) :]
    return letters, int(digits or 0), digits


def statuses_text(outcomes: tuple[Outcome, ...]) -> str:
    """Number of objects by outcome, in the order of `Status`."""
    numbers: Counter[Status] = Counter()
    for outcome in outcomes:
        numbers[outcome.status] += _things(outcome)
    counts = ", ".join(f"{numbers[status]:,} {status}" for status in Status if numbers[status])
    return counts or "no action was taken"


def _things(outcome: Outcome) -> int:
    """Number of objects that an action changes, including those it carries."""
    return 1 + len(outcome.action.carried)


def headline(result: PassResult) -> str:
    """Verdict with its counts on one line, preceded by changes to the settings."""
    return "; ".join(filter(None, (settings_headline(result), _verdict_line(result))))


def _verdict_line(result: PassResult) -> str:
    verdict = result.verdict
    match verdict:
        case Verdict.INVALID:
            return _invalid(result)
        case Verdict.STALE:
            return "stale: something changed since the plan was made"
        case Verdict.UNREADABLE:
            return _unreadable(result)
        case Verdict.CHANGES | Verdict.REFUSED | Verdict.EMPTY if result.purpose is not Purpose.APPLY:
            return _planned(result)
        case _:
            drifted = sum(len(plan.drift_reported) for plan in plans(result))
            left = f", {drifted:,} drifted and not corrected" if drifted else ""
            return f"{verdict}: {statuses_text(result.outcomes)}{left}"


def _invalid(result: PassResult) -> str:
    """Findings, the targets that they stop, and what was done in the others."""
    parts = [f"invalid: {findings_text(result.all_findings)}{_existing_text(result)}"]
    stopped = [target.target for target in result.targets if target.error_code is ExitCode.INVALID]
    if stopped and len(result.targets) > 1:
        names = ", ".join(stopped)
        parts.append(f"{plural(len(stopped), 'target')} of {len(result.targets)} stopped ({names})")
    if result.outcomes:
        parts.append(statuses_text(result.outcomes))
    return "; ".join(parts)


def _existing_text(result: PassResult) -> str:
    """Number of findings that the base of a preview has as well, "" if there are none."""
    existing = result.existing_findings
    if not existing:
        return ""
    if len(existing) == len(result.all_findings):
        return ", none of them from this change"
    return f", {len(existing):,} of them also without this change"


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


def rerun(result: PassResult) -> Rerun:
    """Advice on running again: the last line of every apply."""
    match result.verdict:
        case Verdict.INVALID:
            if result.outcomes and _may_pass(result):
                return Rerun(
                    is_safe=True,
                    is_useful=True,
                    sentence="Running again is safe and does what is left; what is stopped waits until the "
                    "errors are fixed.",
                )
            return Rerun(
                is_safe=True,
                is_useful=False,
                sentence="Running again is safe, but useful only after the errors are fixed.",
            )
        case Verdict.STALE:
            return Rerun(
                is_safe=True,
                is_useful=False,
                sentence="Running again with this plan is safe, but is refused again: make a new plan.",
            )
        case Verdict.REFUSED:
            return Rerun(
                is_safe=True,
                is_useful=False,
                sentence="Running again is safe, but is refused again until the case is approved or changed.",
            )
        case Verdict.UNREADABLE:
            return _rerun_unreadable(result)
        case Verdict.PARTIAL | Verdict.FAILED | Verdict.INTERRUPTED:
            return _rerun_partial(result)
        case Verdict.NOT_STARTED:
            return Rerun(is_safe=True, is_useful=True, sentence="Running again is safe: nothing was started.")
        case Verdict.CHANGES:
            return Rerun(is_safe=True, is_useful=False, sentence="Running again is safe: a plan only reads.")
        case Verdict.EMPTY:
            return Rerun(
                is_safe=True, is_useful=False, sentence="Running again is safe; there is nothing to do."
            )
        case Verdict.APPLIED:
            return Rerun(
                is_safe=True,
                is_useful=False,
                sentence="Running again is safe; it should find nothing to do.",
            )


def _rerun_unreadable(result: PassResult) -> Rerun:
    is_transient = any(target.error and target.is_transient for target in result.targets)
    if is_transient:
        return Rerun(
            is_safe=True,
            is_useful=True,
            sentence="Running again is safe and useful: the failure may be temporary.",
        )
    return Rerun(
        is_safe=True,
        is_useful=False,
        sentence="Running again is safe, but useful only after the cause above is fixed.",
    )


def _rerun_partial(result: PassResult) -> Rerun:
    """Every pass reads before it writes, so running again never repeats what was done (design 4.4)."""
    if _may_pass(result):
        return Rerun(
            is_safe=True,
            is_useful=True,
            sentence="Running again is safe and useful: it does only what is left.",
        )
    return Rerun(
        is_safe=True,
        is_useful=False,
        sentence="Running again is safe, but useful only after the failures above are fixed.",
    )


def _may_pass(result: PassResult) -> bool:
    """True if another run may do what this one left."""
    left = [outcome for outcome in result.outcomes if outcome.status in _LEFT]
    return (
        result.stopped
        or any(target.inventory_error or (target.error and target.is_transient) for target in result.targets)
        or any(outcome.is_transient or outcome.status in (Status.UNKNOWN, Status.SKIPPED) for outcome in left)
    )


def effect(result: PassResult) -> str:
    """What was written, as a sentence."""
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
    unfinished = sum(outcome.status is Status.FAILED and outcome.is_written for outcome in result.outcomes)
    sentences = []
    if done:
        sentences.append(f"{plural(done, 'change')} made.")
    if recorded:
        sentences.append(f"{plural(recorded, 'ownership record entry', 'ownership record entries')} written.")
    if unfinished:
        sentences.append(f"{plural(unfinished, 'change')} written without full effect yet.")
    if unsure:
        sentences.append(f"{plural(unsure, 'change')} sent with an unknown result.")
    return " ".join(sentences) if sentences else NOTHING_CHANGED


def next_step(result: PassResult) -> str:
    """What the reader should do next, "" if there is nothing to say."""
    if result.advice:
        return result.advice
    if result.verdict is Verdict.INVALID:
        found = (*result.own_findings, *result.existing_findings)
        rule = next((finding.rule for finding in found if finding.severity is Severity.ERROR), "")
        return f"Fix the errors above; run `reconciler explain {rule}` for details." if rule else ""
    if result.verdict is Verdict.REFUSED:
        return _after_refusal(result)
    if result.verdict is Verdict.EMPTY and result.purpose is Purpose.VALIDATE:
        return "To compare the files with live state, run `reconciler plan`."
    return {
        Verdict.STALE: "Make a new plan with `reconciler plan --out FILE`, review it, and apply it.",
        Verdict.CHANGES: "To apply the plan, run `reconciler apply`.",
    }.get(result.verdict, "")


def _after_refusal(result: PassResult) -> str:
    if refusals(result):
        return "Change the files, or approve this case with the options above."
    if result.preview is not None:
        return ""
    contested = {change.key for plan in plans(result) for change in plan.contested}
    in_use = any(
        outcome.status is Status.REFUSED and outcome.action.key not in contested
        for outcome in result.outcomes
    )
    sentences = ["Decide what to do with the contested objects."] if contested or not in_use else []
    if in_use:
        sentences.append("Objects that are still in use can be deleted once no environment uses them.")
    elif result.has_changes:
        sentences.append("`reconciler apply` applies the rest.")
    return " ".join(sentences)
