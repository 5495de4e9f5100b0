"""A secret written where its name belongs is not printed."""

import subprocess
from pathlib import Path

import pytest

from reconciler.cli.edges.token_source import shown_source
from reconciler.settings import Token
from tests.cli.running import call

SECRET = "ghp_hunter2" + "x7Q" * 9


@pytest.mark.parametrize("name", ["HUMANITEC_TOKEN", "A", "TOKEN_2", "HUMANITEC_AUTH_TOKEN_READ_ONLY"])
def test_the_name_of_a_variable_is_shown(name: str) -> None:
    assert shown_source(Token(env=name), "p") == f"environment variable {name} (p)"


@pytest.mark.parametrize("name", ["/var/run/secrets/humanitec/token", "token.txt", "~/.config/token"])
def test_the_path_of_a_file_is_shown(name: str) -> None:
    assert shown_source(Token(file=name), "p") == f"file {name} (p)"


@pytest.mark.parametrize(
    "value", [SECRET, "hunter2", "AKIAIOSFODNN7EXAMPLE", "eyJhbGciOi.eyJzdWIiOi.c2ln", "x y"]
)
def test_what_may_be_the_secret_is_not_shown(value: str) -> None:
    for token in (Token(env=value), Token(file=value)):
        assert value not in shown_source(token, "targets.acme.orchestrator.token")
        assert "targets.acme.orchestrator.token" in shown_source(token, "targets.acme.orchestrator.token")


@pytest.mark.parametrize("token", [f"{{env: {SECRET}}}", f"{{file: {SECRET}}}", SECRET, f"{{{SECRET}: x}}"])
def test_no_command_prints_a_secret_in_place_of_its_name(tree: Path, token: str) -> None:
    git = ("git", "-C", str(tree), "-c", "user.name=t", "-c", "user.email=t@example.com")
    connection = "orchestrator: {url: 'https://127.0.0.1:9', token: @}"
    settings = f"version: 1\ntargets: {{acme: {{organization: acme, {connection}}}}}\n"
    for name, content in (
        ("main", settings.replace("@", "{env: TOKEN}")),
        ("change", settings.replace("@", token)),
    ):
        subprocess.run([*git, "init", "--quiet", f"--initial-branch={name}"], check=True)
        (tree / "reconciler.yaml").write_text(content)
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", "x"], check=True)
        if name == "main":
            subprocess.run([*git, "checkout", "--quiet", "-b", "change"], check=True)
    for arguments in (("plan", "-o", "json"), ("plan", "--against", "main", "-o", "markdown"), ("validate",)):
        said = "".join(call(tree, *arguments)[1:])
        assert "hunter2" not in said
