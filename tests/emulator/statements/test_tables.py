"""The tables of statements are complete: every test they name exists, every test of a statement is named."""

import ast
import re
from pathlib import Path

import pytest

from tests.emulator.statements.table import Statement
from tests.emulator.statements.v1.statements import STATEMENTS as V1
from tests.emulator.statements.v2.statements import STATEMENTS as V2

HERE = Path(__file__).parent
TABLES = {"v1": V1, "v2": V2}
SECTIONS = {
    "v1": {
        *("1", "6", "8", *(str(number) for number in range(10, 18))),
        *("1.1", "1.2", "1.3", "1.4", "1.5", "2.1", "2.2", "2.3", "2.4", "3.1", "3.2", "3.3", "3.4"),
        *(f"4.{number}" for number in range(1, 14)),
        *("5.1", "5.2", "5.3", "7.1", "7.2", "7.3"),
    },
    "v2": {
        *("2.1", "2.2", "2.3", "2.4", "3.1", "3.2", "3.2a", "3.2b", "3.2c", "4"),
        *(f"5.{number}" for number in range(1, 8)),
        *("6.1", "6.1-6", "6.2", "6.3", "6.5", "6.5-6", "6.6", "6.7", "7.1", "7.2", "7.3"),
        *(f"8.{number}" for number in range(1, 6)),
        *("9.1", "9.2", "9.3", "9.4", "9.5", "9.6", "9.7", "15", "16", "17", "18"),
    },
}
"""Sections of each reference about what a client could see."""


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def _exists(name: str, folder: Path) -> bool:
    module, _, function = name.partition("::")
    path = (HERE.parent if module.startswith("/") else folder) / f"test_{module.removeprefix('/')}.py"
    return path.is_file() and f"test_{function}" in _functions(path)


@pytest.mark.parametrize(
    ("api", "statement"),
    [
        pytest.param(api, statement, id=f"{api} {statement.section} {statement.says}")
        for api, statements in TABLES.items()
        for statement in statements
    ],
)
def test_a_statement_names_tests_that_exist_or_a_reason(api: str, statement: Statement) -> None:
    missing = [name for name in statement.tests if not _exists(name, HERE / api)]

    assert missing == []
    assert bool(statement.tests) != bool(statement.unobservable)


@pytest.mark.parametrize("api", TABLES)
def test_every_section_has_statements(api: str) -> None:
    assert {statement.section for statement in TABLES[api]} == SECTIONS[api]


def test_every_quirk_and_every_open_question_of_the_v1_reference_is_listed() -> None:
    met = set(re.findall(r"\b[AU][0-9]+\b", " ".join(statement.says for statement in V1)))

    assert met == {*(f"A{number}" for number in range(1, 22)), *(f"U{number}" for number in range(1, 32))}


@pytest.mark.parametrize("api", TABLES)
def test_no_statement_is_listed_twice(api: str) -> None:
    rows = [(statement.section, statement.says) for statement in TABLES[api]]

    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("api", TABLES)
def test_every_test_of_a_statement_belongs_to_one(api: str) -> None:
    named = {name for statement in TABLES[api] for name in statement.tests}

    found = {
        f"{path.stem.removeprefix('test_')}::{function.removeprefix('test_')}"
        for path in (HERE / api).glob("test_*.py")
        for function in _functions(path)
        if function.startswith("test_")
    }

    assert found - named == set()
