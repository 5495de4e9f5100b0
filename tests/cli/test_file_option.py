"""`-f`: what single files and folders declare."""

import json
from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from tests.cli.running import add, call


def planned(tree: Path, *more: str) -> list[str]:
    code, shown, said = call(tree, "plan", "-o", "json", *more)
    assert code in (ExitCode.DONE, ExitCode.CHANGES), said
    return sorted(
        f"{change['action']} {change['id']}"
        for target in json.loads(shown)["targets"]
        for change in target["plan"]["changes"]
    )


@pytest.fixture
def two(tree: Path) -> Path:
    (tree / "more").mkdir()
    add(tree, "users-db")
    (tree / "users-db.yaml").rename(tree / "more" / "users-db.yaml")
    return tree


def test_a_file_and_a_folder_select_what_they_declare(two: Path) -> None:
    assert planned(two) == ["create orders-db", "create users-db"]
    assert planned(two, "-f", str(two / "orders-db.yaml")) == ["create orders-db"]
    assert planned(two, "-f", f"{two}/more/") == ["create users-db"]
    assert planned(two, "-f", str(two)) == ["create orders-db", "create users-db"]


def test_what_other_files_no_longer_declare_is_not_deleted(two: Path) -> None:
    assert call(two, "apply", "--yes")[0] == ExitCode.DONE
    (two / "orders-db.yaml").unlink()
    assert planned(two) == ["delete orders-db"]
    assert planned(two, "-f", str(two / "more")) == []


def test_a_saved_plan_of_files_is_applied_with_the_same_files(two: Path) -> None:
    saved = str(two.parent / f"{two.name}.plan")
    only = ("-f", str(two / "more"))
    call(two, "plan", "--out", saved, *only)
    assert call(two, "apply", "--plan", saved, "--yes")[0] == ExitCode.STALE
    assert call(two, "apply", "--plan", saved, "--yes", *only)[0] == ExitCode.DONE
    assert planned(two) == ["create orders-db"]


def test_validate_reports_the_findings_of_the_files_and_counts_the_others(two: Path) -> None:
    (two / "broken.yaml").write_text(
        "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: E_1}\nspec: {}\n"
    )
    assert call(two, "validate")[0] == ExitCode.INVALID
    code, shown, _ = call(two, "validate", "-f", str(two / "more"))
    assert code == ExitCode.DONE
    assert "in other files" in shown
    assert "broken.yaml" not in shown
    assert call(two, "validate", "-f", str(two / "broken.yaml"))[0] == ExitCode.INVALID


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_file_that_is_not_there_or_elsewhere_is_wrong_usage(two: Path, command: str) -> None:
    code, shown, _ = call(two, command, "-f", str(two / "typo.yaml"))
    assert code == ExitCode.USAGE
    assert "no file that was read is called typo.yaml" in shown
    code, _, said = call(two, command, "-f", str(two.parent / "x.yaml"))
    assert code == ExitCode.USAGE
    assert "use `reconciler -C DIR`" in said
