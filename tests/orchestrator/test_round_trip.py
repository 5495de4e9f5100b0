"""What is created reads back as desired, for every kind and every form of it."""

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.emulator import Emulator
from reconciler.model.kind import Kind
from reconciler.model.secret import Expression, Reference, SecretLeaf, Unreadable
from reconciler.orchestrator.client import Hints, Orchestrator
from tests.orchestrator.samples import (
    AGENT_RUNNER,
    ECS_RUNNER,
    EKS_RUNNER,
    GKE_RUNNER,
    KUBERNETES_RUNNER,
    PASSWORD,
    STORAGES,
    agent,
    definition,
    key,
    kubernetes_runner,
    rule,
    runner,
)

URL = "${resources['agent#agent'].outputs.url}"
STORED = Reference("humanitec", "orgs/acme/resources/defs/orders/driver_secrets/password/.value", "1")
SECRET_FORMS: Mapping[str, tuple[dict[str, Any], dict[str, SecretLeaf]]] = {
    "plain": ({"secrets": {"password": PASSWORD}}, {"/password": STORED}),
    "plain as reference": ({"secret_refs": {"password": {"value": PASSWORD}}}, {"/password": STORED}),
    "placeholder": ({"secrets": {"agent_url": URL}}, {"/agent_url": Expression(URL)}),
    "placeholder as value": (
        {"secret_refs": {"agent_url": {"value": URL}}},
        {"/agent_url": Expression(URL)},
    ),
    "reference": (
        {"secret_refs": {"password": {"store": "vault", "ref": "db/password", "version": "3"}}},
        {"/password": Reference("vault", "db/password", "3")},
    ),
    "nested reference": (
        {"secret_refs": {"credentials": {"password": {"store": "vault", "ref": "p"}}}},
        {"/credentials/password": Reference("vault", "p")},
    ),
}


@pytest.mark.parametrize("form", SECRET_FORMS)
def test_secrets_of_a_definition_read_back_at_the_places_they_were_written(
    orchestrator: Orchestrator, form: str
) -> None:
    written, expected = SECRET_FORMS[form]
    desired = definition(driver_inputs={"values": {"port": 5432}, **written})
    created = orchestrator.create(desired)
    assert created.secrets == expected
    assert created.document == desired.document
    assert orchestrator.look(Hints()).state.resources[desired.key] == created


DEFINITIONS: Mapping[str, dict[str, Any]] = {
    "smallest": {},
    "with an account": {"driver_account": "aws-1"},
    "account from a placeholder": {"driver_account": "${resources.config.account}"},
    "empty containers": {"driver_inputs": {"values": {}}, "provision": {}},
    "values of every type": {
        "driver_inputs": {"values": {"a": [1, "1", 1.5, None, {"b": None}], "c": {}, "d": True, "e": None}}
    },
    "provision without options": {"provision": {"aws-policy.s3#x": None, "ingress": {"is_dependent": True}}},
    "provision with params": {"provision": {"ingress": {"match_dependents": True, "params": {"a": 1}}}},
    "driver changes in place": {"in_place_driver_change": True},
    "criteria": {"criteria": [{}, {"env_type": "development", "res_id": "agent"}, {"class": "large"}]},
}


@pytest.mark.parametrize("members", DEFINITIONS.values(), ids=DEFINITIONS)
def test_a_definition_reads_back_as_desired(orchestrator: Orchestrator, members: dict[str, Any]) -> None:
    desired = definition(**members)
    orchestrator.create(desired)
    live = orchestrator.look(Hints()).state.resources[desired.key]
    assert live.document == desired.document
    assert live.criteria == (desired.criteria or {})
    assert set(live.handle) == set(live.criteria or {})


RUNNERS = {
    "kubernetes-agent": AGENT_RUNNER,
    "kubernetes": KUBERNETES_RUNNER,
    "kubernetes-gke": GKE_RUNNER,
    "kubernetes-eks": EKS_RUNNER,
    "serverless-ecs": ECS_RUNNER,
}
PAIRS = [(kind, storage) for kind in RUNNERS for storage in STORAGES]


@pytest.mark.parametrize(("kind", "storage"), [p for p in PAIRS if p[0] != "serverless-ecs" or p[1] == "s3"])
def test_a_runner_reads_back_as_desired(orchestrator: Orchestrator, kind: str, storage: str) -> None:
    desired = runner(configuration=RUNNERS[kind], storage=STORAGES[storage], description="of the EU")
    created = orchestrator.create(desired)
    live = orchestrator.look(Hints()).state.resources[desired.key]
    assert live == created
    assert live.document == desired.document
    assert live.updated_at


def test_credentials_of_a_runner_are_stored_and_cannot_be_read_back(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    created = orchestrator.create(runner(configuration=KUBERNETES_RUNNER))
    assert created.secrets == {"/cluster/auth/service_account_token": Unreadable()}
    held = emulator.credentials("acme", "r1")
    assert held is not None
    assert held["auth"] == {"service_account_token": PASSWORD}


def test_a_kubernetes_runner_without_credentials_can_be_created(orchestrator: Orchestrator) -> None:
    """The canonical form has no `auth`, but the API requires one."""
    desired = runner(configuration=kubernetes_runner())
    assert orchestrator.create(desired).document == desired.document


def test_an_agent_is_created_with_its_first_key(orchestrator: Orchestrator) -> None:
    desired, first, second = agent(description="EU"), key(number=1), key(number=2)
    orchestrator.create(desired, first_key=first)
    orchestrator.create(second)
    state = orchestrator.look(Hints(agents=frozenset({"eu-1", "elsewhere"}))).state
    assert state.of(Kind.AGENT) == [desired]
    assert {found.key: found.document for found in state.of(Kind.KEY)} == {
        first.key: first.document,
        second.key: second.document,
    }


@pytest.mark.parametrize("pair", ["*/*", "*/development", "shop/*", "shop/development"])
def test_a_rule_reads_back_under_its_natural_key(orchestrator: Orchestrator, pair: str) -> None:
    orchestrator.create(runner())
    created = orchestrator.create(rule(pair))
    live = orchestrator.look(Hints()).state.resources[rule(pair).key]
    assert live == created
    assert live.document == {"runner_id": "r1"}
    assert live.handle["id"]
