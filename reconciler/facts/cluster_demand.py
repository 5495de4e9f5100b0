"""What rules need from a cluster, so that no list is read needlessly."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reconciler.facts.agent_installation import is_on_kubernetes
from reconciler.facts.key_place import key_places
from reconciler.facts.manifest import OPERATOR_API, STORE_KIND
from reconciler.facts.scope import Scope
from reconciler.model.cluster_state import ObservedKind
from reconciler.vendor.operator import DEPLOYED_KINDS

DEPLOYMENTS = ObservedKind("apps/v1", "Deployment", "deployments")
_OF_AGENTS = (
    DEPLOYMENTS,
    ObservedKind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    ObservedKind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
)
_OF_RUNNERS = (DEPLOYMENTS,)
OF_WORKLOADS = tuple(dict.fromkeys((*_OF_AGENTS, *_OF_RUNNERS)))
"""Kinds that rules of Agents and runners read."""
STORES = ObservedKind(OPERATOR_API, STORE_KIND, "secretstores")
"""Custom resources of secret stores."""
OF_DEPLOYMENTS = tuple(ObservedKind(OPERATOR_API, kind, plural) for kind, plural in DEPLOYED_KINDS.items())
"""Kinds of what the orchestrator has deployed through an Operator."""
DEFINITIONS = ObservedKind(
    "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", is_namespaced=False
)
OF_OPERATORS = (
    DEPLOYMENTS,
    DEFINITIONS,
    STORES,
    *OF_DEPLOYMENTS,
)
"""Kinds that rules of Operators read; those of secret stores read one of them."""


class ClusterDemand(NamedTuple):
    """Kinds of which rules read every object, and Secrets, each as namespace and name."""

    kinds: tuple[ObservedKind, ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()


def cluster_demand(scopes: Sequence[Scope], cluster: str) -> ClusterDemand:
    """What rules read of one cluster, given what is declared in all targets. Each kind takes one list request."""
    kinds = dict.fromkeys(kind for scope in scopes for kind in _kinds(scope, cluster))
    secrets = dict.fromkeys(secret for scope in scopes for secret in _secrets(scope, cluster))
    return ClusterDemand(tuple(kinds), tuple(secrets))


def _kinds(scope: Scope, cluster: str) -> Iterator[ObservedKind]:
    for agent in scope.agent_installs:
        if agent.install.cluster == cluster and is_on_kubernetes(agent.install):
            yield from _OF_AGENTS
    for runner in scope.runner_installs:
        if runner.install.cluster == cluster:
            yield from _OF_RUNNERS
    for operator in scope.operators:
        if operator.document.spec.cluster == cluster:
            yield from OF_OPERATORS
    for store in scope.secret_stores:
        if any(entry.cluster == cluster for entry in store.document.spec.clusters or ()):
            yield STORES


def _secrets(scope: Scope, cluster: str) -> Iterator[tuple[str, str]]:
    for place in key_places(scope):
        if place.cluster == cluster:
            yield place.namespace, place.secret
    for operator in scope.operators:
        spec = operator.document.spec
        if spec.cluster == cluster and spec.driverKey is not None:
            yield spec.driverKey.namespace or spec.namespace, spec.driverKey.secretName
