"""A running control plane on loopback: etcd and kube-apiserver, with users and a client for what tests set up.

Another program is a row of `PROGRAMS` and a row of `_SERVERS`.
"""

import base64
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.control_plane.programs import built

ADMIN = "admin"
READER = "reader"
"""An ordinary user; tests grant what it needs."""
STRANGER = "stranger"
"""An ordinary user to whom nothing is ever granted."""
TOKENS = {name: f"token-of-{name}-canary" for name in (ADMIN, READER, STRANGER)}
READY_S = 60.0
_START_ATTEMPTS = 3
"""A free port can be taken by another process before the server binds it."""
# Ends the program with the process that started it, however that ends: its end of the pipe is closed.
_GUARD = '"$@" </dev/null & read -r end; kill -9 $!; wait'


@dataclass(frozen=True)
class Layout:
    """Folder and ports of one control plane."""

    folder: Path
    etcd: int
    etcd_peer: int
    apiserver: int

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.apiserver}"

    @property
    def ca(self) -> Path:
        """Certificate of the server, which it signed itself."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def health_of_etcd(self) -> str:
        return f"http://127.0.0.1:{self.etcd}/health"


def _etcd(layout: Layout) -> list[str]:
    client = f"http://127.0.0.1:{layout.etcd}"
    return [
        f"--data-dir={layout.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls=http://127.0.0.1:{layout.etcd_peer}",
        "--unsafe-no-fsync",
    ]


def _apiserver(layout: Layout) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{layout.etcd}",
        f"--secure-port={layout.apiserver}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={layout.folder / 'certificates'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={layout.folder / 'sa.key'}",
        f"--service-account-signing-key-file={layout.folder / 'sa.key'}",
        f"--token-auth-file={layout.folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--kubelet-preferred-address-types=InternalIP",
    ]


@dataclass(frozen=True)
class _Server:
    """How one program is started and when it is ready."""

    program: str
    arguments: Callable[[Layout], list[str]]
    ready: Callable[[Layout], bool]


def _etcd_is_ready(layout: Layout) -> bool:
    return httpx.get(layout.health_of_etcd, trust_env=False, timeout=2).is_success


def _apiserver_is_ready(layout: Layout) -> bool:
    if not layout.ca.is_file():
        return False
    with _client(layout) as client:
        return client.get("/readyz", timeout=2).is_success


_SERVERS = (
    _Server("etcd", _etcd, _etcd_is_ready),
    _Server("kube-apiserver", _apiserver, _apiserver_is_ready),
)


def _client(layout: Layout) -> httpx.Client:
    return httpx.Client(
        base_url=layout.server,
        headers={"Authorization": f"Bearer {TOKENS[ADMIN]}"},
        verify=_trust(layout),
        trust_env=False,
        timeout=10,
    )


def _trust(layout: Layout) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(layout.ca))


class ControlPlane:
    """Starts when it is entered, stops when it is left or the process ends. Raises CannotBuildError before that."""

    def __init__(self) -> None:
        self._programs = {server.program: built(server.program) for server in _SERVERS}
        self._folder = Path(tempfile.mkdtemp(prefix="control-plane-"))
        self._running: list[subprocess.Popen[bytes]] = []
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
        self.client = _client(self.layout)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.layout = layout = Layout(folder, *_free_ports(3))
        lines = [
            f"{token},{name},{name}" + (",system:masters" if name == ADMIN else "")
            for name, token in TOKENS.items()
        ]
        (folder / "tokens.csv").write_text("\n".join(lines) + "\n")
        (folder / "sa.key").write_bytes(
            rsa.generate_private_key(65537, 2048).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        for server in _SERVERS:
            with (folder / f"{server.program}.log").open("wb") as log:
                self._running.append(
                    subprocess.Popen(
                        [
                            *("sh", "-c", _GUARD, "sh", str(self._programs[server.program])),
                            *server.arguments(layout),
                        ],
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                    )
                )
            self._wait(server, folder / f"{server.program}.log")

    def _wait(self, server: _Server, log: Path) -> None:
        until = monotonic() + READY_S
        while monotonic() < until:
            try:
                if server.ready(self.layout):
                    return
            except (httpx.HTTPError, OSError):
                pass
            sleep(0.05)
        raise TimeoutError(f"{server.program} is not ready: {log.read_text(errors='replace')[-2_000:]}")

    def _stop(self) -> None:
        for process in reversed(self._running):
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)
        self._running.clear()

    def trust(self) -> ssl.SSLContext:
        """For clients of other users."""
        return _trust(self.layout)

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object at the path of its list, such as `/api/v1/namespaces`."""
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        made = answer.json()
        assert isinstance(made, dict)
        return made

    def namespace(self, name: str) -> None:
        """Create a namespace."""
        self.create("/api/v1/namespaces", {"metadata": {"name": name}})

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
        base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
        rules = [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": secrets, "verbs": ["get"]}]
        self.create(f"{base}/roles", {"metadata": {"name": "secrets"}, "rules": rules})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "secrets"}
        self.create(
            f"{base}/rolebindings", {"metadata": {"name": "secrets"}, "roleRef": role, "subjects": [subject]}
        )

    def service_account(self, namespace: str, name: str, folder: Path) -> None:
        """Create a service account, and in `folder` the files that a pod of it would have."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        self.create(path, {"metadata": {"name": name}})
        made = self.create(f"{path}/{name}/token", {"spec": {"expirationSeconds": 3600}})
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "token").write_text(made["status"]["token"])
        (folder / "namespace").write_text(namespace)
        shutil.copy(self.layout.ca, folder / "ca.crt")

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


def _free_ports(count: int) -> list[int]:
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in listening]
    for one in listening:
        one.close()
    return ports


def _base64(value: bytes | str) -> str:
    return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
