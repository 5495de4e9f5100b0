"""Rules about references to Agents and their registration (compatibility rules, Identity): R03, R05."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.definition import AGENT_DRIVER, AGENT_TYPE, DeclaredDefinition
from reconciler.facts.scope import Scope
from reconciler.facts.service import Service, services
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declared
from reconciler.model.finding import Severity
from reconciler.model.identifier import did_you_mean
from reconciler.model.json import Path
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.placeholder import has_placeholder
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.rules.over import AGENTS, DEFINITIONS, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject

_AGENT_ID: Path = ("driver_inputs", "values", "id")


def _declared_agent(subject: Subject[DeclaredDefinition]) -> Iterator[Answer]:
    definition, scope = subject.fact, subject.scope
    if definition.entity.type != AGENT_TYPE or definition.entity.driver_type != AGENT_DRIVER:
        return
    agent_id, place = definition.input("values", "id"), definition.origin(_AGENT_ID)
    if not isinstance(agent_id, str) or not agent_id:
        yield subject.says(
            f"Definition `{definition.id}` has type `agent` but names no Agent",
            at=place,
            advice="Set `driver_inputs.values.id` to the Agent's id, as a string.",
        )
        return
    if has_placeholder(agent_id):
        raise UnseenError(unspecified("it names its Agent with a placeholder"))
    if agent_id in scope.agent_ids or subject.seen.live_resource(Kind.AGENT, agent_id) is not None:
        return
    elsewhere = [agent for agent in scope.everything.agents if agent.document.metadata.id == agent_id]
    message = f"Definition `{definition.id}` refers to Agent `{agent_id}`, which is not declared"
    if elsewhere:
        message += f" for organization `{scope.organization}`"
        advice = f"Add `{scope.organization}` to the Agent's `organizations`."
    else:
        live = (resource.key.id for resource in scope.live_of(Kind.AGENT))
        suggestion = did_you_mean(agent_id, sorted({*scope.agent_ids, *live}))
        advice = suggestion or f"Declare an Agent `{agent_id}`, or name one that exists."
    others = tuple(agent.origin(("metadata", "id")) for agent in elsewhere[:1])
    yield subject.says(message, at=place, others=others, advice=advice)


@dataclass(frozen=True, slots=True)
class _Service:
    """An installation; `is_here` is false where its Agent is known to belong to other organizations."""

    service: Service
    is_here: bool


def _services(scope: Scope) -> Iterator[Subject[_Service]]:
    here = {agent.origin() for agent in scope.agents}
    for service in services(scope):
        name = service.name if service.agent is not None else f"the Agent installed by {service.place}"
        is_here = service.agent is None or service.agent.origin() in here
        yield Subject(_Service(service, is_here), scope, name, service.place)


SERVICES = Over("installation that serves organizations", _services)


def _registered_where_served(subject: Subject[_Service]) -> Iterator[Answer]:
    service, is_here, scope = subject.fact.service, subject.fact.is_here, subject.scope
    is_unread = False
    for organization, place in service.organizations or ():
        if organization == scope.organization:
            if service.agent is not None and not is_here:
                yield _refused(subject, organization, place)
            elif service.agent is None and not scope.agents and not scope.live_of(Kind.AGENT):
                # Someone else may have registered the Agent; only the live side shows it.
                is_read = scope.has_read(Kind.AGENT)
                is_unread = not is_read
                severity = Severity.ERROR if is_read else Severity.WARNING
                if is_read or scope.everything.agents:
                    yield _refused(subject, organization, place, severity)
        elif is_here and organization not in _targets(scope) and not _is_named(scope, service, organization):
            if scope.everything.agents:
                yield _refused(subject, organization, place)
            else:
                question = f"whether an Agent is registered in `{organization}`, which {subject.name} serves"
                yield subject.doubts(question, unspecified("no target in the settings has it"))
    if is_here and service.has_open_part:
        yield subject.doubts(
            f"which organizations {subject.name} serves", unspecified("a template fills some of them in")
        )
    if is_unread:
        raise UnseenError(scope.unread(Kind.AGENT))


def _targets(scope: Scope) -> set[str]:
    return {target.organization for target in scope.settings.targets.values()} | {scope.organization}


def _is_named(scope: Scope, service: Service, organization: str) -> bool:
    """True where an Agent that the installation may be lists the organization."""
    agents = scope.everything.agents if service.agent is None else (service.agent,)
    return any(organization in (agent.document.spec.organizations or ()) for agent in agents)


def _refused(
    subject: Subject[_Service], organization: str, place: Origin, severity: Severity = Severity.ERROR
) -> Answer:
    """Finding for an organization without the Agent. A manifest's Agent is known only where the tree has just one."""
    service, scope, targets = subject.fact.service, subject.scope, _targets(subject.scope)
    agents = scope.everything.agents if service.agent is None else (service.agent,)
    known = targets | {org for agent in agents for org in agent.document.spec.organizations or ()}
    suggestion = did_you_mean(organization, sorted(known - {organization}))
    if service.agent is not None:
        message = f"{service.name} serves `{organization}` but is not registered there"
        others: tuple[Origin, ...] = (service.agent.origin(("spec", "organizations")),)
        advice = f"Add `{organization}` to the Agent's `organizations`, or remove it here."
    else:
        message = f"The installation serves `{organization}` but no Agent is registered there"
        others = tuple(agent.origin(("metadata", "id")) for agent in agents) if len(agents) == 1 else ()
        advice = f"Remove `{organization}` from `ORGS`, or add a target for it and register the Agent there."
        if organization in targets:
            suggestion = ""
            advice = f"Add `{organization}` to the `organizations` of the installed Agent, or remove it from `ORGS`."
    return subject.says(
        f"{message}; the orchestrator would reject it (401)",
        at=place,
        others=others,
        advice=suggestion or advice,
        severity=severity,
    )


@dataclass(frozen=True, slots=True)
class _Registered:
    """An Agent of the organization and its installations.

    Manifests can install any Agent; where the tree has only one Agent, they install that one.
    """

    agent: Declared[AgentDocument]
    services: tuple[Service, ...]


def _registered(scope: Scope) -> Iterator[Subject[_Registered]]:
    by_agent: dict[Origin | None, list[Service]] = defaultdict(list)
    for service in services(scope):
        by_agent[None if service.agent is None else service.agent.origin()].append(service)
    by_manifests = by_agent[None] if len(scope.everything.agents) == 1 else []
    for agent in AGENTS.subjects(scope):
        own = by_agent.get(agent.fact.origin()) or by_manifests
        yield Subject(_Registered(agent.fact, tuple(own)), scope, agent.name, agent.where, agent.key)


REGISTERED = Over("registered Agent", _registered)


def _not_idle(subject: Subject[_Registered]) -> Iterator[Answer]:
    own, organization = subject.fact.services, subject.scope.organization
    if own and not any(one.may_serve(organization) for one in own):
        yield subject.says(
            f"{subject.name} is registered in `{organization}`, which none of its installations serves",
            at=own[0].place,
            others=tuple(one.place for one in own[1:]),
            advice=f"Add `{organization}` to the organizations that the installation serves, or remove it from the "
            "Agent's `organizations`.",
            severity=Severity.WARNING,
        )


RULES = (
    Rule(
        id="R03",
        title="An agent definition refers to an existing Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=DEFINITIONS,
        check=_declared_agent,
    ),
    Rule(
        id="R05",
        title="An installed Agent is registered in every organization it serves",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SERVICES,
        check=_registered_where_served,
        also=(Part(REGISTERED, _not_idle),),
    ),
)
