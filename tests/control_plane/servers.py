"""The programs of a control plane: with which arguments each is started, and when it is ready.

`plane.py` runs them. Another program is a row of `API` or `CONTROLLERS`, and of `PLANE` in `programs.py`.
"""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

STAGES = Path(__file__).parent / "stages"
"""What becomes of nodes and pods, for kwok."""


@dataclass(frozen=True)
class Layout:
    """Folder and ports of one control plane."""

    folder: Path
    etcd: int
    etcd_peer: int
    apiserver: int
    controller_manager: int
    scheduler: int
    kubelet: int
    """Where kwok answers for its nodes, such as with the logs of their pods."""

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.apiserver}"

    @property
    def ca(self) -> Path:
        """Certificate of the server, which it signed itself."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def client_ca(self) -> Path:
        """Certificate of those who sign certificates of users."""
        return self.folder / "users.crt"

    @property
    def service_account_key(self) -> Path:
        return self.folder / "sa.key"

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens.csv"

    @property
    def admin(self) -> Path:
        """Kubeconfig of the controllers."""
        return self.folder / "admin.kubeconfig"

    @property
    def health_of_etcd(self) -> str:
        return f"http://127.0.0.1:{self.etcd}/health"

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))


def layout(folder: Path) -> Layout:
    """Free ports for a new control plane. Another process can take one before the server binds it."""
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(6)]
    ports = [one.getsockname()[1] for one in listening]
    for one in listening:
        one.close()
    return Layout(folder, *ports)


@dataclass(frozen=True)
class Server:
    """How one program is started and when it is ready. `ready` may raise errors of files and of HTTP."""

    program: str
    arguments: Callable[[Layout], list[str]]
    ready: Callable[[Layout], bool]


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
        f"--client-ca-file={layout.client_ca}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={layout.service_account_key}",
        f"--service-account-signing-key-file={layout.service_account_key}",
        f"--token-auth-file={layout.tokens}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        # The name of a fake node has no address. It is reached by HTTPS without checking its certificate, which is
        # what the server does unless it is given a certificate authority of kubelets.
        "--kubelet-preferred-address-types=InternalIP",
    ]


def _controller_manager(layout: Layout) -> list[str]:
    return [
        f"--kubeconfig={layout.admin}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.controller_manager}",
        f"--cert-dir={layout.folder / 'controller-manager'}",
        f"--service-account-private-key-file={layout.service_account_key}",
        # Every namespace of a usual cluster has the ConfigMap that this file gives it.
        f"--root-ca-file={layout.ca}",
        # A busy machine is no reason to evict pods.
        "--node-monitor-grace-period=10m",
    ]


def _scheduler(layout: Layout) -> list[str]:
    return [
        f"--kubeconfig={layout.admin}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.scheduler}",
        f"--cert-dir={layout.folder / 'scheduler'}",
    ]


def _kwok(layout: Layout) -> list[str]:
    return [
        f"--kubeconfig={layout.admin}",
        "--manage-all-nodes=true",
        "--node-ip=127.0.0.1",
        f"--node-port={layout.kubelet}",
        f"--server-address=127.0.0.1:{layout.kubelet}",
        "--cidr=10.244.0.0/16",
        "--enable-crds=ClusterLogs",
        *(f"--config={stages}" for stages in sorted(STAGES.glob("*.yaml"))),
    ]


def _etcd_is_ready(layout: Layout) -> bool:
    return httpx.get(layout.health_of_etcd, trust_env=False, timeout=2).is_success


def _apiserver_is_ready(layout: Layout) -> bool:
    ready = f"{layout.server}/readyz"
    return (
        layout.ca.is_file() and httpx.get(ready, verify=layout.trust(), trust_env=False, timeout=2).is_success
    )


def _answers(address: Callable[[Layout], str]) -> Callable[[Layout], bool]:
    # Each of these has a certificate that it signed itself and that nobody else uses.
    return lambda layout: httpx.get(address(layout), verify=False, trust_env=False, timeout=2).is_success


API = (
    Server("etcd", _etcd, _etcd_is_ready),
    Server("kube-apiserver", _apiserver, _apiserver_is_ready),
)
"""Each needs the one before it."""
CONTROLLERS = (
    Server(
        "kube-controller-manager",
        _controller_manager,
        _answers(lambda layout: f"https://127.0.0.1:{layout.controller_manager}/healthz"),
    ),
    Server(
        "kube-scheduler", _scheduler, _answers(lambda layout: f"https://127.0.0.1:{layout.scheduler}/healthz")
    ),
    Server("kwok", _kwok, _answers(lambda layout: f"http://127.0.0.1:{layout.kubelet}/healthz")),
)
"""Each needs the API, none another one."""
