"""Rules about the replicas of an Agent: R30, R39 (agent and operator 2.2)."""

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
from reconciler.facts.workload import Workload
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declared, Foreign
from reconciler.model.finding import Severity
from reconciler.model.installation import AgentInstall
from reconciler.model.json import JsonObject, Path
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.rules.over import AGENT_WORKLOADS, AGENTS, AGENTS_ON_CLUSTERS, MANIFESTS
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject

_AUTOSCALERS = (("autoscaling/", "HorizontalPodAutoscaler"), ("keda.sh/", "ScaledObject"))
_LIVE_AUTOSCALER = ("autoscaling/v2", "HorizontalPodAutoscaler")
_ADVICE = "Set a fixed number of `replicas` and remove the autoscaler."


def _fixed(subject: Subject[Workload]) -> Iterator[Answer]:
    match subject.fact.written:
        case InstalledAgent() as installed:
            for problem, path, advice in _changing(installed.install):
                message = (
                    f"{subject.name} {problem}; changing the number of replicas interrupts running transfers"
                )
                yield subject.says(message, at=installed.origin(path), advice=advice)
        case AgentDeployment(manifest=manifest) if dig(manifest.raw, "spec", "replicas") == 0:
            yield subject.says(
                f"{subject.name} has no replicas, so nothing gets through the Agent's tunnel",
                at=manifest.origin(("spec", "replicas")),
                advice="Set `replicas` to 1 or more.",
            )


def _changing(install: AgentInstall) -> Iterator[tuple[str, Path, str]]:
    scaling = install.autoscaling
    if scaling is not None:
        least, most = scaling.minReplicas, scaling.maxReplicas
        if least == 0:
            yield "can be scaled to zero", ("autoscaling", "minReplicas"), _ADVICE
        elif least is not None and least == most:
            advice = f"Set `replicas: {most}` and omit `autoscaling`."
            yield "has an autoscaler with equal limits", ("autoscaling",), advice
        else:
            yield "is scaled automatically", ("autoscaling",), _ADVICE
    elif dig(install.helmValues, "autoscaling", "enabled") is True:
        yield "is scaled automatically", ("helmValues", "autoscaling"), _ADVICE
    if install.replicas == 0:
        advice = "Set `replicas` to 1 or more, or remove the installation."
        yield "has no replicas, so nothing gets through its tunnel", ("replicas",), advice


def _scaled_by_manifest(subject: Subject[Foreign]) -> Iterator[Answer]:
    body = subject.fact.raw
    if not any(is_object(subject.fact, *autoscaler) for autoscaler in _AUTOSCALERS):
        return
    deployments = agent_deployments(subject.scope)
    if _targets(body, {AGENT, *(text_at(one.manifest.raw, "metadata", "name") for one in deployments)}):
        yield subject.says(
            f"{subject.name} changes the number of replicas of the Agent, which interrupts running transfers",
            at=subject.fact.origin(("spec", "scaleTargetRef")),
            advice="Remove it and set a fixed number of replicas.",
        )


def _targets(body: JsonObject, names: set[str]) -> bool:
    target = dig(body, "spec", "scaleTargetRef")
    return dig(target, "name") in names and dig(target, "kind") in (None, "Deployment")


def _scaled_on_cluster(subject: Subject[InstalledAgent]) -> Iterator[Answer]:
    install = subject.fact.install
    cluster, namespace = install.cluster, namespace_of(install)
    autoscalers = subject.seen.objects(cluster, *_LIVE_AUTOSCALER)
    deployments = subject.seen.cluster(cluster).of(*DEPLOYMENT) or ()
    names = {AGENT, *(d.name for d in deployments if d.namespace == namespace and is_agent(d.body))}
    for autoscaler in autoscalers:
        if autoscaler.namespace == namespace and _targets(autoscaler.body, names):
            yield subject.says(
                f"Autoscaler `{autoscaler.name}` on cluster `{cluster}` changes the number of replicas of Agent "
                f"`{subject.fact.id}`, which interrupts running transfers",
                at=subject.fact.origin(("replicas",)),
                advice=f"Remove it from namespace `{namespace}` and set a fixed number of `replicas`.",
            )


def _distinct(subject: Subject[Declared[AgentDocument]]) -> Iterator[Answer]:
    """Findings for replicas that share a connection id; those named by the cluster never do."""
    alike: Counter[str] = Counter()
    places: dict[str, tuple[InstalledAgent, Path]] = {}
    for installed in installs_of(subject.fact):
        install = installed.install
        value = (install.env or {}).get(CONNECTION_ID)
        if value is None and is_on_kubernetes(install):
            if method_of(install) is Method.HELM and _most(install) > 1:
                question = f"whether replicas of {named(installed)} can be distinguished"
                yield subject.doubts(question, unspecified(f"the chart may or may not set `{CONNECTION_ID}`"))
            continue
        if value is not None and is_filled_in(value):
            continue
        alike[value or ""] += _most(install)
        path: Path = ("env", CONNECTION_ID) if value is not None else ("replicas",)
        places.setdefault(value or "", (installed, path))
    for value, count in alike.items():
        if count > 1:
            installed, path = places[value]
            yield subject.says(
                f"{count} replicas of {subject.name} cannot be distinguished in logs: `{CONNECTION_ID}` is "
                + ("the same for all" if value else "not set"),
                at=installed.origin(path),
                advice=f"Omit `{CONNECTION_ID}` on Kubernetes, where each pod has its own name; elsewhere, give each "
                "replica its own.",
            )


def _most(install: AgentInstall) -> int:
    replicas = 1 if install.replicas is None else install.replicas
    most = None if install.autoscaling is None else install.autoscaling.maxReplicas
    return replicas if most is None else max(replicas, most)


def _distinct_in_manifest(subject: Subject[Workload]) -> Iterator[Answer]:
    deployment = subject.fact.written
    if not isinstance(deployment, AgentDeployment):
        return
    replicas = dig(deployment.manifest.raw, "spec", "replicas")
    if not isinstance(replicas, int) or replicas < 2:
        return
    found = environment(subject.scope, deployment)
    variable = found.variables.get(CONNECTION_ID)
    if variable is None and found.unread:
        unread = ", ".join(found.unread)
        raise UnseenError(unspecified(f"{unread}, which may set `{CONNECTION_ID}`, is not in the tree"))
    if variable is None or (variable.value is not None and not is_filled_in(variable.value)):
        yield subject.says(
            f"{replicas} replicas of {subject.name} cannot be distinguished in logs: `{CONNECTION_ID}` is "
            + ("the same for all" if variable is not None and variable.value else "not set"),
            at=deployment.origin("env") if variable is None else variable.origin,
            advice=f"Set `{CONNECTION_ID}` from the field `metadata.name`.",
        )


RULES = (
    Rule(
        id="R30",
        title="The number of replicas of an Agent is fixed",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=AGENT_WORKLOADS,
        check=_fixed,
        also=(Part(MANIFESTS, _scaled_by_manifest), Part(AGENTS_ON_CLUSTERS, _scaled_on_cluster)),
    ),
    Rule(
        id="R39",
        title="Replicas of an Agent can be distinguished",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=AGENTS,
        check=_distinct,
        also=(Part(AGENT_WORKLOADS, _distinct_in_manifest),),
    ),
)
