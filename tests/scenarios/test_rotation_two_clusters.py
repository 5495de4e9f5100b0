"""One Agent of two organizations on two clusters, each with a key of its own, reached by users without other rights."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.cluster.client import ClusterClient
from reconciler.errors import ClusterUnavailableError, ExitCode
from reconciler.footprint.permission import Purpose, permissions, within_namespace
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult, Verdict
from tests.control_plane.plane import ControlPlane
from tests.scenarios.fleet import Fleet
from tests.scenarios.kept import everything_said
from tests.scenarios.test_installation_cluster import CONNECTED, IMAGE, messages
from tests.scenarios.world import World, interposed

pytestmark = pytest.mark.xdist_group("control_plane_keys")

SECRET = "humanitec-agent-secret-private-key"
ORGANIZATIONS = ("acme", "beta")
CLUSTERS = ("eu-1", "us-1")
AGENT = frozenset(("Agent/main",))


class Two:
    """Each cluster is a namespace of the same control plane."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.plane = plane
        self.namespaces = {name: plane.namespace() for name in CLUSTERS}
        clusters = {
            name: {"kubeconfig": {"path": str(self.user(folder / f"{name}.kubeconfig", namespace))}}
            for name, namespace in self.namespaces.items()
        }
        self.world = World.make(
            folder, *ORGANIZATIONS, clusters=clusters, instance=self.namespaces["eu-1"], rules={}
        )
        first, second = (
            f"{{cluster: {name}, namespace: {namespace}, image: '{IMAGE}', waitSeconds: 20}}"
            for name, namespace in self.namespaces.items()
        )
        keys = "".join(
            f"---\napiVersion: reconciler/v1alpha1\nkind: Key\nmetadata: {{id: main-{name}}}\nspec:\n"
            "  for: {agent: main}\n  generate: {}\n"
            f"  privateKey: {{cluster: {name}, namespace: {namespace}, secret: {SECRET}}}\n"
            for name, namespace in self.namespaces.items()
        )
        self.world.write(
            "orgs/acme/agent.yaml",
            "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: main}\nspec:\n"
            f"  organizations: [acme, beta]\n  install: {first}\n"
            f"  moreInstalls: [{second}]\n{keys}",
        )

    def user(self, path: Path, namespace: str) -> Path:
        """An ordinary user with rights in one namespace alone."""
        kubeconfig = self.plane.user(path, namespace)
        wanted = [
            *within_namespace(Purpose.PLAN),
            *within_namespace(Purpose.APPLY),
            *permissions(Purpose.KEYS),
        ]
        self.plane.allow(namespace, [one.rule() for one in wanted], namespace)
        return kubeconfig

    def apply(self, **more: Any) -> PassResult:
        for namespace in self.namespaces.values():
            self.plane.write_log(namespace, *CONNECTED)
        return self.world.apply(**more)

    def settled(self) -> set[str]:
        for _ in range(8):
            if self.apply().verdict is Verdict.EMPTY:
                break
        assert self.registered("acme") == self.registered("beta")
        assert len(self.registered("acme")) == len(CLUSTERS), everything_said(self.apply())
        return self.registered("acme")

    def registered(self, organization: str) -> set[str]:
        live: Any = self.world.live(organization)
        return {key["fingerprint"] for key in live["keys"].get("main", [])}

    def fleet(self, name: str) -> Fleet:
        return Fleet(self.plane, self.world.emulator, self.namespaces[name], ORGANIZATIONS, is_alone=False)


@pytest.fixture
def two(cluster: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Two:
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.05)
    return Two(cluster, tmp_path)


def test_each_cluster_gets_a_key_and_both_are_rotated_without_a_gap(two: Two) -> None:
    result = two.apply()
    assert result.verdict is Verdict.APPLIED, (messages(result), result.errors)
    before = two.settled()
    with two.fleet("eu-1") as here, two.fleet("us-1") as there:
        here.wait_until_connected()
        there.wait_until_connected()
        result = two.apply(rotate=AGENT)
        assert result.verdict is Verdict.APPLIED, (messages(result), result.errors)
        assert not two.settled() & before
    for fleet in (here, there):
        assert (fleet.gaps, fleet.lost) == ([], [])


@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
def test_a_cluster_that_is_out_of_reach_holds_what_depends_on_it(two: Two, rounds: int) -> None:
    two.settled()
    if rounds:
        two.apply(rotate=AGENT, rounds=rounds)
    before = {name: two.registered(name) for name in ORGANIZATIONS}

    def without_us(client: ClusterClient) -> ClusterClient:
        def reached(name: str, given: tuple[object, ...], call: Any) -> object:
            if name != "close" and two.namespaces["us-1"] in given:
                raise ClusterUnavailableError("the cluster is out of reach")
            return call()

        return interposed(client, reached)

    with two.fleet("eu-1") as here, two.fleet("us-1") as there:
        here.wait_until_connected()
        there.wait_until_connected()
        two.world.at_cluster = without_us
        for _ in range(2):
            result = two.apply(rotate=AGENT)
            assert result.exit_code() in (ExitCode.PARTIAL, ExitCode.UNREADABLE)
            for name in ORGANIZATIONS:
                assert before[name] <= two.registered(name)
        two.world.at_cluster = None
        two.settled()
    for fleet in (here, there):
        assert (fleet.gaps, fleet.lost) == ([], [])
