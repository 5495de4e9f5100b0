"""What a rule is: its words for people, where it can look, and the check itself.

A check is pure: it takes a `Scope` and answers with findings, and with an `Unknown` for each
side it could not look at. It never raises for bad input. `reconciler.rules.registry` holds all
rules, `reconciler.rules.judge` runs them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown


class Side(StrEnum):
    """Where a rule looks (compatibility rules 1)."""

    FILE = "file"
    LIVE = "live"
    CLUSTER = "cluster"


class Confidence(StrEnum):
    """How well the fact behind a rule is established (compatibility rules 1)."""

    DOCUMENTED = "documented"
    VENDOR_CODE = "vendor code"
    THIRD_PARTY = "third-party code"
    INFERRED = "inferred"
    CONTRADICTORY = "sources contradict each other"


Check = Callable[[Scope], Iterator[Finding | Unknown]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the catalogue.

    `severity` is the usual one; a check may answer with the other where `condition` says so.
    `condition` says what is refused, `why` what would happen, `advice` the usual next step,
    `source` where the fact comes from. All are sentences in Markdown.
    """

    id: str
    title: str
    severity: Severity
    condition: str
    why: str
    advice: str
    source: str
    confidence: Confidence
    sides: tuple[Side, ...]
    check: Check
