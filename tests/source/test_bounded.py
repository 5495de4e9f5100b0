"""Hostile files of the largest size that is read: the work is proportional to the size, and findings are counted."""

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.errors import KeyStoreError
from reconciler.model.key import PublicKey
from reconciler.model.origin import Origin
from reconciler.model.reading_rule import MAX_FINDINGS, MAX_FINDINGS_OF_FILE, concern, of_file, problem
from reconciler.settings import Limits
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree
from reconciler.source.yaml_event import SlowReading
from reconciler.source.yaml_text import parse_yaml

RECONCILER = Path(sys.executable).with_name("reconciler")
DEADLINE_S = 240
"""For all files together, on a busy machine; quadratic work on one of them takes longer."""
_DEFINITION = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: a}
entity:
  name: a
  type: s3
  driver_type: humanitec/template
"""
_UNKNOWN = _DEFINITION + "".join(f"  f{number}: 1\n" for number in range(50_000))
_CRITERIA = _DEFINITION + "  criteria:\n" + "".join(f"  - {{nope: {number}}}\n" for number in range(20_000))
_VALUES = _DEFINITION + "  driver_inputs:\n    values:\n"
_TAGS = _VALUES + "".join(f"      f{number}: !env NAME\n" for number in range(20_000))
_NUL = _VALUES + "".join(f'      f{number}: "\\0"\n' for number in range(20_000))
_REPEATED = _VALUES + "".join("      f: 1\n" for _ in range(20_000))


def _unusable(_: str) -> PublicKey:
    raise KeyStoreError("not a key")


@pytest.mark.parametrize(
    ("text", "count"),
    [(_UNKNOWN, 50_000), (_CRITERIA, 20_000), (_TAGS, 20_000), (_NUL, 20_000), (_REPEATED, 19_999)],
    ids=["unknown fields", "criteria", "tags", "NUL characters", "repeated keys"],
)
def test_of_very_many_problems_the_first_are_listed_and_the_others_counted(text: str, count: int) -> None:
    tree = Tree("", "", is_dirty=False, files={"a.yaml": text.encode()})
    found = Loader(Limits(), _unusable).load(tree).findings
    assert len(found) == MAX_FINDINGS + 1
    [last] = [finding for finding in found if finding.rule == "F04"]
    assert last.message == f"further problems of the document are not listed: {count - MAX_FINDINGS}"


def test_of_a_file_with_very_many_wrong_documents_the_first_problems_are_listed_and_the_others_counted() -> (
    None
):
    """Errors first: a warning that is not listed stops nothing."""
    wrong = "---\napiVersion: reconciler/v1alpha1\nkind: Nonsense\n"
    text = wrong * 3_000 + "---\n" + _CRITERIA
    tree = Tree("", "", is_dirty=False, files={"a.yaml": text.encode(), "b.yaml": wrong.encode()})
    found = [one for one in Loader(Limits(), _unusable).load(tree).findings if one.origin.file == "a.yaml"]
    assert len(found) == MAX_FINDINGS_OF_FILE + 1
    [last] = [finding for finding in found if finding.rule == "F04"]
    rest = 3_000 + 20_000 - MAX_FINDINGS_OF_FILE
    assert last.message == f"further problems of the file are not listed: {rest}"


def test_errors_of_a_file_are_listed_before_its_warnings() -> None:
    warnings = [concern("F13", "", Origin("a.yaml", line)) for line in range(1, 301)]
    shown = of_file([*warnings, problem("F03", "", Origin("a.yaml", 301))])
    assert [one.rule for one in shown] == ["F03", *["F13"] * (MAX_FINDINGS_OF_FILE - 1), "F04"]
    assert shown[-1].message.endswith(": 101")


def test_hostile_files_are_refused_before_a_deadline(tmp_path: Path) -> None:
    """Excerpts as well: they read a file beyond the place at which the parser gave up."""
    files = {
        "brackets": "[" * 1_000_000,
        "braces": "{" * 1_000_000,
        "pairs": "{a: " * 250_000,
        "unknown": _UNKNOWN,
        "criteria": _CRITERIA,
        "tags": _TAGS,
        "nul": _NUL,
    }
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [RECONCILER, "-C", str(tmp_path), "validate"],
        capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert all(f"{name}.yaml" in done.stdout for name in files)


def test_settings_nested_without_end_are_refused_before_a_deadline(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("[" * 1_000_000, encoding="utf-8")
    done = subprocess.run(
        [RECONCILER, "-C", str(tmp_path), "plan"],
        capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "F04" in done.stdout


def test_places_in_a_large_document_are_those_of_a_small_one() -> None:
    text = "".join(f"k{number}:\n  - {{a: {number}, b: [1, 2]}}\n" for number in range(2_000))
    [document] = parse_yaml(text.encode(), "a.yaml", Limits()).documents
    for _ in range(2):
        for number in (1_999, 0, 1_000):
            path = (f"k{number}", 0, "b", 1)
            place = document.positions.origin(document.value, path)
            assert place == Origin("a.yaml", 2 * number + 2, len(f"  - {{a: {number}, b: [1, ") + 1)
    assert document.positions.origin(document.value, ("absent",)) == Origin("a.yaml", 1, 1)


def _slow(size: int, name: str = "a") -> bytes:
    """A definition of about `size` bytes that YAML 1.2 allows and libyaml refuses, at its end."""
    text = _DEFINITION.replace("{id: a}", f"{{id: {name}}}")
    return (text + "#" * size + "\n  driver_inputs: {values: {a: b:}}\n").encode()


def _refused(files: dict[str, bytes], loader: Loader | None = None) -> list[Origin]:
    tree = Tree("", "", is_dirty=False, files=files)
    found = (loader or Loader(Limits(), _unusable)).load(tree).findings
    assert {finding.rule for finding in found} <= {"F02"}
    assert all("in quotes" in finding.advice for finding in found)
    return [finding.origin for finding in found]


@pytest.fixture
def _few_slow_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SlowReading.__init__, "__defaults__", (3_000, 0))


@pytest.mark.usefixtures("_few_slow_bytes")
def test_only_so_much_of_a_tree_is_read_with_the_slow_parser() -> None:
    files = {f"{name}.yaml": _slow(1_000, name) for name in "abcd"}
    line = 9
    assert _refused(files) == [Origin("c.yaml", line, 32), Origin("d.yaml", line, 32)]


@pytest.mark.usefixtures("_few_slow_bytes")
def test_what_is_read_with_the_slow_parser_does_not_depend_on_earlier_trees() -> None:
    loader = Loader(Limits(), _unusable)
    files = {f"{name}.yaml": _slow(1_000, name) for name in "bcd"}
    assert [at.file for at in _refused(files, loader)] == ["d.yaml"]
    assert [at.file for at in _refused({"a.yaml": _slow(1_000), **files}, loader)] == ["c.yaml", "d.yaml"]
    assert [at.file for at in _refused(files, loader)] == ["d.yaml"]
    assert _refused({"d.yaml": files["d.yaml"]}, loader) == []


def test_of_a_tree_full_of_large_files_the_slow_parser_reads_one() -> None:
    """Of ordinary text, it reads one MiB in a quarter of a minute."""
    files = {f"{number}.yaml": _slow(1_000_000, f"d{number}") for number in range(40)}
    assert len(_refused(files)) == 39
