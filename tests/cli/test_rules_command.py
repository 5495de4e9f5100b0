"""`reconciler rules`: filters, switches and their places."""

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ExitCode
from reconciler.rules.registry import RULES
from tests.cli.running import call

SETTINGS = """\
version: 1
targets: {acme: {organization: acme}}
rules:
  R68: {severity: warning, reason: both are needed for a while}
  R24: {severity: "off", reason: keys are kept on purpose}
  R16: {severity: error, reason: a policy of the company}
"""
ANNOTATED = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: db, annotations: {reconciler/R78: "off: a literal on purpose"}}
entity:
  name: db
  type: postgres
  driver_type: humanitec/echo
  driver_inputs: {}
  criteria: [{app_id: shop}]
"""


@pytest.fixture
def switched(tmp_path: Path) -> Path:
    (tmp_path / "reconciler.yaml").write_text(SETTINGS)
    (tmp_path / "db.yaml").write_text(ANNOTATED)
    return tmp_path


def listed(folder: Path, *options: str) -> list[dict[str, Any]]:
    code, shown, said = call(folder, "rules", *options, "-o", "json")
    assert (code, said) == (ExitCode.DONE, "")
    rows: list[dict[str, Any]] = json.loads(shown)["rules"]
    return rows


def ids(folder: Path, *options: str) -> list[str]:
    return [row["id"] for row in listed(folder, *options)]


def test_without_options_every_rule_is_listed_once_in_the_order_of_the_catalogue(switched: Path) -> None:
    assert ids(switched) == list(RULES)


@pytest.mark.parametrize("severity", ["error", "warning", "off"])
def test_a_severity_selects_by_what_is_in_force_and_not_by_what_is_usual(
    switched: Path, severity: str
) -> None:
    changed = {"R68": "warning", "R24": "off", "R16": "error"}
    expected = [name for name, rule in RULES.items() if changed.get(name, str(rule.severity)) == severity]
    assert ids(switched, "--severity", severity) == expected
    assert expected


@pytest.mark.parametrize("side", ["file", "live", "cluster"])
def test_a_side_selects_the_rules_that_read_it(switched: Path, side: str) -> None:
    expected = [name for name, rule in RULES.items() if side in rule.sides]
    assert ids(switched, "--side", side) == expected
    assert 0 < len(expected) < len(RULES)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["R68"], ["R68"]),
        (["r68", "R24"], ["R24", "R68"]),
        (["R68", "r68"], ["R68"]),
        (["R68", "--severity", "error"], []),
        (["R68", "--severity", "warning"], ["R68"]),
        (["R24", "--side", "file"], []),
        (["--switched"], ["R16", "R24", "R68", "R78"]),
        (["--switched", "--severity", "off"], ["R24"]),
        (["--switched", "--side", "cluster"], ["R16", "R24"]),
        (["--switched", "R01"], []),
    ],
    ids=" ".join,
)
def test_filters_are_combined(switched: Path, options: list[str], expected: list[str]) -> None:
    assert sorted(ids(switched, *options)) == expected


def test_every_switch_is_shown_with_its_place_its_means_and_its_reason(switched: Path) -> None:
    _, shown, _ = call(switched, "rules", "--switched")
    text = " ".join(shown.split())
    assert "reconciler.yaml:4" in text
    assert "both are needed for a while" in text
    assert "usually error, switched" in text
    assert "db.yaml:3" in text
    assert "a literal on purpose" in text
    assert shown.rstrip().split("\n")[-1].endswith("; 4 switches.")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("R6", " Did you mean "), ("r68x", " Did you mean R68?"), ("zzzz", ""), ("", "")],
)
def test_an_unknown_rule_is_wrong_usage_with_the_nearest_one(tmp_path: Path, name: str, hint: str) -> None:
    code, shown, said = call(tmp_path, "rules", "R68", name)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert said.startswith(f"error: There is no rule {name!r}.{hint}")
    assert "`reconciler rules` lists all." in said
    assert ("Did you mean" in said) is bool(hint)


def test_a_tree_that_cannot_be_read_costs_the_annotations_alone_and_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(SETTINGS)
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere.yaml")
    (tmp_path / "sub").mkdir()
    empty = tmp_path / "sub"
    code, shown, said = call(empty, "--config", str(tmp_path / "reconciler.yaml"), "rules", "R68")
    assert code == ExitCode.DONE
    assert "R68  warning" in shown
    assert "annotations are left out because the files cannot be read" in " ".join(said.split())


def test_settings_that_cannot_be_used_are_an_error_and_not_the_usual_severities(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\nrules: {R68: warning}\n")
    code, shown, said = call(tmp_path, "rules")
    assert (code, shown) == (ExitCode.INVALID, "")
    assert "reconciler.yaml:2:" in said


def test_totals_count_what_is_listed(switched: Path) -> None:
    _, shown, _ = call(switched, "rules", "R68", "R24", "R16")
    assert shown.endswith("\n3 rules: 1 error, 1 warning, 1 off; 3 switches.\n")
    _, shown, _ = call(switched, "rules", "--severity", "off", "R68")
    assert shown == "0 rules: 0 errors, 0 warnings, 0 off; 0 switches.\n"
