"""What checks say: findings about the input, and checks that could not look."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.identity import ResourceKey
from reconciler.model.origin import Origin
from reconciler.model.unseen import Side, Unseen, untold


class Severity(StrEnum):
    """`ERROR` refuses the plan; `WARNING` is printed with it."""

    ERROR = "error"
    WARNING = "warning"


NOT_TOLD = untold("")
"""What is missing where only the reason of an `Unknown` says so."""
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1}


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. The message reads alone and never holds a secret.

    `rule` is an id of the catalogue (`R68`) or of the reader (`F01`…, see
    `reconciler.model.reading_rule`). `others` are further places the problem involves.
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
    """A rule that could not look. Printed and counted, never taken as passed.

    `reason` reads alone. `unseen` is what was missing, for whoever groups. `subject` names what could not be
    judged, "" where `reason` says it.
    """

    rule: str
    reason: str
    unseen: Unseen = NOT_TOLD
    subject: str = ""

    @property
    def side(self) -> Side:
        """The side that could not be looked at."""
        return self.unseen.side


@dataclass(frozen=True, slots=True)
class Silenced:
    """A finding that an annotation of its object silenced: its rule, why, and the place of the annotation."""

    rule: str
    reason: str
    place: Origin


_OF_FIELDS = frozenset(("F05", "F06"))
"""Reading rules about single fields: what a rule of the catalogue says about the same place says more."""


def once(read: Iterable[Finding], judged: Iterable[Finding]) -> "tuple[Finding, ...]":
    """Findings of reading and of rules, sorted, with one for each mistake.

    Where both report one place, or the rule names it as another that its problem involves, the rule's stays:
    it says why, and it can be looked up. A rule that was weakened to a warning replaces nothing, because the
    document stays refused.
    """
    kept = list(judged)
    errors = [finding for finding in kept if finding.severity is Severity.ERROR]
    explained = {place for finding in errors for place in (finding.origin, *finding.others)}
    kept.extend(f for f in read if f.rule not in _OF_FIELDS or f.origin not in explained)
    return sort_findings(kept)


def sort_findings(findings: "list[Finding]") -> tuple[Finding, ...]:
    """Sorted, exact repetitions removed."""
    return tuple(sorted(dict.fromkeys(findings), key=Finding.sort_key))
