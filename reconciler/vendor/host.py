"""Hosts of Agents by name, and which of them keep a container running (agent and operator 2.2)."""

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
"""Hosts that start containers for requests and stop them otherwise, or wait for a port to answer."""
_VENDORS = re.compile(r"^(?:google|gcp|azure|aws)-")


def spelled(host: str) -> str:
    """Return the name of a host as it is compared.

    >>> spelled("Google Cloud_Run")
    'google-cloud-run'
    """
    return re.sub(r"[\s_]+", "-", host.strip().lower())


def is_request_driven(host: str) -> bool:
    """Tell hosts that run a container only for requests, with or without their vendor's name in front."""
    name = spelled(host)
    return name in REQUEST_DRIVEN or _VENDORS.sub("", name) in REQUEST_DRIVEN
