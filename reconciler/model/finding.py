"""What checks say: findings about the input, and checks that could not look."""

import re
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.identity import ResourceKey
from reconciler.model.origin import Origin


class Severity(StrEnum):
    """`ERROR` refuses the plan; `WARNING` is printed with it."""

    ERROR = "error"
    WARNING = "warning"


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
    """A rule that could not look. Printed and counted, never taken as passed."""

    rule: str
    reason: str
    """What could not be looked at, such as `the live side of target acme was not read`."""


@dataclass(frozen=True, slots=True)
class Silenced:
    """A finding that an annotation of its object silenced: its rule, why, and the place of the annotation."""

    rule: str
    reason: str
    place: Origin


def not_read(what: str, target: str) -> str:
    """Words of an `Unknown` about a live collection that was not read to the end.

    >>> not_read("agents", "acme")
    'the live agents of target `acme` were not read'
    """
    return f"the live {what} of target `{target}` were not read"


_NOT_READ = re.compile(r"the live ([A-Za-z ]+) of target `([^`]+)` were not read")


def missing_live(reason: str) -> tuple[str, str] | None:
    """What was not read, and of which target, of a reason that holds the words of `not_read`."""
    found = _NOT_READ.search(reason)
    return None if found is None else (found[1], found[2])


def not_looked_at(cluster: str) -> str:
    """Words of an `Unknown` about a cluster that could not be reached."""
    return f"cluster `{cluster}` was not looked at"


_NOT_LOOKED_AT = re.compile(r"cluster `([^`]+)` was not looked at")


def missing_cluster(reason: str) -> str | None:
    """Cluster of a reason that holds the words of `not_looked_at`."""
    found = _NOT_LOOKED_AT.search(reason)
    return None if found is None else found[1]


def sort_findings(findings: "list[Finding]") -> tuple[Finding, ...]:
    """Sorted, exact repetitions removed."""
    return tuple(sorted(dict.fromkeys(findings), key=Finding.sort_key))
