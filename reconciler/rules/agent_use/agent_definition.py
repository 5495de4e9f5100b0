"""The rule about definitions of type `agent` themselves (compatibility rules, Agent definition): R50."""

from collections.abc import Iterator

from reconciler.facts.definition import AGENT_DRIVER, AGENT_TYPE
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side


def _type_and_driver(scope: Scope) -> Iterator[Finding | Unknown]:
    graph = scope.references
    for member in dict.fromkeys((*graph.of_type(AGENT_TYPE), *graph.by_driver.get(AGENT_DRIVER, ()))):
        definition = member.declared
        if definition is None:
            continue
        entity = definition.entity
        is_agent = entity.type == AGENT_TYPE
        if is_agent != (entity.driver_type == AGENT_DRIVER):
            yield Finding(
                "R50",
                Severity.ERROR,
                f"Type `{AGENT_TYPE}` goes with driver `{AGENT_DRIVER}`: `{definition.id}` has type "
                f"`{entity.type}` and driver `{entity.driver_type}`",
                definition.origin(("driver_type",) if is_agent else ("type",)),
                key=scope.key(Kind.DEFINITION, definition.id),
                advice=f"Use driver `{AGENT_DRIVER}`."
                if is_agent
                else f"Use type `{AGENT_TYPE}`, or the driver that makes a `{entity.type}`.",
            )
        if is_agent and entity.driver_account:
            yield Finding(
                "R50",
                Severity.WARNING,
                f"Definition `{definition.id}` of an Agent names cloud account `{entity.driver_account}`, for "
                "which its driver has no use",
                definition.origin(("driver_account",)),
                key=scope.key(Kind.DEFINITION, definition.id),
                advice="Remove `driver_account`.",
            )


RULES = (
    Rule(
        id="R50",
        title="Type `agent` and driver `humanitec/agent` go together",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_type_and_driver,
    ),
)
