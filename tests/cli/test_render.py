"""`reconciler render`: objects as a stream or as files, commands for people, and trust of clouds."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from reconciler.views.rendering import steps, stream
from tests.cli.running import call
from tests.footprint.documents import agent, only

AGENT = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec: {description: an agent, install: {cluster: eu-1, image: ghcr.io/humanitec/agent:1.8.4}}
"""
ON_DOCKER = AGENT.replace("eu-1}\n", "vm}\n").replace("cluster: eu-1", "host: docker")
RUNNER = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: jobs}
spec:
  runner_configuration:
    type: kubernetes-agent
    key: |
      -----BEGIN PUBLIC KEY-----
      MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
      -----END PUBLIC KEY-----
    job: {namespace: jobs, service_account: job}
  state_storage_configuration: {type: kubernetes, namespace: jobs}
  install:
    cluster: eu-1
    delivery: kubernetes
    image: ghcr.io/humanitec/humanitec-runner:v1.9.0
    identity: {roleArn: "arn:aws:iam::123456789012:role/jobs"}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "agent.yaml").write_text(AGENT)
    (tmp_path / "runner.yaml").write_text(RUNNER)
    return tmp_path


def test_objects_are_one_stream_that_kubectl_takes(tree: Path) -> None:
    code, shown, said = call(tree, "render")
    assert (code, said.count("error")) == (0, 0)
    kinds = [document["kind"] for document in yaml.safe_load_all(shown) if document]
    assert kinds.count("Deployment") == 2
    assert kinds.count("Namespace") == 3
    assert "# needs Secret humanitec-agent/humanitec-agent-secret-private-key" in shown
    assert not (tree / ".reconciler").exists()


def test_one_installation_is_chosen_by_its_name(tree: Path) -> None:
    _, shown, _ = call(tree, "render", "Agent/eu-1")
    assert [document["kind"] for document in yaml.safe_load_all(shown) if document] == [
        "Namespace",
        "ConfigMap",
        "Deployment",
    ]


def test_a_name_that_nothing_has_is_refused_with_the_nearest_one(tree: Path) -> None:
    code, shown, said = call(tree, "render", "Agent/eu-2")
    assert (code, shown) == (64, "")
    assert "did you mean Agent/eu-1?" in said


def test_files_are_written_for_each_cluster_and_equal_what_a_second_run_writes(tree: Path) -> None:
    code, _, said = call(tree, "render", "--out", "made")
    assert code == 0
    assert "wrote" in said
    first = {path.name: path.read_bytes() for path in (tree / "made").rglob("*.yaml")}
    assert "kustomization.yaml" in first
    call(tree, "render", "--out", "made")
    assert {path.name: path.read_bytes() for path in (tree / "made").rglob("*.yaml")} == first


def test_what_a_person_runs_is_in_comments_and_has_no_key(tree: Path) -> None:
    (tree / "vm.yaml").write_text(ON_DOCKER)
    _, shown, _ = call(tree, "render", "Agent/vm")
    assert [document for document in yaml.safe_load_all(shown) if document] == []
    assert "docker run" in shown
    assert "PRIVATE KEY" not in shown


TWICE_ON_ACI = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: edge}
spec:
  description: an agent
  install: {host: azure-container-instances, image: "i:1", containerGroup: {location: a, resourceGroup: north}}
  moreInstalls:
    - {host: azure-container-instances, image: "i:1", containerGroup: {location: b, resourceGroup: south}}
"""


def test_commands_for_a_host_are_a_script_of_its_own_folder(tree: Path) -> None:
    (tree / "vm.yaml").write_text(ON_DOCKER)
    code, _, said = call(tree, "render", "Agent/vm", "--out", "made")
    assert (code, "wrote 1 file to" in said) == (0, True)
    (path,) = [path for path in (tree / "made").rglob("*") if path.is_file()]
    assert path.relative_to(tree / "made") == Path("elsewhere/agent-vm/install.sh")
    lines = path.read_text().splitlines()
    run = [line for line in lines if not line.startswith("#")]
    assert run[0] == "set -e"
    assert [line.split()[0] for line in run[1:]] == ["install", "install", "docker"]
    assert "#   docker rm --force humanitec-agent" in lines
    assert subprocess.run(["sh", "-n", path], check=False).returncode == 0


def test_two_installations_on_hosts_do_not_overwrite_the_files_of_each_other(tree: Path) -> None:
    (tree / "edge.yaml").write_text(TWICE_ON_ACI)
    _, _, said = call(tree, "render", "Agent/edge", "--out", "made")
    assert "wrote 4 files" in said
    for folder, location in (("agent-edge", "a"), ("agent-edge.2", "b")):
        place = tree / "made" / "elsewhere" / folder
        assert yaml.safe_load((place / "aci-humanitec-agent.yaml").read_text())["location"] == location
        assert f"{'north' if location == 'a' else 'south'} --file" in (place / "install.sh").read_text()


def test_an_installation_that_cannot_be_made_writes_nothing_and_claims_nothing(tree: Path) -> None:
    (tree / "vm.yaml").write_text(ON_DOCKER.replace("host: docker", "host: toaster"))
    code, _, said = call(tree, "render", "Agent/vm", "--out", "made")
    assert (code, "wrote" in said, "cannot be installed" in said) == (3, False, True)


def test_json_has_everything_of_an_installation(tree: Path) -> None:
    _, shown, _ = call(tree, "render", "-o", "json")
    found = {one["installation"]: one for one in json.loads(shown)}
    assert found["Agent/eu-1"]["secrets"] == [
        {
            "namespace": "humanitec-agent",
            "name": "humanitec-agent-secret-private-key",
            "entry": "private_key",
        }
    ]
    assert found["Runner/jobs"]["handover"] is None


def test_trust_is_for_the_account_of_the_jobs(tree: Path) -> None:
    code, shown, _ = call(tree, "render", "trust")
    assert code == 0
    assert "system:serviceaccount:jobs:job" in shown
    assert "humanitec-kubernetes-agent-runner-ns" not in shown
    _, terraform, _ = call(tree, "render", "trust", "Runner/jobs", "--terraform")
    assert 'resource "aws_iam_role"' in terraform


def test_a_tree_without_installations_says_so(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    assert call(tmp_path, "render")[:2] == (0, "")
    assert "no file declares an installation" in call(tmp_path, "render")[2]
    assert "no installed runner has a cloud identity" in call(tmp_path, "render", "trust")[2]


def test_files_with_errors_render_nothing(tree: Path) -> None:
    (tree / "broken.yaml").write_text(AGENT.replace("description", "descripton"))
    code, shown, said = call(tree, "render")
    assert (code, shown) == (3, "")
    assert "did you mean" in said.lower()


@pytest.mark.parametrize(
    "arguments",
    [["--terraform"], ["trust", "--out", "x"], ["--out", "x", "-o", "json"], ["trust", "Runner/none"]],
)
def test_what_does_not_go_together_is_wrong_usage(tree: Path, arguments: list[str]) -> None:
    assert call(tree, "render", *arguments)[0] == 64


@pytest.mark.parametrize(
    "name", ["../../out", "/out", ".", "..", ".git/x", "a/b", "a b", "", "e\\nkind: X", "\\u001b[31m"]
)
def test_the_name_of_a_cluster_is_no_path_and_no_text(tree: Path, name: str) -> None:
    """It becomes a folder, and a comment in a stream that kubectl applies."""
    (tree / "agent.yaml").write_text(AGENT.replace("cluster: eu-1", f'cluster: "{name}"'))
    code, shown, said = call(tree, "render", "--out", "in/of")
    assert (code, shown) == (3, "")
    assert "spec.install.cluster" in said
    assert sorted(path.name for path in tree.iterdir()) == ["agent.yaml", "runner.yaml"]


def test_comments_of_the_stream_stay_on_their_line() -> None:
    footprint = replace(only(agent("{cluster: eu-1, image: 'i:1'}")), refusal="no\n---\nkind: Evil\x1b[31m")
    assert all(line.startswith("#") for line in stream([replace(footprint, objects=())]).splitlines())
    assert "\x1b" not in stream([footprint]) + steps([footprint])


def test_files_are_not_written_through_links(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("place")
    (place / "outside").mkdir()
    (place / "out").mkdir()
    (place / "out" / "eu-1").symlink_to(place / "outside")
    code, _, said = call(tree, "render", "--out", str(place / "out"))
    assert code == 64
    assert "symbolic link" in said
    assert list((place / "outside").iterdir()) == []
