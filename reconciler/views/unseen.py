"""What a result did not examine: rules that could not be evaluated or were switched off, and everything else.

Grouped by reason: thirty rules that miss the same cluster are one line and bury no finding.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model.finding import Unknown
from reconciler.model.unseen import Side, Unseen
from reconciler.model.wording import plural
from reconciler.passes.result import PassResult
from reconciler.plan.action import Unexamined
from reconciler.views.conclusion import rule_order

MAX_UNREAD = 5
"""Files named for each reason why they were not read; the others are counted."""
MAX_RULES = 12
"""Rules named for each reason in views for people; the others are counted."""
MAX_REASONS = 10
"""Reasons shown in views for people; the others are counted."""


@dataclass(frozen=True, slots=True)
class Blind:
    """One reason why rules could not be evaluated, and their ids."""

    reason: str
    rules: tuple[str, ...]

    def line(self) -> str:
        """The group on one line, with at most `MAX_RULES` ids."""
        more = len(self.rules) - MAX_RULES
        named = ", ".join(self.rules[:MAX_RULES]) + (f" and {more} more" if more > 0 else "")
        return f"{self.reason}: {named}"


def blind(result: PassResult) -> list[Blind]:
    """Rules that could not be evaluated, by reason; the most frequent reason comes first."""
    return _grouped((one.rule, one.reason) for one in _ordered(result))


def blind_by_side(result: PassResult) -> list[Blind]:
    """As `blind`, for people: one reason for all that is missing from a target's live side or from a cluster."""
    missing: dict[tuple[Side, str], set[str]] = defaultdict(set)
    ordered = _ordered(result)
    for one in ordered:
        missing[one.side, one.unseen.place].add(one.unseen.what)

    def reason(one: Unknown) -> str:
        if one.side is Side.FILE:
            return one.reason
        whats = missing[one.side, one.unseen.place]
        return str(Unseen(one.side, one.unseen.place, "" if "" in whats else _listed(sorted(whats))))

    return _grouped((one.rule, reason(one)) for one in ordered)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _ordered(result: PassResult) -> list[Unknown]:
    return sorted(set(result.unknown), key=lambda one: (rule_order(one.rule), one.reason))


def _grouped(checks: Iterable[tuple[str, str]]) -> list[Blind]:
    by_reason: dict[str, list[str]] = {}
    for rule, reason in checks:
        by_reason.setdefault(reason, []).append(rule)
    groups = [Blind(reason, tuple(dict.fromkeys(rules))) for reason, rules in by_reason.items()]
    return sorted(groups, key=lambda group: (-len(group.rules), rule_order(group.rules[0]), group.reason))


def blind_title(result: PassResult) -> str:
    """Number of rules without a result: `7 rules could not be evaluated (12 checks)`; "" if there are none."""
    checks = set(result.unknown)
    if not checks:
        return ""
    rules = {one.rule for one in checks}
    return f"{plural(len(rules), 'rule')} could not be evaluated ({plural(len(checks), 'check')})"


def blind_lines(result: PassResult) -> list[str]:
    """One line per reason; the last counts the reasons that are left out."""
    groups = blind_by_side(result)
    lines = [group.line() for group in groups[:MAX_REASONS]]
    if len(groups) > MAX_REASONS:
        left = sum(len(group.rules) for group in groups[MAX_REASONS:])
        more = plural(len(groups) - MAX_REASONS, "more reason")
        lines.append(f"… {more} ({plural(left, 'check')}); -o json has all")
    return lines


def switched(result: PassResult) -> list[Unexamined]:
    """Rules that are off and findings silenced by annotations, each with its reason."""
    off = [
        Unexamined(f"rule {rule}", f"switched off in the settings: {reason}")
        for rule, reason in result.rules_off
    ]
    silenced = [
        Unexamined(f"rule {one.rule} at {one.place}", f"switched off by annotation: {one.reason}")
        for one in result.silenced
    ]
    return off + silenced


def others(result: PassResult) -> list[Unexamined]:
    """Targets, sides and files that were not examined, and what was not selected."""
    found = [
        Unexamined(
            f"target {target.target}",
            "not read, because errors stop it" if target.stopped_by else "could not be read, see its error",
            is_failure=True,
        )
        for target in result.targets
        if target.error and target.plan is None
    ]
    several = len(result.targets) > 1
    for target in result.targets:
        for item in target.plan.unexamined if target.plan is not None else ():
            subject = f"{item.subject} (target {target.target})" if several else item.subject
            found.append(Unexamined(subject, item.reason, item.is_failure))
    found.extend(result.unexamined)
    by_cause: dict[str, list[str]] = {}
    for path, reason in result.unread:
        by_cause.setdefault(reason, []).append(path)
    for reason, paths in by_cause.items():
        more = f" and {len(paths) - MAX_UNREAD} more" if len(paths) > MAX_UNREAD else ""
        found.append(Unexamined(", ".join(paths[:MAX_UNREAD]) + more, reason))
    if result.selection:
        found.append(Unexamined("everything else", f"the run is limited to {result.selection}"))
    return found


def everything(result: PassResult) -> list[Unexamined]:
    """Complete list of what was not examined; for programs."""
    unknown = [
        Unexamined(f"{plural(len(group.rules), 'rule')} ({', '.join(group.rules)})", group.reason)
        for group in blind(result)
    ]
    return [*unknown, *switched(result), *others(result)]


def left_alone(result: PassResult) -> str:
    """Documents of kinds that are known but not handled: `1 Account`; "" if there are none."""
    return ", ".join(plural(number, noun) for noun, number in result.left_alone)


def checked_only(result: PassResult) -> str:
    """Documents that are checked but never applied: `1 Operator, 2 SecretStores`; "" if there are none."""
    return ", ".join(plural(number, noun) for noun, number in result.checked_only)
