"""The kubernetes-agent runner as the vendor's chart and guide install it (v2 reference 9.1, 10 and 11)."""

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.model.json import JsonObject

NAME = "humanitec-kubernetes-agent-runner"
"""Release, Deployment and ConfigMap, the account of the runner, and the Secret with its key in the guide."""
NAMESPACE = "humanitec-kubernetes-agent-runner-ns"
CHART = "oci://ghcr.io/humanitec/charts/humanitec-kubernetes-agent-runner"
REPOSITORY = "ghcr.io/humanitec/humanitec-runner"
"""Image of runners and of their jobs. No source names a version."""
COMMAND = ("/opt/runner/runner",)
ARGUMENTS = ("remote",)
ORGANIZATION, RUNNER, LOG_LEVEL = "ORG_ID", "RUNNER_ID", "LOG_LEVEL"
PRIVATE_KEY = "PRIVATE_KEY"
REMOTE_URL = "REMOTE_URL"
REQUESTS: Mapping[str, str] = MappingProxyType({"cpu": "25m", "memory": "128Mi"})
LIMITS: Mapping[str, str] = MappingProxyType({"cpu": "250m", "memory": "256Mi"})
JOB_NAME = "humanitec-runner"
"""Value of the label `app.kubernetes.io/name` on jobs of a self-hosted orchestrator."""
JOB_CONTAINER = "main"
_USER = 1000


def pod_security_context() -> JsonObject:
    """Security context of the runner's pod; a new object on each call."""
    return {
        "fsGroup": _USER,
        "fsGroupChangePolicy": "Always",
        "runAsGroup": _USER,
        "runAsNonRoot": True,
        "runAsUser": _USER,
    }


def container_security_context() -> JsonObject:
    """Security context of the runner's container; a new object on each call."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": _USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def rules_of_runner() -> list[JsonObject]:
    """Rights of the runner in the namespace of the jobs; new objects on each call."""
    return [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "list"]},
        {"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["list"]},
    ]


def rules_of_jobs() -> list[JsonObject]:
    """Rights of the jobs in their namespace, for Terraform state in Secrets; new objects on each call."""
    return [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "get", "list", "update"]},
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "verbs": ["create", "get", "update"],
        },
    ]
