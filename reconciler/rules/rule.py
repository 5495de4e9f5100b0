"""The parts of a rule: what it requires, its subjects, the sides it reads, and the check of one subject.

The page of a rule, with an example that breaks it and one that satisfies it, is in `pages/Rnn` of this package.
`reconciler.rules.registry` lists all rules, `reconciler.rules.judge` runs them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Generic, TypeVar

from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.unseen import Reach, Side, Unseen, UnseenError
from reconciler.rules.over import Over
from reconciler.rules.subject import Doubt, Said, Subject

__all__ = ["Answer", "AnyRule", "Check", "Confidence", "Part", "Rule", "Side", "answers"]

DEFECTS: tuple[type[Exception], ...] = (Exception,)
"""Exceptions of a check that become an *unknown*. Tests empty it, so that a defect of a rule fails them."""

S = TypeVar("S")
_SHOWN = 3
_PACKAGE = PurePath(__file__).parents[1]


class Confidence(StrEnum):
    """How well the fact behind a rule is established (compatibility rules 1)."""

    DOCUMENTED = "documented"
    VENDOR_CODE = "vendor code"
    THIRD_PARTY = "third-party code"
    INFERRED = "inferred"
    CONTRADICTORY = "sources contradict each other"


Answer = Said | Doubt
Check = Callable[[S], Iterator[Answer]]
"""Pure. Yields what is wrong with one subject; never raises for bad input, `UnseenError` where a fact was not read."""


@dataclass(frozen=True, slots=True)
class Part(Generic[S]):
    """One kind of subject of a rule, and the check of one of them."""

    over: Over[S]
    check: Check[S]


@dataclass(frozen=True, slots=True)
class Rule(Generic[S]):
    """One rule of the catalogue. `severity` is the default; a check may lower it where its page says so.

    A rule that reads files only runs before the live side and the clusters are read, and cannot see them. `also` are
    further kinds of subjects with the same requirement.
    """

    id: str
    title: str
    severity: Severity
    confidence: Confidence
    sides: tuple[Side, ...]
    over: Over[S]
    check: Check[S]
    also: tuple[Part[Any], ...] = ()

    @property
    def parts(self) -> tuple[Part[Any], ...]:
        """Every kind of subject with its check."""
        return (Part(self.over, self.check), *self.also)

    @property
    def is_of_files(self) -> bool:
        """True where the rule reads files only."""
        return self.sides == (Side.FILE,)


AnyRule = Rule[Any]


class Subjects:
    """Subjects of targets. Those that several of the rules check are computed once."""

    def __init__(self, rules: Iterable[AnyRule]) -> None:
        uses = Counter(part.over for rule in rules for part in rule.parts)
        self._shared = {over for over, count in uses.items() if count > 1}
        self._kept: dict[tuple[Over[Any], int], Sequence[Any]] = {}

    def of(self, over: Over[S], scope: Scope) -> Iterable[S]:
        """Every subject of one kind in a target. The cache is keyed by `id(scope)`, so scopes must outlive this."""
        if over not in self._shared:
            return over.subjects(scope)
        at = (over, id(scope))
        if at not in self._kept:
            self._kept[at] = tuple(over.subjects(scope))
        return self._kept[at]


def answers(
    rule: AnyRule, scope: Scope, *, is_first: bool = True, subjects: Subjects | None = None
) -> Iterator[Finding | Unknown]:
    """Findings and unknowns of a rule for one target. Subjects that lack the same fact share one *unknown*.

    Subjects that all targets share are checked with the first target only. A defect of a rule must not keep all
    other rules from running: an exception of a check is an *unknown* too, without its message, which can quote a
    secret.
    """
    subjects = subjects or Subjects(())
    missed: dict[Unseen, list[str]] = {}
    for part in rule.parts:
        if part.over.is_of_tree and not is_first:
            continue
        side = scope.of_files if rule.is_of_files else scope
        try:
            for subject in subjects.of(part.over, side):
                yield from _answers_about(rule, part, subject, missed)
        except DEFECTS as error:
            missed.setdefault(_defect(error), []).append("")
    for unseen, names in missed.items():
        subject = _listed(names)
        is_named = not subject or subject in str(unseen)
        yield Unknown(rule.id, str(unseen) if is_named else f"{subject}: {unseen}", unseen, subject)


def _answers_about(
    rule: AnyRule, part: Part[Any], subject: object, missed: dict[Unseen, list[str]]
) -> Iterator[Finding | Unknown]:
    """Answers about one subject; what it lacks, or the defect that ended its check, is added to `missed`."""
    try:
        for answer in part.check(subject):
            yield _completed(rule, answer, subject)
    except UnseenError as error:
        missed.setdefault(error.unseen, []).append(_name(subject))
    except DEFECTS as error:
        missed.setdefault(_defect(error), []).append(_name(subject))


def _defect(error: Exception) -> Unseen:
    """What to report about an exception: its type and the innermost line of this program that it passed."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        path = PurePath(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(_PACKAGE):
            place = f" at {path.relative_to(_PACKAGE)}:{trace.tb_lineno}"
        trace = trace.tb_next
    what = f"a bug in reconciler ended the check ({type(error).__name__}{place}); please report it"
    return Unseen(Side.FILE, "", what, reach=Reach.DEFECT)


def _completed(rule: AnyRule, answer: Answer, subject: object) -> Finding | Unknown:
    match answer:
        case Said(message, origin, key, others, advice, severity):
            return Finding(rule.id, severity or rule.severity, message, origin, key, others, advice)
        case Doubt(question, unseen):
            return Unknown(rule.id, f"{question}: {unseen}", unseen, _name(subject))


def _name(subject: object) -> str:
    return subject.name if isinstance(subject, Subject) else ""


def _listed(names: Iterable[str]) -> str:
    """Names without duplicates; those after the first few are only counted."""
    kept = list(dict.fromkeys(filter(None, names)))
    more = f" and {len(kept) - _SHOWN} more" if len(kept) > _SHOWN else ""
    return ", ".join(kept[:_SHOWN]) + more
