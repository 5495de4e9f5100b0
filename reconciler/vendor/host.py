"""Agent hosts by name, and which of them keep a container running (agent and operator 2.2)."""

import re

KUBERNETES = "kubernetes"
DOCKER = "docker"
AZURE_CONTAINER_INSTANCES = "azure-container-instances"
SUITED = (KUBERNETES, DOCKER, AZURE_CONTAINER_INSTANCES)
REQUEST_DRIVEN = frozenset(
    (
        "app-engine",
        "app-runner",
        "app-service",
        "aws-lambda",
        "azure-functions",
        "cloud-functions",
        "cloud-run",
        "container-apps",
        "functions",
        "knative",
        "lambda",
    )
)
"""Hosts that run containers only while they serve requests, or wait for a port to answer."""
_VENDORS = re.compile(r"^(?:google|gcp|azure|aws)-")


def spelled(host: str) -> str:
    """Normalized name of a host, for comparison.

    >>> spelled("Google Cloud_Run")
    'google-cloud-run'
    """
    return re.sub(r"[\s_]+", "-", host.strip().lower())


def is_request_driven(host: str) -> bool:
    """True if the host runs containers only for requests; a vendor prefix of the name is ignored."""
    name = spelled(host)
    return name in REQUEST_DRIVEN or _VENDORS.sub("", name) in REQUEST_DRIVEN
