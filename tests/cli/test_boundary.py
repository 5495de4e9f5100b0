"""The boundary of the process: every outcome has its exit code and says what was changed."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reconciler.cli.program import program
from reconciler.cli.session import session
from reconciler.errors import (
    ClusterError,
    ExitCode,
    InventoryConflictError,
    InventoryError,
    KeyStoreError,
    OutputError,
    ReconcilerError,
    SettingsError,
    SourceError,
    UnavailableError,
    UnknownRevisionError,
    UsageError,
)
from reconciler.model.finding import Finding, Severity
from reconciler.model.origin import Origin

Run = Callable[[Callable[[], object]], tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a function as the command `validate`."""

    def invoke(work: Callable[[], object]) -> tuple[int, str, str]:
        monkeypatch.setattr(
            "reconciler.cli.program.Program.get_command", lambda *_: click.Command("validate", callback=work)
        )
        result = CliRunner().invoke(program, ["validate"], prog_name="reconciler")
        return result.exit_code, result.stdout, result.stderr

    return invoke


def raising(
    error: BaseException, *, done: tuple[str, ...] = (), under_way: tuple[str, ...] = ()
) -> Callable[[], None]:
    def work() -> None:
        session().deeds.done.extend(done)
        session().deeds.under_way.update(under_way)
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 64),
        (SettingsError("x"), 3),
        (SourceError("x"), 6),
        (UnknownRevisionError("x"), 6),
        (InventoryError("x"), 6),
        (InventoryConflictError("x"), 8),
        (ClusterError("x"), 6),
        (KeyStoreError("x"), 3),
        (UnavailableError("x"), 6),
        (OutputError(OSError(28, "No space left on device")), 74),
        (ReconcilerError("x"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_expected_failure_has_the_exit_code_of_its_class(
    run: Run, error: ReconcilerError, code: int
) -> None:
    advice = f"{error.advice}\n" if error.advice else ""
    assert run(raising(error)) == (code, "", f"error: {error}\n{advice}Nothing was changed.\n")


@pytest.mark.parametrize("value", [0, 2, 3, 5, 64])
def test_the_number_that_a_command_returns_is_the_exit_code(run: Run, value: int) -> None:
    assert run(lambda: value) == (value, "", "")


@pytest.mark.parametrize("value", [None, "text"])
def test_a_command_that_returns_no_number_ends_with_0(run: Run, value: object) -> None:
    assert run(lambda: value) == (ExitCode.DONE, "", "")


def test_the_next_step_comes_after_the_cause(run: Run) -> None:
    _, _, said = run(raising(SourceError("the cause", advice="the next step")))
    assert said == "error: the cause\nthe next step\nNothing was changed.\n"


def test_findings_of_settings_are_listed_with_their_places(run: Run) -> None:
    findings = (
        Finding("F06", Severity.ERROR, "one", Origin("reconciler.yaml", 3, 7)),
        Finding("F06", Severity.ERROR, "two", Origin("reconciler.yaml", 0, 0)),
    )
    _, _, said = run(raising(SettingsError("unusable", findings=findings)))
    assert said == (
        "error: unusable\n  reconciler.yaml:3:7: one\n  reconciler.yaml: two\nNothing was changed.\n"
    )


def test_control_characters_of_a_message_do_not_reach_the_terminal(run: Run) -> None:
    _, _, said = run(raising(SourceError("a\x1b[31mred", advice="b\rc")))
    assert said == "error: a\\x1b[31mred\nb\\rc\nNothing was changed.\n"


def test_a_failure_after_changes_lists_them_and_what_was_under_way(run: Run) -> None:
    work = raising(SourceError("late"), done=("create Agent/a",), under_way=("delete Key/c", "create Key/b"))
    code, _, said = run(work)
    assert code == ExitCode.UNREADABLE
    assert said == (
        "error: late\n1 action finished before the end:\n  create Agent/a\n"
        "Under way, with unknown effect:\n  create Key/b\n  delete Key/c\n"
    )


def test_a_bug_after_changes_lists_them_and_hides_its_message(run: Run) -> None:
    code, _, said = run(raising(ValueError("canary"), done=("create Agent/a", "create Agent/b")))
    assert code == ExitCode.BUG
    assert said == (
        "error: ValueError: this is a bug in reconciler.\n"
        "`reconciler --debug …` shows where it happened; please report it.\n"
        "2 actions finished before the end:\n  create Agent/a\n  create Agent/b\n"
        "Running again is safe: every run reads the live state before it changes anything.\n"
    )


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), click.Abort()], ids=["signal", "end of input"])
def test_an_interruption_says_whether_anything_was_changed(run: Run, stop: BaseException) -> None:
    code, _, said = run(raising(stop))
    assert code == ExitCode.UNREADABLE
    assert said.strip() == "Interrupted. Nothing was changed. Running again is safe."
    code, _, said = run(raising(stop, done=("create Agent/a",)))
    assert code == ExitCode.PARTIAL
    assert said.strip() == (
        "1 action finished before the end:\n  create Agent/a\n"
        "Running again is safe and useful: it does only what is left."
    )


def test_an_interruption_that_was_acknowledged_is_not_announced_twice(run: Run) -> None:
    def work() -> None:
        session().is_interrupted = True
        raise KeyboardInterrupt

    code, _, said = run(work)
    assert (code, said.strip()) == (ExitCode.UNREADABLE, "")


def test_wrong_usage_that_a_command_finds_names_its_help(run: Run) -> None:
    code, _, said = run(raising(click.UsageError("not like this")))
    assert code == ExitCode.USAGE
    assert said.startswith("error: not like this\nSee `reconciler")
    assert said.endswith("Nothing was changed.\n")


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"---\n", b"\n\n"])
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_tree_without_content_is_handled(tmp_path: Path, command: str, content: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    result = CliRunner().invoke(program, ["-C", str(tmp_path), command], prog_name="reconciler")
    assert result.exit_code in (ExitCode.DONE, ExitCode.UNREADABLE, ExitCode.REFUSED)
    assert "bug" not in result.stderr
    assert "Checks: " in result.stdout


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["apply", "--yes"]], ids=" ".join)
def test_an_empty_folder_is_an_error_with_the_next_step(tmp_path: Path, command: list[str]) -> None:
    result = CliRunner().invoke(program, ["-C", str(tmp_path), *command], prog_name="reconciler")
    assert result.exit_code == ExitCode.UNREADABLE
    text = " ".join(result.stdout.split())
    assert "contains no files" in text
    assert "add files, or start with: reconciler init" in text
