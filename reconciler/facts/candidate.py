"""Definitions that can be selected along with a Git target."""

from collections.abc import Iterator, Sequence

from reconciler.facts.asking import Member
from reconciler.facts.context import Applied
from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.scope import Scope
from reconciler.model.resource_definition import Criterion

_ANYWHERE = (Criterion(),)


def candidates(scope: Scope, resource_type: str) -> Iterator[Applied[Member]]:
    """Criteria of every definition of a type: declared, and only live."""
    for member in scope.references.of_type(resource_type):
        for criterion in member.criteria or ():
            yield Applied(criterion, member)


def where_used(scope: Scope, definition: DeclaredDefinition) -> Sequence[Criterion]:
    """Where a Git target is used: its criteria, or anywhere if they are not known."""
    criteria = scope.criteria(definition)
    return _ANYWHERE if criteria is None else criteria
