"""Other deliveries than the objects themselves: by Flux and Argo CD, and the way from one to another.

The kinds are those of the projects, so that the API server checks what is rendered; their controllers do not run.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from reconciler.passes.result import Verdict
from reconciler.plan.action import Status
from tests.control_plane.definitions import definitions
from tests.control_plane.plane import ControlPlane
from tests.control_plane.programs import CannotBuildError
from tests.scenarios.test_installation_cluster import (
    Place,
    actions,
    messages,
    outcomes,
    pair,
    place,
    plan_of,
)
from tests.scenarios.world import indented

pytestmark = pytest.mark.xdist_group("control_plane")
__all__ = ["pair", "place"]

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
READY = {"type": "Ready", "status": "True", "reason": "InstallSucceeded", "message": ""}


@pytest.fixture
def tools(cluster: ControlPlane) -> Iterator[None]:
    """Flux and Argo CD, as far as their kinds go; gone after the test, because others rely on their absence."""
    try:
        found = definitions()
    except CannotBuildError as error:
        pytest.skip(str(error))
    names = [one["metadata"]["name"] for one in found]
    for one in found:
        cluster.create(_DEFINITIONS, one)

    def is_served(name: str) -> bool:
        spec = cluster.get(f"{_DEFINITIONS}/{name}")["spec"]
        version = next(one["name"] for one in spec["versions"] if one["storage"])
        return cluster.client.get(f"/apis/{spec['group']}/{version}/{spec['names']['plural']}").is_success

    for name in names:
        cluster.wait_until(lambda name=name: is_served(name), f"{name} is served")  # type: ignore[misc]
    yield
    _let_go(cluster)
    for name in names:
        cluster.client.delete(f"{_DEFINITIONS}/{name}")
    for name in names:
        cluster.wait_until(
            lambda name=name: cluster.client.get(f"{_DEFINITIONS}/{name}").status_code == 404,  # type: ignore[misc]
            f"{name} is gone",
        )


def _let_go(cluster: ControlPlane) -> None:
    """Drop what Argo CD would do before its Applications are deleted: nobody is here to do it."""
    lists = "/apis/argoproj.io/v1alpha1"
    for one in cluster.get(f"{lists}/applications")["items"]:
        metadata = one["metadata"]
        path = f"{lists}/namespaces/{metadata['namespace']}/applications/{metadata['name']}"
        cluster.patch(path, {"metadata": {"finalizers": None}})


def by_flux(place: Place, **more: object) -> None:
    place.declare(
        delivery="flux",
        image="null",
        chartVersion="1.2.10",
        privateKey=f"{{secretName: {'humanitec-agent-secret-private-key'}}}",
        waitSeconds=2,
        **more,
    )


def release(place: Place) -> str:
    return f"/apis/helm.toolkit.fluxcd.io/v2/namespaces/{place.namespace}/helmreleases/humanitec-agent"


def report_ready(place: Place) -> None:
    """As Flux does once the release is installed."""
    found = place.plane.get(release(place))
    condition = {**READY, "lastTransitionTime": "2026-01-01T00:00:00Z"}
    status: dict[str, Any] = {
        "observedGeneration": found["metadata"]["generation"],
        "conditions": [condition],
    }
    answer = place.plane.client.patch(
        f"{release(place)}/status",
        json={"status": status},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert answer.is_success, answer.text


@pytest.mark.usefixtures("tools")
def test_flux_installs_and_the_run_waits_for_its_word(place: Place) -> None:
    by_flux(place)
    assert (
        outcomes(place.world.apply())[f"create HelmRelease/{place.namespace}/humanitec-agent"].status
        is Status.BLOCKED
    )
    place.hand_in_key()
    first = outcomes(place.world.apply())[f"create HelmRelease/{place.namespace}/humanitec-agent"]
    assert first.status is Status.FAILED
    assert "Flux has not" in first.message
    again = place.world.apply()
    assert f"verify HelmRelease/{place.namespace}/humanitec-agent" in outcomes(again)
    report_ready(place)
    assert place.world.apply().verdict is Verdict.EMPTY
    spec = place.plane.get(release(place))["spec"]
    assert spec["valuesFrom"][0]["name"] == "humanitec-agent-secret-private-key"


@pytest.mark.usefixtures("tools")
def test_another_delivery_begins_once_the_former_is_gone(place: Place) -> None:
    place.installed()
    by_flux(place)
    planned = place.world.plan()
    lines = actions(planned)
    old, new = f"delete {place.workload}", f"create HelmRelease/{place.namespace}/humanitec-agent"
    assert lines.index(old) < lines.index(new)
    (create,) = [action for action in plan_of(planned).actions if f"{action.verb} {action.key}" == new]
    assert old in {f"{verb} {key}" for verb, key in create.required}
    result = place.world.apply()
    assert outcomes(result)[old].status is Status.DONE, messages(result)
    assert place.plane.client.get(place.path).status_code == 404
    assert place.plane.client.get(release(place)).is_success


def test_without_flux_the_plan_waits_for_its_kinds(place: Place) -> None:
    by_flux(place)
    place.plane.namespace(place.namespace)
    place.hand_in_key()
    held = {str(key): why.reason for (_, key), why in plan_of(place.world.plan()).held.items()}
    assert (
        held[f"OCIRepository/{place.namespace}/humanitec-agent"]
        == "waits: the cluster has no kind OCIRepository"
    )


@pytest.mark.usefixtures("tools")
def test_argo_cd_takes_a_runner(place: Place) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    encoding = serialization.Encoding.PEM
    public = private.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    secret = private.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    place.plane.client.post("/api/v1/namespaces", json={"metadata": {"name": "argocd"}})
    place.world.remove("agent.yaml")
    place.world.remove("key.yaml")
    place.world.write(
        "runner.yaml",
        f"""\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {{id: jobs}}
spec:
  runner_configuration:
    type: kubernetes-agent
    key: |
{indented(public.decode(), 6)}
    job: {{namespace: {place.namespace}-jobs, service_account: job}}
  state_storage_configuration: {{type: kubernetes, namespace: {place.namespace}-jobs}}
  install:
    cluster: eu-1
    delivery: argocd
    namespace: {place.namespace}
    chartVersion: 0.1.1
    waitSeconds: 1
    privateKey: {{secretName: runner-key}}
""",
    )
    place.plane.namespace(place.namespace)
    place.plane.secret(place.namespace, "runner-key", private_key=secret)
    result = place.world.apply()
    name = "Application/argocd/humanitec-kubernetes-agent-runner"
    outcome = outcomes(result)[f"create {name}"]
    assert outcome.status is Status.FAILED, messages(result)
    assert "Argo CD reports nothing" in outcome.message
    path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/humanitec-kubernetes-agent-runner"
    place.plane.patch(path, {"status": {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}})
    assert [line for line in actions(place.world.plan()) if "Application" in line] == []
