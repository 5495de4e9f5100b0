"""The pages about installations, from nothing to nothing: with a real cluster, and the embedded orchestrator."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from tests.control_plane.plane import ADMIN, ControlPlane
from tests.control_plane.programs import CannotBuildError, built
from tests.examples.transcript import Command, run, steps

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "docs/clusters.md", *sorted((ROOT / "docs/hosts").glob("*.md")))
RECONCILER = Path(sys.executable).with_name("reconciler")
NOT_RUN = {
    "aws": "needs an account of AWS",
    "eksctl": "needs an account of AWS",
    "gcloud": "needs an account of Google Cloud",
    "az": "needs an account of Azure",
    "docker": "containers cannot be started on the machines of the tests",
    "install": "gives files to another user, which only root can",
    "helm": "the charts are in the vendor's registry",
    "flux": "Flux is not installed on the cluster of the tests",
    "argocd": "Argo CD is not installed on the cluster of the tests",
    "terraform": "needs an account of a cloud",
    "skopeo": "copies from the vendor's registry",
}
"""Programs that pages name and that these tests do not run, with the reason."""
RUN = frozenset(("reconciler", "kubectl", "openssl", "rm", "mkdir", "git", "sed", "cat", "cp", "ls", "for"))
CONNECTED = (
    "level=INFO msg=Starting app=agent-client version=1.8.4 build=1 sha=1",
    'level=INFO msg="Connected to websocket tunnel"',
    'level=INFO msg="Starting server" "listening to"=wss://agent-01.humanitec.io/tunnel connectionId=""',
)
ADDRESSES = ("https://api.humanitec.io", "https://api.humanitec.dev", "https://orchestrator.acme.example")
"""Addresses in pages, which are those of the embedded orchestrator here."""
CONTEXTS = ("eu-1", "eu-1-eks", "gke_acme-platform_europe-west3_eu-1-gke", "eu-1-aks")
NAMESPACES = (
    "humanitec-agent",
    "humanitec-kubernetes-agent-runner-ns",
    "humanitec-kubernetes-agent-runner-job-ns",
)
LOGS = {NAMESPACES[0]: CONNECTED, NAMESPACES[1]: ("level=INFO msg=Starting",)}
KEY = re.compile(r"^( +)MCowBQYDK2VwAyEA\S+$", re.MULTILINE)
"""The public key of a runner, which pages show and everybody replaces by their own."""


@dataclass
class Stage:
    """What the commands of a page run in."""

    home: Path
    environment: dict[str, str]
    address: str
    cluster: ControlPlane
    page: str = ""

    @property
    def tree(self) -> Path:
        return self.home / "platform"

    def to_machine(self, text: str) -> str:
        for address in ADDRESSES:
            text = text.replace(address, self.address)
        public = self.home / "runner.pub.pem"
        if public.exists():
            line = public.read_text().splitlines()[1]
            text = KEY.sub(lambda found: found[1] + line, text)
        return text

    def to_page(self, text: str) -> str:
        text = text.replace(self.cluster.layout.server, "https://eu-1.acme.example:6443")
        text = text.replace(self.cluster.layout.server.removeprefix("https://"), "eu-1.acme.example:6443")
        # The first line of a plan has addresses without `https://`.
        for before in ("(", "· "):
            text = text.replace(f"{before}{self.address}", f"{before}{self.shown.removeprefix('https://')}")
        return text.replace(self.address, self.shown).replace(str(self.home), "~")

    @property
    def shown(self) -> str:
        """The address of the orchestrator in outputs: the first one that the settings of the page name."""
        return next((one for one in ADDRESSES if one in self.page), ADDRESSES[0])

    def log(self) -> None:
        """Let the pods of an Agent log that they are connected, and those of a runner no complaint: nothing runs."""
        for namespace, lines in LOGS.items():
            if self.cluster.client.get(f"/api/v1/namespaces/{namespace}").is_success:
                self.cluster.write_log(namespace, *lines)


@pytest.fixture(scope="module")
def orchestrator() -> Iterator[str]:
    """Address of an embedded orchestrator."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    words = [str(RECONCILER), "emulator", "--port", str(port), "--organization", "acme"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    seed = {"env_types": [{"organization": "acme", "id": "development"}]}
    try:
        until = monotonic() + 60
        while True:
            try:
                assert httpx.post(f"{address}/_emulator/seed", json=seed, trust_env=False).is_success
                break
            except httpx.TransportError:
                assert monotonic() < until
                sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def stage(cluster: ControlPlane, orchestrator: str, tmp_path: Path) -> Iterator[Stage]:
    programs, home = tmp_path / "programs", tmp_path / "home"
    for folder in (programs, home / "platform", home / ".kube"):
        folder.mkdir(parents=True)
    (programs / "reconciler").symlink_to(RECONCILER)
    try:
        (programs / "kubectl").symlink_to(built("kubectl"))
    except CannotBuildError as error:
        pytest.skip(str(error))
    kubeconfig = cluster.kubeconfig(home / ".kube/config", ADMIN)
    known = json.loads(kubeconfig.read_text())
    context = known["contexts"][0]["context"]
    known["contexts"] += [{"name": name, "context": context} for name in CONTEXTS]
    kubeconfig.write_text(json.dumps(known))
    environment = {
        "HOME": str(home),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "COLUMNS": "80",
        "HUMANITEC_TOKEN": "practice",
        "HUMANITEC_AUTH_TOKEN": "practice",
        "REGISTRY_PASSWORD": "practice",
    }
    yield Stage(home, environment, orchestrator, cluster)
    for name in NAMESPACES:
        cluster.client.delete(f"/api/v1/namespaces/{name}")
    cluster.wait_until(
        lambda: not any(cluster.client.get(f"/api/v1/namespaces/{name}").is_success for name in NAMESPACES),
        "the namespaces of the page are gone",
    )


@pytest.mark.slow
@pytest.mark.xdist_group("pages")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_what_happens(page: Path, stage: Stage) -> None:
    """Commands that need a cloud, a registry or another program are left out: `NOT_RUN`."""
    stage.page = page.read_text(encoding="utf-8")
    wrong = run(
        stage.page,
        stage.tree,
        stage.environment,
        left_out=NOT_RUN,
        to_machine=stage.to_machine,
        to_page=stage.to_page,
        after=stage.log,
    )
    assert not wrong, f"{page.name} says something else than:\n\n{wrong}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_no_program_that_is_neither_run_nor_left_out_with_a_reason(page: Path) -> None:
    found = steps(page.read_text(encoding="utf-8"))
    programs = {step.program for step in found if isinstance(step, Command)}
    assert programs <= RUN | NOT_RUN.keys()
