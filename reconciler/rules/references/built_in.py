"""The rule about built-in definitions where the Operator provisions (compatibility rules, table E): R95."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from reconciler.facts.asking import Member
from reconciler.facts.definition import CLUSTER_TYPE
from reconciler.facts.deployment_mode import known_mode
from reconciler.facts.reference_graph import IMPLICIT_TYPES, Node, Request
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.resource_definition import DEFAULT_CLASS
from reconciler.model.unseen import UnseenError
from reconciler.rules.over import TARGET
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.settings import Mode


def _own(target: Subject[Scope]) -> Iterator[Answer]:
    scope, graph = target.scope, target.scope.references
    if scope.primary.mode is Mode.LEGACY and not scope.git_targets:
        return
    if not graph.asked_types and not scope.of_type(CLUSTER_TYPE):
        return
    _ = target.seen.live(Kind.DEFINITION)
    for use in _uses(scope):
        try:
            mode = known_mode(scope, use.user)
        except UnseenError as error:
            yield target.doubts(f"in which mode built-in definition `{use.found.id}` is used", error.unseen)
            continue
        if mode is not Mode.LEGACY:
            yield target.says(
                f"Built-in definition `{use.found.id}` is the only match in {mode}, where {use.words}; it may rely on "
                "the built-in store, which the Operator cannot read",
                at=use.origin,
                key=scope.key(Kind.DEFINITION, use.found.id),
                advice=f"Declare your own definition of type `{use.found.type}`.",
            )


def _uses(scope: Scope) -> Iterator["_Use"]:
    """The first use of each built-in definition that has one."""
    for name in sorted({member.type for member in scope.references.members if member.is_built_in}):
        waiting = {member for member in scope.references.of_type(name) if member.is_built_in}
        for use in chain(_asked(scope, name), _in_every_deployment(scope, name)):
            if use.found in waiting:
                waiting.remove(use.found)
                yield use
            if not waiting:
                break


@dataclass(frozen=True, slots=True)
class _Use:
    """A built-in definition that is the only match for something in use, its user, and the place of the use."""

    found: Member
    user: Member
    origin: Origin
    words: str


def _asked(scope: Scope, name: str) -> Iterator[_Use]:
    graph = scope.references
    for member, ask in graph.asking_for(name):
        if member.declared is None:
            continue
        for start in graph.starts(member):
            alone = _alone(graph.follow(start, ask))
            if alone is not None:
                words = f"`{member.id}` refers to `{ask.name}`"
                yield _Use(alone, member, member.declared.origin(ask.path), words)


def _in_every_deployment(scope: Scope, name: str) -> Iterator[_Use]:
    graph = scope.references
    for cluster in graph.of_type(CLUSTER_TYPE) if name in IMPLICIT_TYPES else ():
        if cluster.declared is None:
            continue
        for start in graph.starts(cluster):
            alone = _alone(graph.winners(Request(name, DEFAULT_CLASS, name, start.where)))
            if alone is not None and start.res_id == CLUSTER_TYPE:
                words = f"deployments to `{cluster.id}` have a `{name}`"
                yield _Use(alone, cluster, cluster.declared.origin(), words)


def _alone(found: Sequence[Node]) -> Member | None:
    """The built-in definition where it is the only match; next to others it may never be chosen."""
    return found[0].member if len(found) == 1 and found[0].member.is_built_in else None


RULES = (
    Rule(
        id="R95",
        title="No built-in definition is used where the Operator provisions",
        severity=Severity.WARNING,
        confidence=Confidence.CONTRADICTORY,
        sides=(Side.LIVE,),
        over=TARGET,
        check=_own,
    ),
)
