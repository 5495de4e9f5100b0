"""What `--only` and `--target` include, and how that is said."""

import pytest

from reconciler.model.kind import Kind
from reconciler.plan.selection import Selection
from tests.building import key

EU, DB = key(Kind.AGENT, "eu"), key(Kind.DEFINITION, "db")
RULE = key(Kind.RUNNER_RULE, "*/dev")


@pytest.mark.parametrize(
    ("patterns", "included"),
    [
        pytest.param((), [EU, DB, RULE], id="nothing given: everything"),
        pytest.param(("Agent/eu",), [EU], id="a name"),
        pytest.param(("Definition/d*",), [DB], id="a glob"),
        pytest.param(("Agent/*", "Definition/db"), [EU, DB], id="any of several"),
        pytest.param(("Agent/eu-1",), [], id="another name"),
        pytest.param(("Definition/eu",), [], id="the name of another kind"),
        pytest.param(("RunnerRule/[*]/dev",), [RULE], id="a literal star"),
        pytest.param(("RunnerRule/[*]/qa",), [], id="a literal star, another rule"),
        pytest.param(("agent/eu",), [], id="kinds have capital letters"),
    ],
)
def test_a_pattern_includes_what_it_fits(patterns: tuple[str, ...], included: list[object]) -> None:
    selection = Selection(only=frozenset(patterns))
    assert [one for one in (EU, DB, RULE) if selection.includes(one)] == included


def test_targets_do_not_limit_objects() -> None:
    assert Selection(targets=frozenset({"other"})).includes(EU)


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(), ""),
        (Selection(frozenset({"b", "a"})), "targets a, b"),
        (Selection(only=frozenset({"Definition/b", "Agent/a"})),
         "objects Agent/a, Definition/b and what they require"),
        (Selection(frozenset({"a"}), frozenset({"Agent/a"})),
         "targets a; objects Agent/a and what they require"),
    ],
)  # fmt: skip
def test_a_selection_is_said_in_a_fixed_order(selection: Selection, said: str) -> None:
    assert selection.describe() == said
