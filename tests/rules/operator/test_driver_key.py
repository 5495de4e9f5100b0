"""The key that hosted drivers require of an Operator: R64."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.facts.demand import demand
from reconciler.model.finding import Finding, Severity
from reconciler.model.surroundings import Beside
from reconciler.rules.judge import Judgement
from reconciler.settings import Mode
from tests.matrix.case import driver, key
from tests.matrix.matrix_trees import (
    ED25519,
    FINGERPRINT,
    Document,
    Tree,
    base,
    cluster,
    definition,
    judged_tree,
    operator,
    scopes_of,
)

HOSTED = definition("names", "dns", "humanitec/dns-wildcard", values={"domain": "shop.example.com"})
REGISTERED = [{"id": "k", "fingerprint": FINGERPRINT}]
NAMESPACE, NAME = "humanitec-operator-system", "humanitec-operator-private-key"
ENTRIES = ["privateKey", "humanitecOrganisationID"]


OWN = definition("a", "s3", "acme/s3")


def of(judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == "R64"]


def unknown(judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == "R64"]


def secret(entries: list[str] = ENTRIES, fingerprint: str = FINGERPRINT, **more: Any) -> Document:
    facts = (
        {"privateKey": {"fingerprint": fingerprint, "algorithm": "RSA", "bits": 4096}}
        if "privateKey" in entries
        else {}
    )
    return {"namespace": NAMESPACE, "name": NAME, "entries": entries, "private_keys": facts, **more}


def on_cluster(*secrets: Document) -> Document:
    return {"eu-1": {"secrets": list(secrets), "complete": ["v1 Secret"]}}


def tree(
    *documents: Document,
    installed: Document | None = None,
    registered: list[Document] | None = REGISTERED,
    clusters: Document | None = None,
    **live: Any,
) -> Tree:
    installed = operator() if installed is None else installed
    seen = {**live, **({} if registered is None else {"operator_keys": registered})}
    return Tree(
        (cluster(), installed, *(documents or (HOSTED,))),
        {"primaryStore": "aws"},
        {"clusters": {"eu-1": {"definitions": ["shop"]}}},
        seen,
        on_cluster(secret()) if clusters is None else clusters,
    )


def test_an_operator_with_its_registered_key_has_no_finding() -> None:
    judgement = judged_tree(tree())
    assert (of(judgement), unknown(judgement)) == ([], [])


@pytest.mark.parametrize(
    ("given", "what"),
    [
        pytest.param({"driverKey": None}, "none is declared", id="no key"),
        pytest.param(
            {"driverKey": {"namespace": "other"}}, "its Secret is in namespace `other`", id="namespace"
        ),
        pytest.param(
            {"driverKey": {"entries": ["privateKey"]}}, "`humanitecOrganisationID` is missing", id="entry"
        ),
        pytest.param(
            {"driverKey": {"entries": []}},
            "`privateKey` and `humanitecOrganisationID` are missing",
            id="entries",
        ),
    ],
)
def test_what_the_declaration_lacks_is_an_error(given: Document, what: str) -> None:
    spec = {name: value for name, value in given.items() if value is not None}
    installed = operator(**spec)
    if not spec:
        del installed["spec"]["driverKey"]
    (finding,) = of(judged_tree(tree(installed=installed)))
    assert finding.severity is Severity.ERROR
    assert what in finding.message
    assert "`humanitec/dns-wildcard` (`names`)" in finding.message


def test_a_secret_of_another_name_is_a_warning() -> None:
    installed = operator(driverKey={"secretName": "mine", "fingerprint": FINGERPRINT})
    (finding,) = of(judged_tree(tree(installed=installed, clusters=on_cluster(secret(name="mine")))))
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("clusters", "what"),
    [
        pytest.param(on_cluster(), "is not in namespace", id="no Secret"),
        pytest.param(
            on_cluster(secret(["privateKey"])), "`humanitecOrganisationID` is missing", id="an entry less"
        ),
        pytest.param(
            on_cluster(secret(fingerprint="f" * 64)),
            "fingerprint `ffffffffffff…` is not registered",
            id="another key",
        ),
    ],
)
def test_what_the_cluster_lacks_is_an_error(clusters: Document, what: str) -> None:
    (finding,) = of(judged_tree(tree(clusters=clusters)))
    assert what in finding.message


@pytest.mark.parametrize(
    ("registered", "count", "unknowns"),
    [
        pytest.param(REGISTERED, 0, 0, id="registered"),
        pytest.param([], 1, 0, id="not registered"),
        pytest.param(None, 0, 1, id="not read"),
    ],
)
def test_the_key_is_registered(registered: list[Document] | None, count: int, unknowns: int) -> None:
    judgement = judged_tree(tree(registered=registered))
    assert len(of(judgement)) == count
    assert len(unknown(judgement)) == unknowns


def test_the_key_is_found_in_a_key_document_if_the_operator_names_no_fingerprint() -> None:
    installed = operator(driverKey={})
    clusters = {"eu-1": {"secrets": [{**secret(), "private_keys": {}}]}}
    found = judged_tree(
        tree(HOSTED, key("k", ED25519, operator="eu-1"), installed=installed, clusters=clusters)
    )
    assert not any("`driverKey.fingerprint`" in reason for reason in unknown(found))
    silent = judged_tree(tree(installed=installed, clusters=clusters))
    assert of(silent) == []
    assert any("`driverKey.fingerprint`" in reason for reason in unknown(silent))


def test_a_key_that_the_plan_registers_counts_as_registered_and_another_does_not() -> None:
    declared = key("k", ED25519, operator="eu-1")
    clusters = {"eu-1": {"secrets": [{**secret(), "private_keys": {}}]}}
    assert of(judged_tree(tree(HOSTED, declared, installed=operator(driverKey={}), clusters=clusters))) == []
    installed = operator(driverKey={"fingerprint": "0" * 64})
    found = judged_tree(tree(HOSTED, declared, installed=installed, clusters=clusters))
    assert ["is not registered" in finding.message for finding in of(found)] == [True]


def test_a_cluster_that_was_not_read_is_unknown() -> None:
    (reason,) = unknown(judged_tree(tree(clusters={})))
    assert "`eu-1` was not read" in reason


@pytest.mark.parametrize(
    ("documents", "drivers", "count", "unknowns"),
    [
        pytest.param([definition("a", "redis", "humanitec/echo")], None, 0, 0, id="Echo"),
        pytest.param([definition("a", "redis", "humanitec/template")], None, 0, 0, id="Template"),
        pytest.param(
            [definition("a", "logging", "humanitec/logging-k8s")],
            None,
            0,
            0,
            id="orchestrator's type",
        ),
        pytest.param([definition("a", "s3", "humanitec/terraform")], None, 1, 0, id="Terraform"),
        pytest.param([definition("a", "s3", "humanitec/container")], None, 1, 0, id="container"),
        pytest.param([OWN], None, 0, 1, id="drivers not read"),
        pytest.param(
            [OWN],
            [driver("acme/s3", "https://s3.acme.example")],
            0,
            0,
            id="self-hosted",
        ),
        pytest.param(
            [OWN],
            [driver("acme/s3", "driver://humanitec/terraform")],
            1,
            0,
            id="virtual",
        ),
        pytest.param(
            [OWN],
            [driver("acme/s3", "driver://humanitec/echo")],
            0,
            0,
            id="virtual Echo",
        ),
        pytest.param([OWN], [driver("acme/s3", "driver://acme/s3")], 0, 1, id="a loop"),
        pytest.param([OWN, HOSTED], None, 1, 0, id="one is known"),
    ],
)
def test_only_drivers_hosted_by_humanitec_require_the_key(
    documents: list[Document], drivers: list[Document] | None, count: int, unknowns: int
) -> None:
    installed = operator()
    del installed["spec"]["driverKey"]
    live: dict[str, Any] = {} if drivers is None else {"drivers": drivers}
    judgement = judged_tree(tree(*documents, installed=installed, **live))
    assert len(of(judgement)) == count
    assert len(unknown(judgement)) == unknowns


def test_legacy_needs_no_key() -> None:
    judgement = judged_tree(replace(tree(clusters=on_cluster()), target={"primaryStore": "humanitec"}))
    assert (of(judgement), unknown(judgement)) == ([], [])


def test_gitops_needs_the_key_like_direct() -> None:
    made = base(Mode.GITOPS).without("Operator").plus(operator(driverKey={"entries": []}), HOSTED)
    assert any("are missing" in finding.message for finding in of(judged_tree(made)))


def test_each_operator_is_evaluated() -> None:
    second = operator("us-1", cluster="us-1")
    del second["spec"]["driverKey"]
    (finding,) = of(judged_tree(tree(HOSTED, second)))
    assert "`us-1`" in finding.message


def test_a_git_target_is_enough_while_the_store_is_not_known() -> None:
    made = base(Mode.GITOPS).without("SecretStore").without("Operator")
    made = made.plus(operator(driverKey={"entries": []}), HOSTED)
    assert any("are missing" in finding.message for finding in of(judged_tree(made)))


@pytest.mark.parametrize(
    ("documents", "is_asked"),
    [
        pytest.param([OWN], True, id="a driver of one's own"),
        pytest.param([HOSTED], False, id="a hosted one"),
        pytest.param([definition("own", "k8s-namespace", "acme/namespace")], False, id="orchestrator's type"),
    ],
)
def test_drivers_are_requested_if_an_operator_may_need_its_key(
    documents: list[Document],
    is_asked: bool,  # noqa: FBT001  a column
) -> None:
    (one,) = scopes_of(Tree((operator(), *documents)))
    assert (Beside.DRIVERS in demand(one)) is is_asked
    (without,) = scopes_of(Tree(tuple(documents)))
    assert Beside.DRIVERS not in demand(without)


def test_a_secret_that_the_plan_waits_for_is_no_finding() -> None:
    """The plan makes its namespace, and installs the chart once the Secret is there."""
    bare = {"eu-1": {"secrets": [], "complete": ["v1 Secret", "apps/v1 Deployment"]}}
    assert of(judged_tree(tree(installed=operator(delivery="flux"), clusters=bare))) == []
    assert len(of(judged_tree(tree(installed=operator(delivery="helm"), clusters=bare)))) == 1
