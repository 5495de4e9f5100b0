"""How much of a result is shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detail:
    """Options of the reader. What failed, is held or needs a decision is shown whatever they are."""

    full: bool = False
    """All fields of what is created and deleted, the names of what is folded, numbers of both sides."""
    unknown: bool = False
    """Which rules could not be evaluated, and why."""
    quiet: bool = False
    """Only findings, failures, decisions and counts."""


BRIEF = Detail()
