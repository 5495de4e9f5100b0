"""The rule about definitions of type `agent` themselves (compatibility rules, Agent definition): R50."""

from collections.abc import Iterator

from reconciler.facts.definition import AGENT_DRIVER, AGENT_TYPE, DeclaredDefinition
from reconciler.model.finding import Severity
from reconciler.rules.over import DEFINITIONS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject


def _type_and_driver(subject: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    definition, entity = subject.fact, subject.fact.entity
    is_agent = entity.type == AGENT_TYPE
    if is_agent != (entity.driver_type == AGENT_DRIVER):
        places = definition.origin(("type",)), definition.origin(("driver_type",))
        yield subject.says(
            f"Type `{AGENT_TYPE}` and driver `{AGENT_DRIVER}` belong together: `{definition.id}` has type "
            f"`{entity.type}` and driver `{entity.driver_type}`",
            at=places[is_agent],
            others=(places[not is_agent],),
            advice=f"Use driver `{AGENT_DRIVER}`."
            if is_agent
            else f"Use type `{AGENT_TYPE}`, or a driver that creates a `{entity.type}`.",
        )
    if is_agent and entity.driver_account:
        yield subject.says(
            f"Agent definition `{definition.id}` names cloud account `{entity.driver_account}`, which its driver "
            "does not use",
            at=definition.origin(("driver_account",)),
            advice="Remove `driver_account`.",
            severity=Severity.WARNING,
        )


RULES = (
    Rule(
        id="R50",
        title="Type `agent` and driver `humanitec/agent` belong together",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=DEFINITIONS,
        check=_type_and_driver,
    ),
)
