"""Every rule has a page with an example that breaks it and one that follows it; both are run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity, Unknown
from reconciler.rules.judge import Judgement, Turn
from reconciler.rules.page import Example, page, prose
from reconciler.rules.registry import RULES
from reconciler.rules.rule import answers
from tests.rules.observed import clusters_from, live_from
from tests.rules.pages_on_disk import DOCUMENTATION, example, read_example, write_pages
from tests.rules.tree import ACME, NOTHING_LIVE, declare, judge_all, scope, settings


def seen_in(given: Example) -> Scope:
    return scope(
        declare(given.objects),
        settings=settings(given.settings) if given.settings else ACME,
        live=live_from(given.live) if given.live else NOTHING_LIVE,
        clusters=clusters_from(given.clusters) if given.clusters else None,
    )


def judged_example(given: Example) -> Judgement:
    seen = seen_in(given)
    return judge_all([seen], seen.settings)


@pytest.mark.parametrize("rule_id", RULES)
def test_wrong_example_is_refused_by_its_rule_and_no_other(rule_id: str) -> None:
    found = judged_example(example(rule_id, "wrong")).findings
    mine = [finding for finding in found if finding.rule == rule_id]
    assert mine, found
    assert RULES[rule_id].severity in {finding.severity for finding in mine} | {Severity.WARNING}
    assert {finding.rule for finding in found if finding.severity is Severity.ERROR} <= {rule_id}


@pytest.mark.parametrize("rule_id", RULES)
def test_right_example_has_no_finding_of_its_rule_and_no_error(rule_id: str) -> None:
    found = judged_example(example(rule_id, "right")).findings
    assert [f for f in found if f.rule == rule_id or f.severity is Severity.ERROR] == []


@pytest.mark.parametrize("rule_id", RULES)
def test_both_evaluations_of_a_pass_together_report_what_all_rules_report(rule_id: str) -> None:
    seen = seen_in(example(rule_id, "wrong"))
    before, after = (
        judge_all([turn_sees], seen.settings, turn=turn)
        for turn, turn_sees in ((Turn.BEFORE_LOOK, seen.of_files), (Turn.AFTER_LOOK, seen))
    )
    assert before.joined(after) == judge_all([seen], seen.settings)
    assert not {one.rule for one in before.unknown} & {one.rule for one in after.unknown}


@pytest.mark.parametrize("rule_id", RULES)
def test_findings_carry_the_id_of_their_rule_a_place_a_key_and_a_next_step(rule_id: str) -> None:
    given = example(rule_id, "wrong")
    chosen = settings(given.settings) if given.settings else ACME
    seen = scope(
        declare(given.objects),
        settings=chosen,
        live=live_from(given.live) if given.live else None,
        clusters=clusters_from(given.clusters) if given.clusters else None,
    )
    for answer in answers(RULES[rule_id], seen):
        assert answer.rule == rule_id
        if not isinstance(answer, Unknown):
            assert answer.origin.line > 0
            assert answer.message
            assert answer.message[-1] != "."
            assert answer.advice.endswith((".", "?"))


def test_pages_in_the_documentation_are_current(tmp_path: Path) -> None:
    """`reconciler explain` and `docs/rules` show the same text."""
    write_pages(tmp_path)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text() for path in DOCUMENTATION.iterdir()}
    assert written == kept, "write them again: python -m tests.rules.pages_on_disk"


def test_the_page_of_a_rule_that_no_longer_exists_is_removed(tmp_path: Path) -> None:
    (tmp_path / "R00.md").write_text("gone")
    write_pages(tmp_path)
    assert not (tmp_path / "R00.md").exists()


def test_page_shows_both_examples_and_how_to_switch_the_rule_off() -> None:
    text = page("R68", read_example)
    assert example("R68", "wrong").objects.rstrip() in text
    assert example("R68", "right").objects.rstrip() in text
    assert re.search(r'R68: \{severity: "off", reason: ', text)


@pytest.mark.parametrize("rule_id", RULES)
def test_page_shows_every_part_of_its_examples(rule_id: str) -> None:
    text = page(rule_id, read_example)
    for case in ("wrong", "right"):
        given = example(rule_id, case)
        for part in (given.objects, given.settings, given.live, given.clusters):
            assert part.rstrip() in text


@pytest.mark.parametrize(
    "text", ["", "## What\n\nx\n", "## What\nx\n## Why\n\n## What to do\nx\n## Source\nx\n"]
)
def test_a_page_without_one_of_its_sections_is_a_bug(text: str) -> None:
    with pytest.raises(ValueError, match="R68"):
        prose("R68", lambda _: text)


def test_no_page_is_read_before_it_is_shown() -> None:
    """A validation must not open a file for each rule."""
    program = (
        "import importlib.resources, sys\n"
        "def refuse(*_): raise AssertionError('a page was read')\n"
        "importlib.resources.files = refuse\n"
        "from reconciler.views import junit, pages\n"
        "assert pages.topics()['R68'].title\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_unknown_rule_has_no_page() -> None:
    with pytest.raises(KeyError):
        page("R999", read_example)
