"""Runs every rule over every target and applies the switches of severities.

A pass judges twice and each rule once: rules of the files before it looks at anything, the others afterwards
(`Turn`). Findings of reading the files are not repeated here; the pass adds them.
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
    """When in a pass a rule is judged."""

    BEFORE_LOOK = "before the look"
    """Rules that the files answer; with them come the findings about switches."""
    AFTER_LOOK = "after the look"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say, sorted.

    `off` holds id and reason of rules that the settings switch off, `silenced` what an object's annotation kept
    from being a finding.
    """

    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]
    off: tuple[tuple[str, str], ...]
    silenced: tuple[Silenced, ...] = ()

    def joined(self, other: "Judgement") -> "Judgement":
        """Both together, of two turns that had the same switches."""
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
    """Run rules over all targets, as switched on that day: those of one turn, or without one all of them.

    Findings about one place that several targets share are reported once. Never raises for bad input.
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
    """Keep the first of findings that differ in the organization only."""
    kept: dict[Hashable, Finding] = {}
    for finding in findings:
        same = (finding.rule, finding.severity, finding.message, finding.origin, finding.others)
        kept.setdefault(same, finding)
    return list(kept.values())
