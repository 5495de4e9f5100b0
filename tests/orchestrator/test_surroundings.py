"""What stands beside managed things: read only where it is asked for, and never taken for empty when unread."""

import pytest

from reconciler.emulator import Emulator, FaultKind, FaultRule
from reconciler.model.surroundings import BUILT_IN_STORE, Beside
from reconciler.orchestrator import surroundings
from reconciler.orchestrator.client import Hints, Orchestrator
from reconciler.orchestrator.shape import ShapeError

EVERYTHING = frozenset(Beside)


def test_nothing_is_read_that_no_rule_asks_for(emulator: Emulator, orchestrator: Orchestrator) -> None:
    found = orchestrator.look(Hints()).state.surroundings
    assert (found.stores, found.operator_keys, found.accounts, found.drivers) == (None, None, None, None)
    paths = {entry.path for entry in emulator.log.entries()}
    assert not any(path.endswith(("/secretstores", "/drivers", "/accounts")) for path in paths)


def test_each_collection_asked_for_costs_one_request(emulator: Emulator, orchestrator: Orchestrator) -> None:
    orchestrator.look(Hints())
    without = len(emulator.log.entries())
    orchestrator.look(Hints(beside=EVERYTHING))
    assert len(emulator.log.entries()) - 2 * without == len(EVERYTHING)


def test_a_new_organization_has_the_built_in_store_as_its_primary_one(orchestrator: Orchestrator) -> None:
    found = orchestrator.look(Hints(beside=EVERYTHING)).state.surroundings
    assert found.primary_store is not None
    assert found.primary_store.id == BUILT_IN_STORE
    assert found.operator_keys == ()
    assert found.accounts == {}
    assert found.drivers is not None
    assert "humanitec/echo" in found.drivers
    assert found.failures == {}


def test_a_collection_that_cannot_be_read_is_unread_with_its_reason(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    emulator.faults.add(
        FaultRule(FaultKind.ERROR_BEFORE_EFFECT, path="/secretstores$", status=500, count=None)
    )
    look = orchestrator.look(Hints(beside=EVERYTHING))
    assert look.state.surroundings.stores is None
    assert look.state.surroundings.primary_store is None
    assert set(look.state.surroundings.failures) == {Beside.STORES}
    assert look.failures == {}


def test_credentials_of_a_store_are_not_kept_even_where_an_answer_holds_them() -> None:
    read = surroundings.store(
        {
            "id": "eu",
            "primary": True,
            "awssm": {"region": "eu-central-1", "auth": {"access_key_id": "AKIAEXAMPLE"}},
        }
    )
    assert (read.type, read.fields, read.is_primary) == ("awssm", {"region": "eu-central-1"}, True)


def test_a_store_of_an_unknown_type_is_a_store_without_a_known_type() -> None:
    assert surroundings.store({"id": "eu", "primary": False, "newsm": {}}).type == ""


def test_a_driver_is_named_by_its_owner_and_id() -> None:
    read = surroundings.driver({"id": "echo", "org_id": "humanitec", "account_types": ["aws"]})
    assert (read.name, read.account_types, read.target) == ("humanitec/echo", ("aws",), "")


@pytest.mark.parametrize("document", [{}, {"id": 3, "fingerprint": "ab"}, {"id": "a"}])
def test_a_key_without_its_members_is_no_key(document: dict[str, object]) -> None:
    with pytest.raises(ShapeError):
        surroundings.operator_key(document)  # type: ignore[arg-type]  # JSON


def test_the_fingerprint_of_an_operator_key_is_compared_in_lower_case() -> None:
    assert surroundings.operator_key({"id": "a", "fingerprint": "AB12"}).fingerprint == "ab12"
