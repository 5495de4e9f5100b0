"""Ids that are changed in place: R09."""

import pytest

from reconciler.model.finding import Severity
from tests.rules.keys.documents import (
    DOCUMENT,
    ONE,
    OTHER,
    A,
    B,
    agent,
    judgement,
    key,
    live,
    messages,
    of,
    severities,
    unknown,
)

NEW = agent("eu-north-1") + key(ONE, "agent: eu-north-1")


def store(identifier: str, block: str, orchestrator: str = "{primary: true}") -> str:
    spec = f"  {block}\n" + (f"  orchestrator: {orchestrator}\n" if orchestrator else "")
    return DOCUMENT.format(kind="SecretStore", id=identifier, spec=spec)


def test_an_agent_with_the_key_of_one_removed_from_the_files_is_a_rename() -> None:
    (found,) = of(judgement(NEW, live=live(A)), "R09")
    assert found.severity is Severity.WARNING
    assert found.message == (
        "Agent `eu-north-1` has the key of Agent `eu-1`, which exists but is no longer declared: changing the id "
        "means delete and create; references to `eu-1` break in between"
    )
    assert str(found.key) == "Agent/eu-north-1"


def test_references_that_would_break_are_counted() -> None:
    definition = (
        "apiVersion: entity.humanitec.io/v1b1\nkind: Definition\nmetadata: {id: tunnel}\n"
        "entity: {type: agent, driver_type: humanitec/agent, driver_inputs: {values: {id: eu-1}}}\n"
    )
    (message,) = messages(judgement(NEW + definition, live=live(A)), "R09")
    assert message.endswith("(1 in these files)")


@pytest.mark.parametrize(
    ("documents", "registered"),
    [
        pytest.param(NEW, live(B), id="another key"),
        pytest.param(NEW, live(), id="no key"),
        pytest.param(NEW + agent("eu-1"), live(A), id="both declared, which is R15"),
        pytest.param(NEW, live(A, owner="eu-north-1"), id="exists already"),
        pytest.param(agent("eu-north-1"), live(A), id="no key declared"),
        pytest.param(
            agent("eu-north-1") + key(OTHER, "operator: eu-north-1"), live(B), id="key of an Operator"
        ),
        pytest.param(NEW, "", id="nothing live"),
    ],
)
def test_other_new_agents_are_not_renames(documents: str, registered: str) -> None:
    found = judgement(documents, live=registered)
    assert messages(found, "R09") == []
    assert unknown(found, "R09") == []


def test_agents_are_unknown_if_live_was_not_read_and_a_key_is_declared() -> None:
    assert len(unknown(judgement(NEW, live=None), "R09")) == 1
    assert unknown(judgement(agent("eu-north-1"), live=None), "R09") == []
    assert len(unknown(judgement(NEW, live="unread: [Key]\nagents: [{id: eu-1}]\n"), "R09")) == 1


VAULT = "vault: {url: https://vault.example.com, path: team}"
LIVE_VAULT = (
    "stores: [{id: old, vault: {url: https://vault.example.com, path: team, auth: {}}}, {id: humanitec}]\n"
)


def test_a_store_with_the_address_of_a_removed_one_is_a_rename() -> None:
    found = judgement(store("new", VAULT), live=LIVE_VAULT)
    assert severities(found, "R09") == [Severity.WARNING]
    assert "Secret store `new` has the address of `old`" in messages(found, "R09")[0]


@pytest.mark.parametrize(
    ("documents", "stores"),
    [
        pytest.param(store("new", VAULT) + store("old", VAULT), LIVE_VAULT, id="both declared"),
        pytest.param(store("old", VAULT), LIVE_VAULT, id="unchanged"),
        pytest.param(store("new", VAULT.replace("team", "other")), LIVE_VAULT, id="another path"),
        pytest.param(store("new", "awssm: {region: eu-central-1}"), LIVE_VAULT, id="another kind"),
        pytest.param(store("new", VAULT, ""), LIVE_VAULT, id="not to be registered"),
        pytest.param(
            store("new", VAULT),
            LIVE_VAULT.replace("humanitec}", "new, vault: {url: x}}"),
            id="exists already",
        ),
        pytest.param(store("new", "awssm: {}"), "stores: [{id: old, awssm: {}}]\n", id="nothing to compare"),
    ],
)
def test_other_new_stores_are_not_renames(documents: str, stores: str) -> None:
    assert messages(judgement(documents, live=stores), "R09") == []


def test_stores_are_unknown_if_they_were_not_read() -> None:
    assert len(unknown(judgement(store("new", VAULT), live="agents: []\n"), "R09")) == 1
    assert unknown(judgement(store("new", VAULT, ""), live="agents: []\n"), "R09") == []
