"""Results of checks: findings about the input, and checks that could not be evaluated."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.identity import ResourceKey
from reconciler.model.origin import Origin
from reconciler.model.unseen import Side, Unseen, unspecified


class Severity(StrEnum):
    """`ERROR` refuses the plan; `WARNING` is printed with it."""

    ERROR = "error"
    WARNING = "warning"


UNSPECIFIED = unspecified("")
"""Default of `Unknown.unseen`: only `reason` says what is missing."""
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1}


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. The message is understandable by itself and never contains a secret.

    `rule` is an id of the catalogue (`R68`) or of the reader (`F01`…, see
    `reconciler.model.reading_rule`). `others` are further places that are part of the problem.
    `advice` is the next step, or "".
    """

    rule: str
    severity: Severity
    message: str
    origin: Origin
    key: ResourceKey | None = None
    others: tuple[Origin, ...] = ()
    advice: str = ""

    def sort_key(self) -> tuple[int, str, int, int, str, str]:
        """Errors first, then by place, rule and text."""
        place = self.origin
        return (_RANK[self.severity], place.file, place.line, place.column, self.rule, self.message)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A check that could not be evaluated. Printed and counted, never treated as passed.

    `reason` is understandable by itself. `unseen` is what was missing, for grouping. `subject` names what could
    not be checked, "" if `reason` names it.
    """

    rule: str
    reason: str
    unseen: Unseen = UNSPECIFIED
    subject: str = ""

    @property
    def side(self) -> Side:
        """The side that was not read."""
        return self.unseen.side


@dataclass(frozen=True, slots=True)
class Silenced:
    """A finding silenced by an annotation of its object: its rule, the reason, and the place of the annotation."""

    rule: str
    reason: str
    place: Origin


_OF_FIELDS = frozenset(("F05", "F06"))
"""Reading rules about single fields: a rule of the catalogue is more specific about the same place."""


def once(read: Iterable[Finding], judged: Iterable[Finding]) -> "tuple[Finding, ...]":
    """Findings of the reader and of rules, sorted, one for each mistake.

    If a rule reports the same place, or names it in `others`, the rule's finding is kept: it gives the reason
    and can be looked up. A rule lowered to a warning replaces nothing, because the document is still refused.
    """
    kept = list(judged)
    errors = [finding for finding in kept if finding.severity is Severity.ERROR]
    explained = {place for finding in errors for place in (finding.origin, *finding.others)}
    kept.extend(f for f in read if f.rule not in _OF_FIELDS or f.origin not in explained)
    return sort_findings(kept)


def sort_findings(findings: "list[Finding]") -> tuple[Finding, ...]:
    """Sorted findings without exact duplicates."""
    return tuple(sorted(dict.fromkeys(findings), key=Finding.sort_key))
