"""The rule about drivers that take an Agent (compatibility rules, table B): R55."""

from collections.abc import Iterator

from reconciler.facts.agent_input import unlisted_inputs, unread_drivers
from reconciler.facts.asking import AGENT_URL
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import canonical_text
from reconciler.model.kind import Kind
from reconciler.model.surroundings import Driver
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side


def _known_to_take_one(scope: Scope) -> Iterator[Finding | Unknown]:
    drivers = scope.surroundings.drivers
    for found in unlisted_inputs(scope):
        name = found.definition.entity.driver_type
        if drivers is None:
            yield unread_drivers("R55", scope, name)
        elif name in drivers and not _mentions(drivers[name]):
            yield Finding(
                "R55",
                Severity.WARNING,
                f"Driver `{name}` of `{found.definition.id}` is not known to take an Agent: its inputs have no "
                "`agent_url`",
                found.definition.key_origin(found.path),
                key=scope.key(Kind.DEFINITION, found.definition.id),
                advice="Reach the system without an Agent, or ask the driver's owner whether it takes one.",
            )


def _mentions(driver: Driver) -> bool:
    """Look for the name as a key, at any depth of the schema."""
    return f'"{AGENT_URL}":' in canonical_text(driver.inputs_schema)


RULES = (
    Rule(
        id="R55",
        title="`agent_url` stands on a driver that takes an Agent",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.LIVE,),
        over=SCOPE,
        check=_known_to_take_one,
    ),
)
