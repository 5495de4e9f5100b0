"""Runs every rule over every target and applies what the settings say about them.

Called by the pass before anything is compared. Findings of reading the files are not repeated
here; the pass adds them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.finding import Finding, Severity, Unknown, sort_findings
from reconciler.model.origin import Origin
from reconciler.rules.identifier import did_you_mean
from reconciler.rules.registry import RULES, Rule
from reconciler.rules.scope import Scope
from reconciler.settings import FILE_NAME, Settings

UNKNOWN_RULE = "S01"
"""Id of the finding about a rule that the settings switch and that does not exist."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say, sorted. `off` holds id and reason of rules that were not run."""

    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]
    off: tuple[tuple[str, str], ...]


def judge(scopes: Sequence[Scope], settings: Settings, *, rules: Mapping[str, Rule] = RULES) -> Judgement:
    """Run all rules over all targets.

    A severity in the settings replaces that of every finding of the rule. Findings about one
    place that several targets share are told once. Never raises for bad input.
    """
    off = {
        rule_id: setting.reason
        for rule_id, setting in settings.rules.items()
        if setting.as_severity() is None
    }
    findings: list[Finding] = list(_unknown_rules(settings, rules))
    unknown: set[Unknown] = set()
    for rule in rules.values():
        if rule.id in off:
            continue
        for answer in _answers(rule, scopes):
            if isinstance(answer, Unknown):
                unknown.add(answer)
            else:
                findings.append(_switched(answer, settings))
    return Judgement(
        findings=sort_findings(_merged(findings)),
        unknown=tuple(sorted(unknown, key=lambda answer: (answer.rule, answer.reason))),
        off=tuple(sorted((rule_id, reason) for rule_id, reason in off.items() if rule_id in rules)),
    )


def _answers(rule: Rule, scopes: Sequence[Scope]) -> Iterator[Finding | Unknown]:
    for scope in scopes:
        yield from rule.check(scope)


def _switched(finding: Finding, settings: Settings) -> Finding:
    setting = settings.rules.get(finding.rule)
    severity = None if setting is None else setting.as_severity()
    return finding if severity is None else replace(finding, severity=severity)


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Keep the first of findings that differ in the organization only."""
    kept: dict[tuple[str, Severity, str, Origin, tuple[Origin, ...]], Finding] = {}
    for finding in findings:
        same = (finding.rule, finding.severity, finding.message, finding.origin, finding.others)
        kept.setdefault(same, finding)
    return list(kept.values())


def _unknown_rules(settings: Settings, rules: Mapping[str, Rule]) -> Iterator[Finding]:
    for rule_id in sorted(set(settings.rules) - set(rules)):
        yield Finding(
            UNKNOWN_RULE,
            Severity.WARNING,
            f"The settings switch rule `{rule_id}`, which does not exist",
            Origin(FILE_NAME),
            advice=did_you_mean(rule_id, rules) or "`reconciler explain` lists them all.",
        )
