"""A running control plane on loopback, with users, a client for what tests set up, and more that they ask of it.

etcd and kube-apiserver always run; the controllers, the scheduler and a fake node once `add_controllers` was called.
"""

import base64
import json
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.control_plane.certificates import Authority
from tests.control_plane.pod_log import PodLogs
from tests.control_plane.programs import built
from tests.control_plane.servers import API, CONTROLLERS, Layout, Server, layout

ADMIN = "admin"
READER = "reader"
"""An ordinary user; tests grant what it needs."""
STRANGER = "stranger"
"""An ordinary user to whom nothing is ever granted."""
TOKENS = {name: f"token-of-{name}-canary" for name in (ADMIN, READER, STRANGER)}
NODE = "node"
"""The only node."""
READY_S = 60.0
WAIT_S = 60.0
_POLL_S = 0.05
_START_ATTEMPTS = 3
"""A free port can be taken by another process before the server binds it."""
# Ends the program with the process that started it, however that ends: its end of the pipe is closed.
_GUARD = '"$@" </dev/null & read -r end; kill -9 $!; wait'
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_RBAC_GROUP = "rbac.authorization.k8s.io"
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
T = TypeVar("T")


class ControlPlane:
    """Starts when it is entered, stops when it is left or the process ends. Raises CannotBuildError before that."""

    def __init__(self, more: Mapping[str, Sequence[str]] = MappingProxyType({})) -> None:
        """`more` are further arguments, by program."""
        self._more = more
        self._programs = {server.program: built(server.program) for server in API}
        self._folder = Path(tempfile.mkdtemp(prefix="control-plane-"))
        self._running: list[subprocess.Popen[bytes]] = []
        self._authority = Authority()
        self._logs: PodLogs | None = None
        self.layout: Layout

    def __enter__(self) -> Self:
        for attempt in range(1, _START_ATTEMPTS + 1):
            try:
                self._start(self._folder / str(attempt))
            except TimeoutError:
                self._stop()
                if attempt == _START_ATTEMPTS:
                    raise
            else:
                break
        self.client = httpx.Client(
            base_url=self.layout.server,
            headers={"Authorization": f"Bearer {TOKENS[ADMIN]}"},
            verify=self.trust(),
            trust_env=False,
            timeout=10,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.layout = layout(folder)
        lines = [
            f"{token},{name},{name}" + (",system:masters" if name == ADMIN else "")
            for name, token in TOKENS.items()
        ]
        self.layout.tokens.write_text("\n".join(lines) + "\n")
        self.layout.client_ca.write_bytes(self._authority.certificate)
        self.layout.service_account_key.write_bytes(
            rsa.generate_private_key(65537, 2048).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        for server in API:
            self._run(server)
            self._wait(server)

    def add_controllers(self) -> None:
        """Start the controllers, the scheduler and kwok with one node, unless they run. Raises CannotBuildError."""
        if self._logs is not None:
            return
        self._programs |= {server.program: built(server.program) for server in CONTROLLERS}
        self.kubeconfig(self.layout.admin, ADMIN)
        PodLogs.prepare(self.client, self.wait_until)
        for server in CONTROLLERS:
            self._run(server)
        for server in CONTROLLERS:
            self._wait(server)
        self.create(
            "/api/v1/nodes", {"metadata": {"name": NODE, "annotations": {"kwok.x-k8s.io/node": "fake"}}}
        )
        self.wait_until(self._node_takes_pods, "the node takes pods")
        self._logs = PodLogs(
            self.client,
            self.layout.folder / "logs",
            f"http://127.0.0.1:{self.layout.kubelet}",
            self.wait_until,
        )

    def _node_takes_pods(self) -> bool:
        node = self.get(f"/api/v1/nodes/{NODE}")
        conditions = {one["type"]: one["status"] for one in node["status"].get("conditions", ())}
        return conditions.get("Ready") == "True" and not node["spec"].get("taints")

    def _log_of(self, server: Server) -> Path:
        return self.layout.folder / f"{server.program}.log"

    def _run(self, server: Server) -> None:
        with self._log_of(server).open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    [
                        *("sh", "-c", _GUARD, "sh", str(self._programs[server.program])),
                        *server.arguments(self.layout),
                        *self._more.get(server.program, ()),
                    ],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                )
            )

    def _wait(self, server: Server) -> None:
        until = monotonic() + READY_S
        while monotonic() < until:
            try:
                if server.ready(self.layout):
                    return
            except (httpx.HTTPError, OSError):
                pass
            sleep(_POLL_S)
        end = self._log_of(server).read_text(errors="replace")[-2_000:]
        raise TimeoutError(f"{server.program} is not ready: {end}")

    def _stop(self) -> None:
        for process in reversed(self._running):
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)
        self._running.clear()

    def trust(self) -> ssl.SSLContext:
        """For clients of other users."""
        return self.layout.trust()

    def wait_until(self, condition: Callable[[], T], what: str, *, limit_s: float = WAIT_S) -> T:
        """Result of the condition as soon as it is true. `what` names it for whoever reads the failure."""
        until = monotonic() + limit_s
        while not (result := condition()):
            if monotonic() > until:
                raise TimeoutError(f"not within {limit_s:g} s: {what}; at last: {result!r}")
            sleep(_POLL_S)
        return result

    def get(self, path: str) -> dict[str, Any]:
        """An object or a list."""
        return _body(self.client.get(path))

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object at the path of its list, such as `/api/v1/namespaces`."""
        return _body(self.client.post(path, json=body))

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Merge into an object."""
        return _body(
            self.client.patch(path, json=body, headers={"Content-Type": "application/merge-patch+json"})
        )

    def namespace(self, name: str | None = None) -> str:
        """Create a namespace, and return its name: a new one if none is given. With controllers, pods can run in it."""
        name = name or f"test-{uuid4().hex[:12]}"
        self.create("/api/v1/namespaces", {"metadata": {"name": name}})
        if self._logs is not None:
            account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
            self.wait_until(lambda: self.client.get(account).is_success, f"{name} has a service account")
        return name

    def pods(self, namespace: str, **labels: str) -> list[dict[str, Any]]:
        """Pods of a namespace with these labels, the oldest first; those that are being deleted too."""
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        found = _body(
            self.client.get(f"/api/v1/namespaces/{namespace}/pods", params={"labelSelector": selector})
        )
        return sorted(
            found["items"], key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"])
        )

    def write_log(
        self,
        namespace: str,
        *lines: str,
        pod: str | None = None,
        container: str | None = None,
        previous: bool = False,
    ) -> None:
        """What one pod has logged, or every pod of the namespace, those that come later too; it replaces what it was.

        `container` restricts it to containers of this name. `previous` is the log before the last restart.
        """
        assert self._logs is not None, (
            "logs are read from the node: this is for tests with the fixture `cluster`"
        )
        self._logs.write(namespace, lines, pod=pod, container=container, previous=previous)

    def secret(self, namespace: str, name: str, **entries: bytes | str) -> None:
        """Create a Secret, or replace its data."""
        encoded = {key: _base64(value) for key, value in entries.items()}
        path = f"/api/v1/namespaces/{namespace}/secrets"
        body = {"metadata": {"name": name}, "data": encoded}
        if self.client.get(f"{path}/{name}").is_success:
            assert self.client.put(f"{path}/{name}", json=body).is_success
        else:
            self.create(path, body)

    def grant(self, namespace: str, subject: dict[str, str], *secrets: str) -> None:
        """Let a subject of RBAC read these Secrets, and nothing else."""
        rules = [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": secrets, "verbs": ["get"]}]
        self._bind(namespace, "secrets", subject, rules)

    def allow(self, user: str, rules: list[dict[str, Any]], namespace: str | None = None) -> str:
        """Give a user these rules of RBAC, in one namespace or in all, and return the path of the new role."""
        subject = {"apiGroup": _RBAC_GROUP, "kind": "User", "name": user}
        return self._bind(namespace, f"test-{uuid4().hex[:12]}", subject, rules)

    def _bind(
        self, namespace: str | None, name: str, subject: dict[str, str], rules: list[dict[str, Any]]
    ) -> str:
        kind, base = ("Role", f"{_RBAC}/namespaces/{namespace}") if namespace else ("ClusterRole", _RBAC)
        role = {"apiGroup": _RBAC_GROUP, "kind": kind, "name": name}
        lists = f"{base}/{kind.lower()}"
        self.create(f"{lists}s", {"metadata": {"name": name}, "rules": rules})
        self.create(f"{lists}bindings", {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]})
        # The server follows the changes of roles: for a moment it refuses what they allow.
        first = rules[0]
        resource, _, subresource = first["resources"][0].partition("/")
        review = {
            "user": subject["name"]
            if subject["kind"] == "User"
            else f"system:serviceaccount:{subject['namespace']}:{subject['name']}",
            "resourceAttributes": {
                "namespace": namespace or "",
                "group": first["apiGroups"][0],
                "resource": resource,
                "subresource": subresource,
                "verb": first["verbs"][0],
                "name": next(iter(first.get("resourceNames", ())), ""),
            },
        }
        self.wait_until(
            lambda: self.create(_REVIEWS, {"spec": review})["status"]["allowed"],
            f"the server knows role {name}",
        )
        return f"{lists}s/{name}"

    def service_account(self, namespace: str, name: str, folder: Path) -> None:
        """Create a service account, and in `folder` the files that a pod of it would have."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        self.create(path, {"metadata": {"name": name}})
        made = self.create(f"{path}/{name}/token", {"spec": {"expirationSeconds": 3600}})
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "token").write_text(made["status"]["token"])
        (folder / "namespace").write_text(namespace)
        shutil.copy(self.layout.ca, folder / "ca.crt")

    def user(self, path: Path, name: str) -> Path:
        """Write the kubeconfig of an ordinary user, whom nobody knew before and who has no rights until `allow`."""
        made = self._authority.sign(name)
        credentials = {
            "client-certificate-data": _base64(made.certificate),
            "client-key-data": _base64(made.key),
        }
        return self.kubeconfig(path, name, credentials=credentials)

    def kubeconfig(
        self, path: Path, user: str = READER, *, credentials: object = None, **cluster: object
    ) -> Path:
        """Write a kubeconfig whose only context, `it`, is a user of this cluster.

        `credentials` replace the token of the user; members of `cluster` replace those of the cluster.
        """
        made = {"server": self.layout.server, "certificate-authority": str(self.layout.ca), **cluster}
        whole = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "here", "user": user}}],
            "clusters": [{"name": "here", "cluster": made}],
            "users": [{"name": user, "user": credentials or {"token": TOKENS[user]}}],
        }
        path.write_text(json.dumps(whole))
        return path


def _body(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    body = answer.json()
    assert isinstance(body, dict)
    return body


def _base64(value: bytes | str) -> str:
    return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
