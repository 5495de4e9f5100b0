"""The rule about the tool that created the objects on a cluster: R46 (agent and operator 2.5)."""

from collections.abc import Iterable, Iterator

from reconciler.facts.agent_installation import AGENT, Method, method_of, namespace_of
from reconciler.facts.agent_manifest import DEPLOYMENT, is_agent
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.manifest import AGENT_CONFIG_MAP
from reconciler.model.cluster_state import ClusterObject, ClusterState
from reconciler.model.finding import Severity
from reconciler.model.json import JsonObject
from reconciler.rules.over import AGENTS_ON_CLUSTERS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_MANAGED_BY = "app.kubernetes.io/managed-by"
_RELEASE = "meta.helm.sh/release-name"
_RELEASE_RECORD = f"sh.helm.release.v1.{AGENT}."
_CONFIG_MAP = ("v1", "ConfigMap")


def _one_method(subject: Subject[InstalledAgent]) -> Iterator[Answer]:
    install = subject.fact.install
    method = method_of(install)
    if method is None:
        return
    deployments = subject.seen.objects(install.cluster, *DEPLOYMENT)
    state = subject.seen.cluster(install.cluster)
    others = _made_otherwise(state, deployments, namespace_of(install), method)
    if others:
        name, manager = others[0]
        more = f", and {len(others) - 1} more" if len(others) > 1 else ""
        yield subject.says(
            f"{subject.name} is to be installed with {method}, but {name} there is managed by {manager}{more}",
            at=subject.fact.origin(("method",)),
            advice=f"Declare `method: {_other(method)}` to adopt it, or remove it first.",
        )


def _other(method: Method) -> Method:
    return Method.MANIFESTS if method is Method.HELM else Method.HELM


def _made_otherwise(
    state: ClusterState, deployments: Iterable[ClusterObject], namespace: str, method: Method
) -> list[tuple[str, str]]:
    """Objects of the Agent that the other method created, each with its manager."""
    found = []
    for there in (*deployments, *(state.of(*_CONFIG_MAP) or ())):
        is_of_agent = is_agent(there.body) or there.name in (AGENT, AGENT_CONFIG_MAP)
        if (
            there.namespace == namespace
            and is_of_agent
            and _is_of_helm(there.body) != (method is Method.HELM)
        ):
            found.append((f"{there.kind} `{there.name}`", _manager(there.body)))
    if method is Method.MANIFESTS and not found:
        found = [
            (f"release `{AGENT}`", "Helm")
            for secret in state.secrets
            if secret.namespace == namespace and secret.name.startswith(_RELEASE_RECORD)
        ][:1]
    return found


def _is_of_helm(body: JsonObject) -> bool:
    return (
        dig(body, "metadata", "labels", _MANAGED_BY) == "Helm"
        or dig(body, "metadata", "annotations", _RELEASE) is not None
    )


def _manager(body: JsonObject) -> str:
    if _is_of_helm(body):
        return "Helm"
    labelled = dig(body, "metadata", "labels", _MANAGED_BY)
    fields = dig(body, "metadata", "managedFields")
    named_there = dig(fields[0], "manager") if isinstance(fields, list) and fields else None
    manager = labelled or named_there
    return f"`{manager}`" if isinstance(manager, str) else "a tool other than Helm"


RULES = (
    Rule(
        id="R46",
        title="An Agent is installed with one method",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.CLUSTER,),
        over=AGENTS_ON_CLUSTERS,
        check=_one_method,
    ),
)
