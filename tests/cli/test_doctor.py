"""`reconciler doctor`: whole commands against an emulator, with pasted output, and without what it needs."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from reconciler.cli.program import program
from reconciler.diagnosis.check import Check, Examination, PlaceChecks, Status, ok, problem, unknown, warning
from reconciler.emulator import Emulator
from reconciler.emulator.web.server import running
from reconciler.errors import ExitCode
from reconciler.views import examination_json, examination_text
from tests.cli.running import command_line
from tests.control_plane.plane import ADMIN, ControlPlane
from tests.scenarios.test_installation_cluster import CONNECTED, REFUSED, SECRET, Pair
from tests.scenarios.world import key_yaml

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = """\
version: 1
targets:
  acme:
    organization: acme
    orchestrator: {url: @URL@, token: {env: TEST_TOKEN}}
    runners: {url: @URL@, token: {env: TEST_TOKEN}}
"""
DOCKER = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: vm-1}
spec:
  description: on a machine
  install: {host: docker}
"""
LOG = "\n".join((*CONNECTED, *REFUSED)) + "\n"


def golden(name: str, shown: str) -> None:
    """Compare with the golden file; UPDATE_GOLDEN=1 writes it instead, for a person to review."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with an Agent on another host, and an emulator that does not know it."""
    with Emulator(organizations=["acme"]) as emulator, running(emulator) as url:
        emulator.seed({"organization": "acme", "env_types": [{"id": "development"}]})
        (tmp_path / "reconciler.yaml").write_text(SETTINGS.replace("@URL@", url))
        (tmp_path / "agent.yaml").write_text(DOCKER)
        yield tmp_path


def run(folder: Path, *arguments: str, token: str = "x", **more: Any) -> tuple[int, str, str]:
    result = CliRunner(env={"TEST_TOKEN": token}).invoke(
        program, ["-C", str(folder), "doctor", *arguments], prog_name="reconciler", **more
    )
    return result.exit_code, result.stdout, result.stderr


def document(folder: Path, *arguments: str, **more: Any) -> dict[str, Any]:
    code, shown, _ = run(folder, "-o", "json", *arguments, **more)
    found: dict[str, Any] = json.loads(shown)
    assert found["exitCode"] == code
    return found


def whats(found: dict[str, Any], place: str) -> list[str]:
    return [
        f"{check['status']} {check['what']}"
        for one in found["places"]
        if one["id"] == place
        for check in one["checks"]
    ]


def test_another_host_gets_its_commands_and_what_the_organization_knows(folder: Path) -> None:
    found = document(folder)
    assert whats(found, "elsewhere") == [
        "manual runs where only you can look (docker): 2 commands to run",
        "problem organization acme does not know the Agent",
    ]
    assert found["places"][1]["checks"][0]["advice"][0] == "$ docker logs humanitec-agent"
    assert found["exitCode"] == ExitCode.PARTIAL
    assert [line.split()[0] for line in whats(found, "acme")] == ["ok", "ok"]


def test_a_pasted_log_names_the_organizations_that_refuse(folder: Path) -> None:
    found = document(folder, "--log", "-", input=LOG)
    assert whats(found, "log") == [
        "problem the text: its key is refused (401); the network is fine: organization acme does not know the Agent",
        "ok reports version 1.8.4",
    ]
    (folder / "pasted.txt").write_text(LOG)
    assert whats(document(folder, "--log", str(folder / "pasted.txt")), "log") == whats(found, "log")


def test_a_pasted_secret_is_not_shown_again(folder: Path) -> None:
    _, shown, _ = run(folder, "--log", "-", input=REFUSED[0] + " Authorization: Bearer canary-of-a-token")
    assert "line: level=ERROR" in shown
    assert "canary" not in shown


def test_a_missing_token_is_a_problem_of_its_target(folder: Path) -> None:
    found = document(folder, token="")
    (line,) = whats(found, "acme")
    assert line.startswith("problem environment variable TEST_TOKEN")
    assert found["exitCode"] == ExitCode.PARTIAL


def test_a_selected_place_is_shown_alone(folder: Path) -> None:
    assert [one["id"] for one in document(folder, "--target", "acme")["places"]] == ["acme"]


def test_no_api_means_that_it_could_not_look(folder: Path) -> None:
    (folder / "agent.yaml").unlink()
    settings = folder / "reconciler.yaml"
    settings.write_text(SETTINGS.replace("@URL@", "http://127.0.0.1:9"))
    found = document(folder)
    assert [line.split()[0] for line in whats(found, "acme")] == ["unknown", "unknown"]
    assert found["exitCode"] == ExitCode.UNREADABLE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--probe-image", "x"), "--probe-image belongs to --probe"),
        (("--log", "absent.txt"), "absent.txt"),
        (("--target", "acne"), "did you mean acme?"),
        (("--only", "x"), "is not an option"),
    ],
)
def test_wrong_usage_is_told(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    code, _, told = run(folder, *arguments)
    assert code == ExitCode.USAGE
    assert words in told


def test_errors_of_files_leave_out_only_what_they_concern(folder: Path) -> None:
    (folder / "wrong.yaml").write_text("apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {}\n")
    code, shown, told = run(folder)
    assert code == ExitCode.PARTIAL
    assert "Agent/vm-1" in shown
    assert "see `reconciler validate`" in told


EXAMPLE = Examination(
    (
        PlaceChecks(
            "acme",
            "Target acme",
            (ok("api", "v1 API at https://api.test accepts the token: 1 agent"),),
        ),
        PlaceChecks(
            "cluster:eu-1",
            "Cluster eu-1",
            (
                ok("connection", "https://10.0.0.1 answers: Kubernetes v1.34.2"),
                warning(
                    "clock",
                    "its clock is 3 minutes behind that of this machine",
                    "Certificates and tokens depend on the time: correct the clock that is wrong (NTP).",
                ),
                ok("rights-plan", "every right that a plan needs is granted (11 asked)"),
                ok("workload", "1 pod ready", subject="Agent/eu-1"),
                problem(
                    "log",
                    "pod humanitec-agent-0: its key is refused (401); the network is fine: organization shop lacks "
                    "the mounted key",
                    "Register the mounted key in every organization of `ORGS`, and wait until it is authorized.",
                    'line: level=ERROR msg="Can\'t connect to websocket" err="unexpected HTTP response status: 401"',
                    subject="Agent/eu-1",
                ),
                unknown(
                    "secret",
                    "Secret humanitec-agent/humanitec-agent-secret-private-key cannot be read: forbidden (403)",
                    subject="Agent/eu-1",
                ),
            ),
        ),
        PlaceChecks(
            "elsewhere",
            "Other hosts",
            (
                Check(
                    "by-hand",
                    Status.MANUAL,
                    "runs where only you can look (docker): 2 commands to run",
                    (
                        "$ docker logs humanitec-agent",
                        "$ docker exec humanitec-agent /bin/sh -c 'nc -v -w 10 agent-01.humanitec.io 443'",
                        "Give their output to `reconciler doctor --log FILE`, `-` for stdin.",
                    ),
                    "Agent/vm-1",
                ),
            ),
        ),
    )
)
HOSTILE = Examination((PlaceChecks("log", "Log -", (problem("log", "line: \x1b[31mred\u202e"),)),))


def test_the_text_is_that_of_its_golden_file() -> None:
    golden("doctor.txt", examination_text.render(EXAMPLE, width=80, color=False))


def test_the_page_shows_the_output_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    assert (GOLDEN / "doctor.txt").read_text(encoding="utf-8") in page


def test_what_others_logged_cannot_drive_the_terminal() -> None:
    assert examination_text.render(HOSTILE, width=80, color=False).isascii()
    assert examination_json.render(HOSTILE).isascii()


def test_the_document_is_that_of_its_golden_file() -> None:
    golden("doctor.json", examination_json.render(EXAMPLE))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    shown = examination_text.render(EXAMPLE, width=width, color=False)
    assert max(map(len, shown.splitlines())) <= width
    assert "\x1b[31m" in examination_text.render(EXAMPLE, width=width, color=True)


AGENT = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec:
  description: an agent
  install: {cluster: eu-1, namespace: @NAMESPACE@, image: "ghcr.io/humanitec/agent:1.8.4"}
"""


@pytest.fixture
def agent(folder: Path, tmp_path_factory: pytest.TempPathFactory, cluster: ControlPlane) -> str:
    """Namespace of an Agent that is declared in the folder and runs on the cluster `eu-1`."""
    namespace, pair = cluster.namespace(f"doctor-{uuid4().hex[:8]}"), Pair.make()
    kubeconfig = cluster.kubeconfig(tmp_path_factory.mktemp("kubeconfig") / "admin", ADMIN)
    settings = folder / "reconciler.yaml"
    settings.write_text(
        f"{settings.read_text()}instance: {namespace}\nclusters: {{eu-1: {{kubeconfig: {{path: {kubeconfig}}}}}}}\n"
    )
    (folder / "agent.yaml").write_text(AGENT.replace("@NAMESPACE@", namespace))
    (folder / "key.yaml").write_text(key_yaml("k", "eu-1", pair.public))
    cluster.secret(namespace, SECRET, private_key=pair.private)
    cluster.write_log(namespace, *CONNECTED)
    ended = subprocess.run(
        command_line(folder, "apply", "--yes"),
        env={**os.environ, "TEST_TOKEN": "x"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == ExitCode.DONE, ended.stdout.decode()
    return namespace


def probes(cluster: ControlPlane, namespace: str) -> list[str]:
    names = [pod["metadata"]["name"] for pod in cluster.pods(namespace)]
    return [name for name in names if name.startswith("reconciler-probe-")]


@pytest.mark.xdist_group("control_plane")
def test_a_probe_is_one_more_line_of_its_agent(folder: Path, agent: str, cluster: ControlPlane) -> None:
    found = document(folder, "--target", "cluster:eu-1", "--probe")
    assert found["exitCode"] == ExitCode.DONE
    assert whats(found, "cluster:eu-1")[-1] == "ok its network reaches agent-01.humanitec.io on TCP port 443"
    cluster.wait_until(lambda: not probes(cluster, agent), "the probe pod is gone")


@pytest.mark.xdist_group("control_plane")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_ends_a_probe_and_deletes_its_pod(
    folder: Path, agent: str, cluster: ControlPlane, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        command_line(folder, "doctor", "--probe", "--probe-image", "no-image.test/busybox", "-o", "json"),
        env={**os.environ, "TEST_TOKEN": "x"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = monotonic() + 60
    while not probes(cluster, agent):
        assert monotonic() < until, "no probe pod was created"
        sleep(0.05)
    process.send_signal(number)
    shown, told = process.communicate(timeout=60)
    assert process.returncode == ExitCode.UNREADABLE, told.decode()
    assert "unknown stopped before its end" in whats(json.loads(shown), "cluster:eu-1")
    assert b"may be left" not in told
    cluster.wait_until(lambda: not probes(cluster, agent), "the probe pod is gone")
