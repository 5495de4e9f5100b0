"""The rule about secrets that the orchestrator cannot read (compatibility rules, Types and references): R91."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.asking import Member
from reconciler.facts.definition import ORCHESTRATOR_TYPES
from reconciler.facts.deployment_mode import known_mode
from reconciler.facts.reference_graph import ReferenceGraph, spelled
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.json import Path, dotted
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.rules.over import Over, of_definition
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.settings import Mode


@dataclass(frozen=True, slots=True)
class NeededSecret:
    """A definition that the orchestrator provisions, and the path to a definition with a secret in a store.

    The path is empty where there may be one, because not all paths could be followed.
    """

    member: Member
    way: list[Member]


def _needed(scope: Scope) -> Iterator[Subject[NeededSecret]]:
    graph = scope.references
    own = [m for name in sorted(ORCHESTRATOR_TYPES) for m in graph.of_type(name) if m.declared is not None]
    holding = {member.type for member in graph.members if member.stored_secret is not None} if own else None
    if not holding:
        return
    starts = {member: tuple(graph.starts(member)) for member in own}
    found = graph.explore((node for nodes in starts.values() for node in nodes), graph.leading_to(holding))
    ways = found.ways_to(lambda member: member.stored_secret is not None)
    for member, nodes in starts.items():
        way = (
            [member]
            if member.stored_secret
            else min(filter(None, map(ways.path_from, nodes)), key=len, default=[])
        )
        if member.declared is not None and (way or (nodes and not found.is_whole)):
            yield of_definition(scope, member.declared, NeededSecret(member, way))


SECRETS_NEEDED = Over("definition that the orchestrator provisions and that leads to a secret", _needed)


def _readable(subject: Subject[NeededSecret]) -> Iterator[Answer]:
    first, way = subject.fact.member, subject.fact.way
    mode, definition = known_mode(subject.scope, first), first.declared
    if mode is Mode.LEGACY or definition is None:
        return
    if not way:
        raise UnseenError(unspecified("there are too many paths through the definitions to follow them all"))
    last, path = way[-1], way[-1].stored_secret
    assert path is not None
    secret_place = "live" if last.declared is None else str(last.declared.origin(path))
    needs = f"the secret at `{dotted(path)}`"
    if len(way) > 1:
        needs += f" of `{last.id}` ({spelled(way)}, {secret_place})"
        place = definition.origin(_first_step(subject.scope.references, first, way[1]))
    else:
        place = definition.origin(path)
    yield subject.says(
        f"Definition `{first.id}` is provisioned by the orchestrator and would need {needs}, which only the Operator "
        f"can read in {mode}",
        at=place,
        others=tuple(m.declared.origin() for m in way[1:-1] if m.declared is not None)
        + (() if len(way) == 1 or last.declared is None else (last.declared.origin(path),)),
        advice="Use a cloud account, or a plain secret that is passed in at apply, with `!env NAME`, `!file PATH` or "
        "`!secret {…}` in place of the reference.",
    )


def _first_step(graph: ReferenceGraph, member: Member, to: Member) -> Path:
    """Path of the reference by which one definition leads to another."""
    return next(
        ask.path
        for start in graph.starts(member)
        for ask in member.asks
        if ask.reference is not None and any(found.member is to for found in graph.follow(start, ask))
    )


RULES = (
    Rule(
        id="R91",
        title="What the orchestrator provisions needs no secret from a store",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SECRETS_NEEDED,
        check=_readable,
    ),
)
