"""The dry-run law: a read-only client cannot write, whatever it is asked to do (design decision 4.2)."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from reconciler.emulator import Effect, Emulator
from reconciler.errors import ReadOnlyError
from reconciler.orchestrator.client import Access, Hints, Orchestrator
from tests.orchestrator.conftest import Connect
from tests.orchestrator.samples import KUBERNETES_RUNNER, agent, definition, key, rule, runner

Call = Callable[[Orchestrator], object]
LIVE_RULE = replace(rule(), handle={"id": "7b0c1f6e-0000-4000-8000-000000000001"})
MUTATIONS: Mapping[str, Call] = {
    "create agent": lambda client: client.create(agent(), first_key=key()),
    "create key": lambda client: client.create(key()),
    "create definition": lambda client: client.create(definition()),
    "create runner": lambda client: client.create(runner(configuration=KUBERNETES_RUNNER)),
    "create rule": lambda client: client.create(rule()),
    "update agent": lambda client: client.update(agent(), agent(description="x"), secrets_changed=False),
    "patch definition": lambda client: client.update(
        definition(), definition(name="x"), secrets_changed=False
    ),
    "put definition": lambda client: client.update(definition(), definition(), secrets_changed=True),
    "update runner": lambda client: client.update(runner(), runner(description="x"), secrets_changed=False),
    "replace rule": lambda client: client.update(LIVE_RULE, rule(runner_id="r2"), secrets_changed=False),
    "delete agent": lambda client: client.delete(agent()),
    "delete key": lambda client: client.delete(key()),
    "delete definition": lambda client: client.delete(definition()),
    "delete runner": lambda client: client.delete(runner()),
    "delete rule": lambda client: client.delete(LIVE_RULE),
    "create criterion": lambda client: client.create_criterion(definition().key, {"app_id": "shop"}),
    "delete criterion": lambda client: client.delete_criterion(definition().key, "c1"),
}


@pytest.mark.parametrize("call", MUTATIONS.values(), ids=MUTATIONS)
def test_a_read_only_client_sends_no_request_that_writes(
    emulator: Emulator, connect: Connect, call: Call
) -> None:
    client = connect(access=Access.READ_ONLY)
    with pytest.raises(ReadOnlyError, match="nothing was sent"):
        call(client)
    assert emulator.log.entries() == []
    assert client.requests == {}


def test_a_read_only_client_reads(emulator: Emulator, connect: Connect) -> None:
    found = connect(access=Access.READ_ONLY).look(Hints())
    assert found.failures == {}
    assert {entry.effect for entry in emulator.log.entries()} == {Effect.NONE}


def test_requests_are_counted_by_verb(orchestrator: Orchestrator) -> None:
    orchestrator.create(definition())
    orchestrator.get(definition().key)
    orchestrator.get(definition().key)
    orchestrator.delete(definition())
    assert orchestrator.requests == {"DELETE": 1, "GET": 2, "POST": 1}
