"""Operators on a real cluster: delivered, verified and removed. Flux is played by the tests, as is the chart."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from reconciler.cluster.client import ClusterClient
from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ClusterAccessError, ExitCode
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.kind import Kind
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Outcome, Status
from reconciler.views.text import render as as_text
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.operators import Chart
from tests.scenarios.test_delivery import READY, tools
from tests.scenarios.test_installation_cluster import (
    Pair,
    approvals,
    every_view,
    messages,
    of_cluster,
    outcomes,
    plan_of,
)
from tests.scenarios.world import URL, World, definition_yaml, interposed, key_yaml

pytestmark = pytest.mark.xdist_group("control_plane_keys")
__all__ = ["tools"]

SECRET = "humanitec-operator-private-key"


@dataclass
class Operated:
    """A world with a cluster that has an Operator in a namespace of its own."""

    world: World
    plane: ControlPlane
    chart: Chart
    namespace: str
    pair: Pair

    @property
    def release(self) -> str:
        return f"HelmRelease/{self.namespace}/humanitec-operator"

    @property
    def fingerprint(self) -> str:
        return inspect_public_key(self.pair.public).fingerprint

    @property
    def key(self) -> str:
        return f"OperatorKey/{self.fingerprint[:12]}"

    @property
    def path(self) -> str:
        return f"/apis/helm.toolkit.fluxcd.io/v2/namespaces/{self.namespace}/helmreleases/humanitec-operator"

    def declare(self, **spec: object) -> None:
        members = {
            "cluster": "eu-1",
            "namespace": self.namespace,
            "delivery": "flux",
            "chartVersion": "0.9.0",
            "driverKey": "{}",
            "waitSeconds": 2,
            **spec,
        }
        text = ", ".join(f"{name}: {value}" for name, value in members.items())
        self.world.write(
            "operator.yaml",
            f"apiVersion: reconciler/v1alpha1\nkind: Operator\nmetadata: {{id: eu-1}}\nspec: {{{text}}}\n",
        )

    def declare_key(self) -> None:
        self.world.write("key.yaml", key_yaml("k", "eu-1", self.pair.public, product="operator"))

    def hand_in_key(self, private: str = "", **entries: str) -> None:
        given = entries or {"privateKey": private or self.pair.private, "humanitecOrganisationID": "acme"}
        self.plane.secret(self.namespace, SECRET, **given)

    def report_ready(self) -> None:
        """As Flux does once the release is installed."""
        found = self.plane.get(self.path)
        condition = {**READY, "lastTransitionTime": "2026-01-01T00:00:00Z"}
        status = {"observedGeneration": found["metadata"]["generation"], "conditions": [condition]}
        answer = self.plane.client.patch(
            f"{self.path}/status",
            json={"status": status},
            headers={"Content-Type": "application/merge-patch+json"},
        )
        assert answer.is_success, answer.text

    def installed(self) -> None:
        """Everything as it should be."""
        self.world.apply()
        self.hand_in_key()
        self.world.apply()
        self.chart.kinds()
        self.chart.controller(self.namespace)
        self.report_ready()
        assert self.world.apply().verdict is Verdict.EMPTY

    def verified(self) -> Outcome:
        found = outcomes(self.world.apply())
        return found[f"verify {self.release}"]


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair.make()


@pytest.fixture
def chart(cluster: ControlPlane) -> Iterator[Chart]:
    """What the chart brings; gone after the test, because others rely on its absence."""
    made = Chart(cluster)
    yield made
    made.remove()


@pytest.fixture
def operated(
    cluster: ControlPlane, chart: Chart, tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> Operated:
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.1)
    kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig", ADMIN)
    name = f"operators-{uuid4().hex[:10]}"
    world = World.make(tmp_path, clusters={"eu-1": {"kubeconfig": {"path": str(kubeconfig)}}}, instance=name)
    world.write("keep.yaml", definition_yaml("keep"))
    made = Operated(world, cluster, chart, name, pair)
    made.declare()
    made.declare_key()
    return made


def held(result: PassResult) -> dict[str, str]:
    return {f"{verb} {key}": why.reason for (verb, key), why in plan_of(result).held.items()}


@pytest.mark.usefixtures("tools")
def test_the_chart_comes_after_the_namespace_the_secret_and_the_registered_key(operated: Operated) -> None:
    first = operated.world.apply()
    create = f"create {operated.release}"
    assert outcomes(first)[f"create Namespace/{operated.namespace}"].status is Status.DONE
    assert outcomes(first)[create].status is Status.BLOCKED
    assert f"Secret {operated.namespace}/{SECRET} does not exist" in outcomes(first)[create].message
    assert operated.plane.client.get(operated.path).status_code == 404
    operated.plane.secret(operated.namespace, SECRET, privateKey=operated.pair.private)
    assert held(operated.world.plan())[create].endswith("has no entry humanitecOrganisationID")
    operated.plane.client.delete(f"/api/v1/namespaces/{operated.namespace}/secrets/{SECRET}")
    operated.hand_in_key()
    second = outcomes(operated.world.apply())[create]
    assert (second.status, second.is_written) == (Status.FAILED, True)
    assert "Flux has not" in second.message
    assert operated.plane.get(operated.path)["spec"]["install"] == {"crds": "Create"}


@pytest.mark.usefixtures("tools")
def test_a_key_that_cannot_be_registered_keeps_the_chart_from_being_installed(operated: Operated) -> None:
    operated.plane.namespace(operated.namespace)
    operated.hand_in_key()
    refuses = FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, verb="POST", path="/keys$", count=None)
    operated.world.emulator.faults.add(refuses)
    assert outcomes(operated.world.apply())[f"create {operated.release}"].status is Status.BLOCKED
    assert operated.plane.client.get(operated.path).status_code == 404
    operated.world.emulator.faults.clear()
    operated.world.remove("key.yaml")
    waits = outcomes(operated.world.apply())[f"create {operated.release}"]
    assert waits.message.startswith(f"waits until {operated.key} is registered in acme")
    assert operated.plane.client.get(operated.path).status_code == 404


@pytest.mark.usefixtures("tools")
def test_an_installed_operator_is_verified_piece_by_piece(operated: Operated) -> None:
    operated.world.apply()
    operated.hand_in_key()
    operated.world.apply()
    operated.report_ready()
    operated.chart.kinds("SecretStore", "Resource")
    kinds = operated.verified()
    assert kinds.status is Status.FAILED
    assert kinds.message == (
        "not ready: the cluster does not have workloads.humanitec.io, workloadpatches.humanitec.io, "
        "secretmappings.humanitec.io, which come with the chart"
    )
    operated.chart.kinds()
    controller = "Deployment {}/humanitec-operator-controller-manager"
    assert operated.verified().message == f"not ready: {controller.format(operated.namespace)} does not exist"
    operated.chart.controller(operated.namespace)
    assert operated.world.apply().verdict is Verdict.EMPTY


@pytest.mark.usefixtures("tools")
def test_one_container_is_not_two(operated: Operated) -> None:
    operated.world.apply()
    operated.hand_in_key()
    operated.chart.kinds()
    operated.chart.controller(operated.namespace, "manager")
    operated.declare(waitSeconds=30)
    result = _applied_while_flux_reports(operated)
    assert "1/2 containers of pod humanitec-operator-controller-manager-" in result.message
    assert result.status is Status.FAILED


@pytest.mark.usefixtures("tools")
def test_success_says_what_was_seen(operated: Operated) -> None:
    operated.world.apply()
    operated.hand_in_key()
    operated.chart.kinds()
    operated.chart.controller(operated.namespace)
    operated.declare(waitSeconds=30)
    result = _applied_while_flux_reports(operated)
    assert result.status is Status.DONE
    assert result.message == (
        f"2/2 containers ready; key {operated.fingerprint[:12]}… registered; no default store yet"
    )


@pytest.mark.usefixtures("tools")
def test_another_key_in_the_secret_than_the_registered_one_is_a_failure(operated: Operated) -> None:
    operated.world.apply()
    operated.hand_in_key()
    operated.chart.kinds()
    operated.chart.controller(operated.namespace)
    operated.declare(waitSeconds=30)
    other = Pair.make()

    def changed() -> None:
        operated.plane.client.delete(f"/api/v1/namespaces/{operated.namespace}/secrets/{SECRET}")
        operated.hand_in_key(other.private)

    result = _applied_while_flux_reports(operated, changed)
    fingerprint = inspect_public_key(other.public).fingerprint
    assert f"the mounted key {fingerprint[:12]}… is not registered in organization acme" in result.message
    assert "PRIVATE KEY" not in result.message


@pytest.mark.usefixtures("tools")
def test_two_default_stores_are_a_failure(operated: Operated) -> None:
    operated.world.apply()
    operated.hand_in_key()
    operated.chart.kinds()
    operated.chart.controller(operated.namespace)
    operated.declare(waitSeconds=30)

    def stores() -> None:
        for name in ("one", "two"):
            labels = {"app.humanitec.io/default-store": "true"}
            operated.chart.custom("SecretStore", operated.namespace, name, metadata={"labels": labels})

    result = _applied_while_flux_reports(operated, stores)
    assert result.status is Status.FAILED
    assert "2 default stores, expected one: one, two" in result.message


def _applied_while_flux_reports(operated: Operated, before: Any = lambda: None) -> Outcome:
    """An apply that creates the release, on which Flux reports at once. `before` happens in between."""

    def around(name: str, given: tuple[object, ...], call: Any) -> object:
        found = call()
        if name == "apply" and isinstance(given[0], dict) and given[0].get("kind") == "HelmRelease":
            before()
            operated.report_ready()
        return found

    operated.world.at_cluster = lambda client: interposed(client, around)
    try:
        return outcomes(operated.world.apply())[f"create {operated.release}"]
    finally:
        operated.world.at_cluster = None


@pytest.mark.usefixtures("tools")
def test_no_operator_is_removed_while_what_it_deployed_exists(operated: Operated) -> None:
    operated.installed()
    path = operated.chart.custom("Resource", operated.namespace, "database", spec={"type": "postgres"})
    operated.world.remove("operator.yaml")
    refused = apply_approved(operated)
    (refusal,) = plan_of(refused).refusals
    assert refusal.guard == "custom-resources"
    assert f"Resource/{operated.namespace}/database" in refusal.message
    assert "undeploy the applications first" in as_text(refused)
    assert approvals(refused) == []
    assert refused.exit_code() is ExitCode.REFUSED
    insists = apply_approved(operated, f"custom-resources={operated.release}")
    assert outcomes(insists)[f"delete {operated.release}"].status is Status.REFUSED
    assert operated.plane.client.get(operated.path).is_success
    operated.plane.client.delete(path)
    gone = apply_approved(operated)
    assert outcomes(gone)[f"delete {operated.release}"].status is Status.DONE, messages(gone)
    assert operated.plane.client.get(operated.path).status_code == 404


@pytest.mark.usefixtures("tools")
def test_what_is_deployed_after_the_plan_keeps_the_operator(operated: Operated) -> None:
    operated.installed()
    operated.world.remove("operator.yaml")
    done: list[str] = []

    def around(name: str, given: tuple[object, ...], call: Any) -> object:
        if name == "get" and given[0] is Kind.HELM_RELEASE and not done:
            done.append(operated.chart.custom("Workload", operated.namespace, "shop", spec={}))
        return call()

    accepted = approvals(operated.world.plan())
    operated.world.at_cluster = lambda client: interposed(client, around)
    found = outcomes(operated.world.apply(*accepted))[f"delete {operated.release}"]
    assert done
    assert found.status is Status.REFUSED
    assert f"Workload/{operated.namespace}/shop" in found.message
    assert operated.plane.client.get(operated.path).is_success


@pytest.mark.usefixtures("tools")
def test_the_key_is_withdrawn_after_the_operator_is_gone(operated: Operated) -> None:
    operated.installed()
    operated.world.remove("operator.yaml")
    operated.world.remove("key.yaml")
    path = operated.chart.custom("Resource", operated.namespace, "database", spec={})
    held_back = apply_approved(operated)
    assert registered(operated) == {operated.fingerprint}, messages(held_back)
    operated.plane.client.delete(path)
    planned = operated.world.plan()
    every = [f"{action.verb} {action.key}" for one in planned.plans for action in one.actions]
    assert {f"delete {operated.release}", f"delete {operated.key}"} <= set(every)
    apply_approved(operated)
    assert operated.plane.client.get(operated.path).status_code == 404
    assert registered(operated) == set()


def apply_approved(operated: Operated, *accepted: str) -> PassResult:
    """An apply with whatever a plan asks for: nothing else is installed on the cluster, and the key is the last."""
    return operated.world.apply(*approvals(operated.world.plan()), *accepted)


def registered(operated: Operated) -> set[str]:
    headers = {"Authorization": "Bearer t"}
    with httpx.Client(
        transport=operated.world.emulator.transport(), base_url=f"{URL}/orgs/acme", headers=headers
    ) as client:
        return {key["fingerprint"] for key in client.get("/keys").json()}


@pytest.mark.usefixtures("tools")
def test_no_view_shows_the_key(operated: Operated) -> None:
    operated.world.apply()
    operated.hand_in_key()
    result = operated.world.apply()
    assert operated.pair.private[40:80] not in every_view(result)
    assert "PRIVATE KEY-----" not in every_view(result)


def test_by_hand_nothing_is_applied_but_the_pieces_are_read(operated: Operated) -> None:
    operated.declare(delivery="helm")
    result = operated.world.apply()
    assert of_cluster(result).outcomes == ()
    assert ("Operator", 1) in result.checked_only


@pytest.mark.usefixtures("tools")
def test_a_key_stays_while_its_operator_may_run_on_a_cluster_that_cannot_be_read(operated: Operated) -> None:
    operated.installed()
    operated.world.remove("operator.yaml")
    operated.world.remove("key.yaml")
    accepted = approvals(operated.world.plan())

    def broken(_: object) -> ClusterClient:
        raise ClusterAccessError("the network is down")

    operated.world.at_cluster = broken
    operated.world.apply(*accepted)
    assert registered(operated) == {operated.fingerprint}
    operated.world.at_cluster = None
    operated.world.apply(*accepted)
    assert registered(operated) == set()
