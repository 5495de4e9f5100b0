"""Entries of Secrets, read from a real API server with the rights of real users."""

import base64
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from reconciler.cluster.access import Access, KubeconfigAccess, PodAccess
from reconciler.cluster.connection import Connection
from reconciler.cluster.secret_entry import MOST_ENTRY_BYTES, SecretReader
from reconciler.errors import ClusterAccessError, ClusterError
from tests.control_plane.plane import ADMIN, READER, STRANGER, TOKENS, ControlPlane
from tests.control_plane.programs import PROGRAMS

pytestmark = pytest.mark.xdist_group("control_plane")
VALUE = "canary-of-a-cluster"
USER = {"kind": "User", "name": READER, "apiGroup": "rbac.authorization.k8s.io"}


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    """A namespace with the Secret `login`, which the reader may read."""
    name = f"test-{uuid4().hex[:8]}"
    control_plane.namespace(name)
    control_plane.secret(
        name,
        "login",
        password=VALUE,
        lines=f"{VALUE}\n\n",
        empty="",
        binary=b"\xff\xfe",
        large="x" * (MOST_ENTRY_BYTES + 1),
        **{"tls.key_1": "dotted"},
    )
    control_plane.secret(name, "other", password=VALUE)
    control_plane.grant(name, USER, "login", "missing")
    return name


@pytest.fixture
def access(control_plane: ControlPlane, tmp_path: Path) -> KubeconfigAccess:
    return KubeconfigAccess(control_plane.kubeconfig(tmp_path / "config"))


def said(access: Access, *entry: str, environment: dict[str, str] | None = None) -> str:
    """The value, or the error with its advice in angle brackets."""
    try:
        return str(SecretReader(access, environment or {}).entry(*entry).reveal())
    except ClusterError as error:
        text = f"<{error}; {error.advice}>"
        assert VALUE not in text
        assert "canary" not in text, "not even a token"
        return text


def test_an_entry_is_read_exactly_as_it_is_stored(access: KubeconfigAccess, namespace: str) -> None:
    assert said(access, namespace, "login", "password") == VALUE
    assert said(access, namespace, "login", "lines") == f"{VALUE}\n\n"
    assert said(access, namespace, "login", "tls.key_1") == "dotted"


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("pasword", "Secret NS/login has no entry `pasword`; did you mean `password`?"),
        ("zzz", "Secret NS/login has no entry `zzz`; correct `key`, or add it to the Secret"),
        ("empty", "entry `empty` of Secret NS/login is empty; "),
        ("binary", "entry `binary` of Secret NS/login is not UTF-8 text; "),
        ("large", "entry `large` of Secret NS/login is larger than 65536 bytes; "),
    ],
)
def test_what_cannot_be_a_secret_is_said(
    access: KubeconfigAccess, namespace: str, key: str, problem: str
) -> None:
    assert said(access, namespace, "login", key) == f"<{problem.replace('NS', namespace)}>"


def test_a_user_without_the_right_gets_403_and_what_to_grant(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    stranger = KubeconfigAccess(control_plane.kubeconfig(tmp_path / "config", STRANGER))
    assert said(stranger, namespace, "login", "password") == (
        f"<Secret {namespace}/login may not be read with these credentials (403); "
        "grant them `get` on this Secret with a Role in its namespace>"
    )


def test_one_secret_that_is_refused_does_not_hide_another(access: KubeconfigAccess, namespace: str) -> None:
    reader = SecretReader(access, {})
    with pytest.raises(ClusterError, match="403"):
        reader.entry(namespace, "other", "password")
    assert reader.entry(namespace, "login", "password").reveal() == VALUE


def test_a_secret_that_does_not_exist_is_said(access: KubeconfigAccess, namespace: str) -> None:
    assert said(access, namespace, "missing", "password") == (
        f"<Secret {namespace}/missing does not exist (404); correct `namespace` and `name`, or create it>"
    )


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"credentials": {"token": "wrong-canary"}}, "the API server does not accept the credentials (401)"),
        ({"certificate-authority": None}, "the API server's certificate is not accepted"),
        ({"tls-server-name": "elsewhere.test"}, "the API server's certificate is not accepted"),
        ({"server": "https://127.0.0.1:1"}, "the API server cannot be reached"),
        ({"server": "https://nowhere.invalid"}, "the name of the API server cannot be resolved"),
        ({"proxy-url": "http://u:canary@127.0.0.1:1"}, "the proxy of the cluster cannot be reached"),
    ],
)
def test_a_cluster_that_cannot_be_read_is_said_and_asked_only_once(
    control_plane: ControlPlane, namespace: str, tmp_path: Path, changed: dict[str, Any], problem: str
) -> None:
    path = control_plane.kubeconfig(tmp_path / "config", **changed)
    if "certificate-authority" in changed:
        whole = json.loads(path.read_text())
        del whole["clusters"][0]["cluster"]["certificate-authority"]
        path.write_text(json.dumps(whole))
    reader = SecretReader(KubeconfigAccess(path), {})
    with pytest.raises(ClusterAccessError) as first:
        reader.entry(namespace, "login", "password")
    assert str(first.value) == problem
    assert first.value.advice
    assert "canary" not in f"{first.value} {first.value.advice} {first.value.__cause__}"
    path.write_text("")
    with pytest.raises(ClusterAccessError) as second:
        reader.entry(namespace, "other", "password")
    assert second.value is first.value


def test_a_secret_is_requested_once_for_all_its_entries(
    access: KubeconfigAccess, namespace: str, control_plane: ControlPlane
) -> None:
    reader = SecretReader(access, {})
    assert reader.entry(namespace, "login", "password").reveal() == VALUE
    control_plane.client.delete(f"/api/v1/namespaces/{namespace}/secrets/login")
    assert reader.entry(namespace, "login", "tls.key_1").reveal() == "dotted"


def test_a_pod_uses_its_service_account(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    control_plane.service_account(namespace, "reconciler", tmp_path)
    account = {"kind": "ServiceAccount", "name": "reconciler", "namespace": namespace}
    environment = {
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(control_plane.layout.apiserver),
    }
    pod = PodAccess(tmp_path)
    assert "403" in said(pod, namespace, "other", "password", environment=environment)
    control_plane.client.delete(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/secrets"
    )
    control_plane.client.delete(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles/secrets")
    control_plane.grant(namespace, account, "other")
    assert eventually(pod, namespace, "other", "password", environment=environment) == VALUE


def eventually(access: Access, *entry: str, environment: dict[str, str]) -> str:
    """The value, once the API server's own cache of roles has it."""
    until = time.monotonic() + 10
    while "403" in (found := said(access, *entry, environment=environment)) and time.monotonic() < until:
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("environment", [{}, {"KUBERNETES_SERVICE_HOST": "127.0.0.1"}])
def test_outside_a_pod_there_is_no_service_account(tmp_path: Path, environment: dict[str, str]) -> None:
    assert said(PodAccess(tmp_path), "ns", "login", "password", environment=environment) == (
        "<this process does not run in a pod with a service account; "
        "use `inCluster` only in a pod that mounts one, and `kubeconfig` elsewhere>"
    )


def test_a_credential_plugin_signs_in(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    printed = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": TOKENS[READER]},
    }
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(printed)}\nEND\n")
    plugin.chmod(0o755)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"}}
    path = control_plane.kubeconfig(tmp_path / "config", credentials=user)
    assert said(KubeconfigAccess(path), namespace, "login", "password") == VALUE


def test_names_are_quoted_in_requests_and_nothing_but_secrets_is_reached(
    control_plane: ControlPlane, access: KubeconfigAccess, namespace: str
) -> None:
    """The model refuses such names; a request must not depend on that."""
    assert said(access, namespace, "login/../login", "password").startswith("<Secret")
    assert said(access, f"{namespace}/secrets/login?", "login", "password").startswith("<Secret")


def test_certificates_in_a_kubeconfig_are_in_no_file_afterwards(
    control_plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    inline = base64.b64encode(control_plane.layout.ca.read_bytes()).decode()
    path = control_plane.kubeconfig(tmp_path / "config", **{"certificate-authority-data": inline})
    connection = Connection(KubeconfigAccess(path), {})
    assert connection.get("api", "v1", "namespaces", namespace, "secrets", "login")["kind"] == "Secret"
    assert list((tmp_path / "temporary").rglob("*"))
    del connection
    assert not list((tmp_path / "temporary").iterdir())


def test_the_control_plane_is_what_it_says(control_plane: ControlPlane) -> None:
    version = control_plane.client.get("/version").json()["gitVersion"]
    if "KUBEBUILDER_ASSETS" not in os.environ:
        assert version == PROGRAMS["kube-apiserver"].version
    strangers = httpx.get(
        f"{control_plane.layout.server}/api/v1/namespaces",
        headers={"Authorization": f"Bearer {TOKENS[STRANGER]}"},
        verify=control_plane.trust(),
        trust_env=False,
    )
    assert strangers.status_code == 403
    assert control_plane.client.headers["Authorization"].endswith(TOKENS[ADMIN])
