"""Trees that were once evaluated wrongly, each with what must and must not be reported from the files alone."""

import json
from pathlib import Path

import pytest

from reconciler.model.finding import Severity
from tests.rules.tree import declare, judge_all, scope, settings

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/expect.json"))
REFUSED = 3


@pytest.mark.parametrize("case", [pytest.param(path, id=path.name) for path in CASES])
def test_the_case_has_the_expected_findings(case: Path) -> None:
    expected = json.loads((case / "expect.json").read_text())
    declared = declare((case / "tree.yaml").read_text())
    seen = scope(declared, settings=settings((case / "reconciler.yaml").read_text()))
    found = judge_all([seen], seen.settings).findings
    rules = {finding.rule for finding in found}
    assert set(expected["must"]) <= rules, found
    assert not set(expected["must_not"]) & rules, found
    assert {rule: {f.severity for f in found if f.rule == rule} for rule in expected["severity"]} == {
        rule: {Severity(severity)} for rule, severity in expected["severity"].items()
    }
    has_error = any(finding.severity is Severity.ERROR for finding in (*declared.findings, *found))
    assert has_error is (expected["exit"] == REFUSED), found
