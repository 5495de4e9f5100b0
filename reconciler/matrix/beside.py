"""Definitions used in the deployments of a target."""

from collections.abc import Sequence

from reconciler.facts.asking import Member
from reconciler.facts.context import meet
from reconciler.facts.definition import CLUSTER_TYPE, DeclaredDefinition
from reconciler.facts.operator import is_runtime_cluster
from reconciler.facts.scope import Scope
from reconciler.model.resource_definition import Criterion


def beside(scope: Scope, target: DeclaredDefinition) -> tuple[Member, ...]:
    """The target and every definition whose criteria match in some of its deployments.

    Other cluster definitions are targets themselves and are left out, except the runtime cluster of a Git
    target. Unknown criteria count as matching everywhere.
    """
    where = scope.criteria(target)
    return tuple(
        member
        for member in scope.references.members
        if member.declared is target or (_is_shared(scope, member) and (_meet(member.criteria, where)))
    )


def declared_beside(scope: Scope, target: DeclaredDefinition) -> tuple[DeclaredDefinition, ...]:
    """The declared definitions among those of `beside`."""
    return tuple(member.declared for member in beside(scope, target) if member.declared is not None)


def _is_shared(scope: Scope, member: Member) -> bool:
    if member.type != CLUSTER_TYPE:
        return True
    return member.declared is not None and is_runtime_cluster(scope, member.declared)


def _meet(ones: Sequence[Criterion] | None, others: Sequence[Criterion] | None) -> bool:
    if ones is None or others is None:
        return True
    return any(meet(one, other) for one in ones for other in others)
