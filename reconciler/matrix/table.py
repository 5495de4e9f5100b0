"""Rows of the matrix, read from `rows.txt`: one row per line, columns separated by `|`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from reconciler.matrix.row import (
    Cell,
    Column,
    DeploymentTarget,
    Enforcement,
    Host,
    KeyTrait,
    Provisioned,
    Reference,
    Row,
    StoreClass,
    StoreKind,
    Subject,
    Topology,
    Traffic,
    Verdict,
)
from reconciler.settings import Mode
from reconciler.vendor.driver import DriverClass

_Words = (
    type[Traffic]
    | type[StoreKind]
    | type[DriverClass]
    | type[Provisioned]
    | type[Reference]
    | type[Host]
    | type[KeyTrait]
    | type[Topology]
)
_SUBJECTS: dict[str, _Words] = {
    "B": Traffic,
    "C": StoreKind,
    "D": DriverClass,
    "E": Provisioned,
    "F": Reference,
    "G": Host,
    "H": KeyTrait,
    "I": Topology,
}
"""Subjects of each table; those of table A are deployment targets."""


@cache
def rows() -> tuple[Row, ...]:
    """All rows, A1 to I10. C11 has two: as default store, and as the store of a reference."""
    text = files("reconciler.matrix").joinpath("rows.txt").read_text(encoding="utf-8")
    return tuple(_row(line) for line in text.splitlines() if line and not line.startswith("#"))


@cache
def rows_about() -> Mapping[Subject, Sequence[Row]]:
    """Rows by subject."""
    found: dict[Subject, list[Row]] = defaultdict(list)
    for row in rows():
        found[row.subject].append(row)
    return dict(found)


def _row(line: str) -> Row:
    name, about, verdicts, why, rules, source = (part.strip() for part in line.split("|"))
    subject = _subject(name[0], about)
    cells = tuple(_cell(text) for text in verdicts.split("; "))
    return Row(name, subject, str(subject), cells, why, tuple(rules.split()), source)


def _subject(table: str, about: str) -> Subject:
    if table == "A":
        mode, agent, store = about.split()
        return DeploymentTarget(Mode(mode), agent == "AGENT", StoreClass[store])
    return _SUBJECTS[table][about]


def _cell(text: str) -> Cell:
    """Read one verdict, such as `direct+gitops: unsupported` or `OPERATOR: unsupported (format)`."""
    where, _, verdict = text.rpartition(": ")
    verdict, _, enforced = verdict.partition(" (")
    return Cell(
        Verdict[verdict.upper()],
        frozenset(map(Mode, where.split("+"))) if where and where.islower() else None,
        Column[where] if where.isupper() else None,
        Enforcement[enforced.rstrip(")").upper()] if enforced else Enforcement.RULES,
    )
