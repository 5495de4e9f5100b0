"""Keys that are made where they are used: first keys and rotations, on a real cluster and in two organizations."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.kubernetes_object import FINGERPRINT_ANNOTATION
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult, Verdict
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.test_installation_cluster import CONNECTED, IMAGE, messages
from tests.scenarios.world import World

pytestmark = pytest.mark.xdist_group("control_plane")

SECRET = "agent-key"


@dataclass
class Rotating:
    """An Agent of two organizations on one cluster, whose key is made there."""

    world: World
    plane: ControlPlane
    namespace: str

    def declare(self, *, every: str = "180d") -> None:
        self.world.write(
            "orgs/acme/agent.yaml",
            "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\nspec:\n"
            "  organizations: [acme, beta]\n"
            f"  install: {{cluster: eu-1, namespace: {self.namespace}, image: '{IMAGE}', waitSeconds: 20,\n"
            f"    privateKey: {{secretName: {SECRET}}}}}\n",
        )
        self.world.write(
            "orgs/acme/key.yaml",
            "apiVersion: reconciler/v1alpha1\nkind: Key\nmetadata: {id: eu-1}\nspec:\n"
            "  for: {agent: eu-1}\n  generate: {}\n"
            f"  rotate: {{every: {every}}}\n"
            f"  privateKey: {{cluster: eu-1, namespace: {self.namespace}, secret: {SECRET}}}\n",
        )

    def apply(self, *, rounds: int = 8, rotate: str = "") -> PassResult:
        self.plane.write_log(self.namespace, *CONNECTED)
        return self.world.apply(rounds=rounds, rotate=frozenset(filter(None, [rotate])))

    def registered(self) -> dict[str, list[str]]:
        """Fingerprints of the registered keys, by organization."""
        found: dict[str, list[str]] = {}
        for name in ("acme", "beta"):
            live: Any = self.world.live(name)
            found[name] = sorted(key["fingerprint"] for key in live["keys"].get("eu-1", []))
        return found

    def entries(self) -> set[str]:
        secret = self.plane.get(f"/api/v1/namespaces/{self.namespace}/secrets/{SECRET}")
        return set(secret["data"])

    def running(self) -> set[str]:
        """Keys that pods run with."""
        return {
            pod["metadata"]["annotations"][FINGERPRINT_ANNOTATION] for pod in self.plane.pods(self.namespace)
        }


@pytest.fixture
def rotating(cluster: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rotating:
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.05)
    namespace = cluster.namespace()
    kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig", ADMIN)
    world = World.make(
        tmp_path,
        "acme",
        "beta",
        clusters={"eu-1": {"kubeconfig": {"path": str(kubeconfig)}}},
        instance=namespace,
        rules={},
    )
    made = Rotating(world, cluster, namespace)
    made.declare()
    return made


def test_a_first_key_is_made_and_registered_and_the_agent_starts_with_it(rotating: Rotating) -> None:
    result = rotating.apply()
    assert result.verdict is Verdict.APPLIED, messages(result)
    (key,) = rotating.registered()["acme"]
    assert rotating.registered() == {"acme": [key], "beta": [key]}
    assert rotating.entries() == {"private_key"}
    assert rotating.running() == {key}
    assert rotating.apply().verdict is Verdict.EMPTY


def test_a_rotation_leaves_the_new_key_alone(rotating: Rotating) -> None:
    rotating.apply()
    (old,) = rotating.registered()["acme"]
    rotating.world.now += timedelta(days=181)
    result = rotating.apply()
    assert result.verdict is Verdict.APPLIED, messages(result)
    (new,) = rotating.registered()["acme"]
    assert new != old
    assert rotating.registered() == {"acme": [new], "beta": [new]}
    assert rotating.entries() == {"private_key"}
    assert rotating.running() == {new}
    assert rotating.apply().verdict is Verdict.EMPTY
