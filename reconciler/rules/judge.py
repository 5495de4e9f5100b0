"""Runs every rule over every target and applies what is said about them.

Called by the pass before anything is compared. Findings of reading the files are not repeated
here; the pass adds them.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Silenced, Unknown, sort_findings
from reconciler.rules.registry import RULES, Rule
from reconciler.rules.switch import Switches
from reconciler.settings import Settings


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


def judge(
    scopes: Sequence[Scope], settings: Settings, *, day: date, rules: Mapping[str, Rule] = RULES
) -> Judgement:
    """Run all rules over all targets, as switched on that day.

    Findings about one place that several targets share are told once. Never raises for bad input.
    """
    switches = Switches(settings, rules, (scope.everything for scope in scopes), day)
    off = switches.off
    findings: list[Finding] = list(switches.findings)
    silenced: set[Silenced] = set()
    unknown: set[Unknown] = set()
    for rule in rules.values():
        if not switches.is_run(rule.id):
            continue
        for answer in _answers(rule, scopes):
            if isinstance(answer, Unknown):
                if rule.id not in off:
                    unknown.add(answer)
                continue
            switched = switches.apply(answer)
            if isinstance(switched, Silenced):
                silenced.add(switched)
            elif switched is not None:
                findings.append(switched)
    return Judgement(
        findings=sort_findings(_merged(findings)),
        unknown=tuple(sorted(unknown, key=lambda answer: (answer.rule, answer.reason))),
        off=tuple(sorted(off.items())),
        silenced=tuple(sorted(silenced, key=lambda one: (one.rule, one.place, one.reason))),
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
