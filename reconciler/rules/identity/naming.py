"""Rules about ids (compatibility rules, Identity): R01, R02, R04, R06, R07."""

from collections.abc import Iterator
from itertools import chain

from reconciler.facts.manifest import agent_installations, secret_stores
from reconciler.facts.scope import Scope
from reconciler.facts.service import served
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identifier import (
    did_you_mean,
    is_definition_id,
    is_organization_id,
    is_runner_id,
    is_v1_id,
    repaired,
)
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side


def _agent_id(scope: Scope) -> Iterator[Finding | Unknown]:
    for agent in scope.declarations.agents:
        agent_id = agent.document.metadata.id
        if not is_v1_id(agent_id):
            yield Finding(
                "R01",
                Severity.ERROR,
                f"Agent id `{agent_id}`: lower-case letters, digits and single inner hyphens only, "
                "two characters or more",
                agent.origin(("metadata", "id")),
                key=scope.key(Kind.AGENT, agent_id),
                advice=_repair(repaired(agent_id), is_valid=is_v1_id(repaired(agent_id))),
            )


def _definition_id(scope: Scope) -> Iterator[Finding | Unknown]:
    for definition in scope.definitions:
        if is_definition_id(definition.id):
            continue
        suggestion = repaired(definition.id)
        if suggestion and definition.is_made_by_agent:
            suggestion = suggestion.removesuffix("-agent") + "-agent"
        yield Finding(
            "R02",
            Severity.ERROR,
            f"Definition id `{definition.id}`: three characters or more, lower-case letters, digits and "
            "hyphens, no hyphen at either end",
            definition.id_origin,
            key=scope.key(Kind.DEFINITION, definition.id),
            advice=_repair(suggestion, is_valid=is_definition_id(suggestion)),
        )


def _organization_id(scope: Scope) -> Iterator[Finding | Unknown]:
    known = {target.organization for target in scope.settings.targets.values()}
    for agent in scope.declarations.agents:
        for index, organization in enumerate(agent.document.spec.organizations or ()):
            if not is_organization_id(organization):
                yield _not_an_organization(
                    organization, agent.origin(("spec", "organizations", index)), known
                )
    for installed in scope.agent_installs:
        for organization, origin in served(installed) or ():
            if not is_organization_id(organization):
                yield _not_an_organization(organization, origin, known)
    for installation in agent_installations(scope.everything):
        for organization in installation.organizations:
            if not is_organization_id(organization):
                yield _not_an_organization(organization, installation.origin, known)


def _not_an_organization(organization: str, origin: Origin, known: set[str]) -> Finding:
    return Finding(
        "R04",
        Severity.ERROR,
        f"`{organization}` is not an organization id",
        origin,
        advice=did_you_mean(organization, sorted(known)) or "Write the id of the organization, not its name.",
    )


def _store_id(scope: Scope) -> Iterator[Finding | Unknown]:
    declared = ((s.document.metadata.id, s.origin(("metadata", "id"))) for s in scope.secret_stores)
    for store_id, origin in chain(declared, secret_stores(scope.everything)):
        if store_id == BUILT_IN_STORE:
            yield Finding(
                "R06",
                Severity.ERROR,
                f"Secret store id `{store_id}` is not allowed: it names the built-in store",
                origin,
                advice="Choose another name, and use it in `store` of every secret reference.",
            )
        elif not is_v1_id(store_id):
            yield Finding(
                "R06",
                Severity.ERROR,
                f"Secret store id `{store_id}` is not allowed: lower-case letters, digits and single inner hyphens "
                "only, two characters or more",
                origin,
                advice=_repair(repaired(store_id), is_valid=is_v1_id(repaired(store_id))),
            )


def _runner_id(scope: Scope) -> Iterator[Finding | Unknown]:
    for runner in scope.declarations.runners:
        runner_id = runner.document.metadata.id
        if not is_runner_id(runner_id):
            suggestion = repaired(runner_id).lstrip("0123456789-")
            yield Finding(
                "R07",
                Severity.ERROR,
                f"Runner id `{runner_id}` must start with a letter; lower-case letters, digits, `_` and `-` "
                "follow, at least one of them",
                runner.origin(("metadata", "id")),
                key=scope.key(Kind.RUNNER, runner_id),
                advice=_repair(suggestion, is_valid=is_runner_id(suggestion)),
            )


def _repair(suggestion: str, *, is_valid: bool) -> str:
    return f"Use `{suggestion}`, for example." if is_valid else "Choose another id."


RULES = (
    Rule(
        id="R01",
        title="Agent id has an allowed form",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_agent_id,
    ),
    Rule(
        id="R02",
        title="Definition id has an allowed form",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_definition_id,
    ),
    Rule(
        id="R04",
        title="Organization id has an allowed form",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_organization_id,
    ),
    Rule(
        id="R06",
        title="Secret store id has an allowed form",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_store_id,
    ),
    Rule(
        id="R07",
        title="Runner id has an allowed form",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_runner_id,
    ),
)
