"""What is installed, from where, and what has access to a token during the installation.

`reconciler` on the public index is somebody else's program: if installed, it could read the write tokens.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DISTRIBUTION = "platform-orchestrator-reconciler"
TEXTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*", "config/**/*", "Dockerfile", "Makefile", ".ci/*")
    for path in ROOT.glob(pattern)
    if path.is_file()
)
BY_NAME = re.compile(
    r"(?:pip3?|pipx|uv(?: pip| tool)?)\s+(?:install|run)\b[^\n#]*[\s\"']reconciler(?:[\s\"'=<>\[]|$)"
)
LOCKS = ("requirements.lock", "requirements-build.lock")


def project() -> dict[str, Any]:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(found, dict)
    return found


def test_the_distribution_has_a_name_of_its_own_and_the_command_keeps_its_name() -> None:
    assert project()["name"] == DISTRIBUTION
    assert list(project()["scripts"]) == ["reconciler"]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_document_or_script_installs_the_unrelated_program(path: Path) -> None:
    """Comments that warn about it start with `#`, and `make` installs the checkout."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = [line for line in lines if BY_NAME.search(line)]
    assert not found
    assert "reconciler==" not in "\n".join(lines)


def test_the_search_for_installs_by_name_finds_them() -> None:
    for line in ("pip install reconciler", '- run: pip install "reconciler==1"', "pipx install reconciler"):
        assert BY_NAME.search(line), line
    for line in ('pip install "git+https://x/reconciler.git@v1"', "pip install --no-index /tmp/reconciler"):
        assert not BY_NAME.search(line), line


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {normal(name): version for name, version in re.findall(r"(?m)^([\w.-]+)==(\S+)", text)}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_of_everything_and_the_versions_that_are_tested(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=[\w.-]+==)", text)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"(?m)^--|://", text), "no index and no folder of one machine"
    tested = pins("requirements-test.lock")
    assert {name: tested.get(name, version) for name, version in pins(lock).items()} == pins(lock)


def test_the_lock_has_everything_that_the_program_needs() -> None:
    needed = {
        normal(re.split(r"[<>=!;\[ ]", one, maxsplit=1)[0])
        for one in project()["dependencies"]
        if "platform_python_implementation" not in one
    }
    assert needed <= pins("requirements.lock").keys()


def pipeline(name: str) -> dict[Any, Any]:
    found = yaml.safe_load((ROOT / "examples/ci" / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def steps(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for job_name, job in pipeline(name)["jobs"].items():
        yield from ((job_name, step) for step in job["steps"])


def gitlab_lines(node: object) -> Iterator[object]:
    """Entries of every script of a GitLab pipeline."""
    if isinstance(node, dict):
        for name, inner in node.items():
            yield from inner if name in ("script", "before_script") else gitlab_lines(inner)


@pytest.mark.parametrize("name", ["gitlab-ci.yml", "gitlab-junit.yml"])
def test_every_line_of_a_script_is_text(name: str) -> None:
    """A colon and a space make a mapping of an unquoted line."""
    lines = list(gitlab_lines(pipeline(name)))
    assert lines
    assert all(isinstance(line, str) for line in lines)


@pytest.mark.parametrize("name", ["github-actions.yml", "github-code-scanning.yml"])
def test_tokens_are_set_only_on_the_steps_that_need_them(name: str) -> None:
    whole = pipeline(name)
    assert "secrets." not in str(whole["env"])
    for job in whole["jobs"].values():
        assert "secrets." not in str(job.get("env", ""))
    for _, step in steps(name):
        script = step.get("run", "")
        if "secrets." in str(step):
            assert re.search(r"^\s*reconciler (plan|apply)", script, re.MULTILINE), step
        if "pip install" in script:
            assert "env" not in step
            assert "--require-hashes" in script
            assert "rev-parse HEAD" in script, "a tag can be moved"


@pytest.mark.parametrize("job", ["preview", "apply"])
def test_nothing_is_installed_while_a_token_of_github_is_in_the_checkout(job: str) -> None:
    order = [
        "checkout" if "checkout" in step.get("uses", "") else "install"
        for name, step in steps("github-actions.yml")
        if name == job and ("checkout" in step.get("uses", "") or "pip install" in step.get("run", ""))
    ]
    assert order == ["install", "checkout"]


def test_no_job_of_gitlab_that_has_writing_tokens_installs_anything() -> None:
    whole = pipeline("gitlab-ci.yml")
    assert "install" not in str(whole["default"]["before_script"])
    for name, job in whole.items():
        if isinstance(job, dict) and "script" in job and name != "install":
            assert not re.search(r"\b(pip|apt-get) install\b", str(job["script"])), name
    assert "environment" not in whole["install"]
    script = [line for entry in whole["install"]["script"] for line in entry.splitlines()]
    lines = [line for line in script if "pip install" in line]
    assert len(lines) == 3
    assert all(line.startswith("$without ") for line in lines)
    (without,) = (line for line in script if line.startswith("without="))
    assert {"HUMANITEC_TOKEN", "HUMANITEC_AUTH_TOKEN"} <= set(re.findall(r"-u (\w+)", without))


def test_the_image_installs_the_checkout_and_everything_else_by_hash() -> None:
    lines = re.findall(r"pip (?:install|wheel) [^\n]*", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert len(lines) == 4
    assert all("--require-hashes" in line or "--no-index" in line for line in lines)
