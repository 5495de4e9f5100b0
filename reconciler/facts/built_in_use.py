"""Built-in definitions that are the only match for something in use (compatibility rules, table E)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from reconciler.facts.asking import Member
from reconciler.facts.definition import CLUSTER_TYPE
from reconciler.facts.reference_graph import IMPLICIT_TYPES, Node, Request
from reconciler.facts.scope import Scope
from reconciler.model.origin import Origin
from reconciler.model.resource_definition import DEFAULT_CLASS


@dataclass(frozen=True, slots=True)
class BuiltInUse:
    """A built-in definition that is the only match for something in use, its user, and the place of the use."""

    found: Member
    user: Member
    origin: Origin
    words: str


def built_in_uses(scope: Scope) -> Iterator[BuiltInUse]:
    """The first use of each built-in definition that has one."""
    for name in sorted({member.type for member in scope.references.members if member.is_built_in}):
        waiting = {member for member in scope.references.of_type(name) if member.is_built_in}
        for use in chain(_asked(scope, name), _in_every_deployment(scope, name)):
            if use.found in waiting:
                waiting.remove(use.found)
                yield use
            if not waiting:
                break


def _asked(scope: Scope, name: str) -> Iterator[BuiltInUse]:
    graph = scope.references
    for member, ask in graph.asking_for(name):
        if member.declared is None:
            continue
        for start in graph.starts(member):
            alone = _alone(graph.follow(start, ask))
            if alone is not None:
                words = f"`{member.id}` refers to `{ask.name}`"
                yield BuiltInUse(alone, member, member.declared.origin(ask.path), words)


def _in_every_deployment(scope: Scope, name: str) -> Iterator[BuiltInUse]:
    graph = scope.references
    for cluster in graph.of_type(CLUSTER_TYPE) if name in IMPLICIT_TYPES else ():
        if cluster.declared is None:
            continue
        for start in graph.starts(cluster):
            alone = _alone(graph.winners(Request(name, DEFAULT_CLASS, name, start.where)))
            if alone is not None and start.res_id == CLUSTER_TYPE:
                words = f"deployments to `{cluster.id}` have a `{name}`"
                yield BuiltInUse(alone, cluster, cluster.declared.origin(), words)


def _alone(found: Sequence[Node]) -> Member | None:
    """The built-in definition where it is the only match; next to others it may never be chosen."""
    return found[0].member if len(found) == 1 and found[0].member.is_built_in else None
