"""The built-in resource types and drivers of every organization (v1 section 7).

Names come from the catalogue of public definitions (v1 section 13). Schemas of
built-in drivers are not public, so they are open: every input passes. For the same
reason they name no produced type.
"""

from reconciler.emulator.exchange import Call
from reconciler.emulator.v1.drivers import PUBLIC_OWNER, plant_driver
from reconciler.emulator.v1.resource_types import plant_type

_IMPLICIT = ("base-env", "k8s-cluster", "k8s-namespace", "workload")
_INDIRECT = ("agent", "aws-policy", "aws-role", "config", "k8s-service-account", "logging")
_DIRECT = (
    "azure-blob",
    "dns",
    "endpoint",
    "gcs",
    "horizontal-pod-autoscaler",
    "ingress",
    "mysql",
    "mysql-instance",
    "postgres",
    "postgres-instance",
    "redis",
    "route",
    "s3",
    "tls-cert",
    "volume",
)
_DRIVERS = (
    "agent",
    "container",
    "dns-aws-route53",
    "dns-cloudflare",
    "dns-wildcard",
    "echo",
    "hpa",
    "ingress",
    "k8s-cluster",
    "k8s-cluster-aks",
    "k8s-cluster-eks",
    "k8s-cluster-git",
    "k8s-cluster-gke",
    "logging-gcp",
    "logging-k8s",
    "newapp-io-dns",
    "opentofu-container-runner",
    "postgres-cloudsql",
    "postgres-cloudsql-static",
    "s3",
    "static",
    "template",
    "terraform",
    "volume-nfs",
    "volume-pvc",
)


def plant_catalogue(call: Call) -> None:
    """Store the built-in types and drivers of a new organization."""
    for use, names in (("implicit", _IMPLICIT), ("indirect", _INDIRECT), ("direct", _DIRECT)):
        for name in names:
            plant_type(call, {"type": name, "use": use})
    for name in _DRIVERS:
        plant_driver(call, {"id": name, "org_id": PUBLIC_OWNER})
