"""Mode in which a definition is used (compatibility rules 2)."""

from reconciler.facts.asking import Member
from reconciler.facts.definition import CLUSTER_TYPE
from reconciler.facts.git_target import is_git_target
from reconciler.facts.reference_graph import Node, Request
from reconciler.facts.scope import Scope
from reconciler.model.resource_definition import DEFAULT_CLASS
from reconciler.model.unseen import UnseenError, never_read, unspecified
from reconciler.settings import Mode


def clusters_of(scope: Scope, member: Member) -> list[Node]:
    """Cluster definitions that are selected where a definition is used."""
    graph = scope.references
    return [
        found
        for start in graph.starts(member)
        for found in graph.winners(Request(CLUSTER_TYPE, DEFAULT_CLASS, CLUSTER_TYPE, start.where))
    ]


def clusters_used_on(scope: Scope, member: Member) -> list[str]:
    """Names of the clusters that a definition is used on; those of all Operators if that is not known."""
    chosen = (node.member.declared for node in clusters_of(scope, member))
    named = {name for cluster in chosen if cluster is not None and (name := scope.cluster_of(cluster))}
    return sorted(named or {operator.document.spec.cluster for operator in scope.operators})


def mode_of(scope: Scope, member: Member) -> Mode | None:
    """Mode in which a definition is used; None if it is not known.

    `direct` and `gitops` differ only in where the Operator gets its work from, so `direct` represents
    both if an external store is primary. Without one, it is `gitops` if a Git target is selected.
    """
    if member.type == CLUSTER_TYPE and member.declared is not None:
        return scope.mode(member.declared)
    if scope.primary.mode is Mode.DIRECT or not scope.git_targets:
        return scope.primary.mode
    declared = (found.member.declared for found in clusters_of(scope, member))
    is_git = any(cluster is not None and is_git_target(cluster) for cluster in declared)
    return Mode.GITOPS if is_git else scope.primary.mode


def known_mode(scope: Scope, member: Member) -> Mode:
    """Mode in which a definition is used; raises `UnseenError` if it is not known."""
    mode = mode_of(scope, member)
    if mode is None and scope.primary.id is None:
        raise UnseenError(unspecified(scope.primary.why))
    if mode is None:
        raise UnseenError(never_read(f"whether `{member.id}` deploys to Git is known at deployment only"))
    return mode
