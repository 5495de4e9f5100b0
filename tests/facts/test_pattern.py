"""Strings with open parts, and the parts of repository URLs."""

import doctest

import pytest

from reconciler.facts import context, git_target, pattern
from reconciler.facts import definition as declared_definition
from reconciler.facts.pattern import could_be
from reconciler.model import identifier


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("${x}", "anything", True),
        ("${x}-${y}", "a-b", True),
        ("${x}-${y}", "ab", False),
        ("a${x}b${y}c", "aXbYc", True),
        ("a${x}b${y}c", "aXYc", False),
        ("a${x}a", "a", False),
        ("{{ x }}-live", "shop-live", True),
        ("a-${x}", "${y}-b", True),
        ("a-${x}", "b-${y}", False),
        ("${x}-a", "${y}-b", False),
        ("", "", True),
        ("", "a", False),
        ("${x}", "", True),
    ],
)
def test_strings_are_compared_as_they_may_be_filled_in(one: str, other: str, *, expected: bool) -> None:
    assert could_be(one, other) is expected
    assert could_be(other, one) is expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("git@example.com:team/a.git", "example.com/team/a"),
        ("ssh://git@example.com:22/team/a", "example.com/team/a"),
        ("https://user:word@Example.com/team/a.git/", "example.com/team/a"),
        ("https://[::1]:8443/a", "[::1]/a"),
        ("nothing", None),
        ("https://", None),
        ("https://[", None),
        ("", None),
        ("a b@c:d", None),
    ],
)
def test_spellings_of_one_repository_have_one_name(text: str, name: str | None) -> None:
    url = git_target.parse_url(text)
    assert (None if url is None else url.name) == name


@pytest.mark.parametrize("module", [context, declared_definition, git_target, identifier, pattern])
def test_examples_in_docstrings_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]  # a module, whose type pytest does not know
    assert result.failed == 0
    assert result.attempted > 0
