"""`reconciler render`: objects as a stream or as files, commands for people, and trust of clouds."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.running import call

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
