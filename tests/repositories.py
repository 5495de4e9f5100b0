"""Real Git repositories in temporary folders, independent of the user's configuration."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Git = Callable[..., str]


@pytest.fixture(autouse=True)
def own_git_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configure_git(monkeypatch, tmp_path)


def configure_git(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let git use a configuration of its own, kept in `folder`."""
    config = folder / "gitconfig"
    config.write_text("[user]\n\tname = t\n\temail = t@example.com\n[init]\n\tdefaultBranch = main\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    run(folder, "init", "--quiet")
    return folder


@pytest.fixture
def git(repository: Path) -> Git:
    return lambda *arguments: run(repository, *arguments)


@pytest.fixture
def commit(repository: Path) -> Callable[[dict[str, str]], str]:
    """Write files, commit everything, return the commit id."""

    def write(files: dict[str, str]) -> str:
        for name, text in files.items():
            path = repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        run(repository, "add", "--all")
        run(repository, "commit", "--quiet", "--allow-empty", "--message", "x")
        return run(repository, "rev-parse", "HEAD")

    return write


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()
