"""No input of a client makes a regular expression of the emulator backtrack for long."""

import ast
import importlib
import itertools
import pkgutil
import re
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from re import _constants as sre
from re import _parser
from types import FrameType, ModuleType
from typing import Any

import pytest

import reconciler.emulator as package

PUBLISHED_AND_EXPONENTIAL = {
    "[a-z](?:-?[a-z0-9]+)+": "[a-z](?:-?[a-z0-9])+",
    "[a-z0-9](?:-?[a-z0-9]+)+": "[a-z0-9](?:-?[a-z0-9])+",
}
"""Patterns of the published descriptions, and the equivalents that the references give."""

VERSIONS = "((=|!=|>|>=|<|<=|~>) ([0-9.]+(-.+)?))(, (=|!=|>|>=|<|<=|~>) ([0-9.]+(-.+)?))*"
"""Published for version constraints: a suffix may swallow the constraints behind it."""

FROM_OUTSIDE = {
    "faults.py": {
        "rule.verb",
        "rule.path",
    },  # rules of the emulator's user, which may not repeat alternatives
    "v2/schema.py": {"pattern"},  # patterns of the schemas, which are walked as module data
}
"""Calls whose pattern cannot be read from the source, by module."""

ROOT = Path(package.__file__).parent
FUNCTIONS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
PATIENCE_S = 2.0
"""Real seconds for all hostile texts of one pattern; a linear one takes milliseconds."""


class _OutOfPatience(Exception):  # noqa: N818 - an alarm, not a failure
    pass


def _modules() -> list[ModuleType]:
    names = [item.name for item in pkgutil.walk_packages(package.__path__, "reconciler.emulator.")]
    return [importlib.import_module(name) for name in names]


def _calls(module: ModuleType) -> Iterator[ast.expr]:
    assert module.__file__ is not None
    for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in FUNCTIONS
        ):
            yield node.args[0]


def _place(module: ModuleType) -> str:
    assert module.__file__ is not None
    return Path(module.__file__).relative_to(ROOT).as_posix()


def _unknown(module: ModuleType) -> set[str]:
    """Pattern arguments that are neither literals nor constants of their module."""
    return {
        ast.unparse(pattern)
        for pattern in _calls(module)
        if not isinstance(pattern, ast.Constant | ast.JoinedStr)
        and not isinstance(vars(module).get(ast.unparse(pattern)), str)
    }


def _inside(value: Any, seen: set[int]) -> Iterator[str]:
    """Patterns in module data: compiled ones, and members `pattern` of schemas."""
    if isinstance(value, re.Pattern):
        yield value.pattern
    elif isinstance(value, dict | list | tuple) and id(value) not in seen:
        seen.add(id(value))
        if isinstance(value, dict) and isinstance(value.get("pattern"), str):
            yield value["pattern"]
        for item in value.values() if isinstance(value, dict) else value:
            yield from _inside(item, seen)


def _patterns() -> list[str]:
    found: set[str] = set()
    for module in _modules():
        found.update(_inside(dict(vars(module)), set()))
        for pattern in _calls(module):
            if isinstance(pattern, ast.Constant):
                assert isinstance(pattern.value, str)
                found.add(pattern.value)
            elif isinstance(vars(module).get(ast.unparse(pattern)), str):
                found.add(vars(module)[ast.unparse(pattern)])
    return sorted(found)


def _member(items: Iterable[Any]) -> str:
    """A character of a class."""
    pairs = list(items)
    if pairs[0][0] is sre.NEGATE:
        refused = re.compile(f"[{''.join(chr(item[1]) for item in pairs[1:] if item[0] is sre.LITERAL)}x]")
        return next(letter for letter in "aé0 !" if not refused.match(letter))
    for kind, value in pairs:
        if kind is sre.LITERAL:
            return chr(value)
        if kind is sre.RANGE:
            return chr(value[0])
    return {sre.CATEGORY_SPACE: " ", sre.CATEGORY_DIGIT: "0"}.get(pairs[0][1], "a")


def _example(tree: Any, times: int) -> str:
    """A string that a pattern nearly or wholly matches, with every repetition used `times` times."""
    text = ""
    for kind, value in tree:
        if kind is sre.LITERAL:
            text += chr(value)
        elif kind is sre.NOT_LITERAL:
            text += "a" if chr(value) != "a" else "b"
        elif kind is sre.ANY:
            text += "a"
        elif kind is sre.IN:
            text += _member(value)
        elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            least, most, inner = value
            text += _example(inner, times) * max(least, min(int(most), times))
        elif kind is sre.SUBPATTERN:
            text += _example(value[3], times)
        elif kind is sre.BRANCH:
            text += _example(value[1][times % len(value[1])], times)
    return text


def _hostile(pattern: str) -> Iterator[str]:
    tree = _parser.parse(pattern)
    for times in (0, 1, 2, 28):
        example = _example(tree, times)[:5_000]
        cuts = {len(example), *(len(example) * part // 8 for part in range(1, 8))}
        for cut, end in itertools.product(sorted(cuts), ("!", "\x00", "\n\n", "")):
            yield example[:cut] + end
    for unit in (
        "a",
        "0",
        "-",
        " ",
        "\n",
        "a-",
        "a0",
        "--",
        ".",
        "a.",
        "/",
        "${",
        "=",
        "é",
        "\u3000",
        "{",
        "}",
    ):
        yield unit * 20_000 + "!"
        yield f"a{unit * 5_000}\x00"


def _is_patient(pattern: str, seconds: float) -> bool:
    def ring(_: int, __: FrameType | None) -> None:
        raise _OutOfPatience

    compiled = re.compile(pattern, re.ASCII)
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        for text in _hostile(pattern):
            compiled.fullmatch(text)
            compiled.search(text[:2_000])
    except _OutOfPatience:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return True


@pytest.mark.parametrize("pattern", _patterns())
def test_hostile_strings_are_matched_quickly(pattern: str) -> None:
    assert _is_patient(pattern, PATIENCE_S)


@pytest.mark.parametrize("pattern", [*PUBLISHED_AND_EXPONENTIAL, VERSIONS])
def test_the_hostile_strings_find_the_published_patterns_that_backtrack(pattern: str) -> None:
    assert not _is_patient(pattern, 0.3)


def test_no_published_pattern_that_backtracks_is_used_unchanged() -> None:
    used = {pattern.removeprefix("^").removesuffix("$") for pattern in _patterns()}

    assert used.isdisjoint({*PUBLISHED_AND_EXPONENTIAL, VERSIONS})
    assert len(used) > 5


@pytest.mark.parametrize(("published", "here"), PUBLISHED_AND_EXPONENTIAL.items())
def test_the_equivalents_accept_the_same_ids(published: str, here: str) -> None:
    texts = ["".join(letters) for size in range(7) for letters in itertools.product("a0-A", repeat=size)]

    assert [
        text for text in texts if bool(re.fullmatch(published, text)) != bool(re.fullmatch(here, text))
    ] == []
    assert any(re.fullmatch(here, text) for text in texts)


@pytest.mark.parametrize("module", _modules(), ids=lambda module: module.__name__)
def test_every_pattern_is_one_that_these_tests_can_see(module: ModuleType) -> None:
    assert _unknown(module) <= FROM_OUTSIDE.get(_place(module), set())
