"""The rule about secrets that the orchestrator cannot read (compatibility rules, Types and references): R91."""

from collections.abc import Iterator
from functools import partial

from reconciler.facts.asking import Member
from reconciler.facts.definition import ORCHESTRATOR_TYPES
from reconciler.facts.deployment_mode import with_operator
from reconciler.facts.reference_graph import ReferenceGraph, spelled
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Path, dotted
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.settings import Mode


def _readable(scope: Scope) -> Iterator[Finding | Unknown]:
    graph = scope.references
    own = [m for name in sorted(ORCHESTRATOR_TYPES) for m in graph.of_type(name) if m.declared is not None]
    if not own:
        return
    holding = {member.type for member in graph.members if member.stored_secret is not None}
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
        if way:
            yield from with_operator("R91", scope, member, partial(_found, scope, way))
        elif not found.is_whole and nodes:
            yield from with_operator("R91", scope, member, partial(_unfollowed, member))


def _found(scope: Scope, way: list[Member], mode: Mode) -> Iterator[Finding]:
    first, last = way[0], way[-1]
    definition, path = first.declared, last.stored_secret
    assert definition is not None
    assert path is not None
    secret_place = "live" if last.declared is None else str(last.declared.origin(path))
    needs = f"the secret at `{dotted(path)}`"
    if len(way) > 1:
        needs += f" of `{last.id}` ({spelled(way)}, {secret_place})"
        place = definition.origin(_first_step(scope.references, first, way[1]))
    else:
        place = definition.origin(path)
    yield Finding(
        "R91",
        Severity.ERROR,
        f"Definition `{first.id}` is provisioned by the orchestrator and would need {needs}, which only the Operator "
        f"can read in {mode}",
        place,
        key=scope.key(Kind.DEFINITION, first.id),
        others=tuple(m.declared.origin() for m in way[1:-1] if m.declared is not None)
        + (() if len(way) == 1 or last.declared is None else (last.declared.origin(path),)),
        advice="Give the orchestrator what it needs in another way: a cloud account, or a plain secret that is "
        "handed in when applying, with `!env NAME`, `!file PATH` or `!secret {…}` in place of the reference.",
    )


def _unfollowed(member: Member, _: Mode) -> Iterator[Unknown]:
    yield Unknown(
        "R91", f"there are too many ways over definitions to follow them all: those of `{member.id}`"
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
        over=SCOPE,
        check=_readable,
    ),
)
