"""What `--only` and `--target` include, and how that is said."""

from dataclasses import replace

import pytest

from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.plan.selection import Selection
from tests.building import definition, key, state

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
        (Selection(files=frozenset({"", "orgs"})), "files ., orgs and what they require"),
        (Selection(rotate=frozenset({"Agent/eu"})), "keys of Agent/eu"),
        (Selection(frozenset({"a"}), frozenset({"Agent/a"})),
         "targets a; objects Agent/a and what they require"),
    ],
)  # fmt: skip
def test_a_selection_is_said_in_a_fixed_order(selection: Selection, said: str) -> None:
    assert selection.describe() == said


@pytest.mark.parametrize(
    ("files", "has"),
    [
        ((), True),
        (("",), True),
        (("orgs",), True),
        (("orgs/a.yaml",), True),
        (("org",), False),
        (("orgs/b.yaml", "other"), False),
    ],
)
def test_a_file_is_selected_by_its_name_or_by_a_folder(files: tuple[str, ...], *, has: bool) -> None:
    assert Selection(files=frozenset(files)).has_file("orgs/a.yaml") is has


def test_of_selected_files_only_what_they_declare_is_included() -> None:
    here = replace(definition("here"), origin=Origin("orgs/a.yaml"))
    there = replace(definition("there"), origin=Origin("shared/b.yaml"))
    includes = Selection(files=frozenset({"orgs"})).among([state(here, there)])
    assert [one for one in (here.key, there.key, DB) if includes(one)] == [here.key]
    everything = Selection().among([state(here)])
    assert everything(DB)


def test_a_run_for_single_keys_knows_their_owners_and_what_is_revoked() -> None:
    selection = Selection(
        rotate=frozenset({"Runner/jobs"}), revoke=(("Agent/eu", "ab"), ("Operator/main", "cd"))
    )
    assert selection.owners == {"Runner/jobs", "Agent/eu", "Operator/main"}
    assert selection.revoked("Agent/eu") == {"ab"}
    assert selection.revoked("Runner/jobs") == frozenset()
    assert selection.revoked_ids == {"eu/ab", "cd"}
