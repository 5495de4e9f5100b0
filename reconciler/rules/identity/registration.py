"""Rules about what names what (compatibility rules, Identity): R03, R05."""

from collections.abc import Iterator

from reconciler.facts.definition import AGENT_DRIVER, AGENT_TYPE, DeclaredDefinition
from reconciler.facts.manifest import AgentInstallation, agent_installations
from reconciler.facts.scope import Scope
from reconciler.facts.service import registered_where_served
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identifier import did_you_mean
from reconciler.model.json import Path
from reconciler.model.kind import Kind
from reconciler.model.placeholder import has_placeholder
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_AGENT_ID: Path = ("driver_inputs", "values", "id")


def _declared_agent(scope: Scope) -> Iterator[Finding | Unknown]:
    for definition in scope.of_type(AGENT_TYPE):
        if definition.entity.driver_type != AGENT_DRIVER:
            continue
        agent_id = definition.input("values", "id")
        if not isinstance(agent_id, str) or not agent_id:
            yield Finding(
                "R03",
                Severity.ERROR,
                f"Definition `{definition.id}` is of type `agent` and names no Agent",
                definition.origin(_AGENT_ID),
                key=scope.key(Kind.DEFINITION, definition.id),
                advice="Give the id of the Agent, as text, in `driver_inputs.values.id`.",
            )
        elif has_placeholder(agent_id):
            yield Unknown(
                "R03",
                f"definition `{definition.id}` names its Agent by a placeholder "
                f"({definition.origin(_AGENT_ID)})",
            )
        elif agent_id not in scope.agent_ids and scope.live_resource(Kind.AGENT, agent_id) is None:
            if scope.has_read(Kind.AGENT):
                yield _missing_agent(scope, definition, agent_id)
            else:
                yield Unknown(
                    "R03",
                    f"definition `{definition.id}` points at Agent `{agent_id}`, which is not declared, and "
                    f"{scope.unread(Kind.AGENT)}",
                    scope.unread(Kind.AGENT),
                )


def _missing_agent(scope: Scope, definition: DeclaredDefinition, agent_id: str) -> Finding:
    elsewhere = [agent for agent in scope.everything.agents if agent.document.metadata.id == agent_id]
    message = f"Definition `{definition.id}` points at Agent `{agent_id}`, which is not declared"
    if elsewhere:
        message += f" for organization `{scope.organization}`"
        advice = f"Add `{scope.organization}` to the Agent's `organizations`."
    else:
        live = (resource.key.id for resource in scope.live_of(Kind.AGENT))
        suggestion = did_you_mean(agent_id, sorted({*scope.agent_ids, *live}))
        advice = suggestion or f"Declare an Agent `{agent_id}`, or name one that exists."
    return Finding(
        "R03",
        Severity.ERROR,
        message,
        definition.origin(_AGENT_ID),
        key=scope.key(Kind.DEFINITION, definition.id),
        others=tuple(agent.origin(("metadata", "id")) for agent in elsewhere[:1]),
        advice=advice,
    )


def _registered_where_served(scope: Scope) -> Iterator[Finding | Unknown]:
    yield from registered_where_served(scope)
    targets = {target.organization for target in scope.settings.targets.values()} | {scope.organization}
    for installation in agent_installations(scope.everything):
        if installation.has_open_part:
            yield Unknown(
                "R05", f"a template fills in organizations of the Agent installed by {installation.origin}"
            )
        for organization in installation.organizations:
            if organization == scope.organization:
                if not scope.agents and not scope.live_of(Kind.AGENT):
                    yield from _unregistered(scope, installation)
            elif organization not in targets and not _is_named_by_agent(scope, organization):
                yield from _unregistered_outside(scope, installation, organization)


def _is_named_by_agent(scope: Scope, organization: str) -> bool:
    return any(organization in (agent.document.spec.organizations or ()) for agent in scope.everything.agents)


def _unregistered(scope: Scope, installation: AgentInstallation) -> Iterator[Finding | Unknown]:
    """Refuse where both sides lack an Agent; warn, and say what is not known, before live was read."""
    organization = scope.organization
    is_read = scope.has_read(Kind.AGENT)
    if is_read or scope.everything.agents:
        yield _refused(
            scope,
            installation,
            organization,
            Severity.ERROR if is_read else Severity.WARNING,
            f"Add `{organization}` to the `organizations` of the Agent that is installed, or take it out of "
            "`ORGS`.",
        )
    if not is_read:
        yield Unknown(
            "R05",
            f"the Agent installed by {installation.origin} serves `{organization}`, for which no Agent is "
            f"declared, and {scope.unread(Kind.AGENT)}",
            scope.unread(Kind.AGENT),
        )


def _unregistered_outside(
    scope: Scope, installation: AgentInstallation, organization: str
) -> Iterator[Finding | Unknown]:
    """Judge an organization that no target has, so that its live side can never be read.

    A tree that declares no Agent at all says nothing about where they are registered.
    """
    if scope.everything.agents:
        known = {target.organization for target in scope.settings.targets.values()}
        known |= {org for agent in scope.everything.agents for org in agent.document.spec.organizations or ()}
        yield _refused(
            scope,
            installation,
            organization,
            Severity.ERROR,
            did_you_mean(organization, sorted(known))
            or f"Take `{organization}` out of `ORGS`, or give it a target and register the Agent there.",
        )
    else:
        yield Unknown(
            "R05",
            f"the Agent installed by {installation.origin} serves `{organization}`, which no target of the "
            "settings has",
        )


def _refused(
    scope: Scope, installation: AgentInstallation, organization: str, severity: Severity, advice: str
) -> Finding:
    agents = scope.everything.agents
    return Finding(
        "R05",
        severity,
        f"The installation serves `{organization}` but no Agent is registered there; it would be refused (401)",
        installation.origin,
        others=tuple(agent.origin(("metadata", "id")) for agent in agents) if len(agents) == 1 else (),
        advice=advice,
    )


RULES = (
    Rule(
        id="R03",
        title="An agent definition points at an Agent that exists",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_declared_agent,
    ),
    Rule(
        id="R05",
        title="An installed Agent is registered wherever it serves",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_registered_where_served,
    ),
)
