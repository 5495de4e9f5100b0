"""Findings and unknown checks that the base of a preview has as well. Pure."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from reconciler.model.finding import Finding, Unknown

_PLACE = re.compile(r"(\.(?:ya?ml|json))(?::\d+){1,2}", re.IGNORECASE)
"""A line and column after the name of a file."""


@dataclass(frozen=True, slots=True)
class OfBase:
    """What reading, rules and plan say about the base."""

    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]


def existing_unknown(found: Iterable[Unknown], of_base: Iterable[Unknown]) -> frozenset[Unknown]:
    """Those of `found` that the base has as well; as for findings, lines do not count."""
    before = set(map(_question, of_base))
    return frozenset(one for one in found if _question(one) in before)


def _question(one: Unknown) -> tuple[str, str, str]:
    return one.rule, _PLACE.sub(r"\1", one.reason), one.subject


def existing_findings(found: Collection[Finding], of_base: Iterable[Finding]) -> frozenset[Finding]:
    """Those of `found` that the base has as well, one for each of the base.

    Lines move with every edit, so places within a file do not count, neither in the finding nor in its message.
    A finding in a renamed file is a new one.
    """
    before = Counter(of_base)
    same = [finding for finding in dict.fromkeys(found) if finding in before]
    moved = Counter(map(_identity, before.keys() - set(same)))
    existing = set(same)
    for finding in found:
        identity = _identity(finding)
        if finding not in existing and moved[identity]:
            moved[identity] -= 1
            existing.add(finding)
    return frozenset(existing)


def _identity(finding: Finding) -> tuple[object, ...]:
    message = _PLACE.sub(r"\1", finding.message)
    return finding.rule, finding.severity, finding.origin.file, finding.key, message
