"""The rule about who made the objects on a cluster: R46 (agent and operator 2.5)."""

from collections.abc import Iterator

from reconciler.facts.agent_installation import AGENT, Method, method_of, named, namespace_of, on_clusters
from reconciler.facts.agent_manifest import DEPLOYMENT, is_agent
from reconciler.facts.definition import dig
from reconciler.facts.manifest import AGENT_CONFIG_MAP
from reconciler.facts.scope import Scope
from reconciler.model.cluster_state import ClusterState
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import JsonObject
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_MANAGED_BY = "app.kubernetes.io/managed-by"
_RELEASE = "meta.helm.sh/release-name"
_RELEASE_RECORD = f"sh.helm.release.v1.{AGENT}."
_CONFIG_MAP = ("v1", "ConfigMap")


def _one_method(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed, cluster in on_clusters(scope):
        method = method_of(installed.install)
        state = scope.cluster_state(cluster)
        if method is None:
            continue
        if state is None or state.of(*DEPLOYMENT) is None:
            yield Unknown(
                "R46",
                f"who made what Agent `{installed.id}` consists of: {scope.unseen(cluster)}",
                scope.unseen(cluster),
            )
            continue
        others = _made_otherwise(state, namespace_of(installed.install), method)
        if not others:
            continue
        name, manager = others[0]
        more = f", and {len(others) - 1} more" if len(others) > 1 else ""
        yield Finding(
            "R46",
            Severity.ERROR,
            f"{named(installed)} is to be installed by {method}, and {name} there is managed by {manager}{more}",
            installed.origin(("method",)),
            key=scope.key(Kind.AGENT, installed.id),
            advice=f"Declare `method: {_other(method)}` to adopt it, or remove it first.",
        )


def _other(method: Method) -> Method:
    return Method.MANIFESTS if method is Method.HELM else Method.HELM


def _made_otherwise(state: ClusterState, namespace: str, method: Method) -> list[tuple[str, str]]:
    """Objects of the Agent that the other method made, each with its manager."""
    found = []
    for there in (*(state.of(*DEPLOYMENT) or ()), *(state.of(*_CONFIG_MAP) or ())):
        is_ours = is_agent(there.body) or there.name in (AGENT, AGENT_CONFIG_MAP)
        if there.namespace == namespace and is_ours and _is_of_helm(there.body) != (method is Method.HELM):
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
    return f"`{manager}`" if isinstance(manager, str) else "another tool than Helm"


RULES = (
    Rule(
        id="R46",
        title="An Agent is installed by one method",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.CLUSTER,),
        over=SCOPE,
        check=_one_method,
    ),
)
