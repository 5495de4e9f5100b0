"""What was read of an organization beside the managed things; what was not read is never the same as empty."""

import pytest

from reconciler.model.surroundings import UNSEEN, Beside, Driver, LiveStore, OperatorKey, Surroundings

READ = Surroundings(
    stores=(
        LiveStore("vault", is_primary=True, type="vault"),
        LiveStore("aws", is_primary=False, type="awssm"),
    ),
    operator_keys=(OperatorKey("id-1", "f1"), OperatorKey("id-2", "f2")),
    accounts={"account": "aws"},
    drivers={"acme/mine": Driver("acme/mine")},
    resource_types=frozenset({"s3"}),
    environment_types=frozenset({"development"}),
    applications=frozenset({"shop"}),
    projects=frozenset({"project"}),
    runner_environment_types=frozenset({"production"}),
)
NAMES: dict[Beside, frozenset[str]] = {
    Beside.STORES: frozenset({"vault", "aws"}),
    Beside.OPERATOR_KEYS: frozenset({"id-1", "id-2"}),
    Beside.ACCOUNTS: frozenset({"account"}),
    Beside.DRIVERS: frozenset({"acme/mine"}),
    Beside.RESOURCE_TYPES: frozenset({"s3"}),
    Beside.ENVIRONMENT_TYPES: frozenset({"development"}),
    Beside.APPLICATIONS: frozenset({"shop"}),
    Beside.PROJECTS: frozenset({"project"}),
    Beside.RUNNER_ENVIRONMENT_TYPES: frozenset({"production"}),
}


@pytest.mark.parametrize("what", Beside)
def test_every_collection_has_its_names_and_one_that_was_not_read_has_none(what: Beside) -> None:
    assert READ.names(what) == NAMES[what]
    assert UNSEEN.names(what) is None


def test_what_is_about_to_be_deleted_can_be_left_out() -> None:
    rest = READ.without([(Beside.STORES, "vault"), (Beside.OPERATOR_KEYS, "f2"), (Beside.STORES, "f1")])
    assert rest.names(Beside.STORES) == frozenset({"aws"})
    assert rest.names(Beside.OPERATOR_KEYS) == frozenset({"id-1"})
    assert UNSEEN.without([(Beside.STORES, "vault")]) == UNSEEN


def test_the_primary_store_is_known_only_if_the_stores_were_read() -> None:
    assert READ.primary_store == LiveStore("vault", is_primary=True, type="vault")
    assert READ.without([(Beside.STORES, "vault")]).primary_store is None
    assert UNSEEN.primary_store is None
