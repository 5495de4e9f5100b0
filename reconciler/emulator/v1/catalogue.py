"""Resource types and drivers (v1 section 7): read-only lists for now.

Names come from the catalogue of public definitions (v1 section 13). Schemas of
built-in drivers are not public, so they are open: every input passes.
"""

from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import DRIVERS, RESOURCE_TYPES
from reconciler.emulator.v1.fields import required_text, text
from reconciler.emulator.wire import Document

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
        plant_driver(call, {"id": name, "org_id": "humanitec"})


def plant_type(call: Call, body: Document) -> Document:
    """Store a resource type; everything but `type` has a default."""
    name = required_text(body, "type")
    resource_type = {
        "type": name,
        "use": text(body, "use") or "direct",
        "name": text(body, "name") or name,
        "category": text(body, "category") or "",
        "inputs_schema": body.get("inputs_schema", {}),
        "outputs_schema": body.get("outputs_schema", {}),
    }
    call.state.put(RESOURCE_TYPES, (call.organization, name), resource_type)
    return resource_type


def plant_driver(call: Call, body: Document) -> Document:
    """Store a driver; without `org_id` it is the organization's own."""
    owner = text(body, "org_id") or call.organization
    driver = {
        "org_id": owner,
        "id": required_text(body, "id"),
        "type": text(body, "type") or "",
        "account_types": body.get("account_types", []),
        "inputs_schema": body.get("inputs_schema", {}),
    }
    # Only the owner sees where a driver lives (v1 section 7.2).
    if owner == call.organization:
        driver["target"] = text(body, "target") or f"driver://{owner}/{driver['id']}"
    call.state.put(DRIVERS, (call.organization, owner, driver["id"]), driver)
    return driver


def _list_types(call: Call) -> Reply:
    return Reply(200, call.state.list(RESOURCE_TYPES, call.organization))


def _list_drivers(call: Call) -> Reply:
    return Reply(200, call.state.list(DRIVERS, call.organization))


def _get_driver(call: Call) -> Reply:
    name = call.path["driver"]
    for owner in (call.organization, "humanitec"):
        driver = call.state.get(DRIVERS, call.organization, owner, name)
        if driver is not None:
            return Reply(200, driver)
    raise ApiError(404, f"driver {name} not found")


OPERATIONS = (
    Operation(Api.V1, "GET", "/orgs/{org}/resources/types", "resource_types", _list_types, lists=True),
    Operation(Api.V1, "GET", "/orgs/{org}/resources/drivers", "drivers", _list_drivers, lists=True),
    Operation(Api.V1, "GET", "/orgs/{org}/resources/drivers/{driver}", "drivers", _get_driver),
)
