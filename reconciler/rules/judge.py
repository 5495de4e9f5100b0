"""Runs every rule on every target and applies the severity switches.

A pass judges twice, each rule once: rules that read files only before anything else is read, the others afterwards
(`Turn`). Findings from loading the files are not repeated here; the pass adds them.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Silenced, Unknown, sort_findings
from reconciler.rules.registry import RULES, AnyRule
from reconciler.rules.rule import Subjects, answers
from reconciler.rules.switch import Switches
from reconciler.settings import Settings


class Turn(StrEnum):
    """Point in a pass at which a rule runs."""

    BEFORE_LOOK = "before reading"
    """Rules that read files only; the findings about switches come with them."""
    AFTER_LOOK = "after reading"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Result of the rules, sorted.

    `off` has id and reason of each rule that the settings switch off, `silenced` the findings that an annotation of
    an object suppressed.
    """

    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]
    off: tuple[tuple[str, str], ...]
    silenced: tuple[Silenced, ...] = ()

    def joined(self, other: "Judgement") -> "Judgement":
        """Both judgements merged; the two turns must have had the same switches."""
        return _sorted(
            (*self.findings, *other.findings),
            (*self.unknown, *other.unknown),
            {**dict(self.off), **dict(other.off)},
            (*self.silenced, *other.silenced),
        )


def judge(
    scopes: Sequence[Scope],
    settings: Settings,
    *,
    day: date,
    rules: Mapping[str, AnyRule] = RULES,
    turn: Turn | None = None,
) -> Judgement:
    """Run the rules of one turn, or all rules without one, on all targets, with the switches in force on that day.

    A finding about a place that several targets share is reported once. Never raises for bad input.
    """
    switches = Switches(settings, rules, (scope.everything for scope in scopes), day)
    off = switches.off
    due = [rule for rule in rules.values() if switches.is_run(rule.id) and _is_due(rule, turn)]
    subjects = Subjects(due)
    findings: list[Finding] = list(switches.findings) if turn is not Turn.AFTER_LOOK else []
    silenced: list[Silenced] = []
    unknown: list[Unknown] = []
    for rule in due:
        for answer in _answers(rule, scopes, subjects):
            if isinstance(answer, Unknown):
                if rule.id not in off:
                    unknown.append(answer)
                continue
            switched = switches.apply(answer)
            if isinstance(switched, Silenced):
                silenced.append(switched)
            elif switched is not None:
                findings.append(switched)
    return _sorted(_merged(findings), unknown, off, silenced)


def _is_due(rule: AnyRule, turn: Turn | None) -> bool:
    return turn is None or rule.is_of_files is (turn is Turn.BEFORE_LOOK)


def _answers(rule: AnyRule, scopes: Sequence[Scope], subjects: Subjects) -> Iterator[Finding | Unknown]:
    for number, scope in enumerate(scopes):
        yield from answers(rule, scope, is_first=number == 0, subjects=subjects)


def _sorted(
    findings: Iterable[Finding],
    unknown: Iterable[Unknown],
    off: Mapping[str, str],
    silenced: Iterable[Silenced],
) -> Judgement:
    return Judgement(
        findings=sort_findings(list(findings)),
        unknown=tuple(sorted(set(unknown), key=lambda one: (one.rule, one.reason))),
        off=tuple(sorted(off.items())),
        silenced=tuple(sorted(set(silenced), key=lambda one: (one.rule, one.place, one.reason))),
    )


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Findings without those that differ from an earlier one only in the organization."""
    kept: dict[Hashable, Finding] = {}
    for finding in findings:
        same = (finding.rule, finding.severity, finding.message, finding.origin, finding.others)
        kept.setdefault(same, finding)
    return list(kept.values())
