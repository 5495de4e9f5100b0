"""Single objects: read, changed and deleted, and the errors if they are not as expected."""

from dataclasses import replace

import pytest

from reconciler.emulator import Emulator, FaultKind, FaultRule
from reconciler.emulator.web.server import running
from reconciler.errors import AbsentError, ConflictError, LostAnswerError, RejectedError
from reconciler.model.kind import Kind
from reconciler.model.place import organization
from reconciler.model.secret import Secret
from reconciler.model.state import Resource
from reconciler.orchestrator.access import EnvironmentTransport
from reconciler.orchestrator.client import Access, Endpoint, Hints, Orchestrator
from tests.orchestrator.conftest import Connect
from tests.orchestrator.samples import (
    AGENT_RUNNER,
    EKS_RUNNER,
    GKE_RUNNER,
    KUBERNETES_RUNNER,
    OTHER_JOB,
    PASSWORD,
    STORAGES,
    TOKEN,
    agent,
    definition,
    key,
    key_of,
    kubernetes_runner,
    rule,
    runner,
)


@pytest.fixture
def populated(orchestrator: Orchestrator) -> list[Resource]:
    """One live object of every kind, in an order in which they can be deleted."""
    created = [orchestrator.create(agent(), first_key=key(number=1))]
    live_key = orchestrator.create(key(number=2))
    created += [orchestrator.create(definition()), orchestrator.create(runner())]
    return [live_key, orchestrator.create(rule()), *created]


def test_every_live_object_can_be_read_individually(
    orchestrator: Orchestrator, populated: list[Resource]
) -> None:
    assert [orchestrator.get(resource.key) for resource in populated] == populated


def test_every_live_object_can_be_deleted_once(orchestrator: Orchestrator, populated: list[Resource]) -> None:
    for resource in populated:
        orchestrator.delete(resource)
        assert orchestrator.get(resource.key) is None
        with pytest.raises(AbsentError):
            orchestrator.delete(resource)


def test_what_exists_is_not_created_again(orchestrator: Orchestrator, populated: list[Resource]) -> None:
    with pytest.raises(ConflictError):
        orchestrator.create(agent(), first_key=key(number=3))
    for desired in (key(number=2), definition(), runner(), rule()):
        with pytest.raises(ConflictError):
            orchestrator.create(desired)


def test_a_description_of_an_agent_can_be_set_and_emptied(orchestrator: Orchestrator) -> None:
    live = orchestrator.create(agent(), first_key=key())
    for text in ("new", ""):
        live = orchestrator.update(live, agent(description=text), secrets_changed=False)
        assert orchestrator.get(live.key) == agent(description=text)


def test_criteria_are_added_and_removed_one_by_one(orchestrator: Orchestrator) -> None:
    created = orchestrator.create(definition(criteria=[{"app_id": "shop"}]))
    added = orchestrator.create_criterion(created.key, {"res_id": "main", "class": "default"})
    live = orchestrator.get(created.key)
    assert live is not None
    assert live.handle["res_id=main"] == added
    criterion = orchestrator.get(key_of(Kind.CRITERION, "orders[res_id=main]"))
    assert criterion is not None
    assert criterion.document == {"res_id": "main", "class": "default"}
    orchestrator.delete(criterion)
    orchestrator.delete_criterion(created.key, live.handle["app_id=shop"])
    assert orchestrator.get(criterion.key) is None
    emptied = orchestrator.get(created.key)
    assert emptied is not None
    assert emptied.criteria == {}


def test_a_criterion_of_an_absent_definition_is_absent(orchestrator: Orchestrator) -> None:
    assert orchestrator.get(key_of(Kind.CRITERION, "orders[res_id=main]")) is None


def test_a_rule_moves_to_another_runner_by_being_created_again(orchestrator: Orchestrator) -> None:
    orchestrator.create(runner("r1"))
    orchestrator.create(runner("r2"))
    live = orchestrator.create(rule("shop/*", "r1"))
    moved = orchestrator.update(live, rule("shop/*", "r2"), secrets_changed=False)
    assert moved.document == {"runner_id": "r2"}
    assert orchestrator.get(live.key) == moved


def test_a_rule_whose_move_was_interrupted_is_moved_by_the_next_attempt(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    orchestrator.create(runner("r1"))
    orchestrator.create(runner("r2"))
    live = orchestrator.create(rule("shop/*", "r1"))
    emulator.faults.add(FaultRule(kind=FaultKind.CUT_BEFORE_EFFECT, verb="POST"))
    with pytest.raises(LostAnswerError):
        orchestrator.update(live, rule("shop/*", "r2"), secrets_changed=False)
    assert orchestrator.get(live.key) is None
    moved = orchestrator.update(live, rule("shop/*", "r2"), secrets_changed=False)
    assert moved.document == {"runner_id": "r2"}


def test_the_filter_for_one_rule_does_not_match_another(orchestrator: Orchestrator) -> None:
    """The server's filters also return rules whose field is unset (v2 reference 8.2)."""
    orchestrator.create(runner())
    orchestrator.create(rule("*/*"))
    orchestrator.create(rule("shop/*"))
    assert orchestrator.get(rule("shop/development").key) is None


RUNNER_UPDATES: list[tuple[str, Resource, Resource]] = [
    ("description", runner(description="a"), runner(description="b")),
    ("description emptied", runner(description="a"), runner()),
    ("storage", runner(), runner(storage=STORAGES["s3"])),
    (
        "template added",
        runner(),
        runner(
            configuration={
                **AGENT_RUNNER,
                "job": {"namespace": "x", "service_account": "y", "pod_template": {}},
            }
        ),
    ),
    (
        "template removed",
        runner(configuration=GKE_RUNNER),
        runner(configuration={**GKE_RUNNER, "job": EKS_RUNNER["job"]}),
    ),
]


@pytest.mark.parametrize(
    ("before", "after"), [row[1:] for row in RUNNER_UPDATES], ids=[r[0] for r in RUNNER_UPDATES]
)
def test_a_runner_becomes_what_is_desired(
    orchestrator: Orchestrator, before: Resource, after: Resource
) -> None:
    live = orchestrator.create(before)
    updated = orchestrator.update(live, after, secrets_changed=False)
    assert updated.document == after.document
    assert orchestrator.get(after.key) == updated


def test_another_change_of_a_runner_keeps_its_credentials(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    desired = runner(configuration=KUBERNETES_RUNNER)
    live = orchestrator.create(desired)
    changed = runner(configuration={**KUBERNETES_RUNNER, "job": OTHER_JOB})
    orchestrator.update(live, changed, secrets_changed=False)
    held = emulator.credentials("acme", "r1")
    assert held is not None
    assert held["auth"] == {"service_account_token": PASSWORD}


def test_a_change_of_the_cluster_carries_the_credentials(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    live = orchestrator.create(runner(configuration=KUBERNETES_RUNNER))
    moved = kubernetes_runner("https://moved.example", service_account_token=PASSWORD)
    desired = runner(configuration=moved)
    assert orchestrator.update(live, desired, secrets_changed=False).document == desired.document
    held = emulator.credentials("acme", "r1")
    assert held is not None
    assert held["auth"] == {"service_account_token": PASSWORD}


def test_changed_credentials_replace_the_stored_ones(emulator: Emulator, orchestrator: Orchestrator) -> None:
    live = orchestrator.create(runner(configuration=KUBERNETES_RUNNER))
    desired = runner(
        configuration=kubernetes_runner(client_key_data="a2V5", client_certificate_data="Y2VydA==")
    )
    orchestrator.update(live, desired, secrets_changed=True)
    held = emulator.credentials("acme", "r1")
    assert held is not None
    assert held["auth"] == {"client_key_data": "a2V5", "client_certificate_data": "Y2VydA=="}


def test_the_placeholder_for_a_credential_is_never_sent(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    """The server would store it, and the runner would lose its cluster (v2 reference 5.6)."""
    configuration = kubernetes_runner(service_account_token="SECRET")
    desired = replace(runner(configuration=configuration), payload=Secret(configuration))
    with pytest.raises(RejectedError, match="nothing was sent"):
        orchestrator.create(desired)
    assert emulator.log.entries() == []


def test_credentials_that_are_named_but_not_supplied_are_a_bug(orchestrator: Orchestrator) -> None:
    with pytest.raises(ValueError, match="no payload"):
        orchestrator.create(replace(runner(configuration=KUBERNETES_RUNNER), payload=None))
    secret = definition(driver_inputs={"secrets": {"password": PASSWORD}})
    with pytest.raises(ValueError, match="no payload"):
        orchestrator.create(replace(secret, payload=None))


def test_what_the_api_cannot_change_is_refused_without_a_request(
    emulator: Emulator, orchestrator: Orchestrator
) -> None:
    with pytest.raises(RejectedError, match="type of a definition"):
        orchestrator.update(definition(), definition(type="s3"), secrets_changed=False)
    with pytest.raises(RejectedError, match="type of a runner"):
        orchestrator.update(runner(), runner(configuration=EKS_RUNNER), secrets_changed=False)
    for desired in (key(), Resource(key_of(Kind.CRITERION, "orders[]"), {})):
        with pytest.raises(ValueError, match="only created and deleted"):
            orchestrator.update(desired, desired, secrets_changed=False)
    assert emulator.log.entries() == []


def test_an_update_without_a_difference_sends_nothing(emulator: Emulator, orchestrator: Orchestrator) -> None:
    for live in (agent(), definition(), runner(), rule()):
        assert orchestrator.update(live, live, secrets_changed=False) is live
    assert emulator.log.entries() == []


def test_misuse_of_the_client_is_a_bug(connect: Connect) -> None:
    client = connect()
    with pytest.raises(ValueError, match="without a key"):
        client.create(agent())
    with pytest.raises(ValueError, match="create_criterion"):
        client.create(Resource(key_of(Kind.CRITERION, "orders[]"), {}))
    with pytest.raises(ValueError, match="cannot be changed"):
        client.update(key(), key(number=2), secrets_changed=False)
    client = connect(v1=None, v2=None)
    with pytest.raises(ValueError, match="no v1"):
        client.get(agent().key)
    with pytest.raises(ValueError, match="no v2"):
        client.get(runner().key)


def test_a_client_works_over_a_real_port_and_closes_its_connections(emulator: Emulator) -> None:
    with running(emulator) as url:
        endpoint = Endpoint(url, Secret(TOKEN))
        with Orchestrator(organization("acme"), v1=endpoint, v2=endpoint, access=Access.READ_WRITE) as client:
            created = client.create(definition(criteria=[{}]))
            assert client.look(Hints()).state.resources[created.key] == created


def test_proxies_come_from_the_environment(
    connect: Connect, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host has no address: only a proxy can have answered, here with a 404."""
    for name in ("HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with running(emulator) as url:
        monkeypatch.setenv("http_proxy", url)
        endpoint = Endpoint("http://api.invalid", Secret(TOKEN))
        found = connect(
            v1=endpoint, v2=None, transport=EnvironmentTransport(endpoint.url, connections=1)
        ).look(Hints())
    assert {error.status for error in found.failures.values()} == {404}
