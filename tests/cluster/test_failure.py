"""Refusals of a real API server: each is told from the others, in the words of whoever refuses."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reconciler.cluster.access import KubeconfigAccess
from reconciler.cluster.objects import ClusterObjects
from reconciler.cluster.request import Permit
from reconciler.errors import (
    AbsentNamespaceError,
    ClusterError,
    ClusterForbiddenError,
    DeniedError,
    FieldConflictError,
    InvalidObjectError,
    NamespaceTerminatingError,
    WebhookError,
)
from reconciler.model.kind import Kind
from tests.cluster.bodies import Body, config_map, deployment, realistic
from tests.control_plane.plane import ADMIN, READER, ControlPlane

pytestmark = pytest.mark.xdist_group("control_plane")
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
Connect = Callable[..., ClusterObjects]


@pytest.fixture
def connect(control_plane: ControlPlane, tmp_path: Path) -> Connect:
    def made(user: str = ADMIN) -> ClusterObjects:
        access = KubeconfigAccess(control_plane.kubeconfig(tmp_path / user, user))
        return ClusterObjects(access, {}, permit=Permit.CHANGE)

    return made


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    name = f"test-{uuid4().hex[:8]}"
    control_plane.namespace(name)
    return name


def eventually(ask: Callable[[], object], kind: type[ClusterError]) -> ClusterError:
    """The error that a trial meets once the server has taken notice of a policy or a right."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            ask()
        except kind as error:
            return error
        except ClusterError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"no {kind.__name__}")


def grant(plane: ControlPlane, namespace: str, *rules: dict[str, Any]) -> None:
    base = f"{RBAC}/namespaces/{namespace}"
    name = f"grant-{uuid4().hex[:8]}"
    plane.create(f"{base}/roles", {"metadata": {"name": name}, "rules": rules})
    group = "rbac.authorization.k8s.io"
    plane.create(
        f"{base}/rolebindings",
        {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [{"kind": "User", "name": READER, "apiGroup": group}],
        },
    )


def rule(group: str, resource: str, *verbs: str) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": verbs}


def test_fields_of_others_are_a_conflict_with_their_names(
    connect: Connect, control_plane: ControlPlane, namespace: str
) -> None:
    cluster, body = connect(), deployment(namespace)
    live = cluster.apply(body)
    patch = {"spec": {"replicas": 5, "template": {"spec": {"containers": [{"name": "agent", "image": "x"}]}}}}
    answer = control_plane.client.patch(
        f"/apis/apps/v1/namespaces/{namespace}/deployments/agent",
        content=json.dumps(patch),
        headers={"Content-Type": "application/strategic-merge-patch+json"},
        params={"fieldManager": "kubectl-edit"},
    )
    assert answer.is_success
    with pytest.raises(FieldConflictError) as caught:
        cluster.apply(body)
    assert sorted(caught.value.conflicts) == [
        ("kubectl-edit", ".spec.replicas"),
        ("kubectl-edit", '.spec.template.spec.containers[name="agent"].image'),
    ]
    assert str(caught.value) == (
        f'apply deployments {namespace}/agent: Apply failed with 2 conflicts: conflicts with "kubectl-edit" using '
        'apps/v1: - .spec.replicas - .spec.template.spec.containers[name="agent"].image'
    )
    assert not caught.value.is_transient
    forced = cluster.apply(body, force=True)
    assert forced["spec"] == live["spec"]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"bogus": 1}, "", ".bogus: field not declared in schema"),
        ({"spec": {"template": {"spec": {"securityContex": {}}}}}, "", "securityContex: field not declared"),
        (
            {"spec": {"template": {"spec": {"volumes": [{"name": "x", "emptyDir": {"sizeLimit": "lots"}}]}}}},
            "",
            "quantities must match the regular expression",
        ),
        ({"spec": {"replicas": "many"}}, "", ".spec.replicas: expected numeric"),
        (
            {"spec": {"template": {"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}}},
            "spec.template.metadata.labels",
            "`selector` does not match template `labels`",
        ),
        ({"spec": {"minReadySeconds": -1}}, "spec.minReadySeconds", "must be greater than or equal to 0"),
    ],
)
def test_content_that_is_wrong_is_refused_with_its_field(
    connect: Connect, namespace: str, change: Body, field: str, words: str
) -> None:
    body = deployment(namespace)

    def put(into: Body, new: Body) -> None:
        for name, value in new.items():
            if isinstance(value, dict) and value and isinstance(into.get(name), dict):
                put(into[name], value)
            else:
                into[name] = value

    put(body, change)
    with pytest.raises(InvalidObjectError) as caught:
        connect().apply(body)
    assert words in str(caught.value)
    assert caught.value.causes[0][0] == field
    assert words in caught.value.causes[0][1]


def test_what_cannot_be_changed_in_place_is_invalid(connect: Connect, namespace: str) -> None:
    cluster = connect()
    binding = realistic(namespace)["RoleBinding"]
    cluster.apply(binding)
    binding["roleRef"]["name"] = "other"
    with pytest.raises(InvalidObjectError, match="cannot change roleRef") as caught:
        cluster.apply(binding)
    assert [field for field, _ in caught.value.causes] == ["roleRef"]


def test_a_missing_namespace_is_told_from_one_that_goes_away(
    connect: Connect, control_plane: ControlPlane, namespace: str
) -> None:
    cluster = connect()
    with pytest.raises(AbsentNamespaceError, match='namespaces "no-such-place" not found') as absent:
        cluster.apply(config_map("no-such-place"))
    assert absent.value.advice == "create namespace no-such-place"
    # Nothing ends it without the controllers.
    assert control_plane.client.delete(f"/api/v1/namespaces/{namespace}").is_success
    with pytest.raises(NamespaceTerminatingError, match="because it is being terminated") as going:
        cluster.apply(config_map(namespace))
    assert going.value.is_transient


@pytest.mark.parametrize(
    ("granted", "operation", "verb"),
    [
        ([], lambda cluster, at: cluster.list(Kind.CONFIG_MAP, at), "list"),
        ([], lambda cluster, at: cluster.get(Kind.CONFIG_MAP, at, "agent"), "get"),
        ([], lambda cluster, at: cluster.apply(config_map(at)), "patch"),
        (["patch"], lambda cluster, at: cluster.apply(config_map(at)), "create"),
        (
            ["patch", "create"],
            lambda cluster, at: cluster.delete(Kind.CONFIG_MAP, at, "a", uid="1"),
            "delete",
        ),
    ],
)
def test_a_missing_verb_is_named(
    connect: Connect,
    control_plane: ControlPlane,
    namespace: str,
    *,
    granted: list[str],
    operation: Callable[[ClusterObjects, str], object],
    verb: str,
) -> None:
    if granted:
        grant(control_plane, namespace, rule("", "configmaps", *granted))
    cluster = connect(READER)
    error = eventually(lambda: operation(cluster, namespace), ClusterForbiddenError)
    assert isinstance(error, ClusterForbiddenError)
    assert (error.verb, error.group, error.resource, error.namespace) == (verb, "", "configmaps", namespace)
    assert error.advice == f"grant `{verb}` on `configmaps` with a Role in namespace {namespace}"
    assert f'cannot {verb} resource "configmaps"' in str(error)
    assert not error.is_transient


def test_a_missing_verb_on_the_cluster_or_a_subresource_is_named(connect: Connect, namespace: str) -> None:
    cluster = connect(READER)
    with pytest.raises(ClusterForbiddenError) as everywhere:
        cluster.list(Kind.DEPLOYMENT)
    assert everywhere.value.advice == "grant `list` on `deployments.apps` with a ClusterRole"
    with pytest.raises(ClusterForbiddenError) as below:
        cluster.log(namespace, "agent", "agent", tail_lines=1)
    assert (below.value.verb, below.value.resource) == ("get", "pods/log")


def test_a_role_that_grants_more_than_one_has_needs_escalate_or_bind(
    connect: Connect, control_plane: ControlPlane, namespace: str
) -> None:
    group = "rbac.authorization.k8s.io"
    writes = ("get", "create", "patch")
    grant(control_plane, namespace, rule(group, "roles", *writes), rule(group, "rolebindings", *writes))
    connect().apply(realistic(namespace)["Role"])
    cluster = connect(READER)
    for kind, verb, resource in (("Role", "escalate", "roles"), ("RoleBinding", "bind", "rolebindings")):
        body = realistic(namespace)[kind]
        body["metadata"]["name"] = "agent" if kind == "RoleBinding" else "more"

        def is_about_privileges(body: Body = body) -> None:
            cluster.apply(body)

        until = time.monotonic() + 20
        error = eventually(is_about_privileges, ClusterForbiddenError)
        while isinstance(error, ClusterForbiddenError) and error.verb in writes and time.monotonic() < until:
            error = eventually(is_about_privileges, ClusterForbiddenError)
        assert isinstance(error, ClusterForbiddenError)
        assert (error.verb, error.group, error.resource, error.namespace) == (
            verb,
            group,
            resource,
            namespace,
        )
        assert "is attempting to grant RBAC permissions not currently held" in str(error)
        assert str(error).isprintable()
        assert f"`{verb}` on the role" in error.advice


def test_a_quota_denies_in_its_own_words(
    connect: Connect, control_plane: ControlPlane, namespace: str
) -> None:
    base = f"/api/v1/namespaces/{namespace}/resourcequotas"
    quota = control_plane.create(
        base, {"metadata": {"name": "small"}, "spec": {"hard": {"count/configmaps": "0"}}}
    )
    # The work of a controller.
    quota["status"] = {"hard": {"count/configmaps": "0"}, "used": {"count/configmaps": "0"}}
    assert control_plane.client.put(f"{base}/small/status", json=quota).is_success
    error = eventually(lambda: connect().apply(config_map(namespace)), DeniedError)
    assert "exceeded quota: small, requested: count/configmaps=1" in str(error)
    assert not error.is_transient


def test_a_policy_denies_in_its_own_words(
    connect: Connect, control_plane: ControlPlane, namespace: str
) -> None:
    matches = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
    }
    constraints = {"resourceRules": [matches], "namespaceSelector": _only(namespace)}
    control_plane.create(
        f"{ADMISSION}/validatingadmissionpolicies",
        {
            "metadata": {"name": namespace},
            "spec": {
                "matchConstraints": constraints,
                "validations": [{"expression": "false", "message": "ask the team blue"}],
            },
        },
    )
    control_plane.create(
        f"{ADMISSION}/validatingadmissionpolicybindings",
        {"metadata": {"name": namespace}, "spec": {"policyName": namespace, "validationActions": ["Deny"]}},
    )
    cluster = connect()
    error = eventually(lambda: cluster.apply(config_map(namespace), dry_run=True), DeniedError)
    assert str(error) == (
        f'apply configmaps {namespace}/agent: configmaps "agent" is forbidden: ValidatingAdmissionPolicy '
        f"'{namespace}' with binding '{namespace}' denied request: ask the team blue"
    )


def _only(namespace: str) -> Body:
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


def _webhook(plane: ControlPlane, namespace: str, client: Body) -> None:
    """A webhook that has to agree to every ConfigMap of a namespace."""
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}]
    hook = {
        "name": "names.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "namespaceSelector": _only(namespace),
        "clientConfig": client,
        "rules": rules,
    }
    plane.create(
        f"{ADMISSION}/validatingwebhookconfigurations",
        {"metadata": {"name": namespace}, "webhooks": [hook]},
    )


@contextmanager
def _denying(folder: Path, status: Body) -> Iterator[Body]:
    """A webhook that denies everything, and how the API server reaches it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "webhook")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    pair = folder / "webhook.pem"
    form = serialization.PrivateFormat.PKCS8
    pair.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()) + certificate
    )

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            pass

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = {"uid": review["request"]["uid"], "allowed": False, "status": status}
            content = json.dumps({**review, "request": None, "response": answer}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield {
            "url": f"https://127.0.0.1:{server.server_port}/",
            "caBundle": base64.b64encode(certificate).decode(),
        }
        server.shutdown()


@pytest.mark.parametrize("code", [None, 400, 409, 422, 500])
def test_a_webhook_denies_in_its_own_words_whatever_its_status_is(
    connect: Connect, control_plane: ControlPlane, namespace: str, tmp_path: Path, *, code: int | None
) -> None:
    status: Body = {"message": "first line\nteam is missing", **({"code": code} if code else {})}
    with _denying(tmp_path, status) as reached:
        _webhook(control_plane, namespace, reached)
        cluster = connect()
        error = eventually(lambda: cluster.apply(config_map(namespace), dry_run=True), DeniedError)
    assert str(error) == (
        f'apply configmaps {namespace}/agent: admission webhook "names.example.com" denied the request: first line '
        "team is missing"
    )


def test_a_webhook_that_does_not_answer_stops_the_change_for_now(
    connect: Connect, control_plane: ControlPlane, namespace: str
) -> None:
    _webhook(control_plane, namespace, {"url": "https://127.0.0.1:1/"})
    cluster = connect()
    error = eventually(lambda: cluster.apply(config_map(namespace), dry_run=True), WebhookError)
    assert 'failed calling webhook "names.example.com"' in str(error)
    assert error.is_transient
    with pytest.raises(WebhookError):
        cluster.apply(config_map(namespace))
    assert cluster.get(Kind.CONFIG_MAP, namespace, "agent") is None
