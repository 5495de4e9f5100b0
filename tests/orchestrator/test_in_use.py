"""Deleting what deployments still use: what is read beforehand, what the refusal says, and deleting by force."""

import pytest

from reconciler.emulator import Emulator, FaultKind, FaultRule
from reconciler.errors import InUseError, UnauthorizedError
from reconciler.model.active_resource import ActiveResource, Rematch
from reconciler.model.kind import Kind
from reconciler.model.state import Resource
from reconciler.orchestrator.client import Access, Orchestrator
from tests.orchestrator.conftest import Connect
from tests.orchestrator.samples import agent, definition, key, runner

USED = {"app_id": "shop", "env_id": "dev", "env_type": "development", "res_id": "modules.web.externals.db"}


@pytest.fixture
def used(emulator: Emulator, orchestrator: Orchestrator) -> Resource:
    """A definition with a criterion, and an active resource provisioned by it."""
    created = orchestrator.create(definition(criteria=[{"env_type": "development"}]))
    emulator.seed({"organization": "acme", "active_resources": [{**USED, "def_id": created.key.id}]})
    return created


def criterion_id(definition: Resource) -> str:
    (selector,) = definition.criteria or {}
    return definition.handle[selector]


def test_active_resources_are_listed_by_definition_with_one_request_each(
    emulator: Emulator, orchestrator: Orchestrator, used: Resource
) -> None:
    emulator.log.clear()
    use = orchestrator.active_resources([used.key.id, "nobody", used.key.id])
    assert use.failures == {}
    assert use.found == {
        "nobody": (),
        used.key.id: (
            ActiveResource(
                definition=used.key.id,
                criterion=criterion_id(used),
                application="shop",
                environment="dev",
                environment_type="development",
                resource_id="modules.web.externals.db",
                resource_class="default",
                type=str(used.document["type"]),
                status="active",
            ),
        ),
    }
    assert str(use.found[used.key.id][0]) == "shop/dev/modules.web.externals.db"
    assert [entry.verb for entry in emulator.log.entries()] == ["GET", "GET"]


def test_a_list_that_cannot_be_read_is_a_failure_and_never_empty(
    emulator: Emulator, connect: Connect, used: Resource
) -> None:
    emulator.faults.add(
        FaultRule(FaultKind.ERROR_BEFORE_EFFECT, path=f"/{used.key.id}/resources$", status=403, count=None)
    )
    use = connect(access=Access.READ_ONLY).active_resources([used.key.id, "nobody"])
    assert use.found == {"nobody": ()}
    assert isinstance(use.failures[used.key.id], UnauthorizedError)


def test_a_definition_in_use_is_kept_and_the_refusal_says_who_uses_it(
    orchestrator: Orchestrator, used: Resource
) -> None:
    with pytest.raises(InUseError, match="still in use: 1 active resource would change: shop/dev/") as raised:
        orchestrator.delete(used)
    assert raised.value.rematches == (Rematch("shop", "dev", USED["res_id"], used.key.id, ""),)
    assert orchestrator.get(used.key) == used


def test_a_definition_in_use_is_deleted_by_force(orchestrator: Orchestrator, used: Resource) -> None:
    orchestrator.delete(used, force=True)
    assert orchestrator.get(used.key) is None


def test_a_criterion_whose_resources_would_move_is_kept_and_deleted_by_force(
    orchestrator: Orchestrator, used: Resource
) -> None:
    with pytest.raises(InUseError, match="still in use"):
        orchestrator.delete_criterion(used.key, criterion_id(used))
    assert orchestrator.get(used.key) == used
    orchestrator.delete_criterion(used.key, criterion_id(used), force=True)
    live = orchestrator.get(used.key)
    assert live is not None
    assert live.criteria == {}


def test_a_runner_bound_to_an_environment_is_in_use_too(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    bound = orchestrator.create(runner())
    environment = {
        "project": "shop",
        "id": "qa",
        "env_type_id": "development",
        "runner_id": bound.key.id,
    }
    emulator.seed({"organization": "acme", "environments": [environment]})
    with pytest.raises(InUseError, match="shop/qa") as raised:
        orchestrator.delete(bound)
    assert raised.value.rematches == ()


def test_force_is_for_definitions_and_criteria_only(orchestrator: Orchestrator) -> None:
    created = orchestrator.create(agent(), first_key=key())
    with pytest.raises(ValueError, match="by force"):
        orchestrator.delete(created, force=True)
    assert orchestrator.get(created.key) == created
    assert created.key.kind is Kind.AGENT
