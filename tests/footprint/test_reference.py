"""The default Agent and runner, field by field as documented (agent and operator 2.4, v2 reference 10)."""

from typing import Any

import pytest

from reconciler.facts.workload import agent_container_of
from tests.footprint.combinations import IMAGE
from tests.footprint.documents import agent, declarations, only, runner

_NAMES = {"app.kubernetes.io/name": "humanitec-agent", "app.kubernetes.io/instance": "humanitec-agent"}
ABSENT = object()

AGENT_FIELDS: dict[tuple[str, str], object] = {
    ("Namespace", "metadata.name"): "humanitec-agent",
    ("ConfigMap", "metadata.name"): "humanitec-agent-configmap-env",
    ("ConfigMap", "metadata.namespace"): "humanitec-agent",
    ("ConfigMap", "data"): {"ORGS": "acme"},
    ("Deployment", "metadata.name"): "humanitec-agent",
    ("Deployment", "metadata.namespace"): "humanitec-agent",
    ("Deployment", "spec.selector.matchLabels"): _NAMES,
    ("Deployment", "spec.template.metadata.labels"): _NAMES,
    ("Deployment", "spec.replicas"): ABSENT,
    ("Deployment", "spec.strategy"): ABSENT,
    ("Deployment", "spec.template.spec.serviceAccountName"): ABSENT,
    ("Deployment", "spec.template.spec.securityContext"): {
        "fsGroup": 1000,
        "fsGroupChangePolicy": "Always",
        "runAsGroup": 1000,
        "runAsUser": 1000,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    ("Deployment", "spec.template.spec.containers"): [
        {
            "name": "humanitec-agent",
            "image": "ghcr.io/humanitec/agent:1.2.0",
            # 0.250 and 0.025 in the vendor's manifest; the API server writes them like this.
            "resources": {
                "limits": {"cpu": "250m", "memory": "256Mi"},
                "requests": {"cpu": "25m", "memory": "64Mi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "privileged": False,
                "readOnlyRootFilesystem": True,
            },
            "env": [{"name": "CONNECTION_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            "envFrom": [{"configMapRef": {"name": "humanitec-agent-configmap-env"}}],
            "volumeMounts": [{"name": "agentmount", "mountPath": "/keys", "readOnly": True}],
        }
    ],
    ("Deployment", "spec.template.spec.volumes"): [
        {
            "name": "agentmount",
            "projected": {
                "sources": [
                    {
                        "secret": {
                            "name": "humanitec-agent-secret-private-key",
                            "items": [{"key": "private_key", "path": "private_key.pem", "mode": 384}],
                        }
                    }
                ]
            },
        }
    ],
}
_RUNNER = "humanitec-kubernetes-agent-runner"
_ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role"}
RUNNER_FIELDS: dict[tuple[str, str], object] = {
    ("Namespace", "metadata.name"): f"{_RUNNER}-ns",
    ("Namespace jobs", "metadata.name"): "jobs",
    ("ServiceAccount", "metadata.namespace"): f"{_RUNNER}-ns",
    ("ServiceAccount", "metadata.name"): _RUNNER,
    ("ServiceAccount", "automountServiceAccountToken"): True,
    ("ServiceAccount jobs", "metadata.name"): "job",
    ("ServiceAccount jobs", "automountServiceAccountToken"): True,
    ("Role", "metadata.namespace"): "jobs",
    ("Role", "metadata.name"): _RUNNER,
    ("Role", "rules"): [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "list"]},
        {"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["list"]},
    ],
    ("RoleBinding", "metadata.namespace"): "jobs",
    ("RoleBinding", "roleRef"): {**_ROLE, "name": _RUNNER},
    ("RoleBinding", "subjects"): [{"kind": "ServiceAccount", "name": _RUNNER, "namespace": f"{_RUNNER}-ns"}],
    ("Role jobs", "metadata.name"): "job",
    ("Role jobs", "metadata.namespace"): "jobs",
    ("Role jobs", "rules"): [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "get", "list", "update"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "update"]},
    ],
    ("RoleBinding jobs", "roleRef"): {**_ROLE, "name": "job"},
    ("RoleBinding jobs", "subjects"): [{"kind": "ServiceAccount", "name": "job", "namespace": "jobs"}],
    ("ConfigMap", "metadata.name"): _RUNNER,
    ("ConfigMap", "data"): {"ORG_ID": "acme", "RUNNER_ID": "eu-1", "LOG_LEVEL": "info"},
    ("Deployment", "metadata.name"): _RUNNER,
    ("Deployment", "spec.replicas"): 1,
    ("Deployment", "spec.template.spec.serviceAccountName"): _RUNNER,
    ("Deployment", "spec.template.spec.securityContext"): {
        "fsGroup": 1000,
        "fsGroupChangePolicy": "Always",
        "runAsGroup": 1000,
        "runAsUser": 1000,
        "runAsNonRoot": True,
    },
    ("Deployment", "spec.template.spec.containers"): [
        {
            "name": _RUNNER,
            "image": "ghcr.io/humanitec/humanitec-runner:v1.2.3",
            "imagePullPolicy": "IfNotPresent",
            "command": ["/opt/runner/runner"],
            "args": ["remote"],
            "resources": {
                "limits": {"cpu": "250m", "memory": "256Mi"},
                "requests": {"cpu": "25m", "memory": "128Mi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "env": [
                {
                    "name": "PRIVATE_KEY",
                    "valueFrom": {"secretKeyRef": {"name": _RUNNER, "key": "private_key"}},
                }
            ],
            "envFrom": [{"configMapRef": {"name": _RUNNER}}],
        }
    ],
}


def by_name(text: str) -> dict[str, Any]:
    """Objects of a footprint by kind; the second of a kind is that of the jobs."""
    found: dict[str, Any] = {}
    for body in only(text).objects:
        name = str(body["kind"])
        found[f"{name} jobs" if name in found else name] = body
    return found


def at(body: Any, path: str) -> object:
    for step in path.split("."):
        body = body.get(step, ABSENT)
        if body is ABSENT:
            break
    return body


@pytest.mark.parametrize(("kind", "path"), AGENT_FIELDS)
def test_the_agent_is_as_documented(kind: str, path: str) -> None:
    assert at(by_name(agent())[kind], path) == AGENT_FIELDS[kind, path]


@pytest.mark.parametrize(("kind", "path"), RUNNER_FIELDS)
def test_the_runner_is_as_documented(kind: str, path: str) -> None:
    assert at(by_name(runner(f"{{cluster: eu-1, {IMAGE}}}"))[kind], path) == RUNNER_FIELDS[kind, path]


def test_an_agent_has_these_objects_in_this_order() -> None:
    assert list(by_name(agent())) == ["Namespace", "ConfigMap", "Deployment"]
    for kind in ("Namespace", "ConfigMap", "Deployment"):
        assert _NAMES.items() <= by_name(agent())[kind]["metadata"]["labels"].items()


def test_a_runner_has_these_objects_in_this_order() -> None:
    assert list(by_name(runner(f"{{cluster: eu-1, {IMAGE}}}"))) == [
        "Namespace",
        "Namespace jobs",
        "ServiceAccount",
        "ServiceAccount jobs",
        "Role",
        "Role jobs",
        "RoleBinding",
        "RoleBinding jobs",
        "ConfigMap",
        "Deployment",
    ]


@pytest.mark.parametrize(
    "security",
    ["{}", "{runAsUser: 65532}", "{privileged: true}", "{dropCapabilities: []}", "{runAsNonRoot: false}"],
)
def test_rules_judge_the_container_that_is_rendered(security: str) -> None:
    """`facts.workload` describes one container with what it gets from its pod; this is what a cluster runs."""
    text = agent(f"{{cluster: eu-1, image: 'ghcr.io/humanitec/agent:1.8.4', podSecurity: {security}}}")
    pod = by_name(text)["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (declared,) = declarations(text).agents
    install = declared.document.spec.install
    assert install is not None
    judged: Any = agent_container_of(install)
    assert judged["image"] == container["image"]
    effective = {**pod["securityContext"], **container["securityContext"]}
    for name, value in judged["securityContext"].items():
        assert effective[name] == value
    assert ("runAsUser" in judged["securityContext"]) is ("runAsUser" in effective)
