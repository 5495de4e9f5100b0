"""Keys that are made where they are used: first keys and rotations, on a real cluster and in two organizations."""

from base64 import b64decode
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.cluster.client import ClusterClient
from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ClusterUnavailableError, ExitCode
from reconciler.model.key import Algorithm
from reconciler.model.kubernetes_object import FINGERPRINT_ANNOTATION
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult, Verdict
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.fleet import Fleet
from tests.scenarios.test_installation_cluster import CONNECTED, IMAGE, messages
from tests.scenarios.world import Killed, KillSwitch, World, interposed

pytestmark = pytest.mark.xdist_group("control_plane_keys")

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

    def apply(
        self, *, rounds: int = 8, rotate: str = "", revoke: tuple[tuple[str, str], ...] = ()
    ) -> PassResult:
        self.plane.write_log(self.namespace, *CONNECTED)
        return self.world.apply(rounds=rounds, rotate=frozenset(filter(None, [rotate])), revoke=revoke)

    def fleet(self) -> Fleet:
        return Fleet(self.plane, self.world.emulator, self.namespace, ("acme", "beta"))

    def settled(self) -> str:
        """Apply until nothing is left to do, and return the only key there is."""
        for _ in range(8):
            if self.apply().verdict is Verdict.EMPTY:
                break
        (key,) = self.registered()["acme"]
        assert self.registered() == {"acme": [key], "beta": [key]}
        assert self.entries() == {"private_key"}
        self.plane.wait_until(lambda: self.running() == {key}, "old pods are gone")
        return key

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


AGENT = "Agent/eu-1"


def test_no_agent_is_ever_cut_off_over_many_rotations(rotating: Rotating) -> None:
    rotating.settled()
    keys = []
    with rotating.fleet() as fleet:
        fleet.wait_until_connected()
        for _ in range(3):
            result = rotating.apply(rotate=AGENT)
            assert result.verdict is Verdict.APPLIED, messages(result)
            keys.append(rotating.settled())
    assert len(set(keys)) == 3
    assert not fleet.gaps
    assert not fleet.lost


def test_a_rotation_that_is_killed_at_any_change_goes_on_where_it_was(rotating: Rotating) -> None:
    key = rotating.settled()
    at, is_over, count = 1, False, 0
    with rotating.fleet() as fleet:
        fleet.wait_until_connected()
        while not is_over:
            for after_effect in (False, True):
                rotating.world.switch = KillSwitch(at, after_effect=after_effect)
                try:
                    rotating.apply(rotate=AGENT)
                except Killed:
                    count += 1
                else:
                    is_over = True
                rotating.world.switch = None
                before, key = key, rotating.settled()
                assert key != before or at == 1
            at += 1
    assert count >= 16, "the rotation has fewer changes than it should"
    assert not fleet.gaps
    assert not fleet.lost


def test_an_organization_that_does_not_authorize_holds_everything(rotating: Rotating) -> None:
    old = rotating.settled()
    rule = FaultRule(kind=FaultKind.SLOW_KEY_AUTHORIZATION, path="/orgs/beta/", seconds=3_600.0)
    rotating.world.emulator.faults.add(rule)
    with rotating.fleet() as fleet:
        fleet.wait_until_connected()
        result = rotating.apply(rotate=AGENT)
        assert result.exit_code() is ExitCode.PARTIAL
        (new,) = set(rotating.registered()["beta"]) - {old}
        assert f"waits: {new[:12]} is not authorized yet in beta" in " ".join(messages(result))
        for _ in range(2):
            assert rotating.apply().exit_code() is ExitCode.PARTIAL
            assert rotating.entries() == {"private_key", "private_key.next"}
            assert rotating.running() == {old}
            assert old in rotating.registered()["acme"]
        rotating.world.emulator.clock.advance(seconds=3_601.0)
        assert rotating.apply().verdict is Verdict.APPLIED
        assert rotating.settled() == new
    assert not fleet.gaps
    assert not fleet.lost


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_a_cluster_that_is_out_of_reach_half_way_holds_everything(rotating: Rotating, rounds: int) -> None:
    rotating.settled()
    rotating.apply(rotate=AGENT, rounds=rounds)
    before = rotating.registered()

    def unreachable(name: str, _: tuple[object, ...], call: object) -> object:
        if name in ("close", "address", "is_directory", "requests"):
            return call() if callable(call) else call
        raise ClusterUnavailableError("the cluster is out of reach")

    def lost(client: ClusterClient) -> ClusterClient:
        return interposed(client, unreachable)

    with rotating.fleet() as fleet:
        fleet.wait_until_connected()
        rotating.world.at_cluster = lost
        result = rotating.apply()
        assert result.exit_code() in (ExitCode.UNREADABLE, ExitCode.PARTIAL)
        assert rotating.registered() == before
        rotating.world.at_cluster = None
        rotating.settled()
    assert not fleet.gaps
    assert not fleet.lost


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_an_organization_that_is_not_selected_holds_everything(rotating: Rotating, rounds: int) -> None:
    rotating.settled()
    rotating.apply(rotate=AGENT, rounds=rounds)
    before = rotating.registered()
    rotating.plane.write_log(rotating.namespace, *CONNECTED)
    rotating.world.apply(targets=frozenset(("acme", "cluster:eu-1")))
    assert set(before["acme"]) <= set(rotating.registered()["acme"])
    assert rotating.registered()["beta"] == before["beta"]
    rotating.settled()


def test_a_revoked_key_is_withdrawn_before_its_successor_is_registered(rotating: Rotating) -> None:
    old = rotating.settled()
    rotating.world.emulator.log.clear()
    result = rotating.apply(revoke=((AGENT, old),))
    assert result.verdict is Verdict.APPLIED, messages(result)
    (new,) = rotating.registered()["acme"]
    assert new != old
    assert rotating.registered() == {"acme": [new], "beta": [new]}
    assert rotating.entries() == {"private_key"}
    sent = [entry.verb for entry in rotating.world.emulator.log.entries() if entry.verb in ("POST", "DELETE")]
    assert sent == ["DELETE", "DELETE", "POST", "POST"]
    assert rotating.settled() == new
    rotating.plane.wait_until(lambda: rotating.running() == {new}, "old pods are gone")


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_a_key_is_revoked_at_any_time_of_a_rotation(rotating: Rotating, rounds: int) -> None:
    rotating.settled()
    rotating.apply(rotate=AGENT, rounds=rounds)
    for key in rotating.registered()["acme"]:
        rotating.apply(revoke=((AGENT, key),))
        assert key not in [*rotating.registered()["acme"], *rotating.registered()["beta"]]
        rotating.settled()


def test_a_revocation_that_is_killed_never_registers_the_key_again(rotating: Rotating) -> None:
    at, is_over = 1, False
    while not is_over:
        for after_effect in (False, True):
            old = rotating.settled()
            rotating.world.switch = KillSwitch(at, after_effect=after_effect)
            try:
                rotating.apply(revoke=((AGENT, old),))
            except Killed:
                pass
            else:
                is_over = True
            rotating.world.switch = None
            is_begun = rotating.settled() != old
            assert is_begun or (at, after_effect) < (4, False), at
        at += 1


def test_a_key_in_an_unread_place_is_not_revoked(rotating: Rotating) -> None:
    """From there it would be registered again."""
    old = rotating.settled()

    def unreachable(name: str, _: tuple[object, ...], call: object) -> object:
        if name == "close" and callable(call):
            return call()
        raise ClusterUnavailableError("the cluster is out of reach")

    rotating.world.at_cluster = lambda client: interposed(client, unreachable)
    result = rotating.apply(revoke=((AGENT, old),))
    assert result.exit_code() is ExitCode.UNREADABLE
    assert rotating.registered() == {"acme": [old], "beta": [old]}


def test_a_key_that_was_lost_is_made_again_while_pods_still_run(rotating: Rotating) -> None:
    old = rotating.settled()
    path = f"/api/v1/namespaces/{rotating.namespace}/secrets/{SECRET}"
    assert rotating.plane.client.delete(path).is_success
    result = rotating.apply()
    assert result.verdict is Verdict.APPLIED, messages(result)
    assert rotating.settled() != old


def test_a_key_that_a_person_put_there_is_used_and_then_rotated(rotating: Rotating) -> None:
    """The document says that it is made here, so it is this instance's to replace, in time."""
    pair = rotating.world.make_key(Algorithm.RSA, 4096)
    rotating.plane.secret(rotating.namespace, SECRET, private_key=str(pair.private.reveal()), other="kept")
    rotating.apply()
    assert rotating.registered()["beta"] == [pair.public.fingerprint]
    rotating.world.now += timedelta(days=1_000)
    assert rotating.apply().verdict is Verdict.EMPTY, "nobody knows when it was made"
    rotating.apply(rotate=AGENT)
    assert pair.public.fingerprint not in rotating.registered()["acme"]
    assert rotating.entries() == {"private_key", "other"}


def test_no_key_is_made_for_files_with_errors(rotating: Rotating) -> None:
    path = rotating.world.root / "orgs" / "acme" / "agent.yaml"
    path.write_text(f"{path.read_text()}  unknown: member\n")
    assert rotating.apply().verdict is Verdict.INVALID
    secret = f"/api/v1/namespaces/{rotating.namespace}/secrets/{SECRET}"
    assert not rotating.plane.client.get(secret).is_success


def test_what_is_no_readable_key_is_never_replaced(rotating: Rotating) -> None:
    """It may be a key with a passphrase, or one that somebody is still writing."""
    rotating.plane.secret(rotating.namespace, SECRET, private_key="not a key")
    result = rotating.apply()
    (unseen,) = result.unexamined
    assert unseen.subject == "keys of Agent/eu-1"
    assert unseen.reason.endswith("its entry private_key contains no private key that can be read")
    path = f"/api/v1/namespaces/{rotating.namespace}/secrets/{SECRET}"
    assert b64decode(rotating.plane.get(path)["data"]["private_key"]) == b"not a key"
    assert rotating.registered() == {"acme": [], "beta": []}


def test_a_key_stays_registered_while_pods_run_with_it(rotating: Rotating) -> None:
    """Another Secret is named, and the workload cannot be changed yet."""
    old = rotating.settled()
    with rotating.fleet() as fleet:
        fleet.wait_until_connected()
        for name in ("agent.yaml", "key.yaml"):
            path = rotating.world.root / "orgs" / "acme" / name
            path.write_text(path.read_text().replace(SECRET, "another-secret"))
        for rounds in (1, 1, 1):
            rotating.apply(rounds=rounds)
            if old in rotating.running():
                assert old in rotating.registered()["acme"]
                assert old in rotating.registered()["beta"]
        for _ in range(5):
            rotating.apply()
        (new,) = rotating.registered()["acme"]
        assert new != old
    assert not fleet.lost


def test_pods_of_a_chart_are_restarted(rotating: Rotating) -> None:
    """Nothing in a plan changes their template, and so nothing in it says with which key they run."""
    rotating.world.write(
        "orgs/acme/agent.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\nspec:\n"
        "  organizations: [acme]\n"
        f"  install: {{cluster: eu-1, namespace: {rotating.namespace}, delivery: helm, chartVersion: 1.2.10,\n"
        f"    privateKey: {{secretName: {SECRET}}}}}\n",
    )
    rotating.apply()
    (old,) = rotating.registered()["acme"]
    labels = {"app": "agent"}
    source = {"secret": {"name": SECRET, "items": [{"key": "private_key", "path": "key"}]}}
    container = {"name": "agent", "image": IMAGE}
    pods = {"containers": [container], "volumes": [{"name": "key", "projected": {"sources": [source]}}]}
    rotating.plane.create(
        f"/apis/apps/v1/namespaces/{rotating.namespace}/deployments",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": "humanitec-agent",
                "labels": {"app.kubernetes.io/managed-by": "Helm"},
            },
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pods},
            },
        },
    )
    with Fleet(rotating.plane, rotating.world.emulator, rotating.namespace, ("acme",)) as fleet:
        fleet.wait_until_connected()
        result = rotating.apply(rotate=AGENT)
        assert result.verdict is Verdict.APPLIED, (
            messages(result),
            [(e.rule, e.message) for e in result.errors],
        )
        (new,) = rotating.registered()["acme"]
        assert rotating.running() == {new}
        assert rotating.entries() == {"private_key"}
    assert new != old
    assert (fleet.gaps, fleet.lost) == ([], [])
