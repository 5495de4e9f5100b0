"""Installations on a real cluster: built, verified, kept, upgraded and removed, with controllers and pods that run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reconciler.emulator import FaultKind, FaultRule
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.place import Realm
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult, TargetResult, Verdict
from reconciler.plan.action import Action, Outcome, Status, TargetPlan, Verb
from reconciler.settings import Apply
from reconciler.views.conclusion import effect
from reconciler.views.json import render as as_json
from reconciler.views.markdown import render as as_markdown
from reconciler.views.text import render as as_text
from reconciler.views.written import written_fields
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.world import Silent, World, key_yaml

pytestmark = pytest.mark.xdist_group("control_plane")

SECRET = "humanitec-agent-secret-private-key"
CONFIG = "humanitec-agent-configmap-env"
CONNECTED = (
    "level=INFO msg=Starting app=agent-client version=1.8.4 build=1 sha=1",
    'level=INFO msg="Connected to websocket tunnel"',
    'level=INFO msg="Starting server" "listening to"=wss://agent-01.humanitec.io/tunnel connectionId=""',
)
REFUSED = (
    (
        'level=ERROR msg="Can\'t connect to websocket" err="unable to establish websocket connection: '
        'unexpected HTTP response status: 401, { []}"'
    ),
)
IMAGE = "ghcr.io/humanitec/agent:1.8.4"


@dataclass(frozen=True)
class Pair:
    """A key pair of an Agent."""

    private: str
    public: str

    @classmethod
    def make(cls) -> "Pair":
        key = rsa.generate_private_key(65537, 4096)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(private.decode(), public.decode())


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair.make()


@dataclass
class Place:
    """A world with a cluster, and a namespace there that only one test uses."""

    world: World
    plane: ControlPlane
    namespace: str
    pair: Pair

    @property
    def workload(self) -> str:
        return f"Deployment/{self.namespace}/humanitec-agent"

    @property
    def path(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/deployments/humanitec-agent"

    def declare(self, **install: object) -> None:
        members = {
            "cluster": "eu-1",
            "namespace": self.namespace,
            "image": IMAGE,
            "waitSeconds": 60,
            **install,
        }
        text = ", ".join(f"{name}: {value}" for name, value in members.items())
        self.world.write(
            "agent.yaml",
            "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\n"
            f"spec:\n  description: an agent\n  install: {{{text}}}\n",
        )

    def hand_in_key(self) -> None:
        self.plane.secret(self.namespace, SECRET, private_key=self.pair.private)

    def installed(self) -> PassResult:
        """The result of an apply after which the Agent runs."""
        self.world.apply()
        self.hand_in_key()
        self.plane.write_log(self.namespace, *CONNECTED)
        result = self.world.apply()
        assert result.verdict is Verdict.APPLIED, messages(result)
        return result

    def live(self) -> dict[str, Any]:
        return self.plane.get(self.path)


@pytest.fixture
def place(cluster: ControlPlane, tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.1)
    kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig", ADMIN)
    name = f"agents-{uuid4().hex[:10]}"
    world = World.make(tmp_path, clusters={"eu-1": {"kubeconfig": {"path": str(kubeconfig)}}}, instance=name)
    made = Place(world, cluster, name, pair)
    made.declare()
    world.write("key.yaml", key_yaml("k", "eu-1", pair.public))
    return made


def of_cluster(result: PassResult) -> TargetResult:
    (found,) = [one for one in result.targets if one.realm is Realm.CLUSTER]
    assert not found.error, found.error
    return found


def every_view(result: PassResult) -> str:
    return (
        as_text(result) + as_json(result) + as_markdown(result) + " ".join(map(str, written_fields(result)))
    )


def plan_of(result: PassResult) -> TargetPlan:
    assert not result.errors, result.errors
    found = of_cluster(result).plan
    assert found is not None
    assert not found.problems, found.problems
    return found


def actions(result: PassResult) -> list[str]:
    return [f"{action.verb} {action.key}" for action in plan_of(result).actions]


def outcomes(result: PassResult) -> dict[str, Outcome]:
    return {f"{one.action.verb} {one.action.key}": one for one in of_cluster(result).outcomes}


def messages(result: PassResult) -> list[str]:
    return [f"{one.status} {one.action.verb} {one.action.key}: {one.message}" for one in result.outcomes]


def approvals(result: PassResult) -> list[str]:
    """Everything that a result asks for."""
    plans = [one.plan for one in result.targets if one.plan is not None]
    return [value for plan in plans for refusal in plan.refusals for value in refusal.approvals]


def test_an_agent_is_installed_once_its_key_is_there_and_verified_by_its_log(place: Place) -> None:
    first = place.world.apply()
    assert outcomes(first)[f"create {place.workload}"].status is Status.BLOCKED
    assert (
        f"Secret {place.namespace}/{SECRET} does not exist"
        in outcomes(first)[f"create {place.workload}"].message
    )
    assert first.exit_code() == 5
    assert place.plane.client.get(place.path).status_code == 404
    place.hand_in_key()
    place.plane.write_log(place.namespace, *CONNECTED)
    second = place.world.apply()
    assert second.verdict is Verdict.APPLIED
    assert outcomes(second)[f"create {place.workload}"].message == "connected, version 1.8.4"
    assert place.live()["status"]["availableReplicas"] == 1
    third = place.world.plan()
    assert third.verdict is Verdict.EMPTY
    assert actions(third) == []


def test_the_annotation_of_the_pods_is_the_fingerprint_of_the_mounted_key(place: Place) -> None:
    place.installed()
    annotations = place.live()["spec"]["template"]["metadata"]["annotations"]
    expected = inspect_public_key(place.pair.public).fingerprint
    assert annotations["reconciler/key-fingerprint"] == expected


def test_another_key_in_the_secret_restarts_the_pods(place: Place) -> None:
    place.installed()
    before = {pod["metadata"]["name"] for pod in place.plane.pods(place.namespace)}
    other = Pair.make()
    place.world.write("key2.yaml", key_yaml("k2", "eu-1", other.public))
    place.world.apply()
    place.plane.secret(place.namespace, SECRET, private_key=other.private)
    assert actions(place.world.plan()) == [f"update {place.workload}"]
    result = place.world.apply()
    assert outcomes(result)[f"update {place.workload}"].status is Status.DONE
    after = {pod["metadata"]["name"] for pod in place.plane.pods(place.namespace)}
    assert not before & after


def test_a_plan_sends_nothing_that_could_change_a_cluster(place: Place) -> None:
    result = place.world.plan()
    assert actions(result)
    assert place.plane.client.get(f"/api/v1/namespaces/{place.namespace}").status_code == 404


def test_what_the_server_and_others_add_is_no_difference(place: Place) -> None:
    place.installed()
    place.plane.patch(
        place.path,
        {
            "metadata": {"annotations": {"team": "theirs"}},
            "spec": {"template": {"spec": {"tolerations": [{"key": "x", "operator": "Exists"}]}}},
        },
    )
    place.plane.wait_until(
        lambda: place.live()["status"].get("observedGeneration") == place.live()["metadata"]["generation"],
        "seen",
    )
    assert [line for line in actions(place.world.plan()) if not line.startswith("verify")] == []


def test_a_field_changed_by_hand_is_drift_and_corrected(place: Place) -> None:
    place.installed()
    place.plane.patch(place.path, {"spec": {"replicas": 1}})
    place.plane.patch(
        f"/api/v1/namespaces/{place.namespace}/configmaps/{CONFIG}", {"data": {"ORGS": "acme,other"}}
    )
    planned = place.world.plan()
    assert actions(planned) == [f"update ConfigMap/{place.namespace}/{CONFIG}"]
    (action,) = plan_of(planned).actions
    assert action.subject.is_drift
    assert action.subject.changed_by == ("python-httpx",)
    assert "changed by python-httpx since the last apply" in as_text(planned)
    place.world.apply()
    found = place.plane.get(f"/api/v1/namespaces/{place.namespace}/configmaps/{CONFIG}")
    assert found["data"] == {"ORGS": "acme"}


def test_an_upgrade_waits_until_the_old_pod_is_gone(place: Place) -> None:
    place.installed()
    place.declare(image="ghcr.io/humanitec/agent:1.8.5")
    result = place.world.apply()
    assert outcomes(result)[f"update {place.workload}"].status is Status.DONE
    images = {pod["spec"]["containers"][0]["image"] for pod in place.plane.pods(place.namespace)}
    assert images == {"ghcr.io/humanitec/agent:1.8.5"}
    assert f"{IMAGE} → ghcr.io/humanitec/agent:1.8.5" in outcomes(result)[f"update {place.workload}"].message


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("crash.test/agent:1.8.4", "CrashLoopBackOff"),
        ("no-image.test/agent:1.8.4", "ImagePullBackOff"),
        ("pending.test/agent:1.8.4", "0 of 1 pod ready"),
    ],
)
def test_a_rollout_that_does_not_end_says_what_it_waited_for(place: Place, image: str, says: str) -> None:
    place.world.apply()
    place.hand_in_key()
    place.plane.write_log(place.namespace, "panic: no key")
    place.declare(image=image, waitSeconds=4)
    result = place.world.apply()
    outcome = outcomes(result)[f"create {place.workload}"]
    assert outcome.status is Status.FAILED
    assert "not ready after 4 s" in outcome.message
    assert says in outcome.message
    assert result.exit_code() == 5
    # The next run neither forgets it nor calls it done.
    again = place.world.apply()
    assert outcomes(again)[f"verify {place.workload}"].status is Status.FAILED
    assert again.exit_code() == 5


def test_a_log_of_secrets_is_masked_and_what_was_applied_is_not_called_unchanged(place: Place) -> None:
    place.installed()
    key = place.pair.private.strip().splitlines()
    place.declare(image="crash.test/agent:1.8.4", waitSeconds=4)
    for lines in (key[:10], ["x", "token=canary-canary"]):
        place.plane.write_log(place.namespace, *lines)
        result = place.world.apply()
        (outcome,) = result.outcomes
        assert outcome.status is Status.FAILED
        assert "last log line: " in outcome.message
        assert "<redacted>" in outcome.message
        assert lines[-1] not in outcome.message
        assert outcome.is_written == (outcome.action.verb is Verb.UPDATE)
    first = place.world.apply()
    assert effect(first) == "Nothing was changed."  # only looked at again
    place.declare(image="crash.test/agent:1.8.5", waitSeconds=4)
    changed = place.world.apply()
    assert changed.verdict is Verdict.PARTIAL
    assert effect(changed) == "1 change written without full effect yet."


def test_an_agent_that_is_refused_is_not_called_done(place: Place) -> None:
    place.world.apply()
    place.hand_in_key()
    place.plane.write_log(place.namespace, *REFUSED)
    place.declare(waitSeconds=3)
    result = place.world.apply()
    outcome = outcomes(result)[f"create {place.workload}"]
    assert outcome.status is Status.FAILED
    assert "401" in outcome.message


def test_objects_of_others_are_contested_and_left_alone(place: Place) -> None:
    place.plane.namespace(place.namespace)
    path = f"/api/v1/namespaces/{place.namespace}/configmaps"
    place.plane.create(path, {"metadata": {"name": CONFIG}, "data": {"ORGS": "theirs"}})
    place.hand_in_key()
    result = place.world.apply()
    assert [str(change.key) for change in plan_of(result).contested] == [
        f"ConfigMap/{place.namespace}/{CONFIG}"
    ]
    assert place.plane.get(f"{path}/{CONFIG}")["data"] == {"ORGS": "theirs"}
    assert "until a person decides (managed by python-httpx)" in " ".join(as_text(result).split())


def test_values_of_others_are_in_no_view(place: Place) -> None:
    path = f"/api/v1/namespaces/{place.namespace}/configmaps"
    place.plane.namespace(place.namespace)
    place.plane.create(path, {"metadata": {"name": CONFIG}, "data": {"ORGS": "canary", "TOKEN": "canary"}})
    place.hand_in_key()
    contested = place.world.plan()
    assert plan_of(contested).contested
    taken = place.world.apply(f"contested=ConfigMap/{place.namespace}/{CONFIG}")
    assert place.plane.get(f"{path}/{CONFIG}")["data"]["ORGS"] == "acme"
    assert "canary" not in every_view(contested) + every_view(taken)
    place.world.remove("agent.yaml")
    place.world.remove("key.yaml")
    place.world.write("other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    deleted = place.world.plan()
    assert f"delete ConfigMap/{place.namespace}/{CONFIG}" in actions(deleted)
    assert "data.ORGS" in every_view(deleted)
    assert "canary" not in every_view(deleted)


def test_uninstalling_removes_everything_of_ours_and_nothing_else(place: Place) -> None:
    place.installed()
    place.world.remove("agent.yaml")
    place.world.write("other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    place.world.remove("key.yaml")
    result = place.world.apply(*approvals(place.world.apply()))
    found = outcomes(result)
    assert found[f"delete {place.workload}"].status is Status.DONE, messages(result)
    assert found[f"delete Namespace/{place.namespace}"].status is Status.REFUSED
    assert f"Secret/{SECRET}" in found[f"delete Namespace/{place.namespace}"].message
    assert place.plane.client.get(place.path).status_code == 404
    assert place.plane.pods(place.namespace) == []
    assert place.plane.client.get(f"/api/v1/namespaces/{place.namespace}/secrets/{SECRET}").is_success
    order = [f"{one.action.verb} {one.action.key}" for one in result.outcomes]
    assert f"delete {place.workload}" in order


def test_an_agent_runs_on_until_it_can_start_in_its_new_namespace(place: Place) -> None:
    place.installed()
    other = f"{place.namespace}-b"
    place.declare(namespace=other)
    first = outcomes(place.world.apply())
    assert first[f"create Deployment/{other}/humanitec-agent"].status is Status.BLOCKED
    waiting = first[f"delete {place.workload}"]
    assert waiting.status is Status.BLOCKED
    assert f"Secret {other}/{SECRET} does not exist" in waiting.message
    assert place.live()["status"]["availableReplicas"] == 1
    assert place.plane.get(f"/api/v1/namespaces/{place.namespace}/configmaps/{CONFIG}")
    place.plane.secret(other, SECRET, private_key=place.pair.private)
    place.plane.write_log(other, *CONNECTED)
    result = place.world.apply()
    assert outcomes(result)[f"create Deployment/{other}/humanitec-agent"].status is Status.DONE, messages(
        result
    )
    assert outcomes(result)[f"delete {place.workload}"].status is Status.DONE


def test_what_somebody_else_applied_with_our_label_becomes_ours(place: Place) -> None:
    """As by `reconciler render | kubectl apply -f -`: it must not be called owned and then be forgotten."""
    place.world.apply()
    path = f"/api/v1/namespaces/{place.namespace}/configmaps/{CONFIG}"
    found = place.plane.get(path)
    members = {name: found["metadata"][name] for name in ("name", "labels", "annotations")}
    assert place.plane.client.delete(path).is_success
    place.plane.create(path.rpartition("/")[0], {"metadata": members, "data": found["data"]})
    result = place.world.apply()
    assert outcomes(result)[f"update ConfigMap/{place.namespace}/{CONFIG}"].status is Status.DONE
    entries = place.plane.get(path)["metadata"]["managedFields"]
    assert "reconciler" in {entry["manager"] for entry in entries if entry["operation"] == "Apply"}
    assert [line for line in actions(place.world.plan()) if "ConfigMap" in line] == []


def test_a_namespace_of_ours_goes_once_nothing_foreign_is_in_it(place: Place) -> None:
    place.world.apply()
    place.world.write(
        "agent.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\nspec: {description: an agent}\n",
    )
    result = place.world.apply(*approvals(place.world.apply()))
    assert outcomes(result)[f"delete Namespace/{place.namespace}"].status is Status.DONE, messages(result)


def test_a_second_instance_neither_sees_nor_deletes_objects_of_the_first(place: Place) -> None:
    place.installed()
    other = World(
        place.world.root,
        place.world.emulator,
        place.world.settings.model_copy(update={"instance": "another"}),
        place.world.inventories.parent / "other",
    )
    place.world.write(
        "agent.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\nspec: {description: an agent}\n",
    )
    assert actions(other.plan()) == []


def test_an_agent_waits_until_its_key_is_authorized_everywhere(place: Place) -> None:
    place.world.emulator.faults.add(
        FaultRule(FaultKind.SLOW_KEY_AUTHORIZATION, count=None, path=r"/orgs/acme/.*", seconds=3600)
    )
    place.plane.namespace(place.namespace)
    place.hand_in_key()
    place.plane.write_log(place.namespace, *CONNECTED)
    for _ in range(2):
        found = outcomes(place.world.apply())[f"create {place.workload}"]
        assert found.status is Status.BLOCKED
        assert "is authorized in acme; run again" in found.message
        assert place.plane.client.get(place.path).status_code == 404
    place.world.emulator.clock.advance(seconds=7200)
    assert outcomes(place.world.apply())[f"create {place.workload}"].status is Status.DONE


def test_removing_the_installation_of_a_registered_agent_is_asked_for(place: Place) -> None:
    place.installed()
    place.world.write(
        "agent.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\nspec: {description: an agent}\n",
    )
    refused = plan_of(place.world.plan()).refusals
    assert [refusal.guard for refusal in refused] == ["empty-tree", "uninstall"]
    assert "Agent/eu-1 would run nowhere, and stays registered" in refused[1].message
    only_one = [value for refusal in refused if refusal.guard == "empty-tree" for value in refusal.approvals]
    place.world.apply(*only_one)
    assert place.live()["status"]["availableReplicas"] == 1


def test_a_dry_run_shows_what_the_server_makes_of_a_change_and_changes_nothing(place: Place) -> None:
    place.installed()
    before = place.live()["metadata"]["resourceVersion"]
    place.world.tries_on_clusters = True
    assert actions(place.world.plan()) == []
    place.declare(image="ghcr.io/humanitec/agent:1.8.5")
    planned = place.world.plan()
    assert actions(planned) == [f"update {place.workload}"]
    (change,) = [action.subject for action in plan_of(planned).actions]
    assert [(field.path[-1], field.after) for field in change.fields] == [
        ("image", "ghcr.io/humanitec/agent:1.8.5")
    ]
    assert place.live()["metadata"]["resourceVersion"] == before


def test_a_dry_run_shows_what_the_server_would_refuse(place: Place) -> None:
    place.plane.namespace(place.namespace)
    place.world.tries_on_clusters = True
    place.plane.create(
        f"/api/v1/namespaces/{place.namespace}/resourcequotas",
        {"metadata": {"name": "none"}, "spec": {"hard": {"count/configmaps": "0"}}},
    )
    key = f"ConfigMap/{place.namespace}/{CONFIG}"
    place.plane.wait_until(
        lambda: any(
            "would refuse" in held.reason and str(action[1]) == key
            for action, held in plan_of(place.world.plan()).held.items()
        ),
        "the quota counts",
    )


def test_rules_about_the_cluster_are_no_longer_unknown(place: Place) -> None:
    place.installed()
    unknown = {one.rule for one in place.world.plan().unknown}
    assert not unknown & {"R11", "R18", "R25", "R28", "R30", "R40", "R41", "R42", "R46"}


def test_a_key_that_nobody_declared_stops_the_cluster(place: Place) -> None:
    place.installed()
    place.plane.secret(place.namespace, SECRET, private_key=Pair.make().private)
    result = place.world.apply()
    (found,) = [one for one in result.targets if one.realm is Realm.CLUSTER]
    assert "R18" in found.error
    assert place.live()["metadata"]["generation"] == 1


class Meddling(Silent):
    """Somebody else writes an object right before it is sent."""

    def __init__(self, key: str, meddle: Callable[[], None]) -> None:
        super().__init__()
        self._key = key
        self._meddle = meddle

    def started(self, action: Action) -> None:
        if str(action.key) == self._key:
            self._meddle()


def test_a_conflict_names_the_other_manager_and_nothing_is_forced(place: Place) -> None:
    place.plane.namespace(place.namespace)
    path = f"/api/v1/namespaces/{place.namespace}/configmaps/{CONFIG}"
    labels = {"app.kubernetes.io/name": "humanitec-agent", "app.kubernetes.io/instance": "humanitec-agent"}

    def by_helm(organizations: str) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": CONFIG, "namespace": place.namespace, "labels": labels},
            "data": {"ORGS": organizations},
        }
        answer = place.plane.client.patch(
            path,
            params={"fieldManager": "helm", "force": "true"},
            json=body,
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        assert answer.is_success, answer.text

    by_helm("acme")
    key = f"ConfigMap/{place.namespace}/{CONFIG}"
    assert f"update {key}" in actions(place.world.plan())
    result = place.world.apply(observer=Meddling(key, lambda: by_helm("theirs")))
    outcome = outcomes(result)[f"update {key}"]
    assert outcome.status is Status.FAILED
    assert "helm" in outcome.message
    assert place.plane.get(path)["data"] == {"ORGS": "theirs"}
    # Now it is plainly different, and a person decides.
    assert [str(change.key) for change in plan_of(place.world.plan()).contested] == [key]
    taken = place.world.apply(f"contested=cluster:eu-1:{key}")
    assert outcomes(taken)[f"update {key}"].status is Status.DONE, messages(taken)
    assert place.plane.get(path)["data"] == {"ORGS": "acme"}


def test_a_rollout_that_is_waited_for_holds_up_no_other(place: Place) -> None:
    """Also where one action is under way at once: between two looks at a rollout, others go on."""
    world, other = place.world, f"{place.namespace}z"
    world.settings = world.settings.model_copy(update={"apply": Apply(concurrency=1)})
    pair = Pair.make()
    place.declare(image="pending.test/agent:1.8.4", waitSeconds=10)
    world.write(
        "other.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-2}\nspec:\n  description: an agent\n"
        f"  install: {{cluster: eu-1, namespace: {other}, image: '{IMAGE}', waitSeconds: 20}}\n",
    )
    world.write("other-key.yaml", key_yaml("k2", "eu-2", pair.public))
    world.apply()
    place.hand_in_key()
    place.plane.secret(other, SECRET, private_key=pair.private)
    place.plane.write_log(other, *CONNECTED)
    seen = Silent()
    world.apply(observer=seen)
    assert [(outcome.action.key.id, outcome.status) for outcome in seen.finished_outcomes] == [
        (f"{other}/humanitec-agent", Status.DONE),
        (f"{place.namespace}/humanitec-agent", Status.FAILED),
    ]


def test_changed_variables_restart_the_pods(place: Place) -> None:
    place.installed()
    before = {pod["metadata"]["name"] for pod in place.plane.pods(place.namespace)}
    place.declare(env="{LOG_LEVEL: DEBUG}")
    lines = actions(place.world.plan())
    assert lines == [f"update ConfigMap/{place.namespace}/{CONFIG}", f"update {place.workload}"]
    result = place.world.apply()
    assert result.verdict is Verdict.APPLIED, messages(result)
    assert not before & {pod["metadata"]["name"] for pod in place.plane.pods(place.namespace)}
