"""Single faults of a real cluster: each stops only what depends on it, and is reported in the words of who denied."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from reconciler.cluster import resource
from reconciler.errors import ExitCode
from reconciler.model.kind import FACTS, Kind
from reconciler.passes import clusters
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Outcome, Status
from reconciler.vendor import runner
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.kept import RUNNER_PRIVATE_KEY, Kept, everything_said
from tests.scenarios.test_installation_cluster import Pair, messages, of_cluster, outcomes
from tests.scenarios.world import definition_yaml, interposed, operator_yaml

pytestmark = pytest.mark.xdist_group("control_plane")

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
CONFIG = "humanitec-agent-configmap-env"


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair.make()


@pytest.fixture
def kept(cluster: ControlPlane, tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.1)
    monkeypatch.setattr(cluster_hand, "WAIT_S", 3)
    made = Kept.make(cluster, tmp_path, pair, ADMIN)
    made.declare()
    made.declare_runner()
    made.make_namespaces()
    return made


def statuses(result: PassResult) -> dict[str, Status]:
    return {name: one.status for name, one in outcomes(result).items()}


def reached_at(kept: Kept, server: str) -> None:
    """From now on, the kubeconfig says another server."""
    path = kept.world.root.parent / "kubeconfig"
    kept.plane.kubeconfig(path, ADMIN, server=server)


def test_while_a_cluster_cannot_be_reached_organizations_go_on_and_its_target_says_so(kept: Kept) -> None:
    reached_at(kept, "https://127.0.0.1:1")
    kept.world.write("bucket.yaml", definition_yaml("bucket"))
    assert kept.world.plan().exit_code() == 6
    result = kept.world.apply()
    assert result.exit_code() == 5
    assert "the API server cannot be reached" in everything_said(result)
    done = {str(one.action.key) for one in result.outcomes if one.status is Status.DONE}
    assert {"Agent/eu-1", "Runner/jobs", "Definition/bucket"} <= done


@pytest.mark.parametrize("still_declared", [True, False])
def test_registrations_stay_while_their_cluster_cannot_be_reached(
    kept: Kept, *, still_declared: bool
) -> None:
    """Whether something else is declared on the cluster or not: the workload may still run there."""
    assert kept.world.apply().verdict is Verdict.APPLIED
    before = kept.world.live()
    reached_at(kept, "https://127.0.0.1:1")
    kept.world.remove("agent.yaml")
    kept.world.remove("key.yaml")
    if not still_declared:
        kept.world.remove("runner.yaml")
    kept.world.write("bucket.yaml", definition_yaml("bucket"))
    result = kept.apply_approved()
    assert "its workload may still run on cluster eu-1, which was not read" in everything_said(result)
    assert result.exit_code() == 5
    after = kept.world.live()
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    for kind in ("agents", "keys", "runners"):
        assert after[kind] == before[kind]


def test_without_the_kinds_of_an_operator_a_plan_is_complete(kept: Kept) -> None:
    kept.world.write("operator.yaml", operator_yaml("op"))
    planned = of_cluster(kept.world.plan()).plan
    assert planned is not None
    assert not planned.unexamined


def test_a_kind_that_the_cluster_lacks_stops_what_needs_it_alone(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for those of Flux: here the kind of network policies is looked for in a group that nobody has."""
    absent = replace(FACTS[Kind.NETWORK_POLICY], api_version="absent.example.com/v1")
    for module in (resource, clusters):
        monkeypatch.setattr(module, "FACTS", {**FACTS, Kind.NETWORK_POLICY: absent})
    result = kept.world.apply()
    waits = outcomes(result)[f"create NetworkPolicy/{kept.agents}/humanitec-agent"]
    assert waits.status is Status.BLOCKED
    assert waits.message == "waits: the cluster has no kind NetworkPolicy"
    assert result.exit_code() == ExitCode.PARTIAL
    assert statuses(result)[f"create {runner_of(kept)}"] is Status.DONE
    kept.declare(policy=False)
    assert kept.world.apply().verdict is Verdict.APPLIED


def agent_of(kept: Kept) -> str:
    return f"Deployment/{kept.agents}/humanitec-agent"


def runner_of(kept: Kept) -> str:
    return f"Deployment/{kept.runners}/{runner.NAME}"


def assert_alone(kept: Kept, result: PassResult) -> None:
    """The Agent is not started; the runner is."""
    assert result.exit_code() == 5
    assert statuses(result)[f"create {agent_of(kept)}"] is Status.BLOCKED
    assert statuses(result)[f"create {runner_of(kept)}"] is Status.DONE


def test_in_a_namespace_that_is_going_away_nothing_is_made(kept: Kept) -> None:
    path = f"/api/v1/namespaces/{kept.agents}"
    held = {"metadata": {"name": "held", "finalizers": ["example.com/held"]}}
    kept.plane.create(f"{path}/configmaps", held)
    kept.plane.client.delete(path)
    kept.plane.wait_until(lambda: kept.plane.get(path)["status"]["phase"] == "Terminating", "it goes")
    result = kept.world.apply()
    kept.plane.patch(f"{path}/configmaps/held", {"metadata": {"finalizers": None}})
    assert_alone(kept, result)
    assert "because it is being terminated" in config_map(kept, result).message


def config_map(kept: Kept, result: PassResult) -> Outcome:
    return outcomes(result)[f"create ConfigMap/{kept.agents}/{CONFIG}"]


def test_what_a_finalizer_holds_is_not_called_gone(kept: Kept) -> None:
    assert kept.world.apply().verdict is Verdict.APPLIED
    path = f"/api/v1/namespaces/{kept.agents}/configmaps/{CONFIG}"
    kept.plane.patch(path, {"metadata": {"finalizers": ["example.com/held"]}})
    kept.remove()
    result = kept.apply_approved()
    kept.plane.patch(path, {"metadata": {"finalizers": None}})
    outcome = outcomes(result)[f"delete ConfigMap/{kept.agents}/{CONFIG}"]
    assert outcome.status is Status.FAILED
    assert "finalizers example.com/held hold it back" in outcome.message


def deny(plane: ControlPlane, namespace: str, resource: str, group: str = "") -> str:
    """Path of the binding of a policy of the cluster that denies to create or change these."""
    matches = {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": [resource],
    }
    only = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    name = f"deny-{uuid4().hex[:8]}"
    plane.create(
        f"{ADMISSION}/validatingadmissionpolicies",
        {
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"resourceRules": [matches], "namespaceSelector": only},
                "validations": [{"expression": "false", "message": "ask the team blue"}],
            },
        },
    )
    plane.create(
        f"{ADMISSION}/validatingadmissionpolicybindings",
        {"metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}},
    )
    probe = (
        f"/{'apis' if group else 'api'}/{group + '/' if group else ''}v1/namespaces/{namespace}/{resource}"
    )
    body = {"metadata": {"name": "probe"}}
    plane.wait_until(
        lambda: "team blue" in plane.client.post(probe, json=body, params={"dryRun": "All"}).text, "it denies"
    )
    return f"{ADMISSION}/validatingadmissionpolicybindings/{name}"


def test_what_a_policy_denies_stops_its_installation_alone(kept: Kept) -> None:
    deny(kept.plane, kept.agents, "configmaps")
    result = kept.world.apply()
    assert_alone(kept, result)
    assert "denied request: ask the team blue" in config_map(kept, result).message


def quota(kept: Kept, **hard: str) -> None:
    """A quota of the Agent's namespace, once it counts; `_` in names is `/`."""
    path = f"/api/v1/namespaces/{kept.agents}/resourcequotas"
    spec = {name.replace("_", "/"): value for name, value in hard.items()}
    kept.plane.create(path, {"metadata": {"name": "small"}, "spec": {"hard": spec}})
    kept.plane.wait_until(lambda: kept.plane.get(f"{path}/small").get("status", {}).get("hard"), "it counts")


def test_a_quota_on_objects_is_named(kept: Kept) -> None:
    quota(kept, count_configmaps="0")
    result = kept.world.apply()
    assert_alone(kept, result)
    assert "exceeded quota: small, requested: count/configmaps=1" in config_map(kept, result).message


def test_a_quota_on_pods_is_named(kept: Kept) -> None:
    """The API server takes the Deployment; only its controller hears of the quota."""
    kept.declare(waits=4)
    quota(kept, pods="0")
    result = kept.world.apply()
    failed = outcomes(result)[f"create {agent_of(kept)}"]
    assert failed.status is Status.FAILED
    assert "no pod can be made: FailedCreate" in failed.message
    assert "exceeded quota: small, requested: pods=1" in failed.message
    assert statuses(result)[f"create {runner_of(kept)}"] is Status.DONE


def test_a_paused_rollout_is_not_waited_for(kept: Kept) -> None:
    kept.world.apply()
    path = f"/apis/apps/v1/namespaces/{kept.agents}/deployments/humanitec-agent"
    kept.plane.patch(path, {"spec": {"paused": True}})
    pods = [pod["metadata"]["uid"] for pod in kept.plane.pods(kept.agents)]
    kept.declare("1.8.5", waits=600)
    result = kept.world.apply()
    failed = outcomes(result)[f"update {agent_of(kept)}"]
    assert failed.status is Status.FAILED
    assert "paused" in failed.message
    assert [pod["metadata"]["uid"] for pod in kept.plane.pods(kept.agents)] == pods


def test_an_image_that_cannot_be_pulled_leaves_the_old_pod(kept: Kept) -> None:
    kept.world.apply()
    (old,) = kept.plane.pods(kept.agents)
    kept.declare(image="no-image.test/agent:1.8.5", waits=3)
    failed = outcomes(kept.world.apply())[f"update {agent_of(kept)}"]
    assert failed.status is Status.FAILED
    assert "ImagePullBackOff" in failed.message
    assert old["metadata"]["uid"] in [pod["metadata"]["uid"] for pod in kept.plane.pods(kept.agents)]
    assert outcomes(kept.world.apply())[f"verify {agent_of(kept)}"].status is Status.FAILED


def meanwhile(kept: Kept, method: str, act: Callable[[], object]) -> None:
    """Somebody acts right before the first such call about the Agent's ConfigMap that an apply makes."""
    acted: list[str] = []

    def around(name: str, given: tuple[object, ...], call: Callable[[], object]) -> object:
        of = given[0] if given else None
        is_it = given == (Kind.CONFIG_MAP, kept.agents, CONFIG) or (
            isinstance(of, dict) and of["metadata"]["name"] == CONFIG
        )
        if name == method and is_it and not acted:
            acted.append(name)
            act()
        return call()

    kept.world.at_cluster = lambda client: interposed(client, around)


def changed_meanwhile(kept: Kept, method: str, act: Callable[[str], object]) -> Outcome:
    """Outcome of an update of the Agent's ConfigMap, while somebody acts on it by its path."""
    assert kept.world.apply().verdict is Verdict.APPLIED
    path = f"/api/v1/namespaces/{kept.agents}/configmaps/{CONFIG}"
    kept.declare(env="{HTTPS_PROXY: 'http://proxy.test:3128'}")
    meanwhile(kept, method, lambda: act(path))
    result = kept.world.apply()
    kept.world.at_cluster = None
    assert not result.errors, result.errors
    return outcomes(result)[f"update ConfigMap/{kept.agents}/{CONFIG}"]


def theirs(kept: Kept, path: str) -> None:
    """Somebody else's object takes the place of ours."""
    kept.plane.client.delete(path)
    lists, _, name = path.rpartition("/")
    kept.plane.create(lists, {"metadata": {"name": name}, "data": {"ORGS": "theirs"}})


def test_an_object_deleted_after_the_plan_is_not_made_again_at_once(kept: Kept) -> None:
    outcome = changed_meanwhile(kept, "get", kept.plane.client.delete)
    assert outcome.status is Status.FAILED
    assert "it is gone; run again to create it" in outcome.message
    assert kept.world.apply().verdict is Verdict.APPLIED


def test_an_object_replaced_after_the_plan_is_left_alone(kept: Kept) -> None:
    outcome = changed_meanwhile(kept, "get", lambda path: theirs(kept, path))
    assert outcome.status is Status.REFUSED
    assert "it no longer belongs to this instance" in outcome.message
    path = f"/api/v1/namespaces/{kept.agents}/configmaps/{CONFIG}"
    assert kept.plane.get(path)["data"] == {"ORGS": "theirs"}


def test_an_object_that_lost_its_label_after_the_plan_is_left_alone(kept: Kept) -> None:
    unlabelled = {"metadata": {"labels": {"reconciler/instance": None}}}
    outcome = changed_meanwhile(kept, "get", lambda path: kept.plane.patch(path, unlabelled))
    assert outcome.status is Status.REFUSED


def test_a_field_edited_after_the_plan_is_as_declared_in_the_end(kept: Kept) -> None:
    outcome = changed_meanwhile(
        kept, "apply", lambda path: kept.plane.patch(path, {"data": {"ORGS": "other"}})
    )
    assert outcome.status is Status.DONE
    path = f"/api/v1/namespaces/{kept.agents}/configmaps/{CONFIG}"
    assert kept.plane.get(path)["data"]["HTTPS_PROXY"] == "http://proxy.test:3128"


def test_an_object_that_somebody_makes_just_before_ours_is_left_alone(kept: Kept) -> None:
    """Between the last look and the request: only the API server can tell."""
    path = f"/api/v1/namespaces/{kept.agents}/configmaps/{CONFIG}"
    meanwhile(kept, "apply", lambda: theirs(kept, path))
    result = kept.world.apply()
    assert_alone(kept, result)
    assert "exists, although it was to be new" in config_map(kept, result).message
    assert kept.plane.get(path)["data"] == {"ORGS": "theirs"}


def test_an_object_replaced_before_it_is_deleted_is_left_alone(kept: Kept) -> None:
    assert kept.world.apply().verdict is Verdict.APPLIED
    kept.remove()
    path = f"/api/v1/namespaces/{kept.agents}/configmaps/{CONFIG}"
    for method in ("delete", "get"):
        kept.world.at_cluster = None
        meanwhile(kept, method, lambda: theirs(kept, path))
        kept.apply_approved()
        assert kept.plane.get(path)["data"] == {"ORGS": "theirs"}


def test_a_runner_whose_secret_is_named_waits_for_it_from_nothing(
    cluster: ControlPlane, tmp_path: Path, pair: Pair
) -> None:
    """Neither the Secret nor its namespace exists at first."""
    kept = Kept.make(cluster, tmp_path, pair, ADMIN)
    kept.declare_runner(
        more="delivery: kubernetes, privateKey: {secretName: humanitec-kubernetes-agent-runner}"
    )
    first = kept.world.apply()
    workload = f"create Deployment/{kept.runners}/humanitec-kubernetes-agent-runner"
    assert outcomes(first)[workload].status is Status.BLOCKED, messages(first)
    cluster.secret(kept.runners, runner.NAME, private_key=RUNNER_PRIVATE_KEY)
    result = kept.world.apply()
    assert result.verdict is Verdict.APPLIED, (result.findings, messages(result))
    assert kept.world.plan().verdict is Verdict.EMPTY
