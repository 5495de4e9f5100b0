"""The rule about fields that legacy mode ignores (compatibility rules, Leftovers): R109."""

from collections.abc import Iterator

from reconciler.facts.definition import DeclaredDefinition
from reconciler.model.finding import Severity
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.rules.over import DEFINITIONS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject


def _outside_legacy(subject: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    definition = subject.fact
    if definition.entity.in_place_driver_change and subject.seen.primary_store == BUILT_IN_STORE:
        yield subject.says(
            f"`in_place_driver_change` of {subject.name} has no effect: the organization is in legacy mode",
            at=definition.origin(("in_place_driver_change",)),
            advice="Remove it, or make an external secret store primary first.",
        )


RULES = (
    Rule(
        id="R109",
        title="What needs an Operator is not used in legacy mode",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=DEFINITIONS,
        check=_outside_legacy,
    ),
)
