"""`reconciler explain target/ID`: the mode of a target, the reasons for it, and the verdict on the combination."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reconciler.cli.program import program
from reconciler.emulator import Emulator
from reconciler.emulator.web.server import running
from reconciler.errors import ExitCode

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = """\
version: 1
targets:
  acme:
    organization: acme-inc
    mode: direct
    paths: [acme/**]
  beta:
    organization: beta-inc
    paths: [beta/**]
clusters:
  eu-1: {definitions: [shop-prod, shop-git], platform: eks, apiServer: {public: false}, network: eu}
"""
CLUSTER = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: @ID@}
entity:
  name: @ID@
  type: k8s-cluster
  driver_type: humanitec/k8s-cluster-eks
  driver_inputs:
    values: {name: eu-1, region: eu-central-1}
    secrets: {agent_url: "${resources['agent.default#agent'].outputs.url}"}
  criteria: [{env_type: production}]
"""
GIT = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: shop-git}
entity:
  name: shop-git
  type: k8s-cluster
  driver_type: humanitec/k8s-cluster-git
  driver_inputs:
    values: {url: "git@git.example.com:acme/manifests.git", path: "${context.app.id}/${context.env.id}"}
    secrets:
      agent_url: ${resources['agent.default#agent'].outputs.url}
      credentials: {ssh_key: "${resources['config.default#git'].outputs.ssh_key}"}
  criteria: [{env_type: staging}]
"""
PLATFORM = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec:
  definition: {id: eu-1-agent, criteria: [{res_id: agent}]}
  install:
    {cluster: eu-1, namespace: humanitec-agent, image: "ghcr.io/humanitec/agent:1.8.4", networks: [eu]}
---
apiVersion: reconciler/v1alpha1
kind: Operator
metadata: {id: eu-1}
spec: {cluster: eu-1}
---
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {id: aws-production}
spec:
  awssm: {region: eu-central-1}
  orchestrator: {primary: true}
  clusters: [{cluster: eu-1, default: true}]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("acme", "beta"):
        (tmp_path / folder).mkdir()
    (tmp_path / "reconciler.yaml").write_text(SETTINGS)
    (tmp_path / "acme/cluster.yaml").write_text(CLUSTER.replace("@ID@", "shop-prod"))
    (tmp_path / "acme/git.yaml").write_text(GIT)
    (tmp_path / "acme/platform.yaml").write_text(PLATFORM)
    return tmp_path


def call(folder: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(program, ["-C", str(folder), "explain", *arguments], prog_name="reconciler")
    return result.exit_code, result.stdout, result.stderr


def document(folder: Path, *arguments: str) -> dict[str, Any]:
    code, shown, _ = call(folder, *arguments, "-o", "json")
    assert code == ExitCode.DONE
    found = json.loads(shown)
    assert isinstance(found, dict)
    return found


def check(name: str, shown: str) -> None:
    """Compare with the golden file; UPDATE_GOLDEN=1 writes it instead, for a person to review."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def test_text_is_the_golden_one(tree: Path) -> None:
    code, shown, said = call(tree, "target/acme")
    assert (code, said) == (ExitCode.DONE, "")
    assert max(map(len, shown.split("\n"))) <= 80
    check("explain-target.txt", shown)


def test_json_is_the_golden_one(tree: Path) -> None:
    shown = json.dumps(document(tree, "target/acme"), indent=1) + "\n"
    check("explain-target.json", shown)


@pytest.mark.parametrize(
    ("name", "definitions"),
    [
        ("target/acme", ["shop-prod", "shop-git"]),
        ("target/acme-inc", ["shop-prod", "shop-git"]),
        ("target/acme/shop-git", ["shop-git"]),
        ("target/acme-inc/shop-prod", ["shop-prod"]),
        ("target/shop-prod", ["shop-prod"]),
        ("target/beta", []),
    ],
)
def test_targets_are_named_by_name_organization_or_definition(
    tree: Path, name: str, definitions: list[str]
) -> None:
    assert [found["id"] for found in document(tree, name)["definitions"]] == definitions


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("target/acm", "did you mean acme?"),
        ("target/shop-prd", "did you mean shop-prod?"),
        ("target/acme/shop-pro", "did you mean shop-prod?"),
        ("target/acme/x", "it has shop-prod, shop-git"),
        ("target/beta/x", "it declares none of type k8s-cluster"),
        ("target/zzz", "targets are acme, beta"),
        ("target/", "targets are acme, beta"),
        ("target", "Did you mean target/?"),
    ],
)
def test_an_unknown_name_gets_the_nearest_one(tree: Path, name: str, hint: str) -> None:
    code, shown, said = call(tree, name)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert hint in " ".join(said.split())


def test_a_definition_of_two_targets_must_be_named_with_its_target(tree: Path) -> None:
    (tree / "beta/cluster.yaml").write_text(CLUSTER.replace("@ID@", "shop-prod"))
    code, _, said = call(tree, "target/shop-prod")
    assert code == ExitCode.USAGE
    assert "target/acme/shop-prod, target/beta/shop-prod" in said


def test_what_is_not_known_is_shown_as_unknown_with_what_would_settle_it(tree: Path) -> None:
    (tree / "beta/cluster.yaml").write_text(CLUSTER.replace("@ID@", "till"))
    found = document(tree, "target/beta")
    assert found["primaryStore"]["value"] is None
    assert "targets.beta.primaryStore" in found["primaryStore"]["why"]
    (definition,) = found["definitions"]
    assert definition["mode"]["value"] is None
    assert definition["cluster"]["value"] is None
    assert definition["agent"]["value"] is None
    assert definition["verdict"] == "unknown"


def test_invalid_documents_are_left_out_and_reported(tree: Path) -> None:
    (tree / "acme/broken.yaml").write_text("apiVersion: reconciler/v1alpha1\nkind: Agent\n")
    code, shown, said = call(tree, "target/acme")
    assert code == ExitCode.DONE
    assert "shop-prod" in shown
    assert "`reconciler validate`" in said


@pytest.mark.parametrize("arguments", [["R68", "--live"], ["R68", "-o", "json"], ["--live"]])
def test_live_and_formats_are_for_targets(tree: Path, arguments: list[str]) -> None:
    code, _, said = call(tree, *arguments)
    assert code == ExitCode.USAGE
    assert "are for targets" in said


def test_live_needs_an_orchestrator(tree: Path) -> None:
    code, _, said = call(tree, "target/acme", "--live")
    assert code == ExitCode.USAGE
    assert "targets.acme.orchestrator" in said


@pytest.fixture
def connected(tree: Path) -> Iterator[Path]:
    with Emulator(organizations=["acme-inc"]) as emulator, running(emulator) as url:
        connection = (
            f"organization: acme-inc\n    orchestrator: {{url: '{url}', token: {{env: TEST_TOKEN}}}}\n"
        )
        text = SETTINGS.replace("organization: acme-inc\n", connection)
        (tree / "reconciler.yaml").write_text(text)
        yield tree


def test_live_facts_replace_what_the_files_declare(connected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in store is primary in a new organization, whatever the files declare."""
    assert document(connected, "target/acme")["primaryStore"]["value"] == "aws-production"
    monkeypatch.setenv("TEST_TOKEN", "x")
    found = document(connected, "target/acme/shop-prod", "--live")
    assert found["primaryStore"]["value"] == "humanitec"
    (definition,) = found["definitions"]
    assert definition["mode"]["value"] == "legacy"
    assert {"A13", "E1"} <= {row["id"] for row in definition["rows"]}
    assert definition["verdict"] == "unsupported"


def test_live_needs_its_token(connected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_TOKEN", raising=False)
    code, _, said = call(connected, "target/acme", "--live")
    assert code == ExitCode.INVALID
    assert "TEST_TOKEN" in said


def test_without_settings_the_local_target_is_explained(tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_text(CLUSTER.replace("@ID@", "shop-prod"))
    found = document(tmp_path, "target/local", "--live")
    assert found["primaryStore"]["value"] == "humanitec"
    assert [path.name for path in tmp_path.iterdir()] == ["cluster.yaml"]


def test_names_of_targets_are_completed(tree: Path) -> None:
    from click.shell_completion import ShellComplete

    completion = ShellComplete(program, {}, "reconciler", "_RECONCILER_COMPLETE")
    offered = completion.get_completions(["-C", str(tree), "explain"], "target/a")
    assert [item.value for item in offered] == ["target/acme"]
    assert "target/" in [item.value for item in completion.get_completions(["explain"], "ta")]
