"""Built-in definitions in a diff: which give up criteria, which get them back, and which are never touched."""

from collections.abc import Mapping

from reconciler.diff.built_in import is_given_back, with_built_in
from reconciler.diff.change import Change, Group
from reconciler.diff.compare import compare
from reconciler.model.kind import Kind
from reconciler.model.record import Criteria
from reconciler.model.state import Resource
from tests.building import definition, fields, key, owning, state

DNS = definition("dns", "", "env_type=test", type_="dns", is_built_in=True)
EMPTY = definition("dns", type_="dns", is_built_in=True)
NOTHING: Mapping[str, Criteria] = {}
TAKEN = {"dns": {"": fields(""), "env_type=test": fields("env_type=test")}}


def switched(live: Resource, *disabled: str, taken: Mapping[str, Criteria] = NOTHING) -> Change:
    found = with_built_in(compare(state(), state(live), owning()), disabled, taken)
    return found.changes[key(Kind.DEFINITION, "dns")]


def test_one_that_is_listed_loses_every_criterion() -> None:
    change = switched(DNS, "dns")
    assert (change.group, change.fields) == (Group.UPDATE, ())
    assert set(change.criteria.removed) == {"", "env_type=test"}
    assert not change.criteria.added


def test_one_that_is_not_listed_is_not_a_change() -> None:
    assert switched(DNS, "other").group is Group.UNMANAGED


def test_one_that_is_listed_and_empty_is_not_a_change() -> None:
    assert switched(EMPTY, "dns", taken=TAKEN).group is Group.UNMANAGED


def test_one_that_is_no_longer_listed_gets_back_what_is_missing() -> None:
    change = switched(definition("dns", "", type_="dns", is_built_in=True), taken=TAKEN)
    assert change.group is Group.UPDATE
    assert set(change.criteria.added) == {"env_type=test"}
    assert not change.criteria.removed


def test_what_was_never_removed_is_not_restored() -> None:
    assert switched(EMPTY).group is Group.UNMANAGED


def test_a_definition_that_is_not_built_in_is_never_switched() -> None:
    assert switched(definition("dns", "", type_="dns"), "dns", taken=TAKEN).group is Group.UNMANAGED


def test_it_counts_as_restored_only_when_nothing_is_missing() -> None:
    assert is_given_back(switched(DNS, taken=TAKEN), TAKEN["dns"])
    assert not is_given_back(switched(EMPTY, taken=TAKEN), TAKEN["dns"])
    assert not is_given_back(switched(DNS, "dns", taken=TAKEN), TAKEN["dns"])
