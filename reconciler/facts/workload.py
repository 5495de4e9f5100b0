"""Agents, runners and Operators in one shape, whether from a document, a manifest or a live object.

A document is read as it will be rendered, with the vendor's defaults filled in, so that a rule reads one container.
What a chart does with its own values is not known here; it is assumed to follow the vendor's manifest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from reconciler.facts.agent_installation import (
    AGENT,
    is_on_kubernetes,
    named,
    namespace_of,
)
from reconciler.facts.agent_manifest import (
    AgentDeployment,
    Variable,
    agent_container,
    agent_deployments,
    is_agent,
)
from reconciler.facts.definition import dig, members_of
from reconciler.facts.installed import InstalledAgent, InstalledRunner
from reconciler.facts.operator import DeclaredOperator
from reconciler.facts.scope import Scope
from reconciler.facts.seen import Seen
from reconciler.model.cluster_state import ClusterObject
from reconciler.model.identity import ResourceKey
from reconciler.model.installation import AgentInstall, PodSecurity
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.settings import FILE_NAME
from reconciler.vendor import agent
from reconciler.vendor.operator import CONTROLLER

_DEPLOYMENT = ("apps/v1", "Deployment")


class Product(StrEnum):
    """What runs."""

    AGENT = "Agent"
    RUNNER = "runner"
    OPERATOR = "Operator"


@dataclass(frozen=True, slots=True)
class LiveDeployment:
    """A Deployment found on a cluster. Its place is the settings file, which names the cluster."""

    cluster: str
    found: ClusterObject


Written = InstalledAgent | InstalledRunner | DeclaredOperator | AgentDeployment | LiveDeployment


@dataclass(frozen=True, slots=True)
class Workload:
    """One workload. `id` is that of its document, "" if no document declares it.

    `cluster` is None and `namespace` "" if not known. `container` is a Kubernetes container and `pod` the
    specification of its pod; both are empty for products that are not rendered.
    """

    product: Product
    id: str
    name: str
    cluster: str | None
    namespace: str
    container: JsonObject
    pod: JsonObject
    written: Written

    @property
    def is_document(self) -> bool:
        """True if a document declares it, so that omitted fields have the vendor's defaults."""
        return not isinstance(self.written, AgentDeployment | LiveDeployment)

    @property
    def is_on_cluster(self) -> bool:
        """True on a named Kubernetes cluster, false on other hosts of Agents."""
        is_hosted_elsewhere = isinstance(self.written, InstalledAgent) and not is_on_kubernetes(
            self.written.install
        )
        return self.cluster is not None and not is_hosted_elsewhere

    def of_container(self, name: str) -> Json:
        """A field of the container's security context, else of the pod's, with the precedence of Kubernetes."""
        found = dig(self.container, "securityContext", name)
        return dig(self.pod, "securityContext", name) if found is None else found

    def origin(self, *path: str) -> Origin:
        """Place of a field of the container, or of the corresponding field of a document."""
        match self.written:
            case AgentDeployment() as deployment:
                return deployment.origin(*path)
            case LiveDeployment():
                return Origin(FILE_NAME)
            case InstalledAgent() as installed:
                first, *rest = path or ("",)
                return installed.origin((agent.FIELDS.get(first, first), *rest) if first else ())
            case InstalledRunner() as installed:
                return installed.origin(path)
            case operator:
                return operator.origin(("spec", *path))

    def key(self, scope: Scope) -> ResourceKey | None:
        """Key of the Agent or runner that a document declares."""
        match self.written:
            case InstalledAgent():
                return scope.key(Kind.AGENT, self.id)
            case InstalledRunner():
                return scope.key(Kind.RUNNER, self.id)
            case _:
                return None


def declared_workloads(scope: Scope) -> Iterator[Workload]:
    """Workloads of the organization's documents, and Agents' manifests in the tree, in this order."""
    yield from map(_of_agent, scope.agent_installs)
    yield from map(_of_runner, scope.runner_installs)
    yield from map(_of_operator, scope.operators)
    yield from map(_of_manifest, agent_deployments(scope))


def variables_of(installed: InstalledAgent) -> list[Variable]:
    """Environment variables that an Agent document sets for its container."""
    given = (installed.install.env or {}).items()
    return [Variable(name, value, named(installed), installed.origin(("env", name))) for name, value in given]


def live_workloads(scope: Scope, cluster: str) -> Iterator[Workload]:
    """Agents and Operators found on a cluster. Raises `UnseenError` if its Deployments were not read."""
    for found in Seen(scope).objects(cluster, *_DEPLOYMENT):
        is_one = is_agent(found.body)
        if is_one or found.name == CONTROLLER:
            product = Product.AGENT if is_one else Product.OPERATOR
            number = agent_container(found.body) if is_one else 0
            pod = members_of(dig(found.body, "spec", "template", "spec"))
            yield Workload(
                product,
                "",
                f"Deployment `{found.namespace}/{found.name}` of cluster `{cluster}`",
                cluster,
                found.namespace,
                _nth(pod.get("containers"), number or 0),
                pod,
                LiveDeployment(cluster, found),
            )


def _of_agent(installed: InstalledAgent) -> Workload:
    install = installed.install
    namespace = namespace_of(install) if is_on_kubernetes(install) else ""
    container = agent_container_of(install)
    pod: JsonObject = {"containers": [container]}
    return Workload(
        Product.AGENT, installed.id, named(installed), install.cluster, namespace, container, pod, installed
    )


def _of_runner(installed: InstalledRunner) -> Workload:
    install = installed.install
    name = f"Runner `{installed.id}`"
    return Workload(
        Product.RUNNER, installed.id, name, install.cluster, install.namespace or "", {}, {}, installed
    )


def _of_operator(operator: DeclaredOperator) -> Workload:
    spec, name = operator.document.spec, operator.document.metadata.id
    return Workload(
        Product.OPERATOR, name, f"Operator `{name}`", spec.cluster, spec.namespace, {}, {}, operator
    )


def _of_manifest(deployment: AgentDeployment) -> Workload:
    container, pod = members_of(deployment.container), members_of(deployment.pod)
    return Workload(
        Product.AGENT, "", deployment.name, None, deployment.namespace, container, pod, deployment
    )


def agent_container_of(install: AgentInstall) -> JsonObject:
    """The Agent's container as in the vendor's manifest, with the changes of the document."""
    security = install.podSecurity or PodSecurity()
    context = agent.security_context()
    declared: JsonObject = {
        "privileged": security.privileged,
        "allowPrivilegeEscalation": security.allowPrivilegeEscalation,
        "readOnlyRootFilesystem": security.readOnlyRootFilesystem,
        "runAsNonRoot": security.runAsNonRoot,
        "runAsUser": security.runAsUser,
        "runAsGroup": security.runAsGroup,
    }
    context.update((name, value) for name, value in declared.items() if value is not None)
    if security.dropCapabilities is not None:
        context["capabilities"] = {"drop": list(security.dropCapabilities)}
    if security.runAsNonRoot is False and security.runAsUser is None:
        del context["runAsUser"]
    container: JsonObject = {"name": AGENT, "securityContext": context}
    if install.image is not None:
        container["image"] = install.image
    return container


def _nth(value: Json, number: int) -> JsonObject:
    return members_of(value[number]) if isinstance(value, list) and number < len(value) else {}
