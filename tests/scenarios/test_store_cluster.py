"""Secret stores on both sides from one document: registered, and as custom resources on a real cluster."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from reconciler.errors import ExitCode
from reconciler.passes.result import Verdict
from reconciler.plan.action import Status
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.operators import API, Chart
from tests.scenarios.test_delivery import tools
from tests.scenarios.test_installation_cluster import (
    actions,
    approvals,
    every_view,
    messages,
    outcomes,
    pair,
    plan_of,
)
from tests.scenarios.test_operator_cluster import Operated, chart, operated
from tests.scenarios.world import URL, Killed, KillSwitch, World, interposed
from tests.scenarios.world import actions as every_action

pytestmark = pytest.mark.xdist_group("control_plane_keys")
__all__ = ["chart", "operated", "pair", "tools"]

LABEL = "app.humanitec.io/default-store"
TOKEN = "auth: {tokenSecretRef: {name: vault, key: token}}"


@dataclass
class Stored:
    """A world with a cluster whose Operator somebody else installs, in a namespace of its own."""

    world: World
    plane: ControlPlane
    chart: Chart
    namespace: str

    def declare(
        self,
        identifier: str = "platform",
        block: str = "gcpsm: {project_id: acme}",
        more: str = "",
        rest: str = "",
    ) -> None:
        """`more` is within the entry of the cluster, `rest` below `spec`."""
        entry = f"{{cluster: eu-1, namespace: {self.namespace}{', ' if more else ''}{more}}}"
        self.world.write(
            f"{identifier}.yaml",
            f"apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {{id: {identifier}}}\n"
            f"spec:\n  {block}\n{rest}  clusters: [{entry}]\n",
        )

    def key(self, identifier: str = "platform") -> str:
        return f"SecretStore.humanitec.io/{self.namespace}/{identifier}"

    def path(self, identifier: str = "platform") -> str:
        return f"{API}/namespaces/{self.namespace}/secretstores/{identifier}"

    def live(self, identifier: str = "platform") -> Any:
        return self.plane.get(self.path(identifier))

    def exists(self, identifier: str = "platform") -> bool:
        return self.plane.client.get(self.path(identifier)).is_success


@pytest.fixture
def stored(cluster: ControlPlane, chart: Chart, tmp_path: Path) -> Stored:
    chart.kinds()
    kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig", ADMIN)
    name = f"stores-{uuid4().hex[:10]}"
    cluster.namespace(name)
    clusters = {"eu-1": {"kubeconfig": {"path": str(kubeconfig)}, "operator": True}}
    return Stored(World.make(tmp_path, clusters=clusters, instance=name), cluster, chart, name)


BLOCKS = {
    "awssm": "awssm: {region: eu-central-1}",
    "azurekv": "azurekv: {tenant_id: t, url: 'https://kv.test'}",
    "gcpsm": "gcpsm: {project_id: acme}",
    "vault": "vault: {url: 'https://vault.test', path: p}",
    "kubernetes": "kubernetes: {namespace: secrets}",
}


@pytest.mark.parametrize("kind", BLOCKS)
def test_each_kind_is_applied_once_and_taken_by_a_server_that_knows_the_fields(
    stored: Stored, kind: str
) -> None:
    stored.declare(block=BLOCKS[kind], more="default: true")
    first = stored.world.apply()
    assert outcomes(first)[f"create {stored.key()}"].status is Status.DONE, messages(first)
    live = stored.live()
    assert list(live["spec"]) == [kind]
    assert live["metadata"]["labels"][LABEL] == "true"
    assert stored.world.plan().verdict is Verdict.EMPTY
    assert first.checked_only == ()


def test_one_document_is_both_sides(stored: Stored) -> None:
    stored.declare(rest="  orchestrator: {}\n")
    stored.world.apply()
    assert registered(stored)["platform"]["gcpsm"] == {"project_id": "acme"}
    assert stored.live()["spec"]["gcpsm"] == {"projectID": "acme", "auth": {}}
    stored.declare(block="gcpsm: {project_id: other}", rest="  orchestrator: {}\n")
    stored.world.apply()
    assert registered(stored)["platform"]["gcpsm"] == {"project_id": "other"}
    assert stored.live()["spec"]["gcpsm"]["projectID"] == "other"
    assert stored.world.plan().verdict is Verdict.EMPTY


def registered(stored: Stored) -> dict[str, Any]:
    headers = {"Authorization": "Bearer t"}
    with httpx.Client(
        transport=stored.world.emulator.transport(), base_url=f"{URL}/orgs/acme", headers=headers
    ) as client:
        return {store["id"]: store for store in client.get("/secretstores").json()}


def test_a_store_waits_for_the_secret_with_its_credentials_which_nobody_sees(stored: Stored) -> None:
    stored.declare(block="vault: {url: 'https://vault.test'}", more=TOKEN)
    first = outcomes(stored.world.apply())[f"create {stored.key()}"]
    assert first.status is Status.BLOCKED
    assert f"Secret {stored.namespace}/vault does not exist" in first.message
    stored.plane.secret(stored.namespace, "vault", other="hvs.canary")
    assert "has no entry token" in outcomes(stored.world.apply())[f"create {stored.key()}"].message
    stored.plane.client.delete(f"/api/v1/namespaces/{stored.namespace}/secrets/vault")
    stored.plane.secret(stored.namespace, "vault", token="hvs.canary")
    result = stored.world.apply()
    assert outcomes(result)[f"create {stored.key()}"].status is Status.DONE, messages(result)
    assert stored.live()["spec"]["vault"]["auth"] == {"tokenSecretRef": {"name": "vault", "key": "token"}}
    assert "hvs.canary" not in every_view(result) + str(stored.live())


def test_drift_is_corrected_and_fields_of_others_stay(stored: Stored) -> None:
    stored.declare()
    stored.world.apply()
    stored.plane.patch(
        stored.path(), {"metadata": {"labels": {"team": "b"}}, "spec": {"gcpsm": {"projectID": "wrong"}}}
    )
    (action,) = plan_of(stored.world.plan()).actions
    assert action.subject.is_drift
    stored.world.apply()
    live = stored.live()
    assert live["spec"]["gcpsm"]["projectID"] == "acme"
    assert live["metadata"]["labels"]["team"] == "b"


def test_what_somebody_made_is_adopted_if_it_is_equal_and_else_left_to_a_person(stored: Stored) -> None:
    stored.declare()
    stored.chart.custom(
        "SecretStore", stored.namespace, "platform", spec={"gcpsm": {"projectID": "theirs", "auth": {}}}
    )
    contested = stored.world.apply()
    assert stored.live()["spec"]["gcpsm"]["projectID"] == "theirs"
    assert [str(change.key) for change in plan_of(contested).contested] == [stored.key()]
    stored.plane.patch(stored.path(), {"spec": {"gcpsm": {"projectID": "acme"}}})
    adopted = stored.world.apply()
    assert stored.live()["metadata"]["labels"]["reconciler/instance"] == stored.namespace, messages(adopted)


def test_without_its_kind_a_store_waits_and_says_what_brings_it(stored: Stored) -> None:
    stored.chart.remove()
    stored.declare()
    waits = stored.world.plan()
    assert "which comes with the chart of the Operator" in " ".join(
        why.reason for why in plan_of(waits).held.values()
    )


def test_a_second_default_store_is_refused_before_and_found_after(stored: Stored) -> None:
    stored.declare(more="default: true")
    done: list[str] = []

    def around(name: str, given: tuple[object, ...], call: Any) -> object:
        if name == "apply" and not done:
            labels = {LABEL: "true"}
            done.append(
                stored.chart.custom(
                    "SecretStore", stored.namespace, "another", metadata={"labels": labels}, spec={}
                )
            )
        return call()

    stored.world.at_cluster = lambda client: interposed(client, around)
    found = outcomes(stored.world.apply())[f"create {stored.key()}"]
    assert (found.status, found.is_written) == (Status.FAILED, True)
    assert found.message == "applied; 2 default stores, expected one: another, platform"


def test_another_default_store_needs_a_person_and_the_former_is_first_to_change(stored: Stored) -> None:
    stored.declare("one", more="default: true")
    stored.declare("two")
    stored.world.apply()
    stored.declare("one")
    stored.declare("two", more="default: true")
    planned = stored.world.plan()
    (refusal,) = plan_of(planned).refusals
    assert (refusal.guard, [str(key) for key in refusal.keys]) == ("default-store", [stored.key("one")])
    assert stored.world.apply().exit_code() is ExitCode.REFUSED
    assert stored.live("one")["metadata"]["labels"][LABEL] == "true"
    assert LABEL not in stored.live("two")["metadata"]["labels"]
    accepted = approvals(planned)
    lines = actions(stored.world.plan(*accepted))
    assert lines.index(f"update {stored.key('one')}") < lines.index(f"update {stored.key('two')}")
    result = stored.world.apply(*accepted)
    assert result.verdict is Verdict.APPLIED, messages(result)
    assert LABEL not in stored.live("one")["metadata"]["labels"]
    assert stored.live("two")["metadata"]["labels"][LABEL] == "true"


def test_the_custom_resource_is_there_before_its_store_becomes_the_primary_one(stored: Stored) -> None:
    stored.declare(
        block="vault: {url: 'https://vault.test'}", more=TOKEN, rest="  orchestrator: {primary: true}\n"
    )
    accepted = "primary-store=SecretStore/platform"
    held_back = stored.world.apply(accepted)
    assert "platform" not in registered(stored), messages(held_back)
    stored.plane.secret(stored.namespace, "vault", token="t")
    planned = {
        f"{action.verb} {action.key}": action
        for one in stored.world.plan(accepted).plans
        for action in one.actions
    }
    required = {f"{verb} {key}" for verb, key in planned["create SecretStore/platform"].required}
    assert f"create {stored.key()}" in required
    stored.world.apply(accepted)
    assert registered(stored)["platform"]["primary"] is True
    assert stored.exists()


def test_a_store_that_leaves_the_files_leaves_both_sides(stored: Stored) -> None:
    stored.declare("keep", "kubernetes: {namespace: x}")
    stored.declare(rest="  orchestrator: {}\n")
    stored.world.apply()
    stored.world.remove("platform.yaml")
    result = stored.world.apply(*approvals(stored.world.plan()))
    assert not stored.exists(), messages(result)
    assert "platform" not in registered(stored)
    assert stored.exists("keep")


@pytest.mark.usefixtures("tools")
def test_stores_come_after_the_chart_that_brings_their_kind(operated: Operated) -> None:
    operated.declare(waitSeconds=30)
    operated.world.apply()
    operated.hand_in_key()
    operated.world.write(
        "store.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {id: platform}\n"
        "spec:\n  gcpsm: {project_id: acme}\n  clusters: [{cluster: eu-1, default: true}]\n",
    )
    key = f"SecretStore.humanitec.io/{operated.namespace}/platform"
    planned = operated.world.plan()
    lines = actions(planned)
    assert lines.index(f"create {operated.release}") < lines.index(f"create {key}")
    assert (f"create {key}") not in {f"{verb} {held}" for verb, held in plan_of(planned).held}

    def around(name: str, given: tuple[object, ...], call: Any) -> object:
        found = call()
        if name == "apply" and isinstance(given[0], dict) and given[0].get("kind") == "HelmRelease":
            operated.chart.kinds()
            operated.chart.controller(operated.namespace)
            operated.report_ready()
        return found

    operated.world.at_cluster = lambda client: interposed(client, around)
    result = operated.world.apply()
    assert outcomes(result)[f"create {key}"].status is Status.DONE, messages(result)
    assert operated.world.plan().verdict is Verdict.EMPTY


@pytest.mark.usefixtures("tools")
def test_a_chart_that_does_not_come_names_what_the_stores_wait_for(operated: Operated) -> None:
    operated.world.apply()
    operated.hand_in_key()
    operated.world.write(
        "store.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {id: platform}\n"
        "spec:\n  gcpsm: {project_id: acme}\n  clusters: [{cluster: eu-1}]\n",
    )

    def around(name: str, given: tuple[object, ...], call: Any) -> object:
        found = call()
        if name == "apply" and isinstance(given[0], dict) and given[0].get("kind") == "HelmRelease":
            operated.report_ready()
        return found

    operated.world.at_cluster = lambda client: interposed(client, around)
    found = outcomes(operated.world.apply())
    chart = found[f"create {operated.release}"]
    assert "secretstores.humanitec.io" in chart.message
    assert chart.message.startswith("applied, and not ready after 2 s")
    store = found[f"create SecretStore.humanitec.io/{operated.namespace}/platform"]
    assert store.status is Status.BLOCKED


def test_a_folder_has_the_custom_resource_as_a_file(tmp_path: Path) -> None:
    world = World.make(tmp_path, clusters={"eu-1": {"directory": "rendered"}})
    world.write(
        "store.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {id: platform}\n"
        "spec:\n  gcpsm: {project_id: acme}\n  clusters: [{cluster: eu-1, default: true}]\n",
    )
    result = world.apply()
    assert result.verdict is Verdict.APPLIED
    (file,) = tmp_path.rglob("95-secretstore-*.yaml")
    assert file.name == "95-secretstore-humanitec-operator-system.platform.yaml"
    assert "default-store" in file.read_text()
    assert every_action(world.plan()) == []


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_run_that_is_killed_at_any_change_is_finished_by_the_next(
    stored: Stored, *, after_effect: bool
) -> None:
    stored.declare(more="default: true", rest="  orchestrator: {}\n")
    at = 1
    while True:
        switch = KillSwitch(at, after_effect=after_effect)
        stored.world.switch = switch
        with suppress(Killed):
            stored.world.apply()
        stored.world.switch = None
        if not switch.is_dead:
            break
        at += 1
    assert at > 1
    assert stored.world.plan().verdict is Verdict.EMPTY
    assert registered(stored)["platform"]["gcpsm"] == {"project_id": "acme"}
    assert stored.live()["metadata"]["labels"][LABEL] == "true"


def test_a_folder_has_everything_of_an_operator_and_its_stores(tmp_path: Path) -> None:
    world = World.make(tmp_path, clusters={"eu-1": {"directory": "rendered"}})
    world.write(
        "operator.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: Operator\nmetadata: {id: eu-1}\n"
        "spec: {cluster: eu-1, delivery: argocd, chartVersion: 0.9.0, namespace: operators, driverKey: {}}\n",
    )
    world.write(
        "store.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {id: platform}\n"
        "spec:\n  gcpsm: {project_id: acme}\n",
    )
    assert world.apply().verdict is Verdict.APPLIED
    assert sorted(path.name for path in tmp_path.rglob("[0-9]*.yaml")) == [
        "00-namespace-operators.yaml",
        "90-application-argocd.humanitec-operator.yaml",
        "95-secretstore-operators.platform.yaml",
    ]
    assert all("kind: Secret\n" not in path.read_text() for path in tmp_path.rglob("*.yaml"))
    assert every_action(world.plan()) == []
