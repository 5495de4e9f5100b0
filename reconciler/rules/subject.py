"""What a check gets and what it says: one subject, and findings and doubts about it.

A check never makes a `Finding` itself: the rule's id, its usual severity, the subject's key and place are filled in
by `reconciler.rules.rule.answers`, so that no check repeats them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from reconciler.facts.scope import Scope
from reconciler.facts.seen import Seen
from reconciler.model.finding import Severity
from reconciler.model.identity import ResourceKey
from reconciler.model.origin import Origin
from reconciler.model.unseen import Unseen

F_co = TypeVar("F_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Said:
    """One problem of a subject. `severity` is None where it is the rule's."""

    message: str
    origin: Origin
    key: ResourceKey | None
    others: tuple[Origin, ...]
    advice: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """One question that could not be answered: `question` begins with `whether`, `which` or the like."""

    question: str
    unseen: Unseen


@dataclass(frozen=True, slots=True)
class Subject(Generic[F_co]):
    """One thing that a rule judges: `fact` is what is known of it, `scope` the target around it.

    `name` is the thing for people, `where` tells the place, `key` is its key in the organization. A place inside a
    document is a function: finding it reads the file once more, and most subjects have no finding.
    """

    fact: F_co
    scope: Scope
    name: str
    where: Origin | Callable[[], Origin]
    key: ResourceKey | None = None

    @property
    def place(self) -> Origin:
        """Where a finding points by default."""
        return self.where() if callable(self.where) else self.where

    @property
    def seen(self) -> Seen:
        """Facts of the target and the clusters that must have been read; each raises `UnseenError` otherwise."""
        return Seen(self.scope)

    def says(
        self,
        message: str,
        *,
        advice: str,
        at: Origin | None = None,
        others: tuple[Origin, ...] = (),
        severity: Severity | None = None,
        key: ResourceKey | None = None,
    ) -> Said:
        """A problem: the message names thing, cause and effect without a full stop, the advice the next step."""
        return Said(message, at or self.place, key or self.key, others, advice, severity)

    def doubts(self, question: str, unseen: Unseen) -> Doubt:
        """A question that is open while the check goes on; where it ends, let the fact raise instead."""
        return Doubt(question, unseen)
