"""Colours, and what a run has done so far."""

import gc
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli.session import ColorChoice, Deeds, Session
from reconciler.errors import ExitCode
from tests.cli.running import call


class Stream(io.StringIO):
    """A stream that may be a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("choice", "environment", "on_terminal", "on_pipe"),
    [
        ("auto", {}, True, False),
        ("auto", {"TERM": "xterm"}, True, False),
        ("auto", {"TERM": "dumb"}, False, False),
        ("auto", {"NO_COLOR": "1"}, False, False),
        ("auto", {"NO_COLOR": "0"}, False, False),
        ("auto", {"NO_COLOR": ""}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, True, True),
        ("auto", {"FORCE_COLOR": ""}, True, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ("always", {}, True, True),
        ("always", {"NO_COLOR": "1"}, True, True),
        ("always", {"TERM": "dumb"}, True, True),
        ("never", {}, False, False),
        ("never", {"FORCE_COLOR": "1"}, False, False),
    ],
)
def test_the_option_wins_then_no_color_then_force_color_then_the_terminal(
    choice: str, environment: dict[str, str], *, on_terminal: bool, on_pipe: bool
) -> None:
    session = Session(color=ColorChoice(choice), environment=environment)
    assert session.is_colored(Stream(terminal=True)) is on_terminal
    assert session.is_colored(Stream(terminal=False)) is on_pipe


@pytest.mark.parametrize(
    "command", [["validate"], ["plan"], ["rules", "R68"], ["explain", "R68"]], ids=" ".join
)
def test_every_view_for_people_is_coloured_on_request_and_the_same_without(
    tree: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, plain, _ = call(tree, *command)
    _, coloured, _ = call(tree, "--color", "always", *command)
    assert "\x1b[" not in plain
    assert "\x1b[" in coloured
    assert _without_colours(coloured) == plain
    assert max(map(len, plain.split("\n"))) <= 80


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "markdown", "github"])
def test_formats_for_programs_are_never_coloured(tree: Path, form: str) -> None:
    code, shown, _ = call(tree, "--color", "always", "plan", "-o", form)
    assert code == ExitCode.DONE
    assert "\x1b[" not in shown


@pytest.mark.parametrize("name", ["NO_COLOR", "FORCE_COLOR"])
def test_variables_of_the_environment_reach_a_command(
    tree: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv(name, "1")
    assert ("\x1b[" in call(tree, "plan")[1]) is (name == "FORCE_COLOR")


@pytest.mark.parametrize(
    ("deeds", "begun"),
    [
        (Deeds(), False),
        (Deeds(doing="reading"), False),
        (Deeds(done=["create Definition/a"]), True),
        (Deeds(under_way={"create Definition/a"}), True),
    ],
)
def test_a_run_has_begun_once_a_change_was_about_to_be_sent(deeds: Deeds, *, begun: bool) -> None:
    assert deeds.has_begun is begun


@pytest.fixture
def own_collector() -> Iterator[None]:
    """`watch` sets up the garbage collector for its whole process."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("own_collector")
@pytest.mark.parametrize(
    ("options", "is_logged"),
    [
        (["--log-level", "debug"], True),
        (["--log-level", "info"], True),
        (["--log-level", "warning"], True),
        (["--log-level", "error"], False),
        (["--debug", "--log-level", "error"], True),
        ([], True),
    ],
    ids=str,
)
def test_a_log_level_shows_that_level_and_those_above(
    tree: Path, options: list[str], *, is_logged: bool
) -> None:
    code, shown, said = call(tree, *options, "watch", "--listen", "nonsense")
    assert (code, shown) == (ExitCode.INVALID, "")
    records = [json.loads(line) for line in said.split("\n") if line.startswith("{")]
    assert [record["level"] for record in records] == (["warning"] if is_logged else [])
    assert "error: `watch.listen` is 'nonsense', which is not an address\n" in said


@pytest.mark.usefixtures("own_collector")
@pytest.mark.parametrize(("form", "first"), [("json", '{"time": "'), ("console", "")])
def test_a_log_format_replaces_the_one_of_the_command(tree: Path, form: str, first: str) -> None:
    _, _, said = call(tree, "--log-format", form, "watch", "--listen", "nonsense")
    line = said.split("\n")[0]
    assert line.startswith(first)
    assert line.startswith("{") is bool(first)
    assert "no settings file: using the embedded orchestrator" in line


def _without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
