"""Objects of a real API server: read, applied and deleted, with the rights of different users."""

import gc
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from reconciler.cluster.access import KubeconfigAccess, PodAccess
from reconciler.cluster.objects import ClusterObjects, Permission, Propagation
from reconciler.cluster.request import Permit
from reconciler.cluster.resource import PODS, ApiResource
from reconciler.errors import ClusterAccessError, ClusterError, StaleObjectError, UnknownKindError
from reconciler.model.json import JsonObject
from reconciler.model.kind import CLUSTER_KINDS, Kind
from reconciler.model.kubernetes_object import kind_of, metadata_of
from tests.cluster.bodies import config_map, deployment, realistic
from tests.control_plane.plane import ADMIN, READER, STRANGER, ControlPlane

pytestmark = pytest.mark.xdist_group("control_plane")
SECRETS = ApiResource("v1", "Secret", "secrets")
Connect = Callable[..., ClusterObjects]


@pytest.fixture
def connect(control_plane: ControlPlane, tmp_path: Path) -> Connect:
    def made(user: str = ADMIN, permit: Permit = Permit.CHANGE, **more: Any) -> ClusterObjects:
        return ClusterObjects(
            KubeconfigAccess(control_plane.kubeconfig(tmp_path / user, user)), {}, permit=permit, **more
        )

    return made


@pytest.fixture
def cluster(connect: Connect) -> ClusterObjects:
    return connect()


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    name = f"test-{uuid4().hex[:8]}"
    control_plane.namespace(name)
    return name


def names(found: tuple[JsonObject, ...]) -> list[str]:
    return sorted(str(metadata_of(one)["name"]) for one in found)


@pytest.mark.parametrize("kind", list(realistic("x")))
def test_what_is_applied_can_be_read_listed_and_deleted(
    cluster: ClusterObjects, namespace: str, kind: str
) -> None:
    body = realistic(namespace)[kind]
    name = str(metadata_of(body)["name"])
    within = str(metadata_of(body).get("namespace", ""))
    made = cluster.apply(body, is_new=True)
    read = cluster.get(Kind(kind), within, name)
    assert read == made
    [listed] = [
        one
        for one in cluster.list(Kind(kind), within or None, "reconciler/instance=prod")
        if metadata_of(one)["name"] == name
    ]
    assert listed == made
    assert kind_of(listed) == kind
    uid = str(metadata_of(made)["uid"])
    assert cluster.delete(Kind(kind), within, name, uid=uid)
    if kind != "Namespace":  # nothing ends it without the controllers
        assert cluster.get(Kind(kind), within, name) is None
        assert not cluster.delete(Kind(kind), within, name, uid=uid)


def test_a_look_costs_one_list_for_each_kind(cluster: ClusterObjects, namespace: str) -> None:
    for number in range(3):
        cluster.apply(config_map(namespace, f"agent-{number}"))
    before = cluster.requests
    for kind in CLUSTER_KINDS:
        # Flux and Argo CD are not installed.
        with suppress(UnknownKindError):
            cluster.list(kind, None, "reconciler/instance=prod")
    assert cluster.requests - before == len(CLUSTER_KINDS)


def test_a_list_is_read_in_pages(connect: Connect, namespace: str) -> None:
    cluster = connect(page=2)
    for number in range(5):
        cluster.apply(config_map(namespace, f"agent-{number}"))
    before = cluster.requests
    found = cluster.list(Kind.CONFIG_MAP, namespace)
    assert names(found) == [f"agent-{number}" for number in range(5)]
    assert {(one["apiVersion"], one["kind"]) for one in found} == {("v1", "ConfigMap")}
    assert cluster.requests - before == 3


def test_a_list_is_of_one_namespace_or_of_all(
    cluster: ClusterObjects, control_plane: ControlPlane, namespace: str
) -> None:
    other = f"{namespace}-other"
    control_plane.namespace(other)
    for place in (namespace, other):
        cluster.apply(config_map(place, namespace))
    assert names(cluster.list(Kind.CONFIG_MAP, namespace)) == [namespace]
    assert names(cluster.list(Kind.CONFIG_MAP)).count(namespace) == 2
    assert cluster.list(Kind.CONFIG_MAP, namespace, "reconciler/instance=other") == ()


def test_a_new_object_never_replaces_one_that_exists(
    cluster: ClusterObjects, control_plane: ControlPlane, namespace: str
) -> None:
    """Whoever made it, whatever it contains, and even by force."""
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    theirs = control_plane.create(base, {"metadata": {"name": "theirs"}, "data": {"ORGS": "other"}})
    ours = cluster.apply(config_map(namespace), is_new=True)
    for body in (config_map(namespace, "theirs", ORGS="acme"), config_map(namespace, "theirs", OTHER="x")):
        for force in (False, True):
            with pytest.raises(StaleObjectError, match="exists, although it was to be new"):
                cluster.apply(body, is_new=True, force=force)
    with pytest.raises(StaleObjectError):
        cluster.apply(config_map(namespace), is_new=True)
    assert control_plane.client.get(f"{base}/theirs").json() == theirs
    assert cluster.get(Kind.CONFIG_MAP, namespace, "agent") == ours


def test_a_trial_changes_nothing(connect: Connect, namespace: str) -> None:
    cluster = connect(permit=Permit.DRY_RUN)
    body = deployment(namespace)
    assert cluster.apply(body, dry_run=True, is_new=True)["spec"]
    assert cluster.get(Kind.DEPLOYMENT, namespace, "agent") is None


def test_only_the_very_object_is_deleted(cluster: ClusterObjects, namespace: str) -> None:
    first = metadata_of(cluster.apply(config_map(namespace)))
    uid = str(first["uid"])
    with pytest.raises(StaleObjectError, match="UID"):
        cluster.delete(Kind.CONFIG_MAP, namespace, "agent", uid="another")
    cluster.apply(config_map(namespace, ORGS="changed"))
    with pytest.raises(StaleObjectError, match="ResourceVersion"):
        cluster.delete(
            Kind.CONFIG_MAP, namespace, "agent", uid=uid, resource_version=str(first["resourceVersion"])
        )
    assert cluster.get(Kind.CONFIG_MAP, namespace, "agent") is not None
    assert cluster.delete(Kind.CONFIG_MAP, namespace, "agent", uid=uid)


def test_a_deployment_can_stay_until_its_pods_are_gone(cluster: ClusterObjects, namespace: str) -> None:
    uid = str(metadata_of(cluster.apply(deployment(namespace)))["uid"])
    assert cluster.delete(Kind.DEPLOYMENT, namespace, "agent", uid=uid, propagation=Propagation.FOREGROUND)
    left = cluster.get(Kind.DEPLOYMENT, namespace, "agent")
    assert left is not None
    assert metadata_of(left)["finalizers"] == ["foregroundDeletion"]


def test_a_missing_kind_is_told_from_a_missing_object(cluster: ClusterObjects, namespace: str) -> None:
    assert cluster.get(Kind.CONFIG_MAP, namespace, "missing") is None
    assert cluster.get(Kind.CONFIG_MAP, "no-such-namespace", "missing") is None
    # Kinds that Kubernetes itself brings are never missing: such an answer is not that of an API server.
    for missing, version, is_built_in in (
        (
            ApiResource("source.toolkit.fluxcd.io/v1", "OCIRepository", "ocirepositories"),
            "source.toolkit.fluxcd.io/v1",
            False,
        ),
        (ApiResource("apps/v1", "Pod", "podz"), "apps/v1", True),
        (ApiResource("v1", "Podz", "podz"), "v1", True),
    ):
        for ask in (
            lambda missing=missing: cluster.get(missing, namespace, "x"),
            lambda missing=missing: cluster.list(missing, namespace),
        ):
            with pytest.raises(
                ClusterError, match=f"does not know {missing.resource} of {version}"
            ) as raised:
                ask()
            assert isinstance(raised.value, UnknownKindError) is not is_built_in


def test_what_the_server_has_can_be_asked(
    cluster: ClusterObjects, control_plane: ControlPlane, namespace: str
) -> None:
    assert cluster.server_version().startswith("v1.")
    assert cluster.has_kind("apps/v1", "Deployment")
    assert cluster.has_kind("v1", "Secret")
    assert not cluster.has_kind("apps/v1", "Scale"), "a subresource"
    assert not cluster.has_kind("argoproj.io/v1alpha1", "Application")
    before = cluster.requests
    found = cluster.namespaced_kinds()
    assert cluster.requests - before == 2
    assert found.unread == ()
    kinds = {(one.api_version, one.kind) for one in found.kinds}
    assert {("v1", "Secret"), ("apps/v1", "Deployment"), ("batch/v1", "Job"), ("v1", "Pod")} <= kinds
    assert not {kind for _, kind in kinds} & {"Namespace", "Node", "TokenReview", "LocalSubjectAccessReview"}
    assert len({(one.group, one.resource) for one in found.kinds}) == len(found.kinds)

    control_plane.secret(namespace, "login", password="canary-of-a-secret")
    cluster.apply(config_map(namespace))
    there = {
        one.kind: names(cluster.metadata(one, namespace))
        for one in found.kinds
        if cluster.metadata(one, namespace)
    }
    assert there == {"Secret": ["login"], "ConfigMap": ["agent"]}
    [secret] = cluster.metadata(SECRETS, namespace)
    assert "data" not in secret


def test_pods_events_and_logs_are_found(
    cluster: ClusterObjects, control_plane: ControlPlane, namespace: str
) -> None:
    base = f"/api/v1/namespaces/{namespace}"
    control_plane.create(f"{base}/serviceaccounts", {"metadata": {"name": "default"}})
    for name in ("agent-1", "other-1"):
        labels = {"app": name.partition("-")[0]}
        spec = {"containers": [{"name": "agent", "image": "i"}]}
        control_plane.create(f"{base}/pods", {"metadata": {"name": name, "labels": labels}, "spec": spec})
        involved = {"kind": "Pod", "name": name, "namespace": namespace}
        event = {"metadata": {"name": f"{name}.1"}, "involvedObject": involved, "reason": "Failed"}
        control_plane.create(f"{base}/events", event)
    assert names(cluster.pods(namespace, "app=agent")) == ["agent-1"]
    assert names(cluster.list(PODS, namespace)) == ["agent-1", "other-1"]
    assert names(cluster.events(namespace, "agent-1")) == ["agent-1.1"]
    assert cluster.log(namespace, "agent-1", "agent", tail_lines=5) == (), "not scheduled yet"
    with pytest.raises(ClusterError, match="container other is not valid for pod agent-1"):
        cluster.log(namespace, "agent-1", "other", tail_lines=5)
    with pytest.raises(ClusterError, match='pods "missing" not found'):
        cluster.log(namespace, "missing", "agent", tail_lines=5)


def test_what_one_may_do_can_be_asked(connect: Connect, control_plane: ControlPlane, namespace: str) -> None:
    """Every authenticated user may ask."""
    control_plane.grant(
        namespace, {"kind": "User", "name": READER, "apiGroup": "rbac.authorization.k8s.io"}, "login"
    )
    reader, stranger = connect(READER, Permit.READ), connect(STRANGER, Permit.READ)
    assert reader.may("get", "", "secrets", namespace, "login").is_granted
    assert not reader.may("get", "", "secrets", namespace).is_granted
    assert not reader.may("get", "", "secrets", "default", "login").is_granted
    assert stranger.may("get", "", "secrets", namespace, "login") == Permission(is_granted=False, reason="")
    assert connect().may("get", "", "pods/log").is_granted


def test_a_pod_uses_its_service_account(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    control_plane.service_account(namespace, "agent", tmp_path)
    host, _, port = control_plane.layout.server.removeprefix("https://").partition(":")
    environment = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    inside = ClusterObjects(PodAccess(tmp_path), environment)
    assert inside.server_version().startswith("v1.")
    (tmp_path / "token").unlink()
    assert inside.server_version(), "the token was read a moment ago"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"credentials": {"token": "wrong-canary"}}, "does not accept the credentials (401)"),
        ({"tls-server-name": "elsewhere.test"}, "the API server's certificate is not accepted"),
        ({"server": "https://nowhere.invalid"}, "the name of the API server cannot be resolved"),
        ({"proxy-url": "http://u:canary@127.0.0.1:1"}, "the proxy of the cluster cannot be reached"),
    ],
)
def test_a_cluster_that_cannot_be_reached_is_said_also_by_changes(
    control_plane: ControlPlane, namespace: str, tmp_path: Path, changed: dict[str, Any], problem: str
) -> None:
    access = KubeconfigAccess(control_plane.kubeconfig(tmp_path / "config", ADMIN, **changed))
    cluster = ClusterObjects(access, {}, permit=Permit.CHANGE)
    for ask in (
        lambda: cluster.list(Kind.CONFIG_MAP, namespace),
        lambda: cluster.apply(config_map(namespace)),
        lambda: cluster.delete(Kind.CONFIG_MAP, namespace, "agent", uid="1"),
    ):
        with pytest.raises(ClusterAccessError) as caught:
            ask()
        assert problem in str(caught.value)
        assert "canary" not in f"{caught.value!r} {caught.value.advice}"


def test_the_client_leaves_no_files_behind(connect: Connect, namespace: str) -> None:
    """Its own discovery would write to, and read from, a file in the shared temporary folder that anybody can make."""
    before = set(Path(tempfile.gettempdir()).glob("osrcp-*"))
    cluster = connect()
    cluster.list(Kind.CONFIG_MAP, namespace)
    cluster.has_kind("apps/v1", "Deployment")
    assert set(Path(tempfile.gettempdir()).glob("osrcp-*")) == before


def test_what_the_command_line_imports_does_not_bring_the_client() -> None:
    program = (
        "import sys, reconciler.cli.program, reconciler.cluster.access; print('kubernetes' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "False\n"


def test_the_end_of_a_connection_leaves_the_certificates_of_others(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    """Both are opened from one kubeconfig that contains a certificate, as by one pass of `watch` after the other."""
    kubeconfig = KubeconfigAccess(control_plane.user(tmp_path / "kubeconfig", f"user-{uuid4().hex[:8]}"))
    first = ClusterObjects(kubeconfig, {}, permit=Permit.READ)
    second = ClusterObjects(kubeconfig, {}, permit=Permit.READ)
    del first
    gc.collect()
    assert not second.may("list", "", "secrets").is_granted
