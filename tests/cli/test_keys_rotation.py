"""`keys rotate` and `keys revoke` on a real cluster, as processes."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from reconciler.emulator import Emulator
from reconciler.errors import ExitCode
from tests.cli.running import command_line
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.test_installation_cluster import CONNECTED
from tests.scenarios.world import agent_public_key

pytestmark = pytest.mark.xdist_group("control_plane_keys")

SECRET = "agent-key"
AGENT = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec:
  install: {cluster: eu-1, namespace: @NAMESPACE@, image: "ghcr.io/humanitec/agent:1.8.4",
            privateKey: {secretName: agent-key}}
---
apiVersion: reconciler/v1alpha1
kind: Key
metadata: {id: eu-1}
spec:
  for: {agent: eu-1}
  generate: {}
  rotate: {every: 26w}
  privateKey: {cluster: eu-1, namespace: @NAMESPACE@, secret: agent-key}
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def run(connected: Path, tmp_path_factory: pytest.TempPathFactory, cluster: ControlPlane) -> Run:
    namespace = cluster.namespace(f"rotation-{uuid4().hex[:8]}")
    kubeconfig = cluster.kubeconfig(tmp_path_factory.mktemp("kubeconfig") / "admin", ADMIN)
    settings = connected / "reconciler.yaml"
    settings.write_text(
        f"{settings.read_text()}instance: {namespace}\nclusters: {{eu-1: {{kubeconfig: {{path: {kubeconfig}}}}}}}\n"
    )
    (connected / "agent.yaml").write_text(AGENT.replace("@NAMESPACE@", namespace))
    cluster.write_log(namespace, *CONNECTED)

    def called(*arguments: str, code: ExitCode = ExitCode.DONE) -> "subprocess.CompletedProcess[str]":
        ended = subprocess.run(
            command_line(connected, *arguments),
            env={**os.environ, "TEST_TOKEN": "x"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        secret = cluster.client.get(f"/api/v1/namespaces/{namespace}/secrets/{SECRET}")
        if secret.is_success:
            for value in secret.json()["data"].values():
                assert value[200:260] not in ended.stdout + ended.stderr
        return ended

    return called


def keys(run: Run) -> list[str]:
    """Fingerprints, that of the key in use first."""
    (owner,) = json.loads(run("keys", "status", "-o", "json").stdout)["owners"]
    return [key["fingerprint"] for key in owner["keys"]]


def test_a_key_is_rotated_on_demand(run: Run) -> None:
    run("apply", "--yes")
    (old,) = keys(run)
    before = run("keys", "status").stdout
    assert "replaced every 182 days" in before
    shown = run("keys", "rotate", "Agent/eu-1", "--dry-run").stdout
    assert "private_key.next" in shown
    assert keys(run) == [old]
    run("keys", "rotate", "Agent/eu-1", "--yes")
    (new,) = keys(run)
    assert new != old


def test_without_a_terminal_consent_is_an_option(run: Run) -> None:
    run("apply", "--yes")
    (old,) = keys(run)
    said = run("keys", "rotate", "Agent/eu-1", code=ExitCode.USAGE).stderr
    assert "--yes" in said
    said = run("keys", "revoke", "Agent/eu-1", old, code=ExitCode.USAGE).stderr
    assert "--confirm=Agent/eu-1" in said
    run("keys", "revoke", "Agent/eu-1", old, "--confirm", "Agent/eu-2", code=ExitCode.USAGE)
    assert keys(run) == [old]


def test_a_key_is_revoked_by_its_fingerprint_and_the_name_of_its_owner(run: Run) -> None:
    run("apply", "--yes")
    (old,) = keys(run)
    said = run("keys", "revoke", "Agent/eu-1", old[:8], "--dry-run").stderr
    assert f"{old[:12]} of Agent/eu-1 is registered in acme" in said
    assert "cut off until they have another key: pod " in said
    run("keys", "revoke", "Agent/eu-1", old[:8], "--confirm", "Agent/eu-1")
    (new,) = keys(run)
    assert new != old
    said = run("keys", "revoke", "Agent/eu-1", old, "--confirm", "Agent/eu-1", code=ExitCode.USAGE).stderr
    assert f"its keys are {new[:12]}" in " ".join(said.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rotate", "Agent/eu-2"), "did you mean Agent/eu-1?"),
        (("revoke", "Agent/eu-2", "12345678"), "did you mean Agent/eu-1?"),
        (("revoke", "Agent/eu-1", "1234567"), "at least 8 digits"),
        (("revoke", "Agent/eu-1", "zzzzzzzz"), "has no key zzzzzzzz"),
    ],
)
def test_what_is_not_there_changes_nothing(run: Run, arguments: tuple[str, ...], words: str) -> None:
    said = run("keys", *arguments, code=ExitCode.USAGE).stderr
    assert words in " ".join(said.split())


def test_a_key_that_is_not_made_here_is_left_to_its_owner(run: Run, connected: Path) -> None:
    run("apply", "--yes")
    (key,) = keys(run)
    text = (connected / "agent.yaml").read_text()
    (connected / "agent.yaml").write_text(text.replace("  generate: {}\n  rotate: {every: 26w}\n", ""))
    said = run("keys", "rotate", "Agent/eu-1", "--yes", code=ExitCode.USAGE).stderr
    assert "has `generate`" in " ".join(said.split())
    assert keys(run) == [key]


def secret_of(connected: Path) -> str:
    """Path of the Secret; the instance has the name of the namespace."""
    settings = (connected / "reconciler.yaml").read_text()
    namespace = settings.partition("instance: ")[2].splitlines()[0]
    return f"/api/v1/namespaces/{namespace}/secrets/{SECRET}"


def test_a_place_that_cannot_be_read_is_no_success(run: Run, connected: Path, cluster: ControlPlane) -> None:
    run("apply", "--yes")
    (old,) = keys(run)
    cluster.patch(secret_of(connected), {"stringData": {"private_key.next": "not a key " * 40}})
    words = "its entry private_key.next contains no private key that can be read"
    said = run("keys", "rotate", "Agent/eu-1", "--yes", code=ExitCode.UNREADABLE).stderr
    assert words in one_line(said)
    assert words in one_line(run("keys", "status", code=ExitCode.UNREADABLE).stdout)
    said = run("keys", "revoke", "Agent/eu-1", old, "--confirm", "Agent/eu-1", code=ExitCode.PARTIAL).stderr
    assert f"{old[:12]} is still registered in acme" in one_line(said)


def test_a_key_that_somebody_else_registered_is_not_called_revoked(
    run: Run, connected: Path, emulator: Emulator
) -> None:
    run("apply", "--yes")
    body = {"public_key": agent_public_key()}
    with httpx.Client(
        transport=emulator.transport(), base_url="http://emulator", headers={"Authorization": "Bearer t"}
    ) as client:
        foreign = client.post("/orgs/acme/agents/eu-1/keys", json=body).json()["fingerprint"]
    arguments = ("keys", "revoke", "Agent/eu-1", foreign, "--confirm", "Agent/eu-1")
    said = run(*arguments, code=ExitCode.PARTIAL).stderr
    assert f"{foreign[:12]} is still registered in acme" in one_line(said)


def test_a_key_that_is_only_read_from_its_secret_is_refused(run: Run, connected: Path) -> None:
    """The next apply would register it again."""
    run("apply", "--yes")
    (key,) = keys(run)
    text = (connected / "agent.yaml").read_text()
    (connected / "agent.yaml").write_text(text.replace("  generate: {}\n  rotate: {every: 26w}\n", ""))
    said = run("keys", "revoke", "Agent/eu-1", key, "--confirm", "Agent/eu-1", code=ExitCode.USAGE).stderr
    assert "from where it would be registered again" in one_line(said)


def test_an_age_in_hours_is_shown_in_hours(run: Run, connected: Path) -> None:
    text = (connected / "agent.yaml").read_text()
    (connected / "agent.yaml").write_text(text.replace("26w", "36h"))
    run("apply", "--yes")
    assert "replaced every 36 hours" in one_line(run("keys", "status").stdout)
