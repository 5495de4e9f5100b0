"""Facts shown by `explain target/ID`: the modes of a target's cluster definitions, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.facts.agent_input import agent_uses
from reconciler.facts.agent_manifest import DEPLOYMENT
from reconciler.facts.definition import AGENT_TYPE, DeclaredDefinition
from reconciler.facts.git_target import is_git_target, mode_path
from reconciler.facts.operator import controllers, is_runtime_cluster
from reconciler.facts.scope import Scope
from reconciler.matrix.assessment import Assessment, assess
from reconciler.matrix.row import Verdict
from reconciler.model.json import dotted
from reconciler.settings import Mode

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact and where it comes from. `value` is None if it is not known; `why` then says what is missing."""

    value: str | None
    why: str


@dataclass(frozen=True, slots=True)
class DefinitionFacts:
    """One cluster definition. `mode` follows from the other facts; `rules` are worth reading, worst first."""

    definition: DeclaredDefinition
    mode: Fact
    driver: Fact
    cluster: Fact
    agent: Fact
    operator: Fact
    assessment: Assessment
    rules: tuple[str, ...]
    is_runtime: bool


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """One target of the settings."""

    name: str
    organization: str
    declared: Fact
    primary: Fact
    observed: Fact
    definitions: tuple[DefinitionFacts, ...]


def facts_of(scope: Scope, definitions: Iterable[DeclaredDefinition]) -> TargetFacts:
    """Everything known about a target and the given definitions."""
    return TargetFacts(
        scope.target,
        scope.organization,
        declared=_declared(scope),
        primary=Fact(scope.primary.id, scope.primary.why),
        observed=Fact(None, "the latest deployments are not read: that takes a request for each application"),
        definitions=tuple(_definition(scope, definition) for definition in definitions),
    )


def _declared(scope: Scope) -> Fact:
    declared = None if scope.target_settings is None else scope.target_settings.mode
    place = f"targets.{scope.target}.mode"
    return Fact(None, f"{place} is not set") if declared is None else Fact(declared, place)


def _definition(scope: Scope, definition: DeclaredDefinition) -> DefinitionFacts:
    assessment = assess(scope, definition)
    return DefinitionFacts(
        definition,
        mode=_mode(scope, definition),
        driver=Fact(definition.entity.driver_type, str(definition.origin(("driver_type",)))),
        cluster=_cluster(scope, definition),
        agent=_agent(scope, definition),
        operator=_operator(scope, definition),
        assessment=assessment,
        rules=tuple(_worth_reading(assessment)),
        is_runtime=is_runtime_cluster(scope, definition),
    )


def _mode(scope: Scope, definition: DeclaredDefinition) -> Fact:
    mode, is_git = scope.mode(definition), is_git_target(definition)
    place = definition.origin(mode_path(definition))
    if is_git is None:
        return Fact(None, f"whether it deploys to Git is known at deployment only ({place})")
    if is_git:
        return Fact(mode, f"it deploys to Git ({place})")
    if mode is None:
        return Fact(None, f"it does not deploy to Git, and {scope.primary.why}")
    is_built_in = mode is Mode.LEGACY
    store = f"the {'built-in' if is_built_in else 'external'} store {scope.primary_store} is primary"
    return Fact(mode, f"it does not deploy to Git, and {store}")


def _cluster(scope: Scope, definition: DeclaredDefinition) -> Fact:
    cluster = scope.cluster_of(definition)
    if cluster is None:
        return Fact(None, "no clusters.<name>.definitions lists the definition")
    facts = scope.cluster_facts(cluster)
    known = [f"clusters.{cluster}"]
    if facts is not None and facts.platform is not None:
        known.append(f"platform {facts.platform}")
    if facts is not None and facts.apiServer.public is not None:
        known.append("public API server" if facts.apiServer.public else "private API server")
    if facts is not None and facts.network is not None:
        known.append(f"network {facts.network}")
    return Fact(cluster, ", ".join(known))


def _agent(scope: Scope, definition: DeclaredDefinition) -> Fact:
    path = next(agent_uses(definition), None)
    if path is None:
        return Fact("none", "no input uses an Agent")
    place = f"{dotted(path)}, {definition.key_origin(path)}"
    agents = sorted(set(_agents(scope, definition)))
    if not agents:
        return Fact(None, f"used ({place}); no declared agent definition matches")
    installed = {
        f"on {i.install.cluster or i.install.host}" for i in scope.all_agent_installs if i.id in agents
    }
    where = f"installed {' and '.join(sorted(installed))}" if installed else "where it runs is not declared"
    return Fact(", ".join(agents), f"{place}; {where}")


def _agents(scope: Scope, definition: DeclaredDefinition) -> Iterator[str]:
    """Ids of the Agents that the definition's references lead to."""
    graph = scope.references
    for member in graph.members:
        if member.declared is not definition:
            continue
        for node in graph.starts(member):
            for ask in member.asks:
                for found in graph.follow(node, ask) if ask.type == AGENT_TYPE else ():
                    declared = found.member.declared
                    agent = None if declared is None else declared.input("values", "id")
                    yield agent if isinstance(agent, str) else f"that of definition {found.member.id}"


def _operator(scope: Scope, definition: DeclaredDefinition) -> Fact:
    cluster = scope.cluster_of(definition)
    if cluster is None:
        declared = [operator.document.metadata.id for operator in scope.operators]
        others = f"; declared are {', '.join(declared)}" if declared else ""
        return Fact(None, f"the cluster is not known{others}")
    declared_here = scope.operators_on(cluster)
    if declared_here:
        names = ", ".join(operator.document.metadata.id for operator in declared_here)
        return Fact(names, ", ".join(str(operator.origin()) for operator in declared_here))
    facts = scope.cluster_facts(cluster)
    if facts is not None and facts.operator is not None:
        value = "installed by other means" if facts.operator else "none"
        return Fact(value, f"clusters.{cluster}.operator: {str(facts.operator).lower()}")
    found = controllers(scope, cluster)
    if found:
        return Fact("found", f"in namespace {', '.join(controller.namespace for controller in found)}")
    if found is not None:
        return Fact("none", "no controller was found on the cluster")
    if scope.everything.operators:
        return Fact("none", "Operators are declared for other clusters only")
    return Fact(
        None,
        f"none is declared, clusters.{cluster}.operator is not set, and {scope.unseen(cluster, DEPLOYMENT[1])}",
    )


def _worth_reading(assessment: Assessment) -> Iterator[str]:
    """Rules of the rows with a verdict worse than supported: certain rows first, then worst first."""
    rows = sorted(
        (applied for applied in assessment.rows if applied.cell.verdict.badness),
        key=lambda applied: (not applied.is_certain, -applied.cell.verdict.badness),
    )
    yield from dict.fromkeys(rule for applied in rows for rule in applied.row.rules)


def conclusion(assessment: Assessment) -> str:
    """The combined verdict and the rows that decide it."""
    verdict = assessment.verdict
    if verdict is Verdict.UNKNOWN:
        open_rows = ", ".join(
            dict.fromkeys(
                applied.row.id
                for applied in assessment.rows
                if not applied.is_certain and applied.cell.verdict.badness > assessment.at_least.badness
            )
        )
        least = f", at least {assessment.at_least}" if assessment.at_least.badness else ""
        return f"{verdict}{least}; missing facts decide {open_rows}"
    deciding = [
        applied
        for applied in assessment.rows
        if applied.cell.verdict is verdict
        and verdict.badness
        and (applied.is_certain or applied.row.table == "A")
    ]
    names = ", ".join(dict.fromkeys(applied.row.id for applied in deciding))
    return f"{verdict} ({names})" if names else str(verdict)
