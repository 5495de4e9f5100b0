"""What a rule is: what it demands, where it can look, and the check itself.

The prose of a rule, with an example that breaks it and one that keeps it, is `pages/Rnn` of this package.

A check is pure: it takes a `Scope` and answers with findings, and with an `Unknown` for each
side it could not look at. It never raises for bad input. `reconciler.rules.registry` holds all
rules, `reconciler.rules.judge` runs them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.unseen import Side


class Confidence(StrEnum):
    """How well the fact behind a rule is established (compatibility rules 1)."""

    DOCUMENTED = "documented"
    VENDOR_CODE = "vendor code"
    THIRD_PARTY = "third-party code"
    INFERRED = "inferred"
    CONTRADICTORY = "sources contradict each other"


__all__ = ["Check", "Confidence", "Rule", "Side"]

Check = Callable[[Scope], Iterator[Finding | Unknown]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the catalogue. `severity` is the usual one; a check may weaken it where its page says so."""

    id: str
    title: str
    severity: Severity
    confidence: Confidence
    sides: tuple[Side, ...]
    check: Check
