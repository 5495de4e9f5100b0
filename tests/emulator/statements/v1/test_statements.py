"""The table of statements is whole: every test that it names exists, every statement test is named."""

import ast
import re
from pathlib import Path

import pytest

from tests.emulator.statements.v1.statements import STATEMENTS, Statement

HERE = Path(__file__).parent
SECTIONS = {
    *(str(number) for number in range(1, 18)),
    *("1.1", "1.2", "1.3", "1.4", "1.5", "2.1", "2.2", "2.3", "2.4", "3.1", "3.2", "3.3", "3.4"),
    *(f"4.{number}" for number in range(1, 14)),
    *("5.1", "5.2", "5.3", "7.1", "7.2", "7.3"),
} - {"2", "3", "4", "5", "7", "9"}


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def _exists(name: str) -> bool:
    module, _, function = name.partition("::")
    folder = HERE.parents[1] if module.startswith("/") else HERE
    path = folder / f"test_{module.removeprefix('/')}.py"
    return path.is_file() and f"test_{function}" in _functions(path)


@pytest.mark.parametrize(
    "statement", STATEMENTS, ids=lambda statement: f"{statement.section} {statement.says}"
)
def test_a_statement_names_tests_that_exist_or_a_reason(statement: Statement) -> None:
    missing = [name for name in statement.tests if not _exists(name)]

    assert missing == []
    assert bool(statement.tests) != bool(statement.unobservable)


def test_every_section_has_its_statements() -> None:
    assert {statement.section for statement in STATEMENTS} == SECTIONS


def test_every_quirk_and_every_open_question_of_the_reference_is_met() -> None:
    met = set(re.findall(r"\b[AU][0-9]+\b", " ".join(statement.says for statement in STATEMENTS)))

    assert met == {*(f"A{number}" for number in range(1, 22)), *(f"U{number}" for number in range(1, 32))}


def test_no_statement_stands_twice() -> None:
    rows = [(statement.section, statement.says) for statement in STATEMENTS]

    assert len(set(rows)) == len(rows)


def test_every_test_of_a_statement_belongs_to_one() -> None:
    named = {name for statement in STATEMENTS for name in statement.tests}

    found = {
        f"{path.stem.removeprefix('test_')}::{function.removeprefix('test_')}"
        for path in HERE.glob("test_*.py")
        if path != Path(__file__)
        for function in _functions(path)
        if function.startswith("test_")
    }

    assert found - named == set()
