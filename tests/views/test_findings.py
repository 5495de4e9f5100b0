"""How commands show findings, rules and what is not applied; on real folders."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from reconciler.cli.program import program
from reconciler.errors import ExitCode
from reconciler.rules.registry import RULES
from reconciler.rules.switch import ENDED_SWITCH, MALFORMED_SWITCH, UNKNOWN_RULE

RECONCILER = Path(sys.executable).with_name("reconciler")
AGENT = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: @ID@}
spec: {description: Somewhere}
"""
DEFINITION = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: orders-db@NOTE@}
entity: {name: Orders, type: postgres, driver_type: humanitec/echo, driver_inputs: {values: {host: db}}}
"""
STORE = """\
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {id: @ID@}
spec: {vault: {url: "https://vault.example.com"}, clusters: [{cluster: eu-1, auth: {}}]}
"""
OPERATOR = """\
apiVersion: reconciler/v1alpha1
kind: Operator
metadata: {id: eu-1}
spec: {cluster: eu-1, memoryLimit: 1Gi}
"""
SETTINGS = "version: 1\ntargets: {main: {organization: acme}}\n"
FORMATS = ("text", "json", "sarif", "junit", "github")


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def call(folder: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(program, ["-C", str(folder), *arguments], prog_name="reconciler")
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(AGENT.replace("@ID@", "Bad_"))
    return tmp_path


def test_a_finding_shows_its_line_with_a_caret(bad: Path) -> None:
    code, shown, _ = call(bad, "validate")
    assert code == ExitCode.INVALID
    assert "    3 | metadata: {id: Bad_}\n      |                ^\n" in shown


def test_a_finding_of_the_settings_shows_its_line_without_the_secret(bad: Path) -> None:
    text = "version: 1\ntargets: {main: {organization: acme, orchestrator: {url: 'https://x', token: hunter2}}}\n"
    (bad / "reconciler.yaml").write_text(text)
    code, shown, _ = call(bad, "validate")
    assert code == ExitCode.INVALID
    assert "token: ***" in shown
    assert "hunter2" not in shown
    (bad / "reconciler.yaml").write_text(SETTINGS.replace("}}", ", mode: operator}}"))
    _, shown, _ = call(bad, "validate")
    assert "2 | targets: {main: {organization: acme, mode: operator}}" in shown


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_the_format_changes_no_exit_code(tmp_path: Path, command: str, form: str) -> None:
    (tmp_path / "a.yaml").write_text(DEFINITION.replace("@NOTE@", ""))
    code, shown, _ = call(tmp_path, command, "-o", form)
    assert code == ExitCode.DONE, shown
    (tmp_path / "b.yaml").write_text(AGENT.replace("@ID@", "Bad_"))
    code, shown, _ = call(tmp_path, command, "-o", form)
    assert code == ExitCode.INVALID
    assert "R01" in shown


@pytest.mark.parametrize("form", FORMATS)
def test_invalid_settings_are_one_document_in_every_format(bad: Path, form: str) -> None:
    (bad / "reconciler.yaml").write_text("version: 1\ntargts: {}\n")
    code, shown, _ = call(bad, "validate", "-o", form)
    assert code == ExitCode.INVALID
    assert "targts" in shown
    if form in ("json", "sarif"):
        json.loads(shown)
    if form == "junit":
        ET.fromstring(shown)


@pytest.mark.parametrize("form", FORMATS)
def test_all_problems_come_at_once_and_in_order(bad: Path, form: str) -> None:
    for name in ("c", "b"):
        (bad / f"{name}.yaml").write_text(AGENT.replace("@ID@", "Bad_") + "unknown: 1\n")
    _, shown, _ = call(bad, "validate", "-o", form)
    places = [shown.index(name) for name in ("a.yaml", "b.yaml", "c.yaml")]
    assert places == sorted(places)
    assert call(bad, "validate", "-o", form)[1] == shown or form == "json"  # contains the time


@pytest.mark.parametrize("form", FORMATS)
def test_a_closed_pipe_does_not_change_the_exit_code(bad: Path, form: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [RECONCILER, "-C", bad, "validate", "-o", form], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert ended.returncode == ExitCode.INVALID
    assert b"Traceback" not in ended.stderr


def test_reading_live_state_too_duplicates_no_finding(tmp_path: Path) -> None:
    """Rules run before and after the live lists are read."""
    (tmp_path / "a.yaml").write_text(
        DEFINITION.replace("@NOTE@", ', annotations: {reconciler/R02: "off: x", reconciler/R777: "off: x"}')
    )
    (tmp_path / "b.yaml").write_text(OPERATOR)
    once = json.loads(call(tmp_path, "validate", "-o", "json")[1])
    twice = json.loads(call(tmp_path, "plan", "-o", "json")[1])
    assert [one["rule"] for one in once["findings"]].count(UNKNOWN_RULE) == 1
    for document in (once, twice):
        for group in ("findings", "unknownRules", "rulesOff", "silenced", "checkedOnly"):
            items = [json.dumps(one, sort_keys=True) for one in document[group]]
            assert len(items) == len(set(items)), group
    assert [one["rule"] for one in twice["findings"]].count(UNKNOWN_RULE) == 1


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["apply", "--yes"]])
def test_what_is_checked_and_not_applied_is_reported(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "a.yaml").write_text(DEFINITION.replace("@NOTE@", ""))
    (tmp_path / "b.yaml").write_text(
        f"{OPERATOR}---\n{STORE.replace('@ID@', 'one')}---\n{STORE.replace('@ID@', 'two')}"
    )
    code, shown, _ = call(tmp_path, *command)
    assert code == ExitCode.DONE, shown
    assert "Checked, not applied: 1 Operator" in shown
    checked = json.loads(call(tmp_path, *command, "-o", "json")[1])["checkedOnly"]
    assert checked == [{"what": "Operator", "count": 1}]


def test_custom_resources_of_a_cluster_that_is_not_reached_are_not_applied(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(SETTINGS)
    (tmp_path / "b.yaml").write_text(f"{STORE.replace('@ID@', 'one')}---\n{STORE.replace('@ID@', 'two')}")
    checked = json.loads(call(tmp_path, "validate", "-o", "json")[1])["checkedOnly"]
    assert checked == [{"what": "SecretStore custom resource", "count": 2}]


def test_installations_and_places_of_keys_are_not_applied_either(tmp_path: Path) -> None:
    install = "{cluster: eu-1, namespace: humanitec-agent}"
    (tmp_path / "a.yaml").write_text(
        AGENT.replace("@ID@", "eu-1").replace(
            "Somewhere", f"x, install: {install}, moreInstalls: [{install}]"
        )
        + "---\napiVersion: reconciler/v1alpha1\nkind: Key\nmetadata: {id: k}\n"
        "spec: {for: {operator: eu-1}, publicKey: x, privateKey: {cluster: eu-1, namespace: n, secret: s}}\n"
    )
    (tmp_path / "reconciler.yaml").write_text(
        "version: 1\ntargets: {one: {organization: acme}, two: {organization: beta}}\n"
    )
    checked = json.loads(call(tmp_path, "validate", "-o", "json")[1])["checkedOnly"]
    assert {one["what"]: one["count"] for one in checked} == {
        "Agent installation": 2,
        "private key place": 1,
    }


# `reconciler rules`


def test_rules_lists_all_without_settings_or_files(tmp_path: Path) -> None:
    code, shown, _ = call(tmp_path, "rules")
    assert code == ExitCode.DONE
    listed = [line.split()[0] for line in shown.split("\n") if line.startswith("R")]
    assert sorted(listed) == sorted(RULES)
    assert listed == sorted(listed, key=lambda rule: int(rule[1:]))
    assert max(map(len, shown.split("\n"))) <= 80
    assert f"{len(RULES)} rules: " in shown


def test_rules_shows_where_a_rule_is_switched_and_until_when(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(
        SETTINGS + 'rules:\n  R01: {severity: "off", reason: grown so}\n'
        '  R02: {severity: warning, reason: old, until: "2020-01-31"}\n'
    )
    (tmp_path / "a.yaml").write_text(
        DEFINITION.replace("@NOTE@", ', annotations: {reconciler/R02: "warning until 2099-12-31: soon"}')
    )
    _, shown, _ = call(tmp_path, "rules", "--switched")
    words = " ".join(shown.split())
    assert "R01 off file" in words
    assert "usually error, switched" in words
    assert "reconciler.yaml:4:8 (settings): off: grown so" in words
    assert "reconciler.yaml:5:8 (settings): warning until 2020-01-31 (ended): old" in words
    assert "a.yaml:3:57 (annotation): warning until 2099-12-31: soon" in words
    assert "2 rules: 1 error, 0 warnings, 1 off; 3 switches." in words


def test_rules_as_json_and_filters(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(SETTINGS + 'rules: {R01: {severity: "off", reason: x}}\n')
    document = json.loads(call(tmp_path, "rules", "r01", "R02", "-o", "json")[1])
    assert [(rule["id"], rule["severity"], rule["usual"]) for rule in document["rules"]] == [
        ("R01", "off", "error"),
        ("R02", "error", "error"),
    ]
    assert document["rules"][0]["switches"][0] == {
        "by": "settings", "severity": "off", "reason": "x", "inForce": True,
        "file": "reconciler.yaml", "line": 3, "column": 14,
    }  # fmt: skip

    def ids(*arguments: str) -> set[str]:
        return {
            rule["id"] for rule in json.loads(call(tmp_path, "rules", "-o", "json", *arguments)[1])["rules"]
        }

    assert ids("--severity", "off") == {"R01"}
    assert ids("--side", "cluster") == {rule.id for rule in RULES.values() if "cluster" in rule.sides}
    assert ids("--severity", "off", "--side", "cluster") == set()


def test_strict_profile_shows_in_the_list(tmp_path: Path) -> None:
    doubtful = {rule.id for rule in RULES.values() if str(rule.confidence) == "sources contradict each other"}
    (tmp_path / "reconciler.yaml").write_text(SETTINGS + "profile: strict\n")
    document = json.loads(call(tmp_path, "rules", "-o", "json")[1])
    raised = {rule["id"] for rule in document["rules"] if rule["severity"] != rule["usual"]}
    assert raised <= doubtful


def test_rules_works_with_unparsable_files_and_names_unknown_ids(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("x: [\n")
    assert call(tmp_path, "rules")[0] == ExitCode.DONE
    code, _, said = call(tmp_path, "rules", "R-71")
    assert code == ExitCode.USAGE
    assert "Did you mean R71?" in " ".join(said.split())


# `reconciler explain`


@pytest.mark.parametrize("rule", RULES)
def test_explain_shows_every_part_of_both_examples(tmp_path: Path, rule: str) -> None:
    _, shown, _ = call(tmp_path, "explain", rule)
    packed = "".join(shown.split())
    folder = Path(__file__).parents[2] / "reconciler" / "rules" / "pages" / rule
    for path in folder.glob("*.yaml"):
        assert "".join(path.read_text().split()) in packed, path.name
    for section in re.split(r"^## .*$", (folder / "page.md").read_text(), flags=re.MULTILINE):
        assert "".join(section.split()) in packed
    for label in ("Severity:", "Looks at:", "What:", "Why:", "What to do:", "Source:", "Wrong:", "Right:"):
        assert f"\n{label}\n" in shown
    assert max(map(len, shown.split("\n"))) <= 80


@pytest.mark.parametrize("name", [UNKNOWN_RULE, MALFORMED_SWITCH, ENDED_SWITCH])
def test_findings_about_switches_are_explained(tmp_path: Path, name: str) -> None:
    code, shown, _ = call(tmp_path, "explain", name)
    assert code == ExitCode.DONE
    assert shown.startswith(f"{name}: ")
