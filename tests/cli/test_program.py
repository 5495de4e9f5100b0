"""The command line itself: help, wrong usage, start-up, and the boundary where errors end."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reconciler.cli.completion import complete_objects, complete_targets
from reconciler.cli.program import COMMANDS, program
from reconciler.errors import ExitCode
from tests.scenarios.world import definition_yaml

HEAVY = (
    "kubernetes",
    "git",
    "httpx",
    "starlette",
    "uvicorn",
    "rich",
    "pydantic",
    "ruamel.yaml",
    "yaml",
    "cryptography",
)


def call(*arguments: str) -> "tuple[int, str, str]":
    result = CliRunner().invoke(program, arguments, prog_name="reconciler")
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_one_screen(command: str) -> None:
    code, shown, _ = call(*filter(None, (command, "--help")))
    lines = shown.rstrip("\n").split("\n")
    assert code == 0
    assert max(map(len, lines)) <= 80
    assert len(lines) <= (45 if not command else 30)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_two_examples(command: str) -> None:
    _, shown, _ = call(command, "--help")
    examples = shown.split("Examples:")[1].split("Options:")[0]
    assert len([line for line in examples.split("\n") if "reconciler" in line]) == 2


def test_help_groups_commands_under_headings() -> None:
    _, shown, _ = call("--help")
    places = [shown.index(f"{heading}:") for heading in ("Start here", "Operation", "Reference")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["plam"], "Did you mean `plan`?"),
        (["plan", "--detailed-exit-cod"], "Did you mean `--detailed-exit-code`?"),
        (["--colour", "never"], "Did you mean `--color`?"),
        (["plan", "--config", "x"], "goes before the command"),
        (["plan", "--accept", "delets=Definition/a"], "there is no guard 'delets'"),
        (["plan", "--accept", "deletes"], "is not GUARD=KIND/ID"),
        (["plan", "--accept", "deletes:3"], "is a bare number"),
        (["plan", "--only", "Definitio/x"], "there is no kind 'Definitio'"),
        (["plan", "--only", "Definition"], "is not KIND/ID"),
        (["plan", "--ref", "main"], "--ref needs --source"),
        (["plan", "--source", "https://git.example/x", "--rev", "v1"], "with --source use --ref"),
        (["validate", "-o", "markdown"], "'markdown' is not one of"),
        (["explain", "R6"], "Did you mean"),
        (["schema"], "name a kind"),
        *(
            (["watch", option, seconds], "greater than 0")
            for option in ("--poll", "--resync")
            for seconds in ("0", "-1", "inf", "-inf", "nan", "1e300")
        ),
        (["init", "--organization", "Not An Id"], "is not an organization id"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_exits_64_and_names_the_nearest(arguments: list[str], hint: str) -> None:
    code, shown, said = call(*arguments)
    assert code == ExitCode.USAGE
    assert hint in " ".join(said.split())
    assert shown == ""


def test_version_is_printed() -> None:
    code, shown, _ = call("--version")
    assert code == 0
    assert shown.startswith("reconciler ")


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """The first output comes within 300 ms because none of these is imported."""
    script = (
        "import sys\n"
        "from reconciler.cli.program import program\n"
        "try: program.main(sys.argv[1:], prog_name='reconciler')\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    assert ended.stderr.strip() == "[]"


def test_the_process_ends_with_complete_output_its_exit_code_and_exit_handlers_run() -> None:
    script = (
        "import atexit, sys\n"
        "atexit.register(print, 'handled', file=sys.stderr)\n"
        "from reconciler.cli.main import run\n"
        "run()"
    )

    def ended(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
        )

    whole = ended("schema", "any")
    assert whole.returncode == 0
    assert isinstance(json.loads(whole.stdout), dict)
    assert whole.stderr == "handled\n"
    wrong = ended("plam")
    assert wrong.returncode == ExitCode.USAGE
    assert wrong.stderr.endswith("handled\n")


def test_libraries_import_nothing_that_no_command_uses(tmp_path: Path) -> None:
    (tmp_path / "db.yaml").write_text(definition_yaml("orders", inputs="{secrets: {password: !env UNSET}}"))
    script = (
        "import atexit, sys\n"
        "unused = ('rich', 'pygments', 'httpx._main', 'ruamel.yaml', 'kubernetes', 'urllib3')\n"
        "atexit.register(lambda: print([name for name in unused if sys.modules.get(name)], file=sys.stderr))\n"
        "from reconciler.cli.main import run\n"
        "run()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, "-C", str(tmp_path), "plan"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "environment variable UNSET is not set" in " ".join(ended.stdout.split())
    assert ended.stderr.splitlines()[-1] == "[]"


class _Unforeseen(Exception):  # noqa: N818  an exception that nobody foresaw
    pass


def test_an_unforeseen_exception_is_reported_as_a_bug_without_its_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise _Unforeseen("the token is hunter2")

    monkeypatch.setattr(
        "reconciler.cli.program.Program.get_command", lambda *_: click.Command("validate", callback=fail)
    )
    code, shown, said = call("validate")
    assert code == ExitCode.BUG
    assert "this is a bug in reconciler" in said
    assert "Nothing was changed." in said
    assert "hunter2" not in said + shown
    assert "Traceback" not in said
    assert "Traceback" in call("--debug", "validate")[2]


def test_ctrl_c_before_any_change_says_that_nothing_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "reconciler.cli.program.Program.get_command", lambda *_: click.Command("validate", callback=interrupt)
    )
    code, _, said = call("validate")
    assert code == ExitCode.UNREADABLE
    assert "Nothing was changed" in said


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_a_shell(shell: str) -> None:
    code, shown, _ = call("completion", shell)
    assert code == 0
    assert "_RECONCILER_COMPLETE" in shown


def test_targets_and_objects_are_completed_from_the_files(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(
        "version: 1\ntargets:\n  acme:\n    organization: acme\n  # note\n  beta: {organization: beta}\nsafety: {}\n"
    )
    (tmp_path / "a.yaml").write_text(
        "kind: Definition\nmetadata:\n  id: one\n---\nkind: Agent\nmetadata: {id: two}\n"
        "---\nkind: Pod\nmetadata: {id: no}\n"
    )
    ctx = click.Context(program)
    ctx.params["directory"] = tmp_path
    option = click.Option(["--x"])
    assert [item.value for item in complete_targets(ctx, option, "")] == ["acme", "beta"]
    assert [item.value for item in complete_objects(ctx, option, "")] == ["Agent/two", "Definition/one"]
    assert [item.value for item in complete_objects(ctx, option, "Def")] == ["Definition/one"]


def test_completion_of_a_broken_tree_is_silent(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").mkdir()
    (tmp_path / "b.yaml").write_bytes(b"\xff\x00kind: [")
    ctx = click.Context(program)
    ctx.params["directory"] = tmp_path
    assert complete_targets(ctx, click.Option(["--x"]), "") == []
    assert complete_objects(ctx, click.Option(["--x"]), "") == []
