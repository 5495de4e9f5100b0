"""The Agent as the vendor's manifest installs it (agent and operator 2.4)."""

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.model.json import JsonObject

USER = 1000
"""User id of the container."""
FIELDS: Mapping[str, str] = MappingProxyType({"securityContext": "podSecurity"})
"""Container fields that have another name in an `Agent` document, with that name."""


def security_context() -> JsonObject:
    """Security context of the container; a new object on each call."""
    return {
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": USER,
    }
