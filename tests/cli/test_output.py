"""Output that cannot be written: full disks, closed streams, readers that are gone."""

import os
import resource
import subprocess
from pathlib import Path

import pytest

from reconciler.emulator import Effect, Emulator
from reconciler.errors import ExitCode
from tests.cli.running import ENVIRONMENT, NO_BYTECODE, command_line

FULL = Path("/dev/full")
full_disk = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full, which only Linux has")


def limited_to(size_bytes: int) -> None:
    """Let no file of this process grow beyond a size, like a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))


@full_disk
@pytest.mark.parametrize(
    "arguments",
    [("validate",), ("validate", "-o", "json"), ("rules",), ("completion", "bash"), ("--help",)],
    ids=" ".join,
)
def test_a_full_stdout_is_an_error_with_an_exit_code_of_its_own(
    tree: Path, arguments: tuple[str, ...]
) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            command_line(tree, *arguments), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == ExitCode.OUTPUT
    assert "error: the output cannot be written: No space left on device\n" in done.stderr
    assert done.stderr.endswith("Nothing was changed.\n")


@full_disk
def test_a_full_stderr_changes_no_exit_code(tree: Path) -> None:
    with FULL.open("w") as full:
        wrong = subprocess.run(command_line(tree, "nonsense"), stderr=full, check=False)
        right = subprocess.run(
            command_line(tree, "--log-level", "debug", "validate"),
            stdout=subprocess.DEVNULL,
            stderr=full,
            check=False,
        )
        neither = subprocess.run(command_line(tree, "validate"), stdout=full, stderr=full, check=False)
    assert (wrong.returncode, right.returncode) == (ExitCode.USAGE, ExitCode.DONE)
    assert neither.returncode == ExitCode.OUTPUT


def changes(emulator: Emulator) -> list[str]:
    return [entry.object for entry in emulator.log.entries() if entry.effect is not Effect.NONE]


@full_disk
def test_an_apply_whose_plan_cannot_be_shown_changes_nothing(connected: Path, emulator: Emulator) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            command_line(connected, "apply", "--yes"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            check=False,
        )
    assert (done.returncode, changes(emulator)) == (ExitCode.OUTPUT, [])
    assert "Nothing was changed." in done.stderr


@full_disk
def test_an_apply_whose_result_cannot_be_written_lists_what_it_changed(
    connected: Path, emulator: Emulator
) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            command_line(connected, "apply", "--yes", "-o", "json"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            check=False,
        )
    assert done.returncode == ExitCode.OUTPUT
    assert changes(emulator)
    assert "Nothing was changed" not in done.stderr
    assert "  create Definition/orders-db" in done.stderr


@pytest.mark.parametrize("closed", [(1,), (0, 1, 2)], ids=str)
def test_closed_streams_change_no_exit_code_and_get_into_no_file(tree: Path, closed: tuple[int, ...]) -> None:
    def close() -> None:
        for number in closed:
            os.close(number)

    plan = tree / "plan.json"
    for arguments, code in (
        (("nonsense",), ExitCode.USAGE),
        (("plan", "--out", str(plan)), ExitCode.DONE),
    ):
        done = subprocess.run(
            command_line(tree, *arguments), capture_output=True, preexec_fn=close, check=False
        )
        assert done.returncode == code
        assert b"Traceback" not in done.stdout + done.stderr
    assert plan.read_text().startswith("{")
    assert plan.read_text().endswith("}\n")


@pytest.mark.parametrize(
    "arguments",
    [("plan", "--out", "plan.json"), ("init",), ("schema", "--write", "schemas")],
    ids=lambda arguments: arguments[0],
)
def test_a_full_disk_leaves_no_file_behind(tree: Path, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        command_line(tree, *arguments),
        capture_output=True,
        text=True,
        cwd=tree,
        env={**os.environ, **NO_BYTECODE},
        preexec_fn=lambda: limited_to(100),
        check=False,
    )
    assert done.returncode == ExitCode.USAGE
    assert "File too large" in done.stderr
    assert {path.name for path in tree.iterdir()} - {".reconciler", "schemas"} == {"orders-db.yaml"}
    assert [*tree.glob("schemas/*"), *tree.glob(".reconciler/**/*.tmp")] == []


def test_a_plan_that_cannot_take_the_place_of_a_folder_leaves_no_file_behind(tmp_path: Path) -> None:
    place = tmp_path / "plan.json"
    place.mkdir()
    done = subprocess.run(
        command_line(tmp_path, "plan", "--out", str(place)), capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.USAGE
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
