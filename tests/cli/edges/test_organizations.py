"""The embedded orchestrator of a folder without settings: its state, and who may create it."""

from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from tests.cli.running import call


def text(shown: str) -> str:
    return " ".join(shown.split())


def squeezed(shown: str) -> str:
    return "".join(shown.split())


def test_an_apply_creates_the_state_out_of_sight_of_git_and_says_where(tree: Path) -> None:
    _, _, said = call(tree, "apply", "--yes")
    folder = tree / ".reconciler"
    assert squeezed(f"embedded orchestrator, state in {folder / 'emulator.db'};") in squeezed(said)
    assert (folder / "emulator.db").exists()
    assert (folder / ".gitignore").read_text() == "*\n"


def test_a_gitignore_of_the_user_is_kept(tree: Path) -> None:
    (tree / ".reconciler").mkdir()
    (tree / ".reconciler" / ".gitignore").write_text("# mine\n")
    assert call(tree, "apply", "--yes")[0] == ExitCode.DONE
    assert (tree / ".reconciler" / ".gitignore").read_text() == "# mine\n"


@pytest.mark.parametrize("command", [["plan"], ["explain", "target/local", "--live"]], ids=" ".join)
def test_a_command_that_only_reads_creates_no_state(tree: Path, command: list[str]) -> None:
    assert call(tree, *command)[0] == ExitCode.DONE
    assert not (tree / ".reconciler").exists()


def test_what_was_applied_is_seen_by_the_next_plan_and_in_no_other_folder(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert call(tree, "apply", "--yes")[0] == ExitCode.DONE
    assert call(tree, "plan", "--detailed-exit-code")[0] == ExitCode.DONE
    other = tmp_path_factory.mktemp("other")
    (other / "orders-db.yaml").write_text((tree / "orders-db.yaml").read_text())
    assert call(other, "plan", "--detailed-exit-code")[0] == ExitCode.CHANGES


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"]], ids=" ".join)
def test_a_state_file_that_is_not_a_database_is_an_error_and_stays(tree: Path, command: list[str]) -> None:
    state = tree / ".reconciler" / "emulator.db"
    state.parent.mkdir()
    state.write_text("not a database " * 100)
    before = state.read_bytes()
    code, shown, _ = call(tree, *command)
    assert code == ExitCode.INVALID
    assert squeezed(f"the embedded orchestrator cannot use {state}: ") in squeezed(shown)
    assert "Nothing was changed." in shown
    assert state.read_bytes() == before


def test_a_folder_that_cannot_be_created_is_an_error(tree: Path) -> None:
    (tree / ".reconciler").write_text("a file in the way")
    code, shown, _ = call(tree, "apply", "--yes")
    assert code == ExitCode.INVALID
    assert "cannot write" in text(shown)
    assert "File exists" in text(shown)
    assert (tree / ".reconciler").read_text() == "a file in the way"


@pytest.mark.parametrize("name", ["TEST_TOKEN", "HUMANITEC_TOKEN"])
def test_the_embedded_orchestrator_needs_no_token(
    tree: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name, raising=False)
    assert call(tree, "apply", "--yes")[0] == ExitCode.DONE


def test_only_the_tokens_of_chosen_targets_are_needed(
    connected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "x")
    monkeypatch.delenv("OTHER_TOKEN", raising=False)
    path = connected / "reconciler.yaml"
    path.write_text(
        path.read_text()
        + "    paths: ['*.yaml']\n"
        + "  beta:\n    organization: beta\n    paths: [beta/**]\n"
        + "    orchestrator: {url: 'http://127.0.0.1:9', token: {env: OTHER_TOKEN}}\n"
    )
    assert call(connected, "plan", "--target", "acme")[0] == ExitCode.DONE
    code, shown, _ = call(connected, "plan")
    assert code == ExitCode.INVALID
    assert "environment variable OTHER_TOKEN (targets.beta.orchestrator.token) is not set" in text(shown)
