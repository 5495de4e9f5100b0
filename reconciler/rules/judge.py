"""Runs every rule over every target and applies what is said about them.

Called by the pass before anything is compared. Findings of reading the files are not repeated
here; the pass adds them.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.model.finding import Finding, Unknown, sort_findings
from reconciler.rules.registry import RULES, Rule
from reconciler.rules.scope import Scope
from reconciler.rules.switch import Switched, Switches
from reconciler.settings import Settings


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say, sorted.

    `off` holds id and reason of rules that were not run, and of findings that an object's annotation
    silenced, with the place of the annotation before the reason.
    """

    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]
    off: tuple[tuple[str, str], ...]


def judge(
    scopes: Sequence[Scope], settings: Settings, *, day: date, rules: Mapping[str, Rule] = RULES
) -> Judgement:
    """Run all rules over all targets, as switched on that day.

    Findings about one place that several targets share are told once. Never raises for bad input.
    """
    switches = Switches(settings, rules, (scope.everything for scope in scopes), day)
    off = switches.off
    findings: list[Finding] = list(switches.findings)
    silenced: set[tuple[str, str]] = set()
    unknown: set[Unknown] = set()
    for rule in rules.values():
        if rule.id in off:
            continue
        for answer in _answers(rule, scopes):
            if isinstance(answer, Unknown):
                unknown.add(answer)
                continue
            switched = switches.apply(answer)
            if isinstance(switched, Switched):
                silenced.add((switched.rule, f"{switched.place}: {switched.reason}"))
            else:
                findings.append(switched)
    return Judgement(
        findings=sort_findings(_merged(findings)),
        unknown=tuple(sorted(unknown, key=lambda answer: (answer.rule, answer.reason))),
        off=tuple(sorted({*off.items(), *silenced})),
    )


def _answers(rule: Rule, scopes: Sequence[Scope]) -> Iterator[Finding | Unknown]:
    for scope in scopes:
        yield from rule.check(scope)


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Keep the first of findings that differ in the organization only."""
    kept: dict[Hashable, Finding] = {}
    for finding in findings:
        same = (finding.rule, finding.severity, finding.message, finding.origin, finding.others)
        kept.setdefault(same, finding)
    return list(kept.values())
