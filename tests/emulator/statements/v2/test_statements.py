"""The table of statements and the tests agree."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.emulator.statements.v2.statement import Statement
from tests.emulator.statements.v2.statements import STATEMENTS

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
SECTIONS = {"2", "3", "4", "5", "6", "7", "8", "9", "15", "16", "17", "18"}


def _tests_of(path: Path) -> set[str]:
    place = path.relative_to(TESTS).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return {f"{place}::{name}" for name in names if name.startswith("test_")}


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda item: f"{item.section}: {item.text}")
def test_every_statement_has_a_test_or_a_reason_why_it_cannot_be_seen(statement: Statement) -> None:
    files = {TESTS / test.partition("::")[0] for test in statement.tests}

    assert statement.tests or statement.reason
    assert [path for path in files if not path.is_file()] == []
    assert set(statement.tests) - set().union(*map(_tests_of, files)) == set()


def test_every_test_here_belongs_to_a_statement() -> None:
    named = {test for statement in STATEMENTS for test in statement.tests}
    mine = {"test_statements.py", "conftest.py"}

    written = set().union(*(_tests_of(path) for path in HERE.glob("test_*.py") if path.name not in mine))

    assert written - named == set()


def test_every_section_that_can_be_observed_is_in_the_table() -> None:
    assert {statement.section.partition(".")[0] for statement in STATEMENTS} == SECTIONS


def test_no_statement_stands_twice() -> None:
    counted = Counter((statement.section, statement.text) for statement in STATEMENTS)

    assert [row for row, count in counted.items() if count > 1] == []
