"""The built-in resource types and drivers of every organization (v1 section 7).

Types are those of the vendor's page of resource types and of its resource packs, drivers those used
in public definitions (v1 section 13). Schemas of built-in drivers are not public, so they accept
every input. For the same reason these drivers name no produced type.
"""

from collections.abc import Iterable

from reconciler.emulator.exchange import Call
from reconciler.emulator.v1.collections import DRIVERS, RESOURCE_TYPES
from reconciler.emulator.v1.drivers import PUBLIC_OWNER, plant_driver
from reconciler.emulator.v1.resource_types import plant_type

EDITION = 2
"""Increment with every change of the built-in objects, so that organizations of older state files are completed."""

_IMPLICIT = ("base-env", "k8s-cluster", "k8s-namespace", "workload")
_INDIRECT = (
    "agent",
    "aws-policy",
    "aws-role",
    "azure-federated-identity",
    "azure-managed-identity",
    "azure-role-assignments",
    "azure-role-definition",
    "config",
    "gcp-iam-policy-binding",
    "gcp-service-account",
    "k8s-service-account",
    "logging",
)
_DIRECT = (
    "amqp",
    "azure-blob",
    "azure-service-bus-queue",
    "cassandra",
    "dns",
    "elasticsearch",
    "elasticsearch-instance",
    "endpoint",
    "gcp-pubsub-subscription",
    "gcp-pubsub-topic",
    "gcs",
    "horizontal-pod-autoscaler",
    "ingress",
    "mariadb",
    "mariadb-instance",
    "mongodb",
    "mongodb-instance",
    "mssql",
    "mssql-instance",
    "mysql",
    "mysql-instance",
    "postgres",
    "postgres-instance",
    "rabbitmq",
    "redis",
    "route",
    "s3",
    "sns-topic",
    "sqs",
    "tls-cert",
    "volume",
)
_DRIVERS = (
    "agent",
    "container",
    "container-runner",
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
    "k8s-namespace",
    "logging-gcp",
    "logging-k8s",
    "mariadb-cloudsql",
    "mysql-cloudsql",
    "newapp-io-dns",
    "newapp-io-tls",
    "opentofu-container-runner",
    "postgres-cloudsql",
    "postgres-cloudsql-static",
    "s3",
    "static",
    "template",
    "terraform",
    "terraform-container-runner",
    "volume-nfs",
    "volume-pvc",
)


def plant_catalogue(call: Call, more_types: Iterable[str] = ()) -> None:
    """Store the built-in types and drivers that an organization does not have yet, and `more_types`.

    An organization of an older state file has fewer of them than this release knows.
    """
    for use, names in (("implicit", _IMPLICIT), ("indirect", _INDIRECT), ("direct", (*_DIRECT, *more_types))):
        for name in names:
            if call.state.get(RESOURCE_TYPES, call.organization, name) is None:
                plant_type(call, {"type": name, "use": use})
    for name in _DRIVERS:
        if call.state.get(DRIVERS, call.organization, PUBLIC_OWNER, name) is None:
            plant_driver(call, {"id": name, "org_id": PUBLIC_OWNER})
