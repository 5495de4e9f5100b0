"""The pod that tries the network of an Agent, and what its end says."""

from typing import Any

import pytest

from reconciler.diagnosis.check import Status
from reconciler.diagnosis.probe import probe_check, probe_pod
from reconciler.footprint.value import WorkloadKey
from reconciler.model.json import JsonObject

WORKLOAD = WorkloadKey("agents", "humanitec-agent", {"app": "agent"}, "humanitec-agent")
TEMPLATE: JsonObject = {
    "metadata": {"labels": {"app": "agent", "tier": "a"}},
    "spec": {
        "serviceAccountName": "own",
        "nodeSelector": {"pool": "a"},
        "securityContext": {"runAsUser": 7},
        "containers": [
            {"name": "sidecar", "image": "s"},
            {
                "name": "humanitec-agent",
                "image": "i",
                "securityContext": {"privileged": False},
                "envFrom": [{"configMapRef": {"name": "c"}}],
                "volumeMounts": [{"name": "agentmount", "mountPath": "/keys"}],
            },
        ],
        "volumes": [{"name": "agentmount", "secret": {"secretName": "the-key"}}],
    },
}


def ended(phase: str, code: int, message: str = "") -> JsonObject:
    state = {"terminated": {"exitCode": code, "message": message}}
    return {"status": {"phase": phase, "containerStatuses": [{"state": state}]}}  # type: ignore[dict-item]  # JSON


def test_the_pod_has_the_network_identity_of_the_agent_and_nothing_else_of_it() -> None:
    pod = probe_pod(WORKLOAD, {"spec": {"template": TEMPLATE}}, run="r1", image="busybox")
    metadata, spec = pod["metadata"], pod["spec"]
    assert metadata == {
        "generateName": "reconciler-probe-",
        "namespace": "agents",
        "labels": {"app": "agent", "tier": "a", "reconciler/probe": "r1"},
    }
    assert isinstance(spec, dict)
    assert spec["serviceAccountName"] == "own"
    assert spec["nodeSelector"] == {"pool": "a"}
    assert spec["securityContext"] == {"runAsUser": 7}
    assert spec["restartPolicy"] == "Never"
    assert spec["activeDeadlineSeconds"] == 60
    assert spec["automountServiceAccountToken"] is False
    assert "volumes" not in spec
    containers = spec["containers"]
    assert isinstance(containers, list)
    (container,) = containers
    assert isinstance(container, dict)
    assert container["image"] == "busybox"
    assert container["securityContext"] == {"privileged": False}
    assert not {"env", "envFrom", "volumeMounts"} & set(container)
    assert "nc -v -w 10 agent-01.humanitec.io 443" in str(container["command"])


def test_without_a_template_the_vendor_s_settings_stand_in() -> None:
    pod = probe_pod(WORKLOAD, {}, run="r1", image="busybox")
    assert pod["metadata"]["labels"] == {"app": "agent", "reconciler/probe": "r1"}  # type: ignore[call-overload, index]  # JSON
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True  # type: ignore[call-overload, index]  # JSON


OPEN = "agent-01.humanitec.io (34.102.177.245:443) open"
ENDS: dict[str, tuple[Any, Status, str]] = {
    "open": (ended("Succeeded", 0, OPEN), Status.OK, "reaches agent-01.humanitec.io on TCP port 443"),
    "open, then closed by the server": (ended("Failed", 1, OPEN), Status.OK, "reaches"),
    "silent success": (ended("Succeeded", 0), Status.OK, "reaches"),
    "timeout": (
        ended("Failed", 1, "nc: agent-01.humanitec.io (34.102.177.245:443): Connection timed out"),
        Status.PROBLEM,
        "Connection timed out",
    ),
    "no name": (ended("Failed", 1, "nc: bad address 'agent-01.humanitec.io'"), Status.PROBLEM, "bad address"),
    "silent failure": (ended("Failed", 1), Status.PROBLEM, "exit code 1"),
    "gone": (None, Status.UNKNOWN, "deleted by somebody else"),
    "no image": (
        {
            "status": {
                "phase": "Pending",
                "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}],
            }
        },
        Status.UNKNOWN,
        "did not end within 60 s: ImagePullBackOff",
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_the_end_of_the_pod_says_whether_the_host_is_reached(case: str) -> None:
    pod, status, words = ENDS[case]
    check = probe_check(pod, subject="Agent/eu-1")
    assert (check.status, check.subject) == (status, "Agent/eu-1")
    assert words in check.what
    assert (len(check.advice) == 4) == (status is Status.PROBLEM)
