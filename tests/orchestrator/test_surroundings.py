"""Objects that rules look at but nobody manages: read only on demand, and never mistaken for empty if unread."""

import pytest

from reconciler.emulator import Emulator, FaultKind, FaultRule
from reconciler.model.surroundings import BUILT_IN_STORE, Beside
from reconciler.orchestrator import operator_key, secret_store, surroundings
from reconciler.orchestrator.client import Hints, Orchestrator
from reconciler.orchestrator.shape import ShapeError
from tests.orchestrator.conftest import Connect
from tests.orchestrator.samples import definition, rule, runner

EVERYTHING = frozenset(Beside)


def test_nothing_is_read_that_no_rule_asks_for(emulator: Emulator, orchestrator: Orchestrator) -> None:
    found = orchestrator.look(Hints()).state.surroundings
    assert (found.stores, found.operator_keys, found.accounts, found.drivers) == (None, None, None, None)
    assert all(found.names(what) is None for what in Beside)
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


def test_credentials_of_a_store_are_dropped_even_if_an_answer_contains_them() -> None:
    read = secret_store.parsed(
        {
            "id": "eu",
            "primary": True,
            "awssm": {"region": "eu-central-1", "auth": {"access_key_id": "AKIAEXAMPLE"}},
        }
    )
    assert (read.type, read.fields, read.is_primary) == ("awssm", {"region": "eu-central-1"}, True)


def test_a_store_of_an_unknown_type_is_a_store_without_a_known_type() -> None:
    assert secret_store.parsed({"id": "eu", "primary": False, "newsm": {}}).type == ""


def test_a_driver_is_named_by_its_owner_and_id() -> None:
    read = surroundings.driver({"id": "echo", "org_id": "humanitec", "account_types": ["aws"]})
    assert (read.name, read.account_types, read.target) == ("humanitec/echo", ("aws",), "")


@pytest.mark.parametrize("document", [{}, {"id": 3, "fingerprint": "ab"}, {"id": "a"}])
def test_a_key_without_its_members_is_ignored(document: dict[str, object]) -> None:
    with pytest.raises(ShapeError):
        operator_key.parsed(document)  # type: ignore[arg-type]  # JSON


def test_the_fingerprint_of_an_operator_key_is_compared_in_lower_case() -> None:
    assert operator_key.parsed({"id": "a", "fingerprint": "AB12"}).fingerprint == "ab12"


def asked(emulator: Emulator) -> set[str]:
    return {entry.path.removeprefix("/orgs/acme/") for entry in emulator.log.entries()}


def test_names_of_every_collection_are_read(orchestrator: Orchestrator, emulator: Emulator) -> None:
    emulator.seed({"organization": "acme", "applications": [{"id": "till"}]})
    found = orchestrator.look(Hints(beside=EVERYTHING)).state.surroundings
    assert {"postgres", "k8s-cluster"} <= (found.names(Beside.RESOURCE_TYPES) or set())
    assert found.names(Beside.ENVIRONMENT_TYPES) == frozenset(("development",))
    assert found.names(Beside.APPLICATIONS) == frozenset(("till",))
    assert found.names(Beside.PROJECTS) == frozenset(("shop",))
    assert found.names(Beside.RUNNER_ENVIRONMENT_TYPES) == frozenset(("development",))
    assert found.names(Beside.STORES) == frozenset((BUILT_IN_STORE,))


def test_a_list_is_read_only_for_a_name_that_nothing_live_shows(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    orchestrator.create(definition())
    orchestrator.create(runner())
    orchestrator.create(rule())
    named = {
        Beside.RESOURCE_TYPES: {"postgres"},
        Beside.DRIVERS: {"humanitec/echo"},
        Beside.RUNNER_ENVIRONMENT_TYPES: {"development"},
    }
    emulator.log.clear()
    shown = orchestrator.look(Hints(named={what: frozenset(names) for what, names in named.items()}))
    assert not asked(emulator) & {"resources/types", "resources/drivers", "env-types", "projects"}
    assert shown.state.surroundings.names(Beside.RESOURCE_TYPES) is None
    for what, name, path in (
        (Beside.RESOURCE_TYPES, "mysql", "resources/types"),
        (Beside.DRIVERS, "humanitec/ekko", "resources/drivers"),
        (Beside.PROJECTS, "till", "projects"),
        (Beside.RUNNER_ENVIRONMENT_TYPES, "qa", "env-types"),
    ):
        emulator.log.clear()
        found = orchestrator.look(Hints(named={what: frozenset((name,))})).state.surroundings
        assert found.names(what), what
        assert [entry.path for entry in emulator.log.entries()].count(f"/orgs/acme/{path}") == 1


def test_a_collection_asked_for_twice_is_read_once(emulator: Emulator, orchestrator: Orchestrator) -> None:
    drivers = Beside.DRIVERS
    orchestrator.look(Hints(beside=frozenset((drivers,)), named={drivers: frozenset(("acme/own",))}))
    paths = [entry.path for entry in emulator.log.entries()]
    assert paths.count("/orgs/acme/resources/drivers") == 1


def test_without_definitions_no_list_is_requested(emulator: Emulator, orchestrator: Orchestrator) -> None:
    emulator.faults.add(FaultRule(FaultKind.ERROR_BEFORE_EFFECT, path="/defs$", status=403, count=None))
    orchestrator.look(Hints(named={Beside.RESOURCE_TYPES: frozenset(("mysql",))}))
    assert "resources/types" not in asked(emulator)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_token_without_the_right_to_list_leaves_the_collection_unread(
    emulator: Emulator, orchestrator: Orchestrator, status: int
) -> None:
    orchestrator.create(runner())  # proves the organization, as those lists would otherwise do
    for path in ("/env-types$", "/apps$", "/projects$", "/types$"):
        emulator.faults.add(FaultRule(FaultKind.ERROR_BEFORE_EFFECT, path=path, status=status, count=None))
    look = orchestrator.look(Hints(beside=EVERYTHING))
    found = look.state.surroundings
    missing = {
        Beside.ENVIRONMENT_TYPES,
        Beside.APPLICATIONS,
        Beside.PROJECTS,
        Beside.RUNNER_ENVIRONMENT_TYPES,
        Beside.RESOURCE_TYPES,
    }
    assert set(found.failures) == missing
    assert all(found.names(what) is None for what in missing)
    assert all(str(status) in reason for reason in found.failures.values())
    assert look.failures == {}


@pytest.mark.parametrize("missing", ["v1", "v2"])
def test_lists_of_an_api_that_is_not_configured_stay_unread(connect: Connect, missing: str) -> None:
    client = connect(v1=None) if missing == "v1" else connect(v2=None)
    found = client.look(Hints(beside=EVERYTHING)).state.surroundings
    assert (found.names(Beside.PROJECTS) is None) is (missing == "v2")
    assert (found.names(Beside.RESOURCE_TYPES) is None) is (missing == "v1")
    assert found.failures == {}
