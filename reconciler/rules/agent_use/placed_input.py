"""Rules about inputs named `agent_url` (compatibility rules, Agent definition and `agent_url`): R52, R53, R54."""

from collections.abc import Iterator
from functools import partial

from reconciler.facts.agent_input import AgentInput, agent_inputs, way_to_agent
from reconciler.facts.asking import AGENT_URL, Ask
from reconciler.facts.definition import AGENT_TYPE, CLUSTER_TYPE
from reconciler.facts.git_target import is_git_target
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.json import dotted
from reconciler.model.kind import Kind
from reconciler.model.placeholder import ResourceReference, resource_references, sole_reference
from reconciler.model.unseen import UnseenError, never_read
from reconciler.rules.over import Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.driver import ECHO_DRIVER

_WANTED = "${resources['agent.default#agent'].outputs.url}"
_HANDING_ON = "config"


def _inputs(scope: Scope) -> Iterator[Subject[AgentInput]]:
    for found in agent_inputs(scope):
        key = scope.key(Kind.DEFINITION, found.definition.id)
        name = f"`{AGENT_URL}` of definition `{found.definition.id}`"
        yield Subject(found, scope, name, partial(found.definition.key_origin, found.path), key)


AGENT_INPUTS = Over("`agent_url`", _inputs)


def _secret(subject: Subject[AgentInput]) -> Iterator[Answer]:
    found = subject.fact
    if found.path[1] != "values" or (found.is_template and found.path[3] != "outputs"):
        return
    advice = "Move it under `driver_inputs.secrets`."
    if found.is_template:
        advice = "Output it under `templates.secrets`."
    elif found.path[2:] != (AGENT_URL,):
        advice = f"Move it to `{dotted(('driver_inputs', 'secrets', *found.path[2:]))}`."
    yield subject.says(
        f"`agent_url` is a secret input, and `{found.definition.id}` has it under "
        f"`{dotted(found.path[: 4 if found.is_template else 2])}`",
        advice=advice,
    )


def _from_agent(subject: Subject[AgentInput]) -> Iterator[Answer]:
    found = subject.fact
    if found.is_template or (isinstance(found.value, str) and "{{" in found.value):
        return
    problem = _problem(found)
    if isinstance(problem, ResourceReference):
        problem = _through(subject, problem)
    if problem:
        yield subject.says(
            f"`agent_url` must be output `url` of an agent resource: that of `{found.definition.id}` {problem}",
            advice=f"Set it to `{_WANTED}`, with the class and `res_id` of your agent definition.",
        )


def _problem(found: AgentInput) -> str | ResourceReference:
    """What is wrong, "" for nothing, or the reference where it leads to something that may pass the URL on."""
    text = found.value
    if isinstance(text, dict) and "ref" in text:
        return "comes from a secret store"
    if not isinstance(text, str):
        return "is not a string"
    reference = sole_reference(text)
    if reference is None:
        return (
            "contains more than the reference" if resource_references(text) else "is not a reference to one"
        )
    if reference.is_traversal:
        return "is a list of everything that a selector matches"
    if reference.type != AGENT_TYPE:
        return reference
    return "" if reference.steps == ("outputs", "url") else f"refers to `{reference.accessor.lstrip('.')}`"


def _through(subject: Subject[AgentInput], reference: ResourceReference) -> str:
    """What is wrong with a reference to another type, which may pass an Agent's URL on under any name; "" for nothing.

    A definition that outputs it as `agent_url` is checked itself.
    """
    if reference.output == AGENT_URL:
        return ""
    graph, found = subject.scope.references, subject.fact
    ask = Ask(found.path, reference.type, reference.class_name, reference.res_id, reference)
    nodes = tuple(graph.starts(found.member))
    if any(way_to_agent(graph, node, ask) is not None for node in nodes):
        return ""
    targets = [target for node in nodes for target in graph.follow(node, ask)]
    if reference.type == _HANDING_ON and not (
        targets and all(t.member.driver == ECHO_DRIVER for t in targets)
    ):
        place = found.definition.origin(found.path)
        raise UnseenError(
            never_read(
                f"whether `{reference.text}` ({place}) passes on the URL of an Agent is known only at deployment"
            )
        )
    return f"refers to `{ask.name}`"


def _taken(subject: Subject[AgentInput]) -> Iterator[Answer]:
    definition = subject.fact.definition
    entity = definition.entity
    if (entity.type, entity.driver_type) == (CLUSTER_TYPE, ECHO_DRIVER) and not is_git_target(definition):
        yield subject.says(
            f"Driver `{entity.driver_type}` accepts no Agent: `{definition.id}` returns its inputs as the "
            "cluster's outputs and connects to nothing",
            others=(definition.origin(("driver_type",)),),
            advice="Use the driver for the cluster's platform, such as `humanitec/k8s-cluster-eks`, with `agent_url` "
            "in its secrets.",
        )


RULES = (
    Rule(
        id="R52",
        title="`agent_url` is a secret input",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        over=AGENT_INPUTS,
        check=_secret,
    ),
    Rule(
        id="R53",
        title="`agent_url` is the `url` output of an agent",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        over=AGENT_INPUTS,
        check=_from_agent,
    ),
    Rule(
        id="R54",
        title="`agent_url` is set on a driver that connects to something",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=AGENT_INPUTS,
        check=_taken,
    ),
)
