"""One line of an examination, and all of them by place."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import ExitCode


class Status(StrEnum):
    """What a check found. `UNKNOWN`: it could not look. `MANUAL`: only a person can."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Check:
    """One line. `id` names the check for programs; `subject` is such as `Agent/eu-1`, "" for the place itself.

    `advice` are the next steps, one each.
    """

    id: str
    status: Status
    what: str
    advice: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True)
class PlaceChecks:
    """The checks of one place. `id` is its name for `--target`, `title` the heading."""

    id: str
    title: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Examination:
    """Every place that was examined."""

    places: tuple[PlaceChecks, ...]

    @property
    def counts(self) -> Mapping[Status, int]:
        """Number of checks by status."""
        return Counter(check.status for place in self.places for check in place.checks)

    @property
    def exit_code(self) -> ExitCode:
        """PARTIAL with a problem, else UNREADABLE where something could not be looked at. Warnings are well."""
        if self.counts[Status.PROBLEM]:
            return ExitCode.PARTIAL
        return ExitCode.UNREADABLE if self.counts[Status.UNKNOWN] else ExitCode.DONE


def ok(name: str, what: str, *, subject: str = "") -> Check:
    """A check that found nothing wrong."""
    return Check(name, Status.OK, what, subject=subject)


def warning(name: str, what: str, *advice: str, subject: str = "") -> Check:
    """A check that found something that works today."""
    return Check(name, Status.WARNING, what, advice, subject)


def problem(name: str, what: str, *advice: str, subject: str = "") -> Check:
    """A check that found something that does not work."""
    return Check(name, Status.PROBLEM, what, advice, subject)


def unknown(name: str, what: str, *advice: str, subject: str = "") -> Check:
    """A check that could not look."""
    return Check(name, Status.UNKNOWN, what, advice, subject)


def said(words: Iterable[str]) -> tuple[str, ...]:
    """Advice without its empty parts."""
    return tuple(word for word in words if word)
