"""The rule about drivers that accept an Agent (compatibility rules, table B): R55."""

from collections.abc import Iterator
from functools import partial

from reconciler.facts.agent_input import AgentInput, unlisted_inputs
from reconciler.facts.asking import AGENT_URL
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.json import canonical_text
from reconciler.model.kind import Kind
from reconciler.model.surroundings import Driver
from reconciler.rules.over import Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject


def _unlisted(scope: Scope) -> Iterator[Subject[AgentInput]]:
    for found in unlisted_inputs(scope):
        definition = found.definition
        key = scope.key(Kind.DEFINITION, definition.id)
        name = f"driver `{definition.entity.driver_type}` of `{definition.id}`"
        yield Subject(found, scope, name, partial(definition.key_origin, found.path), key)


UNLISTED_INPUTS = Over("`agent_url` of a driver that the tables do not list", _unlisted)


def _known_to_take_one(subject: Subject[AgentInput]) -> Iterator[Answer]:
    definition, drivers = subject.fact.definition, subject.seen.drivers
    name = definition.entity.driver_type
    if name in drivers and not _mentions(drivers[name]):
        yield subject.says(
            f"Driver `{name}` of `{definition.id}` is not known to accept an Agent: its inputs have no `agent_url`",
            others=(definition.origin(("driver_type",)),),
            advice="Connect to the system without an Agent, or ask the driver's owner whether it accepts one.",
        )


def _mentions(driver: Driver) -> bool:
    """True where the schema has the name as a key, at any depth."""
    return f'"{AGENT_URL}":' in canonical_text(driver.inputs_schema)


RULES = (
    Rule(
        id="R55",
        title="`agent_url` is set on a driver that accepts an Agent",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.LIVE,),
        over=UNLISTED_INPUTS,
        check=_known_to_take_one,
    ),
)
