"""What other tests rely on: controllers, pods and logs of the cluster behave as those of a usual one."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config

from tests.control_plane.plane import NODE, ControlPlane

pytestmark = pytest.mark.xdist_group("control_plane")

IMAGE = "registry.example/agent:1"


def pod_template(image: str = IMAGE, **annotations: str) -> dict[str, Any]:
    return {
        "metadata": {
            "labels": {"app": "agent"},
            "annotations": {
                f"reconciler.test/{name.replace('_', '-')}": value for name, value in annotations.items()
            },
        },
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "agent", "image": image}]},
    }


def deploy(cluster: ControlPlane, namespace: str, template: dict[str, Any], replicas: int = 2) -> str:
    """Create a Deployment and return its path."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "agent"}}, "template": template}
    cluster.create(path, {"metadata": {"name": "agent"}, "spec": spec})
    return f"{path}/agent"


def rolled_out(cluster: ControlPlane, deployment: str) -> bool:
    """The conditions that `kubectl rollout status` waits for."""
    found = cluster.get(deployment)
    status, wanted = found["status"], found["spec"]["replicas"]
    seen: bool = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    return seen and all(
        status.get(count) == wanted for count in ("updatedReplicas", "replicas", "availableReplicas")
    )


def names(pods: list[dict[str, Any]]) -> set[str]:
    return {pod["metadata"]["name"] for pod in pods}


def waiting(cluster: ControlPlane, namespace: str) -> dict[str, Any]:
    """Why the container of the only pod waits, or nothing."""
    statuses = [one for pod in cluster.pods(namespace) for one in pod["status"].get("containerStatuses", ())]
    state = statuses[0]["state"].get("waiting", {}) if statuses else {}
    assert isinstance(state, dict)
    return state


def conditions(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["type"]: one for one in found["status"].get("conditions", ())}


def test_a_deployment_rolls_out(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    deployment = deploy(cluster, namespace, pod_template())
    cluster.wait_until(lambda: rolled_out(cluster, deployment), "two replicas are available")
    pods = cluster.pods(namespace, app="agent")
    assert len(pods) == 2
    assert {pod["spec"]["nodeName"] for pod in pods} == {NODE}
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert len({pod["status"]["podIP"] for pod in pods}) == 2
    assert all(conditions(pod)["Ready"]["status"] == "True" for pod in pods)
    assert conditions(cluster.get(deployment))["Available"]["status"] == "True"


def test_a_changed_annotation_of_the_pod_template_replaces_the_pods(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    deployment = deploy(cluster, namespace, pod_template())
    cluster.wait_until(lambda: rolled_out(cluster, deployment), "the first pods")
    before = names(cluster.pods(namespace))
    change = {"template": {"metadata": {"annotations": {"reconciler/key-fingerprint": "SHA256:new"}}}}
    cluster.patch(deployment, {"spec": change})
    cluster.wait_until(lambda: rolled_out(cluster, deployment), "the new pods")
    cluster.wait_until(lambda: not before & names(cluster.pods(namespace)), "the old pods are gone")
    after = cluster.pods(namespace)
    assert len(after) == 2
    assert all(pod["metadata"]["annotations"]["reconciler/key-fingerprint"] == "SHA256:new" for pod in after)


def test_a_pod_is_ready_and_gone_as_late_as_it_says(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    deployment = deploy(cluster, namespace, pod_template(ready_after="2s", gone_after="1m"), replicas=1)
    [pod] = cluster.wait_until(lambda: cluster.pods(namespace), "a pod")
    assert "Ready" not in conditions(pod) or conditions(pod)["Ready"]["status"] == "False"
    cluster.wait_until(lambda: rolled_out(cluster, deployment), "the pod is ready")
    cluster.client.delete(
        f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}?gracePeriodSeconds=30"
    )
    cluster.wait_until(
        lambda: len(cluster.pods(namespace)) == 2, "another pod while the first one is going away"
    )
    assert pod["metadata"]["name"] in names(cluster.pods(namespace))


@pytest.mark.parametrize(
    "template", [pod_template(pod="crash"), pod_template("crash.test/agent:1")], ids=["annotation", "image"]
)
def test_a_crashing_container_is_started_again_and_again(
    cluster: ControlPlane, template: dict[str, Any]
) -> None:
    namespace = cluster.namespace()
    deployment = deploy(cluster, namespace, template, replicas=1)

    def restarts() -> int:
        statuses = [
            one for pod in cluster.pods(namespace) for one in pod["status"].get("containerStatuses", ())
        ]
        return max((one["restartCount"] for one in statuses), default=0)

    cluster.wait_until(lambda: restarts() >= 3, "three restarts")
    assert waiting(cluster, namespace)["reason"] == "CrashLoopBackOff"
    assert "restarting failed container=agent" in waiting(cluster, namespace)["message"]
    [pod] = cluster.pods(namespace)
    assert pod["status"]["phase"] == "Running"
    assert pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1
    assert conditions(pod)["Ready"]["reason"] == "ContainersNotReady"
    assert conditions(cluster.get(deployment))["Available"]["status"] == "False"
    events = cluster.get(f"/api/v1/namespaces/{namespace}/events")["items"]
    assert "BackOff" in {event["reason"] for event in events}


def test_a_container_that_crashed_runs_again(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    deployment = deploy(cluster, namespace, pod_template(pod="crash"), replicas=1)
    cluster.wait_until(lambda: waiting(cluster, namespace), "it crashes")
    [pod] = cluster.pods(namespace)
    path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}"
    cluster.patch(path, {"metadata": {"annotations": {"reconciler.test/pod": "run"}}})
    cluster.wait_until(lambda: rolled_out(cluster, deployment), "it is available")
    found = cluster.get(path)["status"]
    assert found["containerStatuses"][0]["restartCount"] >= 1
    assert found["podIP"] == pod["status"]["podIP"]


def test_a_pod_that_no_node_fits_stays_pending(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    template = pod_template()
    template["spec"]["nodeSelector"] = {"zone": "none"}
    deploy(cluster, namespace, template, replicas=1)
    cluster.wait_until(
        lambda: [pod for pod in cluster.pods(namespace) if "PodScheduled" in conditions(pod)],
        "the scheduler saw it",
    )
    [pod] = cluster.pods(namespace)
    assert pod["status"]["phase"] == "Pending"
    assert conditions(pod)["PodScheduled"]["reason"] == "Unschedulable"
    assert "didn't match Pod's node affinity/selector" in conditions(pod)["PodScheduled"]["message"]


def test_a_container_waits_for_the_reason_that_its_pod_says(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    message = 'secret "agent-key" not found'
    deploy(
        cluster,
        namespace,
        pod_template(pod="pending", reason="CreateContainerConfigError", message=message),
        replicas=1,
    )
    state = cluster.wait_until(lambda: waiting(cluster, namespace), "the container waits")
    assert state == {"reason": "CreateContainerConfigError", "message": message}
    other = cluster.namespace()
    deploy(cluster, other, pod_template("pending.test/agent:1"), replicas=1)
    cluster.wait_until(lambda: waiting(cluster, other), "the container waits")
    assert waiting(cluster, other)["reason"] == "ContainerCreating"
    [pod] = cluster.pods(other)
    assert pod["status"]["phase"] == "Pending"
    assert conditions(pod)["Ready"]["status"] == "False"


def test_an_image_that_cannot_be_pulled_is_tried_later(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    deployment = deploy(cluster, namespace, pod_template("no-image.test/agent:1"), replicas=1)
    seen = set()

    def backs_off() -> bool:
        state = waiting(cluster, namespace)
        seen.add(state.get("reason"))
        return state.get("reason") == "ImagePullBackOff"

    cluster.wait_until(backs_off, "the pull backs off")
    assert "ErrImagePull" in seen
    assert 'image "no-image.test/agent:1"' in waiting(cluster, namespace)["message"]
    assert cluster.get(deployment)["status"]["unavailableReplicas"] == 1


def test_a_pod_that_is_not_restarted_ends(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    path = f"/api/v1/namespaces/{namespace}/pods"
    for name, image in (("good", IMAGE), ("bad", "crash.test/probe:1")):
        spec = {"restartPolicy": "Never", "containers": [{"name": "probe", "image": image}]}
        cluster.create(path, {"metadata": {"name": name}, "spec": spec})

    def phases() -> list[str]:
        return [cluster.get(f"{path}/{name}")["status"]["phase"] for name in ("good", "bad")]

    cluster.wait_until(lambda: phases() == ["Succeeded", "Failed"], "both have ended")
    [state] = cluster.get(f"{path}/bad")["status"]["containerStatuses"]
    assert state["state"]["terminated"]["exitCode"] == 1


def test_the_log_of_a_pod_is_what_a_test_wrote(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    deployment = deploy(cluster, namespace, pod_template(), replicas=1)
    cluster.wait_until(lambda: rolled_out(cluster, deployment), "the pod runs")
    [pod] = cluster.pods(namespace)
    name = pod["metadata"]["name"]
    log = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
    cluster.write_log(namespace, "starting", "401 Unauthorized", pod=name)
    assert cluster.client.get(log).text == "starting\n401 Unauthorized\n"
    assert cluster.client.get(log, params={"tailLines": 1}).text == "401 Unauthorized\n"
    stamped = cluster.client.get(log, params={"timestamps": "true"}).text.splitlines()[0]
    assert datetime.fromisoformat(stamped.split(" ")[0]).tzinfo is not None
    cluster.write_log(namespace, "ready", pod=name)
    cluster.write_log(namespace, "panic", pod=name, previous=True)
    assert cluster.client.get(log).text == "ready\n"
    assert cluster.client.get(log, params={"previous": "true"}).text == "panic\n"


def test_a_log_can_be_that_of_every_pod_to_come(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    cluster.write_log(namespace, "connected")
    cluster.write_log(namespace, "sidecar", container="proxy")
    template = pod_template()
    template["spec"]["containers"].append({"name": "proxy", "image": IMAGE})
    deployment = deploy(cluster, namespace, template)
    cluster.wait_until(lambda: rolled_out(cluster, deployment), "the pods run")
    for pod in cluster.pods(namespace):
        log = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/log"
        assert cluster.client.get(log, params={"container": "agent"}).text == "connected\n"
        assert cluster.client.get(log, params={"container": "proxy"}).text == "sidecar\n"


def test_a_namespace_with_a_finalizer_in_it_hangs(cluster: ControlPlane) -> None:
    namespace = cluster.namespace()
    path = f"/api/v1/namespaces/{namespace}"
    held = {"metadata": {"name": "held", "finalizers": ["reconciler.test/held"]}}
    cluster.create(f"{path}/configmaps", held)
    cluster.client.delete(path)
    cluster.wait_until(lambda: "NamespaceFinalizersRemaining" in conditions(cluster.get(path)), "it hangs")
    assert cluster.get(path)["status"]["phase"] == "Terminating"
    assert "reconciler.test/held" in conditions(cluster.get(path))["NamespaceFinalizersRemaining"]["message"]
    refused = cluster.client.post(f"{path}/configmaps", json={"metadata": {"name": "late"}})
    assert refused.status_code == 403
    assert "is being terminated" in refused.json()["message"]
    # The controllers look again after ten seconds, for which nobody waits here.
    cluster.patch(f"{path}/configmaps/held", {"metadata": {"finalizers": None}})


def test_an_empty_namespace_holds_what_every_namespace_holds(cluster: ControlPlane) -> None:
    path = f"/api/v1/namespaces/{cluster.namespace()}"
    cluster.wait_until(lambda: cluster.get(f"{path}/configmaps")["items"], "the controllers filled it")
    assert names(cluster.get(f"{path}/configmaps")["items"]) == {"kube-root-ca.crt"}
    assert names(cluster.get(f"{path}/serviceaccounts")["items"]) == {"default"}
    assert names(cluster.get(f"{path}/secrets")["items"]) == set()


def test_an_ordinary_user_may_do_what_it_is_allowed(control_plane: ControlPlane, tmp_path: Path) -> None:
    namespace = control_plane.namespace()
    config = control_plane.user(tmp_path / "config", f"somebody-{namespace}")
    api = kubernetes_client.CoreV1Api(kubernetes_config.new_client_from_config(str(config)))
    with pytest.raises(kubernetes_client.ApiException) as refused:
        api.list_namespaced_pod(namespace)
    assert refused.value.status == 403
    assert f"somebody-{namespace}" in str(refused.value.body)
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    control_plane.allow(f"somebody-{namespace}", rules, namespace)
    assert api.list_namespaced_pod(namespace).items == []
