"""The rule about what matches a reference to an Agent (compatibility rules, Agent definition): R51."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.facts.asking import Ask, Member
from reconciler.facts.context import class_of, described
from reconciler.facts.definition import AGENT_TYPE
from reconciler.facts.reference_graph import ReferenceGraph, Request, spelled
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.identifier import did_you_mean
from reconciler.model.kind import Kind
from reconciler.model.resource_definition import DEFAULT_CLASS
from reconciler.model.unseen import unspecified
from reconciler.model.wording import listed
from reconciler.rules.over import TARGET
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_SUGGESTIONS = 100
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Missing:
    """A request for an Agent that nothing matches, and the definitions through which it was made."""

    member: Member
    ask: Ask
    request: Request
    way: tuple[Member, ...]


def _matched(target: Subject[Scope]) -> Iterator[Answer]:
    graph = target.scope.references
    reported: set[tuple[Member, Ask, str | None, str | None]] = set()
    known = _Known(graph.of_type(AGENT_TYPE))
    for answer in _answers(target, graph):
        if not isinstance(answer, _Missing):
            yield answer
            continue
        request = answer.request
        subject = (answer.member, answer.ask, request.class_name, request.res_id)
        if subject not in reported:
            reported.add(subject)
            yield from _judged(target, answer, known)
    if reported:
        # What is missing from the declarations may exist live.
        _ = target.seen.live(Kind.DEFINITION)


def _answers(target: Subject[Scope], graph: ReferenceGraph) -> Iterator[_Missing | Answer]:
    inheriting: dict[Member, list[Ask]] = {}
    for member, ask in graph.asking_for(AGENT_TYPE):
        if member.declared is None:
            continue
        for node in graph.starts(member):
            request = node.request(ask)
            if graph.has_winner(request):
                continue
            if not graph.may_have_others(request):
                yield _Missing(member, ask, request, (member,))
            elif request.class_name is None or _has_unknown(graph):
                yield target.doubts(
                    f"whether `{ask.name}` is matched", unspecified(_unmanaged(graph, member))
                )
            elif ask not in inheriting.setdefault(member, []):
                inheriting[member].append(ask)
    if inheriting:
        yield from _inherited(target, inheriting)


def _inherited(target: Subject[Scope], inheriting: dict[Member, list[Ask]]) -> Iterator[_Missing | Answer]:
    """Answers for references whose resource id comes from whatever requests the referring resource."""
    graph = target.scope.references
    types = graph.leading_to({member.type for member in inheriting})
    starts = (node for name in types for member in graph.of_type(name) for node in graph.starts(member))
    found = graph.explore(starts, types)
    arrived: set[Member] = set()
    for node in found.reached:
        if node.member not in inheriting or node.res_id is None:
            continue
        arrived.add(node.member)
        for ask in inheriting[node.member]:
            request = node.request(ask)
            if not graph.has_winner(request) and not graph.may_have_others(request):
                yield _Missing(node.member, ask, request, tuple(found.path_to(node)))
    if not found.is_whole:
        yield target.doubts(
            "whether all references to agents are matched",
            unspecified("there are too many paths through the definitions to follow them all"),
        )
    for member in inheriting:
        if member not in arrived:
            assert member.declared is not None
            yield target.doubts(
                f"which agent `{member.id}` ({member.declared.origin()}) refers to",
                unspecified("that depends on the resource id of what requests it, which no definition fixes"),
            )


def _has_unknown(graph: ReferenceGraph) -> bool:
    return any(member.criteria is None for member in graph.of_type(AGENT_TYPE))


def _unmanaged(graph: ReferenceGraph, member: Member) -> str:
    names = [m.id for m in graph.of_type(AGENT_TYPE) if m.criteria is None] or [member.id]
    return f"the criteria of `{names[0]}` are not managed here and the live ones were not read"


def _judged(target: Subject[Scope], missing: _Missing, known: "_Known") -> Iterator[Answer]:
    """An error where both sides were read, since absence is certain then; a warning on declarations alone."""
    scope, request, definition = target.scope, missing.request, missing.member.declared
    is_read = scope.has_read(Kind.DEFINITION)
    if definition is None or not (is_read or scope.references.of_type(AGENT_TYPE)):
        return
    way = f" ({spelled((*missing.way, missing.ask.name))})" if len(missing.way) > 1 else ""
    yield target.says(
        f"Definition `{definition.id}` refers to agent `{request.class_name}#{request.res_id or 'any'}`; no agent "
        f"definition matches{'' if is_read else ' among those declared'}{described(request.where)}{way}",
        at=definition.origin(missing.ask.path),
        key=scope.key(Kind.DEFINITION, definition.id),
        others=tuple(m.declared.origin() for m in missing.way[:-1] if m.declared is not None),
        advice=_advice(known, request),
        severity=Severity.ERROR if is_read else Severity.WARNING,
    )


def _advice(known: "_Known", request: Request) -> str:
    name = f"{request.class_name}#{request.res_id}"
    selected = known.selected(request)
    if selected is not None:
        return f"`{selected.id}` matches class and id, but only in other deployments; widen its criteria, or add one."
    shown = listed(known.names, most=_SHOWN)
    if request.res_id in known.agents:
        available = f": known are {shown}" if shown else ""
        return f"What follows `#` is the `res_id` of the criteria, not the id of the Agent{available}."
    suggestion = known.suggestion(name)
    if suggestion:
        return suggestion
    if shown:
        return f"Refer to one that exists: {shown}."
    return (
        "Declare an agent definition with that class and `res_id`, or have the Agent's document generate it."
    )


class _Known:
    """Selectors of the agent definitions, read once because many references may be wrong."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._suggested = 0
        self._by_selector: dict[tuple[str, str | None], Member] = {}
        self.agents: set[str | None] = {member.id for member in members}
        for member in members:
            for criterion in member.criteria or ():
                self._by_selector.setdefault((class_of(criterion), criterion.res_id or None), member)
            agent = None if member.declared is None else member.declared.input("values", "id")
            if isinstance(agent, str):
                self.agents.add(agent)
        self.names = sorted(f"{class_name}#{res_id or 'any'}" for class_name, res_id in self._by_selector)

    def suggestion(self, name: str) -> str:
        """Sentence with the nearest name, "" where none is near; limited, because each takes milliseconds."""
        self._suggested += 1
        return did_you_mean(name, self.names) if self._suggested <= _SUGGESTIONS else ""

    def selected(self, request: Request) -> Member | None:
        """Definition with the class and id of the request."""
        class_name = request.class_name or DEFAULT_CLASS
        by = self._by_selector
        return by.get((class_name, request.res_id)) or by.get((class_name, None))


RULES = (
    Rule(
        id="R51",
        title="A reference to an Agent is matched by an agent definition",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=TARGET,
        check=_matched,
    ),
)
