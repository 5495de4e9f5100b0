"""Rules about how many replicas of an Agent run: R30, R39 (agent and operator 2.2)."""

from collections import Counter
from collections.abc import Iterator

from reconciler.facts.agent_installation import (
    AGENT,
    CONNECTION_ID,
    Method,
    is_on_kubernetes,
    method_of,
    named,
    namespace_of,
    on_clusters,
)
from reconciler.facts.agent_manifest import (
    DEPLOYMENT,
    AgentDeployment,
    agent_deployments,
    environment,
    is_agent,
    text_at,
)
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent, installs_of
from reconciler.facts.manifest import is_object
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.installation import AgentInstall
from reconciler.model.json import JsonObject, Path
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_AUTOSCALERS = (("autoscaling/", "HorizontalPodAutoscaler"), ("keda.sh/", "ScaledObject"))
_LIVE_AUTOSCALER = ("autoscaling/v2", "HorizontalPodAutoscaler")
_ADVICE = "Set a fixed number of `replicas` and remove the autoscaler."


def _fixed(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.agent_installs:
        for problem, path, advice in _changing(installed.install):
            yield Finding(
                "R30",
                Severity.WARNING,
                f"{named(installed)} {problem}; a change in the number of replicas cuts running transfers",
                installed.origin(path),
                key=scope.key(Kind.AGENT, installed.id),
                advice=advice,
            )
    yield from _scaled_by_manifest(scope)
    for installed, cluster in on_clusters(scope):
        yield from _scaled_on_cluster(scope, installed, cluster)


def _changing(install: AgentInstall) -> Iterator[tuple[str, Path, str]]:
    scaling = install.autoscaling
    if scaling is not None:
        least, most = scaling.minReplicas, scaling.maxReplicas
        if least == 0:
            yield "may be scaled to zero", ("autoscaling", "minReplicas"), _ADVICE
        elif least is not None and least == most:
            advice = f"Write `replicas: {most}` and leave `autoscaling` out."
            yield "has an autoscaler that keeps the number as it is", ("autoscaling",), advice
        else:
            yield "is scaled automatically", ("autoscaling",), _ADVICE
    elif dig(install.helmValues, "autoscaling", "enabled") is True:
        yield "is scaled automatically", ("helmValues", "autoscaling"), _ADVICE
    if install.replicas == 0:
        advice = "Set `replicas` to 1 or more, or remove the installation."
        yield "has no replica, so nothing gets through its tunnel", ("replicas",), advice


def _scaled_by_manifest(scope: Scope) -> Iterator[Finding]:
    deployments = list(agent_deployments(scope))
    names = {AGENT, *(text_at(deployment.manifest.raw, "metadata", "name") for deployment in deployments)}
    for foreign in scope.everything.foreign:
        if any(is_object(foreign, *autoscaler) for autoscaler in _AUTOSCALERS) and _targets(
            foreign.raw, names
        ):
            yield Finding(
                "R30",
                Severity.WARNING,
                f"{foreign.raw['kind']} `{text_at(foreign.raw, 'metadata', 'name')}` changes the number of replicas "
                "of the Agent, which cuts running transfers",
                foreign.origin(("spec", "scaleTargetRef")),
                advice="Remove it and set a fixed number of replicas.",
            )
    for deployment in deployments:
        if dig(deployment.manifest.raw, "spec", "replicas") == 0:
            yield Finding(
                "R30",
                Severity.WARNING,
                f"{deployment.name} has no replica, so nothing gets through the Agent's tunnel",
                deployment.manifest.origin(("spec", "replicas")),
                advice="Set `replicas` to 1 or more.",
            )


def _targets(body: JsonObject, names: set[str]) -> bool:
    target = dig(body, "spec", "scaleTargetRef")
    return dig(target, "name") in names and dig(target, "kind") in (None, "Deployment")


def _scaled_on_cluster(scope: Scope, installed: InstalledAgent, cluster: str) -> Iterator[Finding | Unknown]:
    state = scope.cluster_state(cluster)
    autoscalers = None if state is None else state.of(*_LIVE_AUTOSCALER)
    if state is None or autoscalers is None:
        yield Unknown(
            "R30",
            f"whether an autoscaler acts on Agent `{installed.id}`: {scope.unseen(cluster)}",
            scope.unseen(cluster),
        )
        return
    namespace = namespace_of(installed.install)
    deployments = [d for d in state.of(*DEPLOYMENT) or () if d.namespace == namespace and is_agent(d.body)]
    names = {AGENT, *(deployment.name for deployment in deployments)}
    for autoscaler in autoscalers:
        if autoscaler.namespace == namespace and _targets(autoscaler.body, names):
            yield Finding(
                "R30",
                Severity.WARNING,
                f"Autoscaler `{autoscaler.name}` on cluster `{cluster}` changes the number of replicas of Agent "
                f"`{installed.id}`, which cuts running transfers",
                installed.origin(("replicas",)),
                key=scope.key(Kind.AGENT, installed.id),
                advice=f"Remove it from namespace `{namespace}` and set a fixed number of `replicas`.",
            )


def _told_apart(scope: Scope) -> Iterator[Finding | Unknown]:
    for agent in scope.agents:
        yield from _declared_names(scope, installs_of(agent))
    for deployment in agent_deployments(scope):
        yield from _manifest_names(scope, deployment)


def _declared_names(scope: Scope, installs: tuple[InstalledAgent, ...]) -> Iterator[Finding | Unknown]:
    """Count replicas by the name they would all have; those that the cluster names are never alike."""
    alike: Counter[str] = Counter()
    places: dict[str, tuple[InstalledAgent, Path]] = {}
    for installed in installs:
        install = installed.install
        value = (install.env or {}).get(CONNECTION_ID)
        if value is None and is_on_kubernetes(install):
            if method_of(install) is Method.HELM and _most(install) > 1:
                reason = f"whether the chart sets `{CONNECTION_ID}` of {named(installed)} is not known"
                yield Unknown("R39", reason)
            continue
        if value is not None and is_filled_in(value):
            continue
        alike[value or ""] += _most(install)
        path: Path = ("env", CONNECTION_ID) if value is not None else ("replicas",)
        places.setdefault(value or "", (installed, path))
    for value, count in alike.items():
        if count > 1:
            installed, path = places[value]
            yield Finding(
                "R39",
                Severity.WARNING,
                f"{count} replicas of Agent `{installed.id}` cannot be told apart in logs: `{CONNECTION_ID}` is "
                + ("the same for all" if value else "not set"),
                installed.origin(path),
                key=scope.key(Kind.AGENT, installed.id),
                advice=f"Leave `{CONNECTION_ID}` out on Kubernetes, where each pod has its own name; elsewhere give "
                "each replica its own.",
            )


def _most(install: AgentInstall) -> int:
    replicas = 1 if install.replicas is None else install.replicas
    most = None if install.autoscaling is None else install.autoscaling.maxReplicas
    return replicas if most is None else max(replicas, most)


def _manifest_names(scope: Scope, deployment: AgentDeployment) -> Iterator[Finding | Unknown]:
    replicas = dig(deployment.manifest.raw, "spec", "replicas")
    if not isinstance(replicas, int) or replicas < 2:
        return
    found = environment(scope, deployment)
    variable = found.variables.get(CONNECTION_ID)
    if variable is None and found.unread:
        listed = ", ".join(found.unread)
        yield Unknown(
            "R39", f"whether {listed} sets `{CONNECTION_ID}` for {deployment.name}: not in the tree"
        )
    elif variable is None or (variable.value is not None and not is_filled_in(variable.value)):
        yield Finding(
            "R39",
            Severity.WARNING,
            f"{replicas} replicas of {deployment.name} cannot be told apart in logs: `{CONNECTION_ID}` is "
            + ("the same for all" if variable is not None and variable.value else "not set"),
            deployment.origin("env") if variable is None else variable.origin,
            advice=f"Set `{CONNECTION_ID}` from the field `metadata.name`.",
        )


RULES = (
    Rule(
        id="R30",
        title="The number of replicas of an Agent is fixed",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_fixed,
    ),
    Rule(
        id="R39",
        title="Replicas of an Agent can be told apart",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_told_apart,
    ),
)
