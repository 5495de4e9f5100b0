"""Ways to reach a cluster."""

from dataclasses import dataclass
from pathlib import Path

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds the credentials of its service account (Kubernetes documentation, Accessing the API from a Pod)."""


@dataclass(frozen=True, slots=True)
class KubeconfigAccess:
    """A context of a kubeconfig, by an absolute path; None is the file's current context."""

    path: Path
    context: str | None = None


@dataclass(frozen=True, slots=True)
class PodAccess:
    """The service account of the pod that this process runs in; `folder` contains its token and `ca.crt`."""

    folder: Path = SERVICE_ACCOUNT


Access = KubeconfigAccess | PodAccess
