"""The input and output of a check: one subject, and findings and doubts about it.

A check never creates a `Finding`: `reconciler.rules.rule.answers` fills in the rule's id, its default severity, and
the subject's key and place, so that no check repeats them.
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
    """One problem with a subject. `severity` is None where the rule's applies."""

    message: str
    origin: Origin
    key: ResourceKey | None
    others: tuple[Origin, ...]
    advice: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """One question without an answer: `question` begins with `whether`, `which` or the like."""

    question: str
    unseen: Unseen


@dataclass(frozen=True, slots=True)
class Subject(Generic[F_co]):
    """One thing that a rule checks: `fact` is what is known about it, `scope` the target it belongs to.

    `name` is for people, `where` is the place, `key` the key in the organization. A place inside a document is a
    function: finding it parses the file again, and most subjects have no finding.
    """

    fact: F_co
    scope: Scope
    name: str
    where: Origin | Callable[[], Origin]
    key: ResourceKey | None = None

    @property
    def place(self) -> Origin:
        """Default place of a finding."""
        return self.where() if callable(self.where) else self.where

    @property
    def seen(self) -> Seen:
        """Facts about the target and its clusters; each raises `UnseenError` where it was not read."""
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
        """Problem: the message names thing, cause and effect without a full stop, the advice the next step."""
        return Said(message, at or self.place, key or self.key, others, advice, severity)

    def doubts(self, question: str, unseen: Unseen) -> Doubt:
        """Open question that does not end the check; to end it, let the fact raise instead."""
        return Doubt(question, unseen)
