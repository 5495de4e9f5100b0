"""Several faults at once: each stops what depends on it, all are reported together, and nothing is deleted unseen."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.footprint.permission import Purpose, Right
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Outcome, Status
from reconciler.settings import Cluster
from reconciler.vendor import runner
from reconciler.views.outcome_text import render as as_text
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.kept import APPLY, Kept, everything_said
from tests.scenarios.test_cluster_faults import deny, quota
from tests.scenarios.test_installation_cluster import CONNECTED, IMAGE, SECRET, Pair, messages
from tests.scenarios.world import Killed, KillSwitch, World, agent_yaml, definition_yaml, key_yaml

pytestmark = pytest.mark.xdist_group("control_plane")

AGENT = "humanitec-agent"
CONFIG = "humanitec-agent-configmap-env"
EVERYTHING = FaultRule(FaultKind.ERROR_BEFORE_EFFECT, status=503, count=None)
WRITES = FaultRule(FaultKind.ERROR_BEFORE_EFFECT, verb="POST|PUT|PATCH|DELETE", status=503, count=None)


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair.make()


@pytest.fixture(scope="module")
def other_pair() -> Pair:
    return Pair.make()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.1)
    monkeypatch.setattr(cluster_hand, "WAIT_S", 5)


@pytest.fixture
def kept(cluster: ControlPlane, tmp_path: Path, pair: Pair) -> Kept:
    return declared(Kept.make(cluster, tmp_path, pair, ADMIN))


def declared(made: Kept) -> Kept:
    """An Agent and a runner in namespaces of others, and a definition."""
    made.declare()
    made.declare_runner()
    made.make_namespaces()
    made.world.write("bucket.yaml", definition_yaml("bucket"))
    return made


def by_name(result: PassResult) -> dict[str, Outcome]:
    """Outcomes of organizations and clusters."""
    return {f"{one.action.verb} {one.action.key}": one for one in result.outcomes}


def with_status(result: PassResult, status: Status) -> set[str]:
    return {name for name, one in by_name(result).items() if one.status is status}


def assert_shown(result: PassResult, *said: str) -> None:
    """All of this, in one text."""
    shown = " ".join(as_text(result, width=2_000).split())
    assert [one for one in said if one not in shown] == [], shown
    assert result.exit_code() == 5


def assert_ends(kept: Kept) -> None:
    """The next apply does the rest, and nothing is left to do."""
    result = kept.apply_approved()
    assert result.verdict is Verdict.APPLIED, everything_said(result)
    assert kept.world.plan().verdict is Verdict.EMPTY


def second_agent(
    kept: Kept, pair: Pair, namespace: str, *, image: str = IMAGE, cluster: str = "eu-1", waits: int = 20
) -> None:
    """Declare another Agent."""
    kept.world.write(
        "second.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: second}\nspec:\n  description: another\n"
        f"  install: {{cluster: {cluster}, namespace: {namespace}, image: '{image}', waitSeconds: {waits}}}\n",
    )
    kept.world.write("second-key.yaml", key_yaml("k2", "second", pair.public))


def with_key(plane: ControlPlane, namespace: str, pair: Pair) -> str:
    """A namespace of others with the key of an Agent in it."""
    plane.namespace(namespace)
    plane.secret(namespace, SECRET, private_key=pair.private)
    return namespace


class Three:
    """A quota, a policy and an image that cannot be pulled, each in a namespace of its own."""

    def __init__(self, kept: Kept, pair: Pair) -> None:
        self.kept = kept
        self.third = with_key(kept.plane, f"{kept.name}-third", pair)
        self._pair = pair
        kept.plane.write_log(self.third, *CONNECTED)
        kept.declare(waits=2)
        second_agent(kept, pair, self.third, image="no-image.test/agent:1.8.4", waits=2)
        quota(kept, pods="0")
        self._binding = deny(kept.plane, kept.runners, "serviceaccounts")
        self.agent = f"create Deployment/{kept.agents}/{AGENT}"
        self.second = f"create Deployment/{self.third}/{AGENT}"
        self.account = f"create ServiceAccount/{kept.runners}/{runner.NAME}"
        self.said = (
            "exceeded quota: small, requested: pods=1",
            "ImagePullBackOff",
            "denied request: ask the team blue",
        )

    def heal(self) -> None:
        plane, agents = self.kept.plane, self.kept.agents
        assert plane.client.delete(f"/api/v1/namespaces/{agents}/resourcequotas/small").is_success
        second_agent(self.kept, self._pair, self.third)
        self.kept.declare()
        plane.client.delete(self._binding)
        accounts = f"/api/v1/namespaces/{self.kept.runners}/serviceaccounts"
        probe = {"metadata": {"name": "probe"}}
        plane.wait_until(
            lambda: plane.client.post(accounts, json=probe, params={"dryRun": "All"}).is_success, "it allows"
        )
        # The controller makes the pod only after a pause that grows, unless something changes.
        workload = f"/apis/apps/v1/namespaces/{agents}/deployments/{AGENT}"
        plane.patch(workload, {"metadata": {"annotations": {"of": "a test"}}})
        plane.wait_until(lambda: plane.get(workload)["status"].get("availableReplicas"), "the pod is ready")


@pytest.fixture
def three(kept: Kept, other_pair: Pair) -> Three:
    return Three(kept, other_pair)


def test_a_quota_a_policy_and_a_missing_image_stop_one_namespace_each(three: Three) -> None:
    result = three.kept.world.apply()
    found = by_name(result)
    assert with_status(result, Status.FAILED) == {three.agent, three.second, three.account}, messages(result)
    for name, says in zip((three.agent, three.second, three.account), three.said, strict=True):
        assert says in found[name].message
    assert_shown(result, *three.said)
    blocked = with_status(result, Status.BLOCKED)
    assert f"create Deployment/{three.kept.runners}/{runner.NAME}" in blocked
    assert all(three.kept.runners in name or three.kept.jobs in name for name in blocked)
    done = with_status(result, Status.DONE)
    assert {
        "create Definition/bucket",
        "create Agent/eu-1",
        "create Agent/second",
        "create Runner/jobs",
    } <= done
    assert done | blocked | with_status(result, Status.FAILED) == set(found)
    three.heal()
    assert_ends(three.kept)


def test_an_apply_that_is_killed_among_faults_ends_once_they_are_healed(three: Three) -> None:
    three.kept.world.switch = KillSwitch(12, after_effect=True)
    with pytest.raises(Killed):
        three.kept.world.apply()
    three.kept.world.switch = None
    assert three.kept.world.apply().exit_code() == 5
    three.heal()
    assert_ends(three.kept)


@pytest.fixture
def second(kept: Kept, control_plane: ControlPlane, other_pair: Pair, tmp_path: Path) -> str:
    """Namespace of another Agent on a second cluster, on which nothing ever gets ready."""
    path = control_plane.kubeconfig(tmp_path / "second", ADMIN)
    other = Cluster.model_validate({"kubeconfig": {"path": str(path)}})
    settings = kept.world.settings
    kept.world.settings = settings.model_copy(update={"clusters": {**settings.clusters, "us-1": other}})
    namespace = with_key(control_plane, f"{kept.name}-second", other_pair)
    second_agent(kept, other_pair, namespace, cluster="us-1", waits=1)
    return namespace


def test_while_a_cluster_is_not_reached_and_a_namespace_of_another_goes_away_the_rest_goes_on(
    kept: Kept, control_plane: ControlPlane, second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.world.remove("agent.yaml")
    kept.world.remove("key.yaml")
    kept.world.apply()
    workload = f"/apis/apps/v1/namespaces/{second}/deployments/{AGENT}"
    uid = control_plane.get(workload)["metadata"]["uid"]
    before = kept.world.live()
    control_plane.kubeconfig(tmp_path / "second", ADMIN, server="https://127.0.0.1:1")
    going = going_away(kept.plane, kept.agents)
    kept.declare()
    kept.declare_runner("1.1.0")
    kept.world.write("other.yaml", definition_yaml("other"))
    kept.world.remove("second.yaml")
    kept.world.remove("second-key.yaml")
    result = kept.apply_approved()
    assert_shown(
        result,
        "because it is being terminated",
        "the API server cannot be reached",
        "its workload may still run on cluster us-1, which was not read",
    )
    assert all(kept.agents in name for name in with_status(result, Status.FAILED)), messages(result)
    assert f"create Deployment/{kept.agents}/{AGENT}" in with_status(result, Status.BLOCKED)
    upgraded = f"update Deployment/{kept.runners}/{runner.NAME}"
    assert {upgraded, "create Definition/other", "create Agent/eu-1"} <= with_status(result, Status.DONE)
    assert not [name for name in with_status(result, Status.DONE) if name.startswith("delete ")]
    assert control_plane.get(workload)["metadata"]["uid"] == uid
    assert second_of(kept.world.live()) == second_of(before)
    control_plane.kubeconfig(tmp_path / "second", ADMIN)
    kept.plane.patch(going, {"metadata": {"finalizers": None}})
    gone = f"/api/v1/namespaces/{kept.agents}"
    kept.plane.wait_until(lambda: kept.plane.client.get(gone).status_code == 404, "it is gone")
    with monkeypatch.context() as patch:
        patch.setattr(cluster_hand, "WAIT_S", 1)
        kept.apply_approved()
    # There, nobody deletes what depends on a Deployment, and then lets it go.
    control_plane.patch(workload, {"metadata": {"finalizers": None}})
    kept.hand_in_keys()
    assert_ends(kept)
    assert control_plane.client.get(workload).status_code == 404
    assert second_of(kept.world.live()) == []


def going_away(plane: ControlPlane, namespace: str) -> str:
    """Path of an object that holds a namespace, which is being deleted."""
    path = f"/api/v1/namespaces/{namespace}"
    held = {"metadata": {"name": "held", "finalizers": ["example.com/held"]}}
    plane.create(f"{path}/configmaps", held)
    plane.client.delete(path)
    plane.wait_until(lambda: plane.get(path)["status"]["phase"] == "Terminating", "it goes")
    return f"{path}/configmaps/held"


def second_of(live: object) -> list[object]:
    """The registration of the other Agent, and its keys."""
    assert isinstance(live, dict)
    found: list[object] = [one for one in live["agents"] if one["id"] == "second"]
    return found + list(live["keys"].get("second", []))


@pytest.fixture
def lacking(cluster: ControlPlane, tmp_path: Path, pair: Pair) -> Kept:
    """An ordinary user with all rights but that to make service accounts."""
    made = declared(Kept.make(cluster, tmp_path, pair))
    made.grant(*APPLY, Purpose.JOBS, without=Right("create", "", "serviceaccounts"))
    return made


def test_while_an_organization_answers_503_and_a_cluster_lacks_a_right_the_rest_goes_on(
    lacking: Kept,
) -> None:
    """The Agent cannot be registered; the runner is, and cannot have its service account."""
    lacking.world.emulator.faults.add(replace(WRITES, path="/agents"))
    result = lacking.world.apply()
    accounts = {
        f"create ServiceAccount/{lacking.runners}/{runner.NAME}",
        f"create ServiceAccount/{lacking.jobs}/job",
    }
    assert with_status(result, Status.FAILED) == {"create Agent/eu-1", *accounts}, messages(result)
    assert_shown(
        result,
        "503",
        'cannot create resource "serviceaccounts" in API group ""',
        "grant `create` on `serviceaccounts`",
    )
    workloads = {
        f"create Deployment/{lacking.agents}/{AGENT}",
        f"create Deployment/{lacking.runners}/{runner.NAME}",
    }
    assert workloads <= with_status(result, Status.BLOCKED)
    config = f"create ConfigMap/{lacking.agents}/{CONFIG}"
    assert {config, "create Definition/bucket", "create Runner/jobs"} <= with_status(result, Status.DONE)
    assert set(by_name(result)) == {
        name
        for status in (Status.FAILED, Status.BLOCKED, Status.DONE)
        for name in with_status(result, status)
    }
    lacking.world.emulator.faults.clear()
    lacking.allow([Right("create", "", "serviceaccounts")])
    assert_ends(lacking)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        pytest.param(EVERYTHING, "organization acme, which was not read, may still use it", id="everything"),
        pytest.param(WRITES, 'cannot delete resource "deployments" in API group "apps"', id="writes"),
    ],
)
def test_an_uninstall_that_both_sides_hinder_deletes_nothing(
    cluster: ControlPlane, tmp_path: Path, pair: Pair, fault: FaultRule, says: str
) -> None:
    """The organization answers 503, and the cluster deletes no Deployment."""
    missing = Right("delete", "apps", "deployments")
    kept = declared(Kept.make(cluster, tmp_path, pair))
    kept.grant(*APPLY, Purpose.JOBS, without=missing)
    assert kept.world.apply().verdict is Verdict.APPLIED
    before, objects, pods = kept.world.live(), kept.objects(), kept.plane.pods(kept.agents)
    for name in ("agent.yaml", "key.yaml", "runner.yaml"):
        kept.world.remove(name)
    approvals = kept.approvals()
    kept.world.emulator.faults.add(fault)
    assert_shown(kept.world.apply(*approvals), "503", says)
    kept.world.emulator.faults.clear()
    assert kept.world.live() == before
    assert kept.objects() == objects
    assert kept.plane.pods(kept.agents) == pods
    kept.allow([missing])
    assert_ends(kept)
    assert kept.objects() == {}


@pytest.mark.parametrize("is_registered", [True, False])
def test_an_organization_that_is_not_selected_is_not_read_either(
    tmp_path: Path, pair: Pair, *, is_registered: bool
) -> None:
    """Its record says which Agents it may use."""
    world = World.make(tmp_path, clusters={"eu-1": {"directory": "rendered"}})
    world.write("key.yaml", key_yaml("k", "eu", pair.public))
    world.write("agent.yaml", agent_yaml("eu") + "  install: {cluster: eu-1, namespace: agents}\n")
    world.write("bucket.yaml", definition_yaml("bucket"))
    assert world.apply().verdict is Verdict.APPLIED
    world.remove("agent.yaml")
    world.remove("key.yaml")
    if not is_registered:
        shutil.rmtree(world.inventories)
    chosen = frozenset(("cluster:eu-1",))
    plans = [one.plan for one in world.plan().targets if one.plan is not None]
    approvals = [value for plan in plans for one in plan.refusals for value in one.approvals]
    result = world.apply(*approvals, targets=chosen)
    rendered = any("deployment" in path.name for path in (world.root / "rendered").iterdir())
    assert rendered is is_registered, messages(result)
    if is_registered:
        assert "waits: organization acme, which was not read, may still use it" in everything_said(
            result
        ) + repr([one.plan.held for one in result.targets if one.plan is not None])


@pytest.mark.parametrize("path", ["", "/resources/defs", "/agents"], ids=["all", "definitions", "agents"])
def test_while_an_organization_is_not_read_the_workload_that_it_may_use_stays(
    tmp_path: Path, pair: Pair, path: str
) -> None:
    """Its definition goes first: a deployment through an Agent that is gone fails."""
    world = World.make(tmp_path, clusters={"eu-1": {"directory": "rendered"}})
    world.write("key.yaml", key_yaml("k", "eu", pair.public))
    world.write("bucket.yaml", definition_yaml("bucket"))
    agent = agent_yaml("eu") + "  install: {cluster: eu-1, namespace: agents}\n"
    world.write("agent.yaml", agent)
    assert world.apply().verdict is Verdict.APPLIED
    rendered = sorted((world.root / "rendered").iterdir())
    world.remove("agent.yaml")
    world.remove("key.yaml")
    plans = [one.plan for one in world.plan().targets if one.plan is not None]
    approvals = [value for plan in plans for one in plan.refusals for value in one.approvals]
    world.emulator.faults.add(replace(EVERYTHING, path=path))
    result = world.apply(*approvals)
    assert_shown(result, "503", "waits: organization acme, which was not read, may still use it")
    assert sorted((world.root / "rendered").iterdir()) == rendered
    world.emulator.faults.clear()
    world.apply(*approvals)
    assert world.plan().verdict is Verdict.EMPTY
    assert sorted((world.root / "rendered").iterdir()) != rendered


def test_an_organization_that_is_not_read_keeps_no_workload_that_it_does_not_know(
    tmp_path: Path, pair: Pair, other_pair: Pair
) -> None:
    world = World.make(tmp_path, "acme", "beta", clusters={"eu-1": {"directory": "rendered"}})
    for name, key in (("acme", pair), ("beta", other_pair)):
        world.write(f"orgs/{name}/bucket.yaml", definition_yaml("bucket"))
        world.write(f"orgs/{name}/key.yaml", key_yaml("k", name, key.public))
        install = f"  install: {{cluster: eu-1, namespace: of-{name}}}\n"
        world.write(f"orgs/{name}/agent.yaml", agent_yaml(name) + install)
    assert world.apply().verdict is Verdict.APPLIED
    for name in ("acme", "beta"):
        world.remove(f"orgs/{name}/agent.yaml")
        world.remove(f"orgs/{name}/key.yaml")
    plans = [one.plan for one in world.plan().targets if one.plan is not None]
    approvals = [value for plan in plans for one in plan.refusals for value in one.approvals]
    world.emulator.faults.add(replace(EVERYTHING, path="/orgs/acme/resources/defs"))
    result = world.apply(*approvals)
    done = with_status(result, Status.DONE)
    assert f"delete Deployment/of-beta/{AGENT}" in done
    assert f"delete Deployment/of-acme/{AGENT}" in with_status(result, Status.BLOCKED)
