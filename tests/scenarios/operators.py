"""What the Operator's chart brings to a cluster, as far as its kinds and its Deployment go, for scenarios."""

from dataclasses import dataclass, field
from typing import Any

from tests.control_plane.plane import ControlPlane

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "humanitec.io"
API = f"/apis/{GROUP}/v1alpha1"
CONTROLLER = "humanitec-operator-controller-manager"
KINDS = {
    "SecretStore": "secretstores",
    "Resource": "resources",
    "Workload": "workloads",
    "WorkloadPatch": "workloadpatches",
    "SecretMapping": "secretmappings",
}
_ANY: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_TEXT: dict[str, Any] = {"type": "string"}
_REFERENCE: dict[str, Any] = {"type": "object", "properties": {"name": _TEXT, "key": _TEXT}}


def _auth(*references: str) -> dict[str, Any]:
    return {"type": "object", "properties": {f"{name}SecretRef": _REFERENCE for name in references}}


_STORE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "awssm": {
            "type": "object",
            "properties": {"region": _TEXT, "auth": _auth("accessKeyID", "secretAccessKey")},
        },
        "azurekv": {"type": "object", "properties": {"url": _TEXT, "tenantID": _TEXT, "auth": _auth()}},
        "gcpsm": {"type": "object", "properties": {"projectID": _TEXT, "auth": _auth()}},
        "vault": {"type": "object", "properties": {"url": _TEXT, "path": _TEXT, "auth": _auth("token")}},
        "kubernetes": {"type": "object", "properties": {"namespace": _TEXT}},
    },
}
"""The fields of secret stores that are known (agent and operator 3.4): any other is refused."""


@dataclass
class Chart:
    """Installs and removes what the chart consists of."""

    plane: ControlPlane
    controllers: list[str] = field(default_factory=list)

    def kinds(self, *names: str) -> None:
        """Define kinds, all of them by default, and wait until they are served."""
        for kind in names or KINDS:
            self.plane.client.post(DEFINITIONS, json=_definition(kind))
        for kind in names or KINDS:
            self.plane.wait_until(
                lambda kind=kind: self.plane.client.get(f"{API}/{KINDS[kind]}").is_success,  # type: ignore[misc]
                f"{kind} is served",
            )

    def controller(self, namespace: str, *containers: str) -> None:
        """Create the Deployment, with both containers by default."""
        names = containers or ("kube-rbac-proxy", "manager")
        labels = {"control-plane": "controller-manager"}
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": CONTROLLER},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "containers": [{"name": name, "image": f"registry.test/{name}:1"} for name in names]
                    },
                },
            },
        }
        self.plane.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", body)
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{CONTROLLER}"
        self.controllers.append(path)
        self.plane.wait_until(
            lambda: self.plane.get(path).get("status", {}).get("availableReplicas") == 1,
            "the controller is ready",
        )

    def custom(self, kind: str, namespace: str, name: str, **members: Any) -> str:
        """Create a custom resource; returns its path."""
        path = f"{API}/namespaces/{namespace}/{KINDS[kind]}"
        body = {
            "apiVersion": f"{GROUP}/v1alpha1",
            "kind": kind,
            **members,
            "metadata": {"name": name, **members.get("metadata", {})},
        }
        self.plane.create(path, body)
        return f"{path}/{name}"

    def remove(self) -> None:
        """Remove controllers, and all kinds with what there is of them: a cluster has one Operator."""
        for path in self.controllers:
            self.plane.client.delete(path)
        for plural in KINDS.values():
            self.plane.client.delete(f"{DEFINITIONS}/{plural}.{GROUP}")
        for plural in KINDS.values():
            self.plane.wait_until(
                lambda plural=plural: (  # type: ignore[misc]
                    self.plane.client.get(f"{DEFINITIONS}/{plural}.{GROUP}").status_code == 404
                ),
                f"{plural} are gone",
            )


def _definition(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"spec": _STORE if kind == "SecretStore" else _ANY},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{KINDS[kind]}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "plural": KINDS[kind],
                "singular": kind.lower(),
                "listKind": f"{kind}List",
            },
            "versions": [
                {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }
