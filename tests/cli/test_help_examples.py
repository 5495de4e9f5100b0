"""The examples of the help, run as printed in a repository with an emulator behind it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.program import COMMANDS, program
from reconciler.emulator import Emulator
from reconciler.emulator.web.server import running
from reconciler.errors import ExitCode
from tests.cli.running import add
from tests.cli.test_named_targets import CLUSTER
from tests.repositories import own_git_configuration, run

__all__ = ["own_git_configuration"]

ENDS = {
    "reconciler init --organization acme": (ExitCode.USAGE, "already exists"),
    "reconciler -C platform init": (ExitCode.DONE, "wrote platform/reconciler.yaml"),
    "reconciler validate": (ExitCode.DONE, "Check: valid"),
    "reconciler validate --rev HEAD -o sarif": (ExitCode.DONE, '"version": "2.1.0"'),
    "reconciler plan --out plan.json": (ExitCode.DONE, "plan saved"),
    "reconciler plan --against origin/main -o markdown": (ExitCode.DONE, "create Definition/orders-db"),
    "reconciler show plan.json": (ExitCode.DONE, "+ Definition/orders-db"),
    "reconciler --color always show plan.json": (ExitCode.DONE, "+ Definition/orders-db"),
    "reconciler apply": (ExitCode.USAGE, "there is no terminal to ask for approval"),
    "reconciler apply --plan plan.json --yes": (ExitCode.DONE, "done create Definition/orders-db"),
    "reconciler doctor": (ExitCode.DONE, "1 ok."),
    "reconciler doctor --probe --probe-image registry.example.com/busybox:1.37": (
        ExitCode.DONE,
        "Target acme",
    ),
    "reconciler keys status": (ExitCode.DONE, "No file declares an Agent, an Operator or a runner"),
    "reconciler keys rotate Agent/eu-1": (ExitCode.USAGE, "nothing declares 'Agent/eu-1' with a key"),
    "reconciler modes": (ExitCode.DONE, "legacy"),
    "reconciler modes --target acme -o json": (ExitCode.DONE, '"organization": "acme"'),
    "reconciler explain R68": (ExitCode.DONE, "R68"),
    "reconciler explain target/acme/shop-prod --live": (ExitCode.DONE, "Target acme, organization acme"),
    "reconciler render Agent/eu-1": (ExitCode.USAGE, "nothing installs 'Agent/eu-1'"),
    "reconciler render trust Runner/jobs --terraform": (ExitCode.USAGE, "nothing installs 'Runner/jobs'"),
    "reconciler rules --switched": (ExitCode.DONE, "0 switches"),
    "reconciler rules --side cluster -o json": (ExitCode.DONE, '"rules"'),
    "reconciler schema definition": (ExitCode.DONE, '"Resource definition"'),
    "reconciler schema --write schemas": (ExitCode.DONE, "schema files to schemas"),
    "reconciler completion bash": (ExitCode.DONE, "_RECONCILER_COMPLETE"),
    "reconciler completion fish": (ExitCode.DONE, "_RECONCILER_COMPLETE"),
}
"""Exit code and a part of the output of each example, in the order in which they are run."""
ENDLESS = {
    "reconciler watch",
    "reconciler watch --source https://git.example.com/platform.git --ref main",
    "reconciler emulator --organization acme",
    "reconciler emulator --state practice.db --resource-type acme/queue",
}
"""Examples that run until stopped; their options are checked here, and their behaviour elsewhere."""


def examples() -> list[str]:
    found = []
    for command in COMMANDS:
        shown = CliRunner().invoke(program, [command, "--help"], prog_name="reconciler").stdout
        lines = shown.split("Examples:")[1].split("Options:")[0].split("\n")
        found += [line.strip() for line in lines if "reconciler" in line]
    return found


def bare(example: str) -> str:
    """The command alone, without the shell around it."""
    wrapped = re.fullmatch(r'eval "\$\((.+)\)"', example)
    return wrapped[1] if wrapped else re.split(" [|>] ", example)[0]


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A clone whose branch adds a definition to `origin/main`; it is the current folder."""
    folder = tmp_path / "clone"
    folder.mkdir()
    with Emulator(organizations=["acme"]) as emulator, running(emulator) as url:
        (folder / "reconciler.yaml").write_text(
            "version: 1\ntargets:\n  acme:\n    organization: acme\n"
            f"    orchestrator: {{url: '{url}', token: {{env: TEST_TOKEN}}}}\n"
        )
        (folder / "shop.yaml").write_text(CLUSTER.replace("@ID@", "shop-prod"))
        run(folder, "init", "--quiet")
        run(folder, "add", "--all")
        run(folder, "commit", "--quiet", "--message", "x")
        run(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
        add(folder, "orders-db")
        run(folder, "add", "--all")
        run(folder, "commit", "--quiet", "--message", "y")
        (folder / "platform").mkdir()
        monkeypatch.setenv("TEST_TOKEN", "x")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.chdir(folder)
        yield folder


def test_every_example_of_the_help_is_run_here() -> None:
    assert {bare(example) for example in examples()} == ENDS.keys() | ENDLESS


@pytest.mark.usefixtures("platform")
def test_examples_of_the_help_run_as_printed() -> None:
    for line, (code, part) in ENDS.items():
        result = CliRunner().invoke(program, shlex.split(line)[1:], prog_name="reconciler")
        assert (line, result.exit_code) == (line, code), result.output
        assert part in result.stdout + result.stderr, line


@pytest.mark.parametrize("line", sorted(ENDLESS))
def test_examples_that_do_not_end_have_options_that_exist(line: str) -> None:
    """With one wrong option more, that one is the only complaint."""
    result = CliRunner().invoke(program, [*shlex.split(line)[1:], "--no-such"], prog_name="reconciler")
    assert result.exit_code == ExitCode.USAGE
    assert result.stderr.startswith("error: `--no-such` is not an option of `reconciler ")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_short_and_long_help_are_the_same(command: str) -> None:
    short, long = (
        CliRunner().invoke(program, [*filter(None, [command]), option], prog_name="reconciler")
        for option in ("-h", "--help")
    )
    assert short.exit_code == ExitCode.DONE
    assert short.stdout == long.stdout != ""


def test_without_arguments_the_help_goes_to_stderr_and_the_usage_is_wrong() -> None:
    result = CliRunner().invoke(program, [], prog_name="reconciler")
    assert result.exit_code == ExitCode.USAGE
    assert result.stdout == ""
    assert "Start here:" in result.stderr


def test_the_help_names_every_exit_code() -> None:
    shown = CliRunner().invoke(program, ["--help"], prog_name="reconciler").stdout
    listed = shown.split("Exit codes:")[1]
    for code in ExitCode:
        assert re.search(rf"\b{int(code)} [a-z]", " ".join(listed.split())), code
