"""Objects as footprints of Agents and runners have them, in any namespace."""

from typing import Any

Body = dict[str, Any]
"""An object in the form of the API."""

LABELS = {"app.kubernetes.io/name": "agent", "reconciler/instance": "prod"}


def _metadata(name: str, namespace: str = "", **more: Any) -> Body:
    return {"name": name, **({"namespace": namespace} if namespace else {}), "labels": dict(LABELS), **more}


def config_map(namespace: str, name: str = "agent", **data: str) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(name, namespace),
        "data": data or {"ORGS": "acme", "limits": "0.250"},
    }


def deployment(namespace: str, name: str = "agent") -> Body:
    container: Body = {
        "name": "agent",
        "image": "ghcr.io/acme/agent:1.2.3",
        "env": [
            {"name": "CONNECTION_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "ORGS", "valueFrom": {"configMapKeyRef": {"name": "agent", "key": "ORGS"}}},
            {
                "name": "LIMIT",
                "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}},
            },
            {"name": "PLAIN", "value": "x"},
        ],
        "ports": [{"containerPort": 8080}, {"containerPort": 8080, "protocol": "UDP"}],
        "resources": {
            "requests": {"cpu": "0.250", "memory": "1024Mi"},
            "limits": {"cpu": 1, "memory": "1Gi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "livenessProbe": {"httpGet": {"path": "/alive", "port": 8080}},
        "volumeMounts": [
            {"name": "key", "mountPath": "/keys", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp", "readOnly": False, "subPath": ""},
        ],
    }
    pod: Body = {
        "serviceAccountName": "agent",
        "automountServiceAccountToken": False,
        "hostNetwork": False,
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "fsGroup": 1000},
        "imagePullSecrets": [{"name": "pull"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "agent"}},
            }
        ],
        "containers": [container],
        "volumes": [
            {
                "name": "key",
                "projected": {
                    "defaultMode": 384,
                    "sources": [
                        {
                            "secret": {
                                "name": "agent-key",
                                "items": [{"key": "private", "path": "key.pem", "mode": 384}],
                            }
                        },
                        {"serviceAccountToken": {"path": "token", "audience": "acme"}},
                    ],
                },
            },
            {"name": "plain", "secret": {"secretName": "agent-key", "items": [{"key": "a", "path": "a"}]}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "0.5Gi"}},
            {"name": "run", "emptyDir": {}},
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(name, namespace, annotations={"reconciler/installation": "Agent/agent"}),
        "spec": {
            "replicas": 2,
            "minReadySeconds": 0,
            "selector": {"matchLabels": {"app.kubernetes.io/name": "agent"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}},
            "template": {
                "metadata": {"labels": dict(LABELS), "annotations": {"reconciler/key-fingerprint": "ab:cd"}},
                "spec": pod,
            },
        },
    }


def _rbac(kind: str, namespace: str, **more: Any) -> Body:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": _metadata("agent", namespace),
        **more,
    }


def realistic(namespace: str) -> dict[str, Body]:
    """One object of each kind, by the name of the kind. The Namespace is another one."""
    account = {"kind": "ServiceAccount", "name": "agent", "namespace": namespace}
    return {
        "Namespace": {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": _metadata(f"{namespace}-own", annotations={}),
        },
        "ServiceAccount": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": _metadata(
                "agent", namespace, annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/agent"}
            ),
            "automountServiceAccountToken": False,
            "imagePullSecrets": [{"name": "pull"}],
        },
        "ConfigMap": config_map(namespace),
        "Role": _rbac(
            "Role",
            namespace,
            rules=[
                {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]},
                {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["*"]},
            ],
        ),
        "RoleBinding": _rbac(
            "RoleBinding",
            namespace,
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "agent"},
            subjects=[account, {"kind": "User", "name": "somebody"}],
        ),
        "NetworkPolicy": {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": _metadata("agent", namespace),
            "spec": {
                "podSelector": {"matchLabels": {"app.kubernetes.io/name": "agent"}},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [],
                "egress": [
                    {"ports": [{"port": 443}, {"port": 53, "protocol": "UDP"}]},
                    {"to": [{"namespaceSelector": {}, "podSelector": {}}]},
                ],
            },
        },
        "Deployment": deployment(namespace),
    }
