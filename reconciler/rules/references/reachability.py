"""This tool's own rules about definitions that are never chosen (v1 reference 12): R111, R112.

Only what can be proven is reported. Workloads can request most types with any class and id, so for those types any
criterion may win. Four types they cannot request: every request for these is known once all definitions are known.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from reconciler.facts.asking import Member
from reconciler.facts.context import NO_ID, class_of, where
from reconciler.facts.definition import AGENT_TYPE, CLUSTER_TYPE, RUNTIME_ID
from reconciler.facts.reference_graph import IMPLICIT_TYPES, ReferenceGraph, Request
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.resource_definition import DEFAULT_CLASS, Criterion
from reconciler.model.wording import listed
from reconciler.rules.over import Over, of_definition
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_CLOSED = IMPLICIT_TYPES | {AGENT_TYPE}
"""Types that no workload can request (v1 reference 7.1)."""
_IMPOSSIBLE_RES_ID = re.compile(r"[*\s{}$^]")
_SHOWN = 3


class _Asked:
    """Classes and ids with which a type is requested: by each deployment, by the orchestrator, and by definitions.

    A class or id of None means any.
    """

    def __init__(self, graph: ReferenceGraph, resource_type: str) -> None:
        self._ids: dict[str | None, dict[str | None, None]] = defaultdict(dict)
        if resource_type in IMPLICIT_TYPES:
            self._add(DEFAULT_CLASS, resource_type)
        if resource_type == CLUSTER_TYPE:
            self._add(DEFAULT_CLASS, RUNTIME_ID)
        for member, ask in graph.asking_for(resource_type):
            if member.criteria is None:
                self._add(ask.class_name, ask.res_id)
            for criterion in member.criteria or ():
                res_id = ask.res_id or criterion.res_id or None
                self._add(ask.class_name or class_of(criterion), res_id)
                if ask.reference is None and ask.class_name is None:
                    # Undocumented: whether a co-provisioned resource takes over the class.
                    self._add(DEFAULT_CLASS, res_id)

    def _add(self, class_name: str | None, res_id: str | None) -> None:
        self._ids[class_name][res_id] = None

    def ids_for(self, criterion: Criterion) -> Iterator[str | None]:
        """Ids with which the criterion could be requested, whatever the deployment."""
        for ids in (self._ids.get(class_of(criterion), {}), self._ids.get(None, {})):
            if criterion.res_id:
                yield from (name for name in (criterion.res_id, None) if name in ids)
            else:
                yield from ids


def _shadowed(scope: Scope) -> Iterator[Subject[Sequence[Member]]]:
    graph = scope.references
    for resource_type in sorted(_CLOSED):
        own = [m for m in graph.of_type(resource_type) if m.declared is not None and m.criteria]
        asked = _Asked(graph, resource_type) if len(graph.of_type(resource_type)) > 1 else None
        for member in own if asked is not None else ():
            if asked and member.declared and (winners := _shadowing(graph, asked, member)):
                yield of_definition(scope, member.declared, winners, ("criteria",))


SHADOWED = Over("definition that others always beat", _shadowed)


def _shadowing(graph: ReferenceGraph, asked: _Asked, member: Member) -> list[Member]:
    """Definitions that win wherever this one could be chosen; empty where it is chosen, or nothing requests it."""
    beaten_by: dict[Member, None] = {}
    for criterion in member.criteria or ():
        for res_id in asked.ids_for(criterion):
            asked_id = criterion.res_id or res_id
            found = graph.winners(Request(member.type, class_of(criterion), asked_id, where(criterion)))
            if any(node.member is member for node in found):
                return []
            beaten_by.update(dict.fromkeys(node.member for node in found))
    return list(beaten_by)


def _never_chosen(subject: Subject[Sequence[Member]]) -> Iterator[Answer]:
    winners = subject.fact
    _ = subject.seen.live(Kind.DEFINITION)
    yield subject.says(
        f"D{subject.name[1:]} is never chosen: wherever its criteria match, "
        f"{listed((winner.id for winner in winners), most=_SHOWN)} {'wins' if len(winners) == 1 else 'win'}",
        others=tuple(w.declared.origin(("criteria",)) for w in winners[:_SHOWN] if w.declared is not None),
        advice="Remove it, or make one of its criteria more specific than theirs; a resource id outranks everything "
        "else.",
    )


class Obstacle(NamedTuple):
    """A reason why a definition is never chosen. `is_certain` is true where the files alone show it."""

    problem: str
    is_certain: bool


def _obstacles(scope: Scope) -> Iterator[Subject[Obstacle]]:
    impossible: set[Member] = set()
    for member in scope.references.members:
        declared = member.declared
        if declared is None or member.criteria is None:
            continue
        if (
            not member.criteria
            and declared.entity.criteria is not None
            and not _is_switched_off(scope, member)
        ):
            problem = "it has no criteria, so nothing can match it"
            yield of_definition(scope, declared, Obstacle(problem, is_certain=True), ("criteria",))
        for index, criterion in enumerate(member.criteria):
            for name, value in _impossible(criterion):
                impossible.add(member)
                problem = f"no deployment has `{name}: {value}`; criteria are compared as plain text, without wildcards"
                path = ("criteria", index, name)
                yield of_definition(scope, declared, Obstacle(problem, is_certain=True), path)
    yield from _not_asked_for(scope, impossible)


def _not_asked_for(scope: Scope, reported: Collection[Member]) -> Iterator[Subject[Obstacle]]:
    graph = scope.references
    for resource_type in sorted(_CLOSED):
        asked = _Asked(graph, resource_type)
        for member in graph.of_type(resource_type):
            if member.declared is None or not member.criteria or member in reported:
                continue
            if not any(True for criterion in member.criteria for _ in asked.ids_for(criterion)):
                problem = (
                    f"no definition refers to a resource of type `{resource_type}` with this class and id, and "
                    "workloads cannot"
                )
                yield of_definition(
                    scope, member.declared, Obstacle(problem, is_certain=False), ("criteria",)
                )


OBSTACLES = Over("reason why a definition is never chosen", _obstacles)


def _reachable(subject: Subject[Obstacle]) -> Iterator[Answer]:
    if not subject.fact.is_certain:
        _ = subject.seen.live(Kind.DEFINITION)
    yield subject.says(
        f"D{subject.name[1:]} is never chosen: {subject.fact.problem}",
        advice="Correct the criteria, or remove the definition if nothing should use it.",
    )


def _is_switched_off(scope: Scope, member: Member) -> bool:
    """True for built-in definitions: emptying their criteria switches them off (v1 reference 4.4)."""
    live = scope.live_resource(Kind.DEFINITION, member.id)
    return member.id.startswith("default-humanitec-") or (live is not None and live.is_built_in)


def _impossible(criterion: Criterion) -> Iterator[tuple[str, str]]:
    """Fields that nothing can match, with their values."""
    parts = criterion.app_id, criterion.env_id, criterion.env_type, criterion.class_name, criterion.res_id
    if NO_ID.search("".join([part for part in parts if part])):
        for name, value in criterion.fields().items():
            if (_IMPOSSIBLE_RES_ID if name == "res_id" else NO_ID).search(value):
                yield name, value


RULES = (
    Rule(
        id="R111",
        title="A definition is not always outranked by others",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE),
        over=SHADOWED,
        check=_never_chosen,
    ),
    Rule(
        id="R112",
        title="A definition can be chosen",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE),
        over=OBSTACLES,
        check=_reachable,
    ),
)
