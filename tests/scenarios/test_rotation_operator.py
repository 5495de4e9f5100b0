"""The key of an Operator is made and rotated on a real cluster. Its Deployment is that of its chart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from reconciler.model.kubernetes_object import FINGERPRINT_ANNOTATION
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult, Verdict
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.operators import Chart
from tests.scenarios.test_delivery import tools
from tests.scenarios.test_installation_cluster import Pair, messages
from tests.scenarios.test_operator_cluster import SECRET, Operated
from tests.scenarios.world import Killed, KillSwitch, World

pytestmark = pytest.mark.xdist_group("control_plane_keys")
__all__ = ["tools"]

OPERATOR = "Operator/eu-1"


class Rotating(Operated):
    """An Operator whose key is made."""

    def declare_key(self) -> None:
        self.world.write(
            "key.yaml",
            "apiVersion: reconciler/v1alpha1\nkind: Key\nmetadata: {id: eu-1}\nspec:\n"
            "  for: {operator: eu-1}\n  generate: {}\n"
            f"  privateKey: {{cluster: eu-1, namespace: {self.namespace}, secret: {SECRET}}}\n",
        )

    def registered(self) -> list[str]:
        live: Any = self.world.live()
        return [key["fingerprint"] for key in live["operator_keys"]]

    def data(self) -> set[str]:
        return set(self.plane.get(f"/api/v1/namespaces/{self.namespace}/secrets/{SECRET}")["data"])

    def running(self) -> set[str]:
        pods = [one for one in self.plane.pods(self.namespace) if "deletionTimestamp" not in one["metadata"]]
        return {one["metadata"].get("annotations", {}).get(FINGERPRINT_ANNOTATION, "") for one in pods}

    def settled(self) -> str:
        for _ in range(8):
            if (result := self.world.apply()).verdict is Verdict.EMPTY:
                break
        else:
            raise AssertionError(messages(result))
        (key,) = self.registered()
        assert self.data() == {"privateKey", "humanitecOrganisationID"}
        return key

    def rotate(self) -> PassResult:
        return self.world.apply(rotate=frozenset((OPERATOR,)))


@pytest.fixture
def rotating(
    tools: None, cluster: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rotating]:
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.05)
    kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig", ADMIN)
    name = f"operators-{uuid4().hex[:10]}"
    world = World.make(tmp_path, clusters={"eu-1": {"kubeconfig": {"path": str(kubeconfig)}}}, instance=name)
    made = Rotating(world, cluster, Chart(cluster), name, Pair("", ""))
    made.declare()
    made.declare_key()
    yield made
    made.chart.remove()


def install(rotating: Rotating) -> str:
    rotating.world.apply()
    rotating.chart.kinds()
    rotating.chart.controller(rotating.namespace)
    rotating.report_ready()
    return rotating.settled()


def test_a_first_key_is_made_with_the_organization_beside_it(rotating: Rotating) -> None:
    rotating.world.apply()
    assert rotating.data() == {"privateKey", "humanitecOrganisationID"}
    (key,) = rotating.registered()
    assert install(rotating) == key


def test_a_rotation_restarts_what_the_chart_made(rotating: Rotating) -> None:
    old = install(rotating)
    result = rotating.rotate()
    assert result.verdict is Verdict.APPLIED, messages(result)
    new = rotating.settled()
    assert new != old
    assert rotating.running() == {new}
    assert rotating.rotate().verdict is Verdict.APPLIED
    assert rotating.running() == {rotating.settled()}


def test_a_rotation_that_is_killed_goes_on_where_it_was(rotating: Rotating) -> None:
    key, at, is_over = install(rotating), 1, False
    while not is_over:
        for after_effect in (False, True):
            rotating.world.switch = KillSwitch(at, after_effect=after_effect)
            try:
                rotating.rotate()
            except Killed:
                assert key in rotating.registered() or rotating.running() != {key}
            else:
                is_over = True
            rotating.world.switch = None
            before, key = key, rotating.settled()
            assert key != before or at == 1
        at += 1
    assert at > 6
