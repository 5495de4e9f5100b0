"""Options that conflict, values that are refused, and the command line that is suggested."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.program import program
from reconciler.cli.request import Request
from reconciler.errors import ExitCode
from reconciler.passes.result import Purpose
from tests.cli.running import call

REMOTE = ["--source", "https://git.example/x.git"]


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["apply", "--yes"]], ids=" ".join)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([*REMOTE, "--rev", "v1"], "--rev is a revision of the local repository; with --source use --ref"),
        (["--ref", "main"], "--ref needs --source; for the local repository use --rev"),
        (["--ref", "main", "--rev", "v1"], "--ref needs --source; for the local repository use --rev"),
    ],
    ids=["rev of a remote", "ref without a remote", "ref and rev"],
)
def test_options_that_name_two_sources_are_refused(
    tree: Path, command: list[str], options: list[str], message: str
) -> None:
    code, shown, said = call(tree, *command, *options)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert said == (f"error: {message}\nSee `reconciler {command[0]} --help`. Nothing was changed.\n")


@pytest.mark.parametrize(
    ("general", "options", "message"),
    [
        ([], [*REMOTE, "--against", "main"], "--against needs a local repository; clone it first"),
        ([], ["--own-settings"], "--own-settings belongs to --against; "),
        (
            ["--config", "x.yaml"],
            ["--against", "main", "--own-settings"],
            "--own-settings and --config both choose the settings; use one of them",
        ),
    ],
    ids=["base of a remote", "own settings without a base", "two settings"],
)
def test_options_of_a_preview_that_conflict_are_refused(
    tree: Path, general: list[str], options: list[str], message: str
) -> None:
    code, shown, said = call(tree, *general, "plan", *options)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert said.startswith(f"error: {message}")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["watch", "--rev", "v1"], "--rev"),
        (["watch", "--against", "main"], "--against"),
        (["watch", "-o", "json"], "-o"),
        (["watch", "--yes"], "--yes"),
        (["apply", "--against", "main"], "--against"),
        (["apply", "--out", "x"], "--out"),
        (["apply", "--detailed-exit-code"], "--detailed-exit-code"),
        (["plan", "--yes"], "--yes"),
        (["plan", "--concurrency", "2"], "--concurrency"),
        (["validate", "--accept", "deletes=1:abcd"], "--accept"),
        (["validate", "--detailed-exit-code"], "--detailed-exit-code"),
        (["explain", "--target", "x"], "--target"),
        (["schema", "-o", "json"], "-o"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_of_another_command_is_refused_and_nothing_is_read(
    tmp_path: Path, arguments: list[str], option: str
) -> None:
    code, shown, said = call(tmp_path, *arguments)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert said.startswith(f"error: `{option}` is not an option of `reconciler {arguments[0]}`.")


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "watch", "rules", "init"])
@pytest.mark.parametrize(
    "general", ["--config", "--directory", "-C", "--color", "--log-level", "--log-format", "--debug"]
)
def test_a_general_option_after_the_command_is_shown_where_it_belongs(
    tmp_path: Path, command: str, general: str
) -> None:
    code, _, said = call(tmp_path, command, general, "x")
    assert code == ExitCode.USAGE
    assert said.startswith(f"error: `{general}` goes before the command: `reconciler {general} …`.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--color", "yes", "plan"], "'yes' is not one of 'auto', 'always', 'never'"),
        (["--log-level", "trace", "plan"], "'trace' is not one of 'debug', 'info', 'warning', 'error'"),
        (["--log-format", "xml", "plan"], "'xml' is not one of 'console', 'json'"),
        (["-C", "/nowhere", "plan"], "Directory '/nowhere' does not exist"),
        (["-C", __file__, "plan"], f"Directory '{__file__}' is a file"),
        (
            ["plan", "-o", "yaml"],
            "'yaml' is not one of 'text', 'json', 'markdown', 'sarif', 'junit', 'github'",
        ),
        (["apply", "-o", "sarif"], "'sarif' is not one of 'text', 'json'"),
        (["explain", "-o", "markdown"], "'markdown' is not one of 'text', 'json'"),
        (["rules", "-o", "sarif"], "'sarif' is not one of 'text', 'json'"),
        (["rules", "--severity", "info"], "'info' is not one of 'error', 'warning', 'off'"),
        (["rules", "--side", "git"], "'git' is not one of 'file', 'live', 'cluster'"),
        (["apply", "--concurrency", "0"], "0 is not in the range 1<=x<=64"),
        (["apply", "--concurrency", "65"], "65 is not in the range 1<=x<=64"),
        (["apply", "--concurrency", "-1"], "-1 is not in the range 1<=x<=64"),
        (["apply", "--concurrency", "two"], "'two' is not a valid integer"),
        (["emulator", "--port", "65536"], "65536 is not in the range 0<=x<=65535"),
        (["emulator", "--port", "-1"], "-1 is not in the range 0<=x<=65535"),
        (["emulator", "--port", "http"], "'http' is not a valid integer"),
        (["emulator", "--state", "/"], "File '/' is a directory"),
        (["watch", "--poll", "often"], "'often' is not a valid float"),
        (["plan", "--out", "/"], "File '/' is a directory"),
        (["apply", "--plan", "/"], "File '/' is a directory"),
        (["schema", "--write", __file__], f"Directory '{__file__}' is a file"),
        (["plan", "--out"], "Option '--out' requires an argument"),
        (["plan", "x"], "Got unexpected extra argument (x)"),
        (["explain", "R68", "R69"], "Got unexpected extra argument (R69)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_value_that_an_option_does_not_take_is_refused_with_those_it_takes(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(program, arguments, prog_name="reconciler")
    assert result.exit_code == ExitCode.USAGE
    assert result.stdout == ""
    assert message in " ".join(result.stderr.split())
    assert result.stderr.endswith("Nothing was changed.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "'' is not KIND/ID, such as Definition/postgres"),
        ("Definition", "'Definition' is not KIND/ID"),
        ("Definition/", "'Definition/' is not KIND/ID"),
        ("/db", "there is no kind ''"),
        ("Criterion/db", "there is no kind 'Criterion'"),
        ("Pod/db", "there is no kind 'Pod'; kinds are Agent, Key, Definition"),
    ],
)
def test_a_pattern_that_is_not_of_a_kind_is_refused(tree: Path, value: str, message: str) -> None:
    code, shown, said = call(tree, "plan", "--only", value)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert said.startswith(f"error: Invalid value for '--only': {message}")


@pytest.mark.parametrize(
    ("values", "selected"),
    [
        (["Definition/orders-db"], ["orders-db"]),
        (["DEFINITION/orders-db"], ["orders-db"]),
        (["definition/*"], ["orders-db", "users-db"]),
        (["*/users-db"], ["users-db"]),
        (["*/*"], ["orders-db", "users-db"]),
        (["Definition/orders-*", "Definition/users-*"], ["orders-db", "users-db"]),
    ],
)
def test_patterns_select_objects_in_any_spelling_of_the_kind(
    tree: Path, values: list[str], selected: list[str]
) -> None:
    document = (tree / "orders-db.yaml").read_text()
    (tree / "users-db.yaml").write_text(document.replace("orders-db", "users-db"))
    options = [word for value in values for word in ("--only", value)]
    _, shown, _ = call(tree, "plan", *options)
    found = [name for name in ("orders-db", "users-db") if f"+ Definition/{name}" in shown]
    assert found == selected


@pytest.mark.parametrize("values", [["Definition/orders"], ["*/orders"], ["Agent/orders-db"]], ids=str)
def test_a_pattern_that_matches_nothing_is_wrong_usage_with_the_next_step(
    tree: Path, values: list[str]
) -> None:
    code, shown, _ = call(tree, "plan", "--only", *values)
    assert code == ExitCode.USAGE
    assert f"nothing is called {values[0]}, neither" in " ".join(shown.split())
    assert "names are written as the plan prints them" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "'' is not GUARD=KIND/ID"),
        ("deletes", "'deletes' is not GUARD=KIND/ID"),
        ("contested=", "'contested=' is not GUARD=KIND/ID"),
        ("contest=Definition/a", "there is no guard 'contest'; guards are "),
        ("deletes=3", ""),
        ("deletes=3:xyz", ""),
    ],
)
def test_an_approval_that_cannot_be_meant_is_refused_before_anything_is_read(
    tree: Path, value: str, message: str
) -> None:
    for command in (["plan"], ["apply", "--yes"]):
        code, shown, said = call(tree, *command, "--accept", value)
        assert (code, shown) == (ExitCode.USAGE, "")
        assert said.startswith(f"error: Invalid value for '--accept': {message}")


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("aply", " Did you mean `apply`?"),
        ("valdate", " Did you mean `validate`?"),
        ("xplain", " Did you mean `explain`?"),
        ("PLAN", ""),
        ("destroy", ""),
        ("", ""),
        ("dump", ""),
    ],
)
def test_an_unknown_command_gets_the_nearest_one(tmp_path: Path, command: str, hint: str) -> None:
    code, shown, said = call(tmp_path, command)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert said == (
        f"error: There is no command `{command}`.{hint}\nSee `reconciler --help`. Nothing was changed.\n"
    )


@pytest.mark.parametrize("command", ["plan", "apply", "watch", "validate"])
@pytest.mark.parametrize(
    ("name", "hint"),
    [("locl", "did you mean local?"), ("zzz", "targets are local"), ("", "targets are local")],
)
def test_an_unknown_target_gets_the_nearest_or_all(tree: Path, command: str, name: str, hint: str) -> None:
    extra = ["--yes"] if command == "apply" else []
    code, shown, said = call(tree, command, *extra, "--target", name)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert f"error: there is no target {name!r} in the settings\n{hint}\nNothing was changed.\n" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("apply",),
        ("-C", "/a folder", "apply"),
        ("apply", "--only", "Definition/*"),
        ("apply", "--target", "it's"),
        ("apply", "--target", "$HOME"),
    ],
)
def test_a_suggested_line_is_read_by_a_shell_as_the_same_words(arguments: tuple[str, ...]) -> None:
    line = Request(Purpose.APPLY, Path(), arguments=arguments).line_with("--yes")
    assert shlex.split(line) == ["reconciler", *arguments, "--yes"]


def test_a_request_does_not_show_addresses_variables_or_arguments() -> None:
    asked = Request(
        Purpose.PLAN,
        Path(),
        environment={"A": "canary"},
        url="https://canary@x",
        arguments=("canary",),
    )
    assert "canary" not in repr(asked)
