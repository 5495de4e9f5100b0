"""The Agent as the vendor's manifests and commands install it (agent and operator 2.4 to 2.6)."""

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.model.json import JsonObject

USER = 1000
"""User id of the container."""
IMAGE = "ghcr.io/humanitec/agent:1.2.0"
"""Image of the vendor's manifest."""
CHART = "oci://ghcr.io/humanitec/charts/humanitec-agent"
REQUESTS: Mapping[str, str] = MappingProxyType({"cpu": "0.025", "memory": "64Mi"})
LIMITS: Mapping[str, str] = MappingProxyType({"cpu": "0.250", "memory": "256Mi"})
GROUP_REQUESTS: Mapping[str, str] = MappingProxyType({"cpu": "0.05", "memory": "100M"})
"""Amounts that Azure Container Instances reserve."""
VOLUME = "agentmount"
CONFIG_MAP_SUFFIX = "-configmap-env"
KEY_FOLDER = "/etc/humanitec-agent"
"""Folder of the key on a machine with Docker. No source names one."""
WAIT_S = 300
"""Limit of the vendor's wizard for an installation (agent and operator 2.5)."""
FIELDS: Mapping[str, str] = MappingProxyType({"securityContext": "podSecurity"})
"""Container fields that have another name in an `Agent` document, with that name."""


def pod_security_context() -> JsonObject:
    """Security context of the pod; a new object on each call."""
    return {
        "fsGroup": USER,
        "fsGroupChangePolicy": "Always",
        "runAsGroup": USER,
        "runAsNonRoot": True,
        "runAsUser": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security_context() -> JsonObject:
    """Security context of the container alone; a new object on each call."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
    }


def security_context() -> JsonObject:
    """What applies to the container, with what it gets from the pod; a new object on each call."""
    return {**container_security_context(), "runAsNonRoot": True, "runAsUser": USER}
