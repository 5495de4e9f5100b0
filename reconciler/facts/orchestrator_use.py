"""References of what the Operator provisions to what the orchestrator provisions (compatibility rules, table F)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reconciler.facts.asking import Ask, Member
from reconciler.facts.definition import CLUSTER_TYPE, LOGGING_TYPE, ORCHESTRATOR_TYPES
from reconciler.facts.scope import Scope

CLUSTERS = (CLUSTER_TYPE, LOGGING_TYPE)
"""Types that nothing can refer to outside legacy mode."""


class Use(NamedTuple):
    """A reference of a definition that the Operator provisions outside legacy mode."""

    member: Member
    ask: Ask


def uses_of(scope: Scope, types: Iterable[str]) -> Iterator[Use]:
    """References to resources of these types, also those of definitions that are only live."""
    for name in types:
        for member, ask in scope.references.asking_for(name):
            if ask.reference and member.type not in ORCHESTRATOR_TYPES:
                yield Use(member, ask)
