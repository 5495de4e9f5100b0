"""Rules of our own about definitions that are never chosen (v1 reference 12): R111, R112.

Only what can be proven is told. Workloads may ask for most types with any class and id, so for
those a criterion can always be the one that wins. Four types they cannot ask for: what is asked
of these is known once every definition is.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from reconciler.facts.asking import Member
from reconciler.facts.context import NO_ID, class_of, where
from reconciler.facts.definition import AGENT_TYPE, CLUSTER_TYPE, RUNTIME_ID
from reconciler.facts.reference_graph import IMPLICIT_TYPES, ReferenceGraph, Request
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Path
from reconciler.model.kind import Kind
from reconciler.model.resource_definition import DEFAULT_CLASS, Criterion
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_CLOSED = IMPLICIT_TYPES | {AGENT_TYPE}
"""Types that no workload can ask for (v1 reference 7.1)."""
_IMPOSSIBLE_RES_ID = re.compile(r"[*\s{}$^]")
_SHOWN = 3


class _Asked:
    """Classes and ids that are asked for of a type: by each deployment, by the orchestrator, and by definitions.

    A class or id of None stands for any.
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
                    # No source tells whether what is provisioned beside takes over the class.
                    self._add(DEFAULT_CLASS, res_id)

    def _add(self, class_name: str | None, res_id: str | None) -> None:
        self._ids[class_name][res_id] = None

    def ids_for(self, criterion: Criterion) -> Iterator[str | None]:
        """Ids by which the criterion could be asked for, apart from the deployments."""
        for ids in (self._ids.get(class_of(criterion), {}), self._ids.get(None, {})):
            if criterion.res_id:
                yield from (name for name in (criterion.res_id, None) if name in ids)
            else:
                yield from ids


def _never_chosen(scope: Scope) -> Iterator[Finding | Unknown]:
    graph = scope.references
    unread = False
    for resource_type in sorted(_CLOSED):
        own = [m for m in graph.of_type(resource_type) if m.declared is not None and m.criteria]
        asked = _Asked(graph, resource_type) if len(graph.of_type(resource_type)) > 1 else None
        for member in own if asked is not None else ():
            assert asked is not None
            winners = _shadowing(graph, asked, member)
            if winners and scope.has_read(Kind.DEFINITION):
                yield _shadowed(scope, member, winners)
            unread = unread or bool(winners and not scope.has_read(Kind.DEFINITION))
    if unread:
        yield Unknown(
            "R111",
            f"{scope.unread(Kind.DEFINITION)}: what they ask for is not known",
            scope.unread(Kind.DEFINITION),
        )


def _shadowing(graph: ReferenceGraph, asked: _Asked, member: Member) -> list[Member]:
    """Definitions that win wherever this one could be chosen; empty where it can be, or nothing asks for it."""
    beaten_by: dict[Member, None] = {}
    for criterion in member.criteria or ():
        for res_id in asked.ids_for(criterion):
            asked_id = criterion.res_id or res_id
            found = graph.winners(Request(member.type, class_of(criterion), asked_id, where(criterion)))
            if any(node.member is member for node in found):
                return []
            beaten_by.update(dict.fromkeys(node.member for node in found))
    return list(beaten_by)


def _shadowed(scope: Scope, member: Member, winners: Sequence[Member]) -> Finding:
    definition = member.declared
    assert definition is not None
    names = listed((winner.id for winner in winners), most=_SHOWN)
    return Finding(
        "R111",
        Severity.WARNING,
        f"Definition `{member.id}` is never chosen: wherever its criteria hold, {names} "
        + ("wins" if len(winners) == 1 else "win"),
        definition.origin(("criteria",)),
        key=scope.key(Kind.DEFINITION, member.id),
        others=tuple(w.declared.origin(("criteria",)) for w in winners[:_SHOWN] if w.declared is not None),
        advice="Remove it, or give it a criterion that is more specific than theirs; a resource id outweighs "
        "everything else.",
    )


def _reachable(scope: Scope) -> Iterator[Finding | Unknown]:
    impossible: set[Member] = set()
    for member in scope.references.members:
        if member.declared is None or member.criteria is None:
            continue
        if (
            not member.criteria
            and member.declared.entity.criteria is not None
            and not _is_switched_off(scope, member)
        ):
            yield _unreachable(scope, member, ("criteria",), "it has no criteria, so nothing can ask for it")
        for index, criterion in enumerate(member.criteria):
            for name, value in _impossible(criterion):
                impossible.add(member)
                problem = f"no deployment has `{name}: {value}`; criteria are compared as plain text, without wildcards"
                yield _unreachable(scope, member, ("criteria", index, name), problem)
    yield from _asked_for(scope, impossible)


def _asked_for(scope: Scope, told: Collection[Member]) -> Iterator[Finding | Unknown]:
    graph = scope.references
    unread = False
    for resource_type in sorted(_CLOSED):
        own = [
            m for m in graph.of_type(resource_type) if m.declared is not None and m.criteria and m not in told
        ]
        asked = _Asked(graph, resource_type)
        for member in own:
            if any(True for criterion in member.criteria or () for _ in asked.ids_for(criterion)):
                continue
            if scope.has_read(Kind.DEFINITION):
                problem = (
                    f"no definition asks for a resource of type `{resource_type}` with such a class and id, and "
                    "workloads cannot"
                )
                yield _unreachable(scope, member, ("criteria",), problem)
            else:
                unread = True
    if unread:
        yield Unknown(
            "R112",
            f"{scope.unread(Kind.DEFINITION)}: what they ask for is not known",
            scope.unread(Kind.DEFINITION),
        )


def _is_switched_off(scope: Scope, member: Member) -> bool:
    """Built-in definitions are switched off by emptying their criteria (v1 reference 4.4)."""
    live = scope.live_resource(Kind.DEFINITION, member.id)
    return member.id.startswith("default-humanitec-") or (live is not None and live.is_built_in)


def _impossible(criterion: Criterion) -> Iterator[tuple[str, str]]:
    """Fields that nothing can match, with their values."""
    parts = criterion.app_id, criterion.env_id, criterion.env_type, criterion.class_name, criterion.res_id
    if NO_ID.search("".join([part for part in parts if part])):
        for name, value in criterion.fields().items():
            if (_IMPOSSIBLE_RES_ID if name == "res_id" else NO_ID).search(value):
                yield name, value


def _unreachable(scope: Scope, member: Member, path: Path, problem: str) -> Finding:
    assert member.declared is not None
    return Finding(
        "R112",
        Severity.WARNING,
        f"Definition `{member.id}` is never chosen: {problem}",
        member.declared.origin(path),
        key=scope.key(Kind.DEFINITION, member.id),
        advice="Correct the criteria, or remove the definition if nothing is to use it.",
    )


_SOURCE = "The reconciler's own rule, from the documented precedence of criteria"

RULES = (
    Rule(
        id="R111",
        title="A definition is not always beaten by others",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_never_chosen,
    ),
    Rule(
        id="R112",
        title="A definition can be chosen",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_reachable,
    ),
)
