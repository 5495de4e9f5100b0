"""What a connection to the API server of one cluster is made of, from the settings and the environment."""

from collections.abc import Mapping
from pathlib import Path

from kubernetes.client.configuration import Configuration
from kubernetes.config import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader

from reconciler.cluster.access import Access, KubeconfigAccess, PodAccess
from reconciler.cluster.kubeconfig import configuration_of
from reconciler.errors import ClusterAccessError


def opened(access: Access, environment: Mapping[str, str], folder: Path) -> Configuration:
    """Server, proxy, trust and credentials, without a request. Raises ClusterAccessError.

    Certificates that a kubeconfig contains are written to `folder`, which must outlive the connection.
    """
    if isinstance(access, KubeconfigAccess):
        configuration = configuration_of(access, environment, folder)
    else:
        configuration = _of_pod(access, environment)
    configuration.retries = False  # and so no redirect is followed: the token belongs to this server only
    return configuration


def headers(configuration: Configuration) -> dict[str, str]:
    """Headers of a request. The token of a pod is read again from time to time, because it expires.

    Raises ClusterAccessError for a token that cannot be read or sent.
    """
    found = {"Accept": "application/json", "User-Agent": "reconciler"}
    try:
        token = configuration.get_api_key_with_prefix("BearerToken")
    except (ConfigException, OSError, ValueError):
        raise ClusterAccessError("the token of the pod's service account cannot be read any more") from None
    if token:
        found["Authorization"] = token.strip()
        if not (found["Authorization"].isascii() and found["Authorization"].isprintable()):
            raise ClusterAccessError("the token for the cluster contains characters that cannot be sent")
    return found


def _of_pod(access: PodAccess, environment: Mapping[str, str]) -> Configuration:
    configuration = Configuration()
    try:
        InClusterConfigLoader(
            str(access.folder / "token"), str(access.folder / "ca.crt"), environ=environment
        ).load_and_set(configuration)
    except (ConfigException, OSError, ValueError):
        raise ClusterAccessError(
            "this process does not run in a pod with a service account",
            advice="use `inCluster` only in a pod that mounts one, and `kubeconfig` elsewhere",
        ) from None
    return configuration
