"""`examples/quickstart` and `examples/demo.sh`, run as a newcomer would."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "examples/quickstart"
RECONCILER = Path(sys.executable).with_name("reconciler")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment without the caller's variables, as on a new machine, and a home without settings."""
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def run(words: list[str | Path], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """The demo, run once, without a terminal."""
    base = tmp_path_factory.mktemp("demo")
    scratch = base / "scratch"
    (base / "home").mkdir()
    environment = {
        "HOME": str(base / "home"),
        "PATH": os.environ["PATH"],
        "RECONCILER": str(RECONCILER),
        "DEMO": str(scratch),
    }
    yield scratch, run([ROOT / "examples/demo.sh"], environment)
    shutil.rmtree(scratch, ignore_errors=True)


Demo = tuple[Path, subprocess.CompletedProcess[str]]


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
def test_the_demo_plans_applies_and_ends_with_nothing_left_to_do(demo: Demo) -> None:
    """The script itself checks the exit code of every step and fails if one differs."""
    _, done = demo
    assert done.returncode == 0, done.stdout + done.stderr
    headings = re.findall(r"^== (.*)$", done.stdout, re.MULTILINE)
    assert len(headings) == 9
    assert headings[-1] == "Done"
    assert done.stdout.count("$ reconciler apply --yes") == 3
    assert done.stdout.count("$ reconciler plan --detailed-exit-code") == 5


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
def test_the_demo_shows_what_its_change_does(demo: Demo) -> None:
    _, done = demo
    steps = done.stdout.split("\n== ")
    last_plan = next(step for step in steps if step.startswith("7."))
    assert "Definition/bucket" in last_plan
    assert "eu-central-1" in last_plan
    assert "eu-north-1" in last_plan
    assert "orgs/acme/definitions/storage.yaml:" in last_plan


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
def test_the_demo_writes_an_agent_and_a_runner_as_files(demo: Demo) -> None:
    """Without a settings file: a newcomer sees what would run on a cluster before there is one."""
    scratch, _ = demo
    written = scratch / "installation/rendered/eu-1"
    listed = yaml.safe_load((written / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    kinds = Counter(yaml.safe_load((written / name).read_text(encoding="utf-8"))["kind"] for name in listed)
    assert kinds == {
        "Namespace": 3,
        "ServiceAccount": 2,
        "Role": 2,
        "RoleBinding": 2,
        "ConfigMap": 2,
        "Deployment": 2,
    }


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
def test_the_demo_leaves_no_process_behind(demo: Demo) -> None:
    _, done = demo
    port = re.search(r"listening on http://127\.0\.0\.1:(\d+)", done.stdout)
    assert port is not None
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port[1]))) != 0


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
def test_the_demo_commits_its_change_so_that_it_shows_in_the_history(demo: Demo) -> None:
    scratch, _ = demo
    log = run(["git", "-C", scratch / "platform", "log", "--format=%s"], dict(os.environ))
    assert log.stdout.splitlines() == ["Move buckets to eu-north-1", "Describe the platform"]


def test_the_demo_removes_no_folder_that_it_did_not_create(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """People set the variable DEMO by hand."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept", encoding="utf-8")
    done = run(
        [ROOT / "examples/demo.sh"], {**environment, "DEMO": str(precious), "RECONCILER": str(RECONCILER)}
    )
    assert done.returncode == 64
    assert (precious / "file").read_text(encoding="utf-8") == "kept"


def test_the_quickstart_breaks_no_rule(environment: dict[str, str]) -> None:
    """No findings, not even warnings: newcomers copy these files."""
    done = run([RECONCILER, "-C", QUICKSTART, "validate", "-o", "json"], environment)
    assert done.returncode == 0, done.stdout + done.stderr
    result = yaml.safe_load(done.stdout)
    assert result["findings"] == []


def test_the_quickstart_contains_what_it_promises() -> None:
    documents = [
        document
        for file in QUICKSTART.glob("**/*.yaml")
        if file.name != "reconciler.yaml"
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    ]
    kinds = {document["kind"] for document in documents}
    assert kinds == {"Agent", "Key", "Definition", "Runner", "SecretStore"}
    agent = next(document["spec"] for document in documents if document["kind"] == "Agent")
    assert agent["organizations"] == ["acme", "beta"]
    clusters = [
        document["entity"]
        for document in documents
        if document.get("entity", {}).get("type") == "k8s-cluster"
    ]
    assert clusters
    for cluster in clusters:
        assert cluster["driver_inputs"]["secrets"]["agent_url"] == "${resources['agent#agent'].outputs.url}"


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_a_pipeline_is_yaml_and_writes_only_where_it_applies(name: str) -> None:
    """A pull request must not be able to change anything: its jobs have no writing token and run no apply."""
    pipeline = yaml.safe_load((ROOT / "examples/ci" / name).read_text(encoding="utf-8"))
    jobs = pipeline.get(
        "jobs", {key: job for key, job in pipeline.items() if key in ("validate", "preview", "apply")}
    )
    assert set(jobs) == {"validate", "preview", "apply"}
    for job in ("validate", "preview"):
        assert "reconciler apply" not in str(jobs[job])
        assert "contents': 'write" not in str(jobs[job])
        assert "environment" not in jobs[job]
    assert "plan --against" in str(jobs["preview"])
    assert "reconciler apply --yes" in str(jobs["apply"])
