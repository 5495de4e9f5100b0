"""The Agent as the vendor's manifest installs it (agent and operator 2.4)."""

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.model.json import JsonObject

USER = 1000
"""User id of the container."""
FIELDS: Mapping[str, str] = MappingProxyType({"securityContext": "podSecurity"})
"""Names of fields of the container in an `Agent` document, where they differ."""


def security_context() -> JsonObject:
    """Security context of the container; a new value each time."""
    return {
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": USER,
    }
