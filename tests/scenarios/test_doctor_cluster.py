"""`doctor` on a real cluster: healthy, and with one thing wrong."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Timer
from uuid import uuid4

import pytest

from reconciler.cluster.access import KubeconfigAccess
from reconciler.cluster.probe_pods import ProbePods
from reconciler.diagnosis.check import Check, Examination, Status
from reconciler.diagnosis.probe import probe_check, probe_pod
from reconciler.errors import ClusterError, ExitCode
from reconciler.model.json import JsonObject
from reconciler.orchestrator.client import Access
from reconciler.passes import probe as probing
from reconciler.passes.examine import Asked, Examined, examine
from reconciler.passes.probe import left_behind, probe
from reconciler.settings import Settings
from tests.control_plane.plane import ADMIN
from tests.scenarios import test_installation_cluster as installation
from tests.scenarios.test_installation_cluster import CONNECTED, REFUSED, SECRET, Pair, Place

pytestmark = pytest.mark.xdist_group("control_plane")
pair, place = installation.pair, installation.place
GOOD = {
    "connection",
    "clock",
    "rights-plan",
    "rights-more",
    "rights-apply",
    "workload",
    "image",
    "log",
    "version",
    "key",
    "running-key",
    "registration",
}


def look(place: Place, *targets: str, settings: Settings | None = None) -> Examined:
    world = place.world if settings is None else replace(place.world, settings=settings)
    adapters = replace(world.adapters(Access.READ_ONLY), now=lambda: datetime.now(UTC))
    return examine(world.settings, adapters, Asked(frozenset(targets)))


def of_cluster(examination: Examination) -> list[Check]:
    return next(list(one.checks) for one in examination.places if one.id == "cluster:eu-1")


def lines(checks: list[Check], *but: Status) -> list[str]:
    return [f"{check.status} {check.id}: {check.what}" for check in checks if check.status not in but]


def with_user(place: Place, path: Path, *rules: dict[str, object]) -> Settings:
    """Settings whose cluster is reached by a new ordinary user with these rights."""
    name = f"user-{uuid4().hex[:8]}"
    place.plane.user(path, name)
    if rules:
        place.plane.allow(name, list(rules))
    settings = place.world.settings.model_dump(exclude_defaults=True, by_alias=True)
    settings["clusters"] = {"eu-1": {"kubeconfig": {"path": str(path)}}}
    return Settings.model_validate({"version": 1, **settings})


def test_a_healthy_agent_has_nothing_but_good_lines(place: Place) -> None:
    place.installed()
    examined = look(place)
    checks = of_cluster(examined.examination)
    assert lines(checks, Status.OK) == []
    assert {check.id for check in checks} == GOOD
    assert "Kubernetes v1." in checks[0].what
    (target,) = [one for one in examined.examination.places if one.id == "acme"]
    assert [check.status for check in target.checks] == [Status.OK, Status.OK]
    assert examined.examination.exit_code is ExitCode.DONE


def test_looking_sends_nothing_that_could_change_the_cluster(place: Place) -> None:
    found = lines(of_cluster(look(place).examination), Status.OK)
    assert found == [
        f"problem workload: Deployment {place.namespace}/humanitec-agent does not exist",
        f"problem secret: Secret {place.namespace}/{SECRET} does not exist",
    ]
    assert place.plane.client.get(f"/api/v1/namespaces/{place.namespace}").status_code == 404


def test_a_pod_that_crashes_is_named_with_its_reason_and_last_line(place: Place) -> None:
    place.world.apply()
    place.hand_in_key()
    place.plane.write_log(place.namespace, "open /keys/private_key.pem: permission denied")
    place.declare(image="crash.test/agent:1.8.4", waitSeconds=2)
    place.world.apply()
    examined = look(place)
    checks = {check.id: check for check in of_cluster(examined.examination) if check.status is Status.PROBLEM}
    assert checks["workload"].what == "not ready: 0 of 1 pod ready"
    assert "CrashLoopBackOff" in checks["workload"].advice[0]
    assert "last log line: open /keys/private_key.pem: permission denied" in checks["workload"].advice
    assert "cannot read the file of its key" in checks["log"].what
    assert examined.examination.exit_code is ExitCode.PARTIAL


def test_a_refused_key_names_the_organizations_that_lack_it(place: Place) -> None:
    place.installed()
    other = Pair.make()
    place.plane.secret(place.namespace, SECRET, private_key=other.private)
    place.plane.write_log(place.namespace, *CONNECTED, *REFUSED)
    checks = of_cluster(look(place).examination)
    found = {check.id: check.what for check in checks if check.status is Status.PROBLEM}
    assert set(found) == {"log", "running-key", "registration"}
    assert found["log"].endswith("organization acme lacks the mounted key")
    assert "organization acme lacks the mounted key" in found["registration"]


def test_a_missing_secret_is_found_while_pods_still_run(place: Place) -> None:
    place.installed()
    path = f"/api/v1/namespaces/{place.namespace}/secrets/{SECRET}"
    assert place.plane.client.delete(path).is_success
    (check,) = [c for c in of_cluster(look(place).examination) if c.status is not Status.OK]
    assert check.what == f"Secret {place.namespace}/{SECRET} does not exist"
    assert "--from-file=private_key=KEY.pem" in check.advice[0]


RULES: tuple[dict[str, object], ...] = (
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list", "get"]},
    {
        "apiGroups": [""],
        "resources": ["namespaces", "configmaps", "serviceaccounts"],
        "verbs": ["list", "get"],
    },
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["list"]},
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["list"]},
    {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["list"]},
)


def test_with_one_verb_less_the_line_names_it(place: Place, tmp_path: Path) -> None:
    place.installed()
    without = [rule for rule in RULES if rule["resources"] != ["secrets"]]
    checks = of_cluster(look(place, settings=with_user(place, tmp_path / "user", *without)).examination)
    found = lines([check for check in checks if check.id != "rights-apply"], Status.OK)
    assert found[0].startswith(
        f"problem rights-plan: a plan lacks a right: get secrets/{SECRET} in namespace {place.namespace}"
    )
    assert found[1].startswith(f"unknown secret: Secret {place.namespace}/{SECRET} cannot be read")
    assert len(found) == 2
    # The pods say which key they run with, so that the organizations are still compared.
    assert "registration" in {check.id for check in checks}


def test_the_rights_of_a_plan_are_all_that_it_takes_to_look(place: Place, tmp_path: Path) -> None:
    place.installed()
    checks = of_cluster(look(place, settings=with_user(place, tmp_path / "user", *RULES)).examination)
    assert {check.id for check in checks if check.status is not Status.OK} == {"rights-apply"}
    assert {check.status for check in checks if check.id == "rights-apply"} == {Status.WARNING}


def test_a_stranger_is_told_what_is_missing(place: Place, tmp_path: Path) -> None:
    examined = look(place, settings=with_user(place, tmp_path / "user"))
    found = lines(of_cluster(examined.examination), Status.OK)
    assert "problem rights-plan: a plan lacks a right: list deployments.apps" in " ".join(found)
    assert any(line.startswith("unknown workload: ") for line in found)
    assert examined.examination.exit_code is ExitCode.PARTIAL


def test_a_cluster_that_cannot_be_reached_is_one_line(place: Place, tmp_path: Path) -> None:
    path = place.plane.kubeconfig(tmp_path / "closed", ADMIN, server="https://127.0.0.1:9")
    settings = place.world.settings.model_dump(exclude_defaults=True, by_alias=True)
    settings["clusters"] = {"eu-1": {"kubeconfig": {"path": str(path)}}}
    examined = look(place, "cluster:eu-1", settings=Settings.model_validate({"version": 1, **settings}))
    (only,) = examined.examination.places
    (check,) = only.checks
    assert check.status is Status.UNKNOWN
    assert check.what.startswith("not reached: ")
    assert examined.examination.exit_code is ExitCode.UNREADABLE


def test_kinds_that_a_delivery_needs_are_missed(place: Place) -> None:
    place.declare(delivery="flux", chartVersion="1.0.0", privateKey="{secretName: key}")
    found = lines(of_cluster(look(place).examination), Status.OK)
    assert "problem kind: does not have kind HelmRelease (helm.toolkit.fluxcd.io/v2)" in found


def clients(place: Place) -> tuple[ProbePods, JsonObject]:
    """A client for probes, and a probe pod of the installed Agent whose image nobody pulls here."""
    settings = place.world.settings.clusters["eu-1"]
    assert settings.kubeconfig is not None
    (probable,) = look(place).probable
    body = probe_pod(probable.workload, probable.deployment, run=uuid4().hex, image="busybox:1.37")
    return ProbePods(KubeconfigAccess(Path(settings.kubeconfig.path)), {}), body


def names(place: Place) -> set[str]:
    return {pod["metadata"]["name"] for pod in place.plane.pods(place.namespace)}


def gone(place: Place) -> bool:
    place.plane.wait_until(
        lambda: not any(name.startswith("reconciler-probe-") for name in names(place)),
        "the probe pod is gone",
    )
    return True


def test_a_probe_pod_runs_next_to_the_agent_and_is_deleted(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "POLL_S", 0.05)
    place.installed()
    before = names(place)
    client, body = clients(place)
    seen = probe(client, body, Event())
    check = probe_check(seen, subject="Agent/eu-1")
    # Nothing runs in a pod here: it ends well and says nothing.
    assert check.status is Status.OK
    assert seen is not None
    metadata = seen["metadata"]
    assert isinstance(metadata, dict)
    assert str(metadata["name"]).startswith("reconciler-probe-")
    assert not left_behind(client, body)
    assert gone(place)
    # Neither the Deployment nor a later pass takes it for a replica.
    assert names(place) == before


@pytest.mark.parametrize("end", ["limit", "stop", "interrupt"])
def test_a_probe_that_does_not_end_is_deleted_too(
    place: Place, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(probing, "POLL_S", 0.05)
    place.installed()
    client, body = clients(place)
    spec = body["spec"]
    assert isinstance(spec, dict)
    containers = spec["containers"]
    assert isinstance(containers, list)
    containers[0]["image"] = "no-image.test/busybox"  # type: ignore[index, call-overload]  # JSON of a test
    stop = Event()
    if end == "stop":
        Timer(0.5, stop.set).start()
    if end == "interrupt":

        def interrupted(_: float) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(stop, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            probe(client, body, stop)
    else:
        seen = probe(client, body, stop, limit_s=1.5)
        assert probe_check(seen, subject="Agent/eu-1").status is Status.UNKNOWN
    assert gone(place)


def test_a_probe_that_may_not_be_created_leaves_nothing(place: Place, tmp_path: Path) -> None:
    place.installed()
    _, body = clients(place)
    path = tmp_path / "user"
    with_user(place, path, *RULES)
    client = ProbePods(KubeconfigAccess(path), {})
    with pytest.raises(ClusterError, match="cannot create resource"):
        probe(client, body, Event())
    assert gone(place)
