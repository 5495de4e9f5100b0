"""The Operator as the vendor's chart installs it (agent and operator 3.1 to 3.3).

The whole `values.yaml` of the chart is not known: only values that were seen in use are set.
"""

from collections.abc import Mapping
from types import MappingProxyType

NAME = "humanitec-operator"
"""Name of the release."""
NAMESPACE = "humanitec-operator-system"
CHART = "oci://ghcr.io/humanitec/charts/humanitec-operator"
CONTROLLER = "humanitec-operator-controller-manager"
"""Name of the Deployment and of its ServiceAccount."""
MANAGER = "manager"
"""Container of the Operator itself."""
CONTAINERS = 2
"""The manager and kube-rbac-proxy: ready is 2/2."""
REPOSITORY = "ghcr.io/humanitec/operator"
"""Image of the manager."""
KEY_SECRET = "humanitec-operator-private-key"  # noqa: S105  a name
KEY_ENTRY = "privateKey"
ORGANIZATION_ENTRY = "humanitecOrganisationID"
"""Entry with the id of the one organization that it serves, in the vendor's spelling."""
API = "humanitec.io/v1alpha1"
"""API version of what the Operator acts on."""
STORE_KIND = "SecretStore"
DEPLOYED_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "Resource": "resources",
        "Workload": "workloads",
        "WorkloadPatch": "workloadpatches",
        "SecretMapping": "secretmappings",
    }
)
"""Kinds that the orchestrator writes, with their names in paths: they stand for what was deployed."""
KINDS = (STORE_KIND, *DEPLOYED_KINDS)
"""Every kind whose definition comes with the chart."""
DEFAULT_STORE_LABEL = "app.humanitec.io/default-store"
"""On the one store that the Operator itself writes to, with the text `true`."""
