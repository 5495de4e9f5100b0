"""Inputs named `agent_url`: their paths, their values, and the definitions that pass an Agent's URL on.

Echo passes its inputs on as outputs; a template does so if the output is named `agent_url` too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.asking import AGENT_URL, Ask, Member
from reconciler.facts.definition import AGENT_TYPE, CONFIGURATION_TYPE, DeclaredDefinition
from reconciler.facts.driver import chain, driver_classes, is_hosted
from reconciler.facts.git_target import is_empty
from reconciler.facts.reference_graph import Node, ReferenceGraph
from reconciler.facts.scope import Scope
from reconciler.model.json import Json, Path
from reconciler.model.placeholder import resource_references
from reconciler.vendor.driver import (
    CLUSTER_DRIVERS,
    CONTAINER_DRIVER,
    CONTAINER_RUNNERS,
    ECHO_DRIVER,
    GIT_DRIVER,
    JOB_CLASSES,
    TEMPLATE_DRIVER,
    TERRAFORM_DRIVER,
    DriverClass,
)

_TEMPLATES = ("driver_inputs", "values", "templates")
_TAKING = CLUSTER_DRIVERS | CONTAINER_RUNNERS | {CONTAINER_DRIVER, TERRAFORM_DRIVER}
_JUDGED_ELSEWHERE = frozenset((ECHO_DRIVER, TEMPLATE_DRIVER, GIT_DRIVER))
_HOSTED = "humanitec/"
_WITH_CLUSTER = JOB_CLASSES | {DriverClass.TERRAFORM}
_OUTPUTS: tuple[tuple[str, ...], ...] = ((*_TEMPLATES, "outputs"), (*_TEMPLATES, "secrets"))


@dataclass(frozen=True, slots=True)
class AgentInput:
    """A non-empty input named `agent_url`.

    `path` leads to its value, through the `value` of a reference leaf, or to the text that contains it.
    """

    member: Member
    definition: DeclaredDefinition
    path: Path
    value: Json

    @property
    def is_template(self) -> bool:
        """True for a part of a template, whose text is Go, not a value."""
        return self.path[:3] == _TEMPLATES


def agent_inputs(scope: Scope) -> Iterator[AgentInput]:
    """Every non-empty input named `agent_url` of declared definitions."""
    for member in scope.references.with_agent_url:
        definition = member.declared
        assert definition is not None
        for path in member.agent_urls:
            value = _at(definition, path)
            if is_empty(value):
                continue
            if isinstance(value, dict) and "value" in value and path[1] == "secret_refs":
                yield AgentInput(member, definition, (*path, "value"), value["value"])
            else:
                yield AgentInput(member, definition, path, value)
    for member in scope.references.by_driver.get(TEMPLATE_DRIVER, ()):
        if member.declared is not None:
            yield from _in_output_texts(member, member.declared)


def _in_output_texts(member: Member, definition: DeclaredDefinition) -> Iterator[AgentInput]:
    templates = definition.template_members
    for path in _OUTPUTS:
        text = templates.get(path[-1])
        if isinstance(text, str) and AGENT_URL in text:
            value = definition.read(text).outermost.get(AGENT_URL)
            if not is_empty(value):
                yield AgentInput(member, definition, path, value)


def _at(definition: DeclaredDefinition, path: Path) -> Json:
    value = definition.input(str(path[1]))
    for step in path[2:]:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
    return value


def agent_uses(definition: DeclaredDefinition) -> Iterator[Path]:
    """Paths below `entity` of inputs that use an Agent: those named `agent_url`, and those that refer to one."""
    below: Path | None = None
    for path, value in definition.inputs():
        if below is not None and path[: len(below)] == below:
            continue
        if (path[-1] == AGENT_URL and not is_empty(value)) or _mentions_agent(definition, path, value):
            below = path
            yield path


def _mentions_agent(definition: DeclaredDefinition, path: Path, value: Json) -> bool:
    if not isinstance(value, str):
        return False
    if "${" in value and any(reference.type == AGENT_TYPE for reference in resource_references(value)):
        return True
    if AGENT_URL not in value:
        return False
    text = definition.read(value)
    mappings = (text.outermost,) if path in _OUTPUTS else text.mappings()
    return any(not is_empty(mapping.get(AGENT_URL)) for mapping in mappings)


def unread_agent_texts(definition: DeclaredDefinition) -> Iterator[Path]:
    """Paths below `entity` of texts that mention `agent_url` and cannot be read."""
    for path, value in definition.inputs():
        if isinstance(value, str) and AGENT_URL in value and not definition.read(value).is_readable:
            yield path


def uses_agent(definition: DeclaredDefinition) -> bool:
    """True if some input of the definition uses an Agent."""
    return next(agent_uses(definition), None) is not None


def ways_to_agent(graph: ReferenceGraph, member: Member) -> Iterator[tuple[Ask, list[Member | str]]]:
    """References through which a definition takes the URL of an Agent, each with the path to it.

    The path ends with the definition of the Agent, or with the selector if none is known.
    """
    through = graph.leading_to_agents
    if not any(ask.type in through for ask in member.asks):
        return
    starts = tuple(graph.starts(member))
    for ask in member.asks:
        if ask.reference is None or ask.type not in through:
            continue
        if ask.type == AGENT_TYPE:
            yield ask, [member, *_ends(graph, starts, ask)]
            continue
        for start in starts:
            way = way_to_agent(graph, start, ask)
            if way is not None:
                yield ask, [member, *way]
                break


def way_to_agent(graph: ReferenceGraph, node: Node, ask: Ask) -> list[Member | str] | None:
    """Definitions that pass an Agent's URL on to the asking node, ending as in `ways_to_agent`; None if none do."""
    stack: list[tuple[Node, Ask, tuple[Member, ...]]] = [(node, ask, ())]
    seen: set[tuple[Node, Path]] = set()
    while stack:
        asking, asked, way = stack.pop()
        if asked.type == AGENT_TYPE:
            return [*way, *_ends(graph, (asking,), asked)]
        for found in graph.follow(asking, asked):
            for further in _handed_on(found.member, asked):
                if (found, further.path) not in seen:
                    seen.add((found, further.path))
                    stack.append((found, further, (*way, found.member)))
    return None


def _ends(graph: ReferenceGraph, nodes: tuple[Node, ...], ask: Ask) -> list[Member | str]:
    found = next((end.member for node in nodes for end in graph.winning(node.request(ask))), None)
    return [ask.name if found is None else found]


def _handed_on(member: Member, ask: Ask) -> Iterator[Ask]:
    """What the requested output of a definition is made from, if its driver only passes values on."""
    output = None if ask.reference is None else ask.reference.output
    if output is None:
        return
    for further in member.asks:
        path = further.path
        if further.reference is None or path[0] != "driver_inputs" or len(path) < 3:
            continue
        is_echoed = member.driver == ECHO_DRIVER and path[2] == output
        if is_echoed or (member.driver == TEMPLATE_DRIVER and _is_in_output(member, further, output)):
            yield further


def _is_in_output(member: Member, ask: Ask, output: str) -> bool:
    """True if a reference in a template makes an output: as an input of that name, or in its text."""
    if output == AGENT_URL and AGENT_URL in ask.path:
        return True
    text = member.declared and ask.path in _OUTPUTS and member.declared.input(*map(str, ask.path[1:]))
    if not member.declared or not isinstance(text, str):
        return False
    made = member.declared.read(text).outermost.get(output)
    return isinstance(made, str) and ask.reference in resource_references(made)


def unlisted_inputs(scope: Scope) -> Iterator[AgentInput]:
    """Inputs named `agent_url` of drivers that can be checked only against their own schema."""
    drivers = scope.surroundings.drivers
    for found in agent_inputs(scope):
        driver = found.definition.entity.driver_type
        *_, last = chain(driver, drivers)
        if (
            last not in _TAKING
            and driver not in _JUDGED_ELSEWHERE
            and is_hosted(driver, drivers) is not False
        ):
            yield found


def own_drivers_with_agent(scope: Scope) -> Iterator[tuple[Member, Ask, list[Member | str]]]:
    """Definitions with a driver not from Humanitec that take the URL of an Agent, and the path to it."""
    graph = scope.references
    for driver, members in graph.by_driver.items():
        for member in () if driver.startswith(_HOSTED) else members:
            for ask, way in ways_to_agent(graph, member):
                yield member, ask, way


def is_for_runner(scope: Scope, member: Member, ask: Ask) -> bool:
    """True for an `agent_url` in the `config` of a runner, or of a driver that can start Jobs in a cluster."""
    if AGENT_URL not in ask.path or member.declared is None:
        return False
    classes = driver_classes(member.declared, scope.surroundings.drivers)
    return member.type == CONFIGURATION_TYPE or (classes is not None and classes[-1] in _WITH_CLUSTER)
