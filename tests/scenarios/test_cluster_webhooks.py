"""Admission webhooks through a whole apply: each stops what it denies, and what one adds is no difference."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Outcome, Status
from reconciler.vendor import runner
from reconciler.views.outcome_text import render as as_text
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.control_plane.webhook import Body, On, Webhooks, answers_nothing, changes, denies
from tests.scenarios.kept import Kept
from tests.scenarios.test_installation_cluster import SECRET, Pair, messages
from tests.scenarios.world import definition_yaml

pytestmark = pytest.mark.xdist_group("control_plane")

AGENT = "humanitec-agent"
CONFIG = "humanitec-agent-configmap-env"
WORDS = "ask the team green"
SIDECAR = {"name": "sidecar", "image": "mesh.example.com/proxy:1"}


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair.make()


@pytest.fixture
def bare(cluster: ControlPlane, tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """An Agent and a runner whose namespaces do not exist yet, and a definition."""
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.1)
    monkeypatch.setattr(cluster_hand, "WAIT_S", 30)
    made = Kept.make(cluster, tmp_path, pair, ADMIN)
    made.declare()
    made.declare_runner()
    made.world.write("bucket.yaml", definition_yaml("bucket"))
    return made


@pytest.fixture
def kept(bare: Kept) -> Kept:
    """The same, in namespaces of others."""
    bare.make_namespaces()
    return bare


@pytest.fixture
def hooks(cluster: ControlPlane, tmp_path: Path) -> Iterator[Webhooks]:
    with Webhooks(cluster, tmp_path) as made:
        yield made


def agent_of(kept: Kept) -> str:
    return f"Deployment/{kept.agents}/{AGENT}"


def path_of(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/{AGENT}"


def by_name(result: PassResult) -> dict[str, Outcome]:
    """Outcomes of organizations and clusters."""
    return {f"{one.action.verb} {one.action.key}": one for one in result.outcomes}


def assert_stopped(result: PassResult, *stopped: str, by: str) -> None:
    """Only this did not work, and the text says why; whatever else did not happen waits for it."""
    found = by_name(result)
    failed = {name for name, one in found.items() if one.status is Status.FAILED}
    assert failed == set(stopped), messages(result)
    for name in stopped:
        assert by in found[name].message
        assert not found[name].is_written
    assert by in " ".join(as_text(result, width=2_000).split())
    assert result.exit_code() == 5
    assert {one.status for one in found.values()} <= {Status.DONE, Status.FAILED, Status.BLOCKED}, messages(
        result
    )


def not_done(result: PassResult) -> set[str]:
    return {name for name, one in by_name(result).items() if one.status is not Status.DONE}


def assert_ends(kept: Kept) -> None:
    """The next apply does the rest, and nothing is left to do."""
    result = kept.apply_approved()
    assert result.verdict is Verdict.APPLIED, messages(result)
    assert kept.world.plan().verdict is Verdict.EMPTY


@pytest.mark.parametrize("code", [401, 403])
def test_what_a_webhook_denies_stops_what_depends_on_it_alone(kept: Kept, hooks: Webhooks, code: int) -> None:
    """Whatever status the webhook chooses, also that of refused credentials."""
    on = On.deployments(kept.agents)
    name = hooks.validate(on, denies(f"first line\n{WORDS}", code=code))
    result = kept.world.apply()
    denied = f'admission webhook "{name}" denied the request: first line {WORDS}'
    assert_stopped(result, f"create {agent_of(kept)}", by=denied)
    assert not_done(result) == {f"create {agent_of(kept)}"}
    assert kept.plane.client.get(path_of(kept.agents)).status_code == 404
    hooks.remove(name, on)
    assert_ends(kept)
    assert kept.plane.get(path_of(kept.agents))["status"]["availableReplicas"] == 1


def test_in_a_namespace_that_a_webhook_denies_nothing_is_made(bare: Kept, hooks: Webhooks) -> None:
    on = On.itself(bare.agents)
    name = hooks.validate(on, denies(WORDS))
    result = bare.world.apply()
    assert_stopped(result, f"create Namespace/{bare.agents}", by=WORDS)
    waiting = not_done(result) - {f"create Namespace/{bare.agents}"}
    # The runner waits for its key, which nobody could hand in yet.
    assert {one for one in waiting if bare.agents not in one} == {
        f"create Deployment/{bare.runners}/{runner.NAME}"
    }
    assert by_name(result)[f"create ConfigMap/{bare.agents}/{CONFIG}"].status is Status.BLOCKED
    hooks.remove(name, on)
    bare.world.apply()
    bare.hand_in_keys()
    assert_ends(bare)


@pytest.mark.parametrize("how", ["nobody", "never", "nothing"])
def test_a_webhook_that_cannot_be_called_stops_what_it_has_to_agree_to(
    kept: Kept, hooks: Webhooks, how: str
) -> None:
    """Nobody listens there, it does not answer in time, or its answer decides nothing."""
    on = On.config_maps(kept.agents)
    answer = {"nobody": None, "never": hooks.never, "nothing": answers_nothing}[how]
    name = hooks.validate(on, answer)
    result = kept.world.apply()
    created = f"create ConfigMap/{kept.agents}/{CONFIG}"
    assert_stopped(result, created, by=f'failed calling webhook "{name}"')
    assert "repair the webhook: the API server cannot call it" in by_name(result)[created].message
    assert by_name(result)[created].is_transient
    assert not_done(result) == {created, f"create {agent_of(kept)}"}
    assert by_name(result)[f"create {agent_of(kept)}"].status is Status.BLOCKED
    hooks.remove(name, on)
    assert_ends(kept)


def test_an_upgrade_whose_webhook_cannot_be_called_leaves_the_old_pod(kept: Kept, hooks: Webhooks) -> None:
    assert kept.world.apply().verdict is Verdict.APPLIED
    (pod,) = kept.plane.pods(kept.agents)
    on = On.deployments(kept.agents)
    name = hooks.validate(on, None)
    kept.declare("1.8.5")
    for _ in range(2):
        result = kept.world.apply()
        assert_stopped(result, f"update {agent_of(kept)}", by=f'failed calling webhook "{name}"')
        assert kept.plane.pods(kept.agents) == [pod]
    hooks.remove(name, on)
    assert_ends(kept)


def added(path: str, value: object) -> Body:
    return {"op": "add", "path": path, "value": value}


TEMPLATE = "/spec/template"
OF_TEAM = (
    added("/metadata/labels/team", "green"),
    added("/metadata/annotations/team", "green"),
)
OF_PODS = (
    added(f"{TEMPLATE}/metadata/labels/team", "green"),
    added(f"{TEMPLATE}/metadata/annotations/team", "green"),
    added(f"{TEMPLATE}/spec/initContainers", [{"name": "before", "image": "mesh.example.com/init:1"}]),
    added(f"{TEMPLATE}/spec/tolerations", [{"key": "mesh", "operator": "Exists"}]),
)


@pytest.mark.parametrize("place", ["-", "0"], ids=["last", "first"])
def test_what_a_webhook_adds_is_no_difference(kept: Kept, hooks: Webhooks, place: str) -> None:
    """Labels, annotations and a sidecar, before or after the container of the Agent."""
    sidecar = added(f"{TEMPLATE}/spec/containers/{place}", SIDECAR)
    hooks.mutate(
        On.deployments(kept.agents),
        changes(*OF_TEAM, *OF_PODS, sidecar, unless=SIDECAR["image"]),
        shows="sidecar",
    )
    hooks.mutate(On.config_maps(kept.agents), changes(*OF_TEAM), shows="green")
    assert_ends(kept)
    before = kept.plane.get(path_of(kept.agents))["metadata"]["generation"]
    assert kept.world.apply().verdict is Verdict.EMPTY
    kept.declare("1.8.5", env="{HTTPS_PROXY: 'http://proxy.test:3128'}")
    upgraded = by_name(kept.world.apply())[f"update {agent_of(kept)}"]
    assert upgraded.status is Status.DONE
    assert upgraded.message.startswith("ghcr.io/humanitec/agent:1.8.4 → ghcr.io/humanitec/agent:1.8.5; ")
    assert kept.world.plan().verdict is Verdict.EMPTY
    live = kept.plane.get(path_of(kept.agents))
    assert live["metadata"]["generation"] == before + 1
    assert live["metadata"]["labels"]["team"] == "green"
    names = [one["name"] for one in live["spec"]["template"]["spec"]["containers"]]
    assert sorted(names) == sorted({"sidecar", *names})
    assert "sidecar" in names


def test_a_field_that_a_webhook_changes_each_time_is_named_and_no_success_for_ever(
    kept: Kept, hooks: Webhooks
) -> None:
    image = "mirror.example.com/agent:1.8.4"
    on = On.deployments(kept.agents)
    mirrors = {"op": "replace", "path": f"{TEMPLATE}/spec/containers/0/image", "value": image}
    name = hooks.mutate(on, changes(mirrors, unless=image), shows=image)
    first = by_name(kept.world.apply())[f"create {agent_of(kept)}"]
    field = f"reads back differently: spec.template.spec.containers.{AGENT}.image"
    assert first.status is Status.DONE
    assert first.message.endswith(field)
    for _ in range(2):
        result = kept.world.apply()
        again = by_name(result)[f"update {agent_of(kept)}"]
        assert again.status is Status.FAILED
        assert again.is_written
        assert again.message.endswith(f"{field}: accepted and not kept, for at least the second time")
        assert result.exit_code() == 5
    hooks.remove(name, on, shows=image)
    assert_ends(kept)


def test_a_patch_of_a_webhook_that_does_not_fit_is_not_called_done(kept: Kept, hooks: Webhooks) -> None:
    on = On.deployments(kept.agents)
    says = "replace operation does not apply"
    misfit = {"op": "replace", "path": "/spec/nowhere/x", "value": 1}
    name = hooks.mutate(on, changes(misfit), shows=says)
    assert_stopped(kept.world.apply(), f"create {agent_of(kept)}", by=says)
    hooks.remove(name, on, shows=says)
    assert_ends(kept)


def test_while_a_webhook_keeps_a_workload_its_namespace_and_registration_stay(
    bare: Kept, hooks: Webhooks
) -> None:
    """Whether the webhook denies the deletion or cannot be called."""
    bare.world.apply()
    bare.hand_in_keys()
    assert bare.world.apply().verdict is Verdict.APPLIED
    before, objects, (pod,) = registered(bare), bare.objects(), bare.plane.pods(bare.agents)
    for name in ("agent.yaml", "key.yaml", "bucket.yaml"):
        bare.world.remove(name)
    for secret in (SECRET, runner.NAME):
        bare.plane.client.delete(f"/api/v1/namespaces/{bare.agents}/secrets/{secret}")
    on = On.deletion(bare.agents, "apps/deployments", AGENT)
    for answer, says in ((denies(WORDS), f"denied the request: {WORDS}"), (None, "failed calling webhook")):
        name = hooks.validate(on, answer)
        result = bare.apply_approved()
        assert_stopped(result, f"delete {agent_of(bare)}", by=says)
        waiting = {one for one, outcome in by_name(result).items() if outcome.status is Status.BLOCKED}
        assert {f"delete Namespace/{bare.agents}", "delete Agent/eu-1"} <= waiting
        assert bare.objects() == objects
        assert bare.plane.pods(bare.agents) == [pod]
        assert registered(bare) == before
        assert definitions(bare) == []
        hooks.remove(name, on)
    assert_ends(bare)
    assert not bare.plane.client.get(f"/api/v1/namespaces/{bare.agents}").is_success
    assert registered(bare)["agents"] == []


def test_while_a_webhook_keeps_the_pods_of_a_workload_its_registration_stays(
    kept: Kept, hooks: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Deployment itself may be deleted."""
    monkeypatch.setattr(cluster_hand, "WAIT_S", 1)
    assert kept.world.apply().verdict is Verdict.APPLIED
    before, (pod,) = registered(kept), kept.plane.pods(kept.agents)
    on = On.deletion(kept.agents, "pods", pod["metadata"]["name"])
    name = hooks.validate(on, denies(WORDS))
    kept.world.remove("agent.yaml")
    kept.world.remove("key.yaml")
    for _ in range(2):
        result = kept.apply_approved()
        deleted = by_name(result)[f"delete {agent_of(kept)}"]
        assert deleted.status is Status.FAILED, messages(result)
        assert deleted.message == "being deleted: 1 of its pods are not gone"
        assert by_name(result)["delete Agent/eu-1"].status is Status.BLOCKED
        assert kept.plane.pods(kept.agents)
        assert registered(kept) == before
    hooks.remove(name, on)
    monkeypatch.setattr(cluster_hand, "WAIT_S", 30)
    assert_ends(kept)
    assert kept.plane.pods(kept.agents) == []


def registered(kept: Kept) -> dict[str, object]:
    live = kept.world.live()
    assert isinstance(live, dict)
    return {name: live[name] for name in ("agents", "keys", "runners")}


def definitions(kept: Kept) -> object:
    live = kept.world.live()
    assert isinstance(live, dict)
    return live["definitions"]
