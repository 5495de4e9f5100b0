"""When a Deployment is rolled out, and what keeps its pods from being ready."""

from typing import Any

import pytest

from reconciler.facts.rollout import rollout
from reconciler.model.json import JsonObject


def deployment(
    *, generation: int = 2, seen: int = 2, wanted: int | None = 2, paused: int = 0, **status: int
) -> JsonObject:
    spec: JsonObject = {"replicas": wanted} if wanted is not None else {}
    if paused:
        spec["paused"] = True
    return {
        "kind": "Deployment",
        "metadata": {"name": "it", "generation": generation},
        "spec": spec,
        "status": {"observedGeneration": seen, **status},
    }


def pod(name: str = "it-1", *, leaving: bool = False, **status: Any) -> JsonObject:
    metadata: JsonObject = {"name": name}
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"kind": "Pod", "metadata": metadata, "status": {**status}}


DONE = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("found", "pods", "missing"),
    [
        (deployment(**DONE), [], ""),
        (deployment(wanted=None, replicas=1, updatedReplicas=1, availableReplicas=1), [], ""),
        (deployment(wanted=0), [], ""),
        (deployment(seen=1, **DONE), [], "the controller has not seen it yet"),
        (deployment(seen=1, paused=1, **DONE), [], "the paused Deployment is not rolled out"),
        (
            deployment(replicas=2, updatedReplicas=1, availableReplicas=2),
            [],
            "1 of 2 pods made from the newest template",
        ),
        (
            deployment(paused=1, replicas=2, updatedReplicas=0, availableReplicas=2),
            [],
            "0 of 2 pods made from the newest template; the Deployment is paused",
        ),
        (deployment(replicas=3, updatedReplicas=2, availableReplicas=3), [], "1 old pod not gone yet"),
        (deployment(replicas=2, updatedReplicas=2, availableReplicas=1), [], "1 of 2 pods ready"),
        (deployment(replicas=2, updatedReplicas=2), [], "0 of 2 pods ready"),
        (deployment(**DONE), [pod(leaving=True), pod("it-2")], "1 old pod not gone yet"),
        ({"metadata": {"generation": 1}}, [], "the controller has not seen it yet"),
        ({}, [], "0 of 1 pod made from the newest template"),
    ],
)
def test_a_rollout_is_complete_when_nothing_old_is_left_and_all_of_the_new_is_ready(
    found: JsonObject, pods: list[JsonObject], missing: str
) -> None:
    seen = rollout(found, pods)
    assert seen.missing == missing
    assert seen.is_complete is (missing == "")


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"containerStatuses": [{"name": "agent", "state": state}]}


@pytest.mark.parametrize(
    ("found", "says", "lasting"),
    [
        (pod(**waiting("CrashLoopBackOff")), "pod it-1, container agent: CrashLoopBackOff", False),
        (
            pod(**waiting("ImagePullBackOff", "no such image")),
            "pod it-1, container agent: ImagePullBackOff (no such image)",
            False,
        ),
        (
            pod(**waiting("CreateContainerConfigError")),
            "pod it-1, container agent: CreateContainerConfigError",
            True,
        ),
        (
            pod(
                containerStatuses=[
                    {"name": "agent", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
                ]
            ),
            "pod it-1, container agent: Error (exit code 1)",
            False,
        ),
        (
            pod(
                phase="Pending",
                conditions=[
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/1 nodes",
                    }
                ],
            ),
            "pod it-1: Unschedulable (0/1 nodes)",
            False,
        ),
    ],
)
def test_what_keeps_a_pod_from_being_ready_is_named(found: JsonObject, says: str, *, lasting: bool) -> None:
    (trouble,) = rollout(deployment(), [found]).troubles
    assert str(trouble) == says
    assert trouble.is_lasting is lasting


def test_why_no_pod_can_be_made_is_named() -> None:
    failure: JsonObject = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota: small",
    }
    found = deployment()
    status = found["status"]
    assert isinstance(status, dict)
    (trouble,) = rollout({**found, "status": {**status, "conditions": [failure]}}, ()).troubles
    assert str(trouble) == "no pod can be made: FailedCreate (exceeded quota: small)"
    assert not trouble.is_lasting


@pytest.mark.parametrize(
    "found",
    [
        pod(**waiting("ContainerCreating")),
        pod(containerStatuses=[{"name": "agent", "state": {"running": {}}}]),
        pod(containerStatuses=[{"name": "agent", "state": {"terminated": {"exitCode": 0}}}]),
        pod(containerStatuses="rubbish", conditions=7),
        pod(leaving=True, **waiting("CrashLoopBackOff")),
        {"metadata": None},
    ],
)
def test_what_is_on_its_way_is_no_trouble(found: JsonObject) -> None:
    assert rollout(deployment(), [found]).troubles == ()
