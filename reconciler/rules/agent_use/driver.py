"""The rule about drivers that take an Agent (compatibility rules, table B): R55."""

from collections.abc import Iterator

from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import Kind
from reconciler.model.json import canonical_text
from reconciler.model.surroundings import Beside, Driver
from reconciler.rules.agent_use.agent_input import AgentInput, agent_inputs
from reconciler.rules.asking import AGENT_URL
from reconciler.rules.driver import (
    CLUSTER_DRIVERS,
    CONTAINER_DRIVER,
    CONTAINER_RUNNERS,
    ECHO_DRIVER,
    GIT_DRIVER,
    TEMPLATE_DRIVER,
    TERRAFORM_DRIVER,
    chain,
    is_hosted,
)
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.rules.scope import Scope

_TAKING = CLUSTER_DRIVERS | CONTAINER_RUNNERS | {CONTAINER_DRIVER, TERRAFORM_DRIVER}
_JUDGED_ELSEWHERE = frozenset((ECHO_DRIVER, TEMPLATE_DRIVER, GIT_DRIVER))


def unlisted_inputs(scope: Scope) -> Iterator[AgentInput]:
    """Inputs named `agent_url` of drivers about which only their own schema can tell."""
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


def _known_to_take_one(scope: Scope) -> Iterator[Finding | Unknown]:
    drivers = scope.surroundings.drivers
    for found in unlisted_inputs(scope):
        name = found.definition.entity.driver_type
        if drivers is None:
            yield Unknown("R55", unread_drivers(scope, name))
        elif not _mentions(drivers.get(name)):
            yield Finding(
                "R55",
                Severity.WARNING,
                f"Driver `{name}` of `{found.definition.id}` is not known to take an Agent: "
                + (
                    "its inputs have no `agent_url`"
                    if name in drivers
                    else "it is not among the live drivers"
                ),
                found.definition.key_origin(found.path),
                key=scope.key(Kind.DEFINITION, found.definition.id),
                advice="Reach the system without an Agent, or ask the driver's owner whether it takes one.",
            )


def unread_drivers(scope: Scope, name: str) -> str:
    """Reason of an `Unknown` about a driver while the live ones were not read."""
    return f"{scope.unread(Beside.DRIVERS)}, `{name}` among them"


def _mentions(driver: Driver | None) -> bool:
    """Look for the name as a key, at any depth of the schema."""
    return driver is not None and f'"{AGENT_URL}":' in canonical_text(driver.inputs_schema)


RULES = (
    Rule(
        id="R55",
        title="`agent_url` stands on a driver that takes an Agent",
        severity=Severity.WARNING,
        condition="An input named `agent_url` is known to be taken by the cluster drivers, the container "
        "family and the Terraform driver, and by virtual drivers that stand for one of them; Echo and Template "
        "hand it on. Of any other driver the inputs that the orchestrator describes must mention `agent_url`. "
        "Drivers of your own that Humanitec does not run are rule R97's subject.",
        why="An input that a driver does not know is ignored or refused, and the system behind the firewall "
        "stays out of reach.",
        advice="Look at the driver's inputs; without `agent_url` there it cannot use a tunnel.",
        source="Agent overview; API description of drivers",
        confidence=Confidence.INFERRED,
        sides=(Side.LIVE,),
        check=_known_to_take_one,
    ),
)
