"""What git inherits: what it needs to reach hosts, and nothing else of the environment."""

import subprocess
from pathlib import Path

import pytest

from reconciler.repository.environment import environment_of_git
from reconciler.repository.launch import Launcher


def made(**given: str) -> dict[str, str]:
    return environment_of_git(given, {}, transports="none")


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "HOME", "SSH_AUTH_SOCK", "https_proxy", "NO_PROXY", "GIT_ASKPASS", "GIT_SSH", "GIT_SSL_CAINFO",
        "GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME", "GITHUB_TOKEN", "AWS_PROFILE", "GIT_CEILING_DIRECTORIES",
    ],
)  # fmt: skip
def test_what_reaches_a_host_is_passed_on(name: str) -> None:
    assert made(**{name: "x"})[name] == "x"


@pytest.mark.parametrize(
    "name",
    [
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_CONFIG_PARAMETERS", "GIT_EXTERNAL_DIFF",
        "GIT_TRACE", "GIT_TRACE_CURL", "GIT_CURL_VERBOSE", "GCM_TRACE", "GIT_PROXY_COMMAND", "GIT_EDITOR",
        "GIT_AUTHOR_NAME", "SSH_ASKPASS", "DISPLAY", "LD_PRELOAD", "ORCHESTRATOR_TOKEN", "PYTHONPATH",
        "SOME_VARIABLE_OF_TOMORROW",
    ],
)  # fmt: skip
def test_everything_else_is_not_passed_on(name: str) -> None:
    """Neither what redirects git, nor what makes it print credentials, nor the tokens of the settings."""
    assert name not in made(**{name: "x"})


def test_further_variables_can_be_added_except_those_of_git() -> None:
    given = {
        "RECONCILER_GIT_ENVIRONMENT": "MY_TOKEN, OTHER,GIT_DIR",
        "MY_TOKEN": "a",
        "OTHER": "b",
        "GIT_DIR": "c",
    }
    passed = made(**given)
    assert (passed["MY_TOKEN"], passed["OTHER"]) == ("a", "b")
    assert "GIT_DIR" not in passed


def test_an_ssh_command_of_the_user_is_used_and_cannot_prompt() -> None:
    assert made(GIT_SSH_COMMAND="ssh -i key")["GIT_SSH_COMMAND"] == "ssh -i key -oBatchMode=yes"
    assert made(GIT_SSH_COMMAND="plink -batch", GIT_SSH_VARIANT="plink")["GIT_SSH_COMMAND"] == "plink -batch"


def test_an_ssh_program_or_configured_command_is_not_overridden() -> None:
    """GIT_SSH_COMMAND would take precedence over both."""
    assert "GIT_SSH_COMMAND" not in made(GIT_SSH="/opt/ssh")
    assert "GIT_SSH_COMMAND" not in made()


def test_settings_of_the_user_come_first_and_those_of_the_program_override_them(tmp_path: Path) -> None:
    environment = made(
        GIT_CONFIG_COUNT="2",
        GIT_CONFIG_KEY_0="http.extraHeader", GIT_CONFIG_VALUE_0="x: y",
        GIT_CONFIG_KEY_1="protocol.ext.allow", GIT_CONFIG_VALUE_1="always",
        PATH="/usr/bin:/bin",
    )  # fmt: skip

    def setting(name: str) -> str:
        done = subprocess.run(
            ["git", "config", "--get", name], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert setting("http.extraHeader") == "x: y"
    assert setting("protocol.ext.allow") == "never"


@pytest.mark.parametrize("count", ["", "x", "-1", "9" * 30, "²"])
def test_an_invalid_count_of_settings_is_left_out(count: str) -> None:
    assert (
        made(GIT_CONFIG_COUNT=count, GIT_CONFIG_KEY_0="a.b", GIT_CONFIG_VALUE_0="c")["GIT_CONFIG_KEY_0"]
        != "a.b"
    )


def test_variables_of_a_running_hook_do_not_redirect_git(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert Launcher().output(["rev-parse", "--git-dir"], folder=repository).strip() == b".git"
