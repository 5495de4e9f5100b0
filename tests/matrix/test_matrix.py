"""Every cell of the matrix: a tree that is in it is found there, and the rules of the row agree with its verdict."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.facts.network_policy import Way
from reconciler.facts.scope import Scope
from reconciler.matrix.assessment import Assessment, assess
from reconciler.matrix.network import egress
from reconciler.matrix.row import Cell, DeploymentTarget, Enforcement, Host, Row, StoreKind, Verdict
from reconciler.matrix.table import rows
from reconciler.model.finding import Severity
from reconciler.rules.judge import Judgement
from reconciler.rules.registry import RULES
from reconciler.settings import Mode
from tests.matrix import definition_cases, installation_cases
from tests.matrix.case import Case
from tests.matrix.matrix_trees import TARGET, Document, Tree, agent, base, definition, of_table_a, scopes_of
from tests.rules.tree import judge_all

CASES = {**installation_cases.CASES, **definition_cases.CASES}


def seen(tree: Tree) -> tuple[Assessment, Judgement, list[Scope]]:
    scopes = scopes_of(tree)
    target = next(d for d in scopes[0].definitions if d.id == TARGET)
    return assess(scopes[0], target), judge_all(scopes, scopes[0].settings), scopes


def case_id(row: Row, cell: Cell) -> tuple[str, str]:
    suffix = " referred" if row.subject is StoreKind.REFERRED_ON_CLUSTER else ""
    return row.id + suffix, cell.name


def case_of(row: Row, cell: Cell) -> Case:
    if isinstance(row.subject, DeploymentTarget):
        subject = row.subject
        tree = of_table_a(subject.mode, has_agent=subject.has_agent, store_class=subject.store.name)
        return Case(lambda _: tree)
    return CASES[case_id(row, cell)]


def cells() -> Iterator[Any]:
    for row in rows():
        for cell in row.cells:
            for mode in sorted(cell.modes) if cell.modes is not None else (None,):
                name = " ".join(part for part in (*case_id(row, cell), str(mode or "")) if part)
                yield pytest.param(row, cell, mode, id=name)


def levels(row: Row, judgement: Judgement) -> set[Severity]:
    return {finding.severity for finding in judgement.findings if finding.rule in row.rules}


def agrees(row: Row, cell: Cell, judgement: Judgement, scopes: list[Scope]) -> bool:
    found = levels(row, judgement)
    is_unknown = any(answer.rule in row.rules for answer in judgement.unknown)
    if cell.enforced_by is Enforcement.FORMAT:
        return any(finding.severity is Severity.ERROR for finding in scopes[0].declarations.findings)
    if cell.enforced_by is Enforcement.NOTHING:
        return True
    if row.subject is StoreKind.VAULT_V1:
        return Severity.ERROR in found  # in every mode: such a store is never right
    if cell.verdict is Verdict.UNSUPPORTED:
        return Severity.ERROR in found
    if cell.verdict in (Verdict.DISCOURAGED, Verdict.UNVERIFIED):
        return bool(found) or is_unknown
    return Severity.ERROR not in found


@pytest.mark.parametrize(("row", "cell", "mode"), [*cells()])
def test_a_tree_in_a_cell_is_found_there_and_the_rules_of_the_row_agree(
    row: Row, cell: Cell, mode: Mode | None
) -> None:
    assessment, judgement, scopes = seen(case_of(row, cell).tree(mode))
    found = [applied for applied in assessment.rows if applied.row is row and applied.cell == cell]
    assert [applied.is_certain for applied in found] == [True], shown(assessment)
    assert assessment.at_least.badness >= cell.verdict.badness
    about = [finding for finding in judgement.findings if finding.rule in row.rules]
    assert agrees(row, cell, judgement, scopes), about or judgement.unknown


def shown(assessment: Assessment) -> list[str]:
    return [f"{a.row.id} {a.cell.name} {a.cell.verdict} {a.is_certain}" for a in assessment.rows]


def test_every_cell_has_a_case_and_every_case_a_cell() -> None:
    wanted = {
        case_id(row, cell)
        for row in rows()
        if not isinstance(row.subject, DeploymentTarget)
        for cell in row.cells
    }
    assert wanted == set(CASES)


def test_tables_are_complete_and_rows_name_rules_that_exist() -> None:
    count = {table: sum(row.table == table for row in rows()) for table in "ABCDEFGHI"}
    assert count == {"A": 24, "B": 13, "C": 12, "D": 8, "E": 7, "F": 13, "G": 9, "H": 9, "I": 10}
    assert {rule for row in rows() for rule in row.rules} <= set(RULES)
    assert all(row.rules for row in rows() for cell in row.cells if needs_rule(cell))


def needs_rule(cell: Cell) -> bool:
    return cell.verdict.badness > 1 and cell.enforced_by is Enforcement.RULES


def verdict_of(tree: Tree) -> tuple[Verdict, Verdict]:
    assessment, _, _ = seen(tree)
    return assessment.verdict, assessment.at_least


def test_a_target_with_nothing_against_it_is_supported() -> None:
    tree = base(Mode.DIRECT)
    assert verdict_of(tree) == (Verdict.SUPPORTED, Verdict.SUPPORTED)


def test_the_worst_row_decides() -> None:
    """A shared namespace is discouraged; an Agent on a Git target is unsupported, whatever else holds."""
    discouraged = CASES["G2", "Agent"].tree(None)
    assert verdict_of(discouraged) == (Verdict.DISCOURAGED, Verdict.DISCOURAGED)
    assert verdict_of(base(Mode.GITOPS, agent_used=True))[0] is Verdict.UNSUPPORTED


def test_a_missing_fact_that_could_make_it_worse_makes_the_verdict_unknown() -> None:
    """It is not known whether an Operator runs on the cluster."""
    tree = base(Mode.DIRECT).without("Operator")
    assert verdict_of(tree) == (Verdict.UNKNOWN, Verdict.SUPPORTED)


def test_a_missing_fact_that_could_not_make_it_worse_changes_nothing() -> None:
    """Whatever the primary store is, GitOps with an Agent is unsupported: four rows, one verdict."""
    tree = base(Mode.GITOPS, agent_used=True).without("SecretStore")
    assessment, _, _ = seen(tree)
    assert [applied.row.id for applied in assessment.rows if applied.row.table == "A"] == [
        "A21",
        "A22",
        "A23",
        "A24",
    ]
    assert not any(applied.is_certain for applied in assessment.rows if applied.row.table == "A")
    assert assessment.verdict is Verdict.UNSUPPORTED


def test_rows_that_a_missing_mode_leaves_open_are_not_certain() -> None:
    tree = replace(base(Mode.LEGACY), target={})
    assessment, _, _ = seen(tree)
    main = [applied.row.id for applied in assessment.rows if applied.row.table == "A"]
    assert main == ["A1", "A2", "A3", "A4", "A9", "A10", "A11", "A12"]
    types = [applied for applied in assessment.rows if applied.row.table == "E"]
    assert {applied.cell.name for applied in types} == {"legacy", "direct", "gitops"}
    assert not any(applied.is_certain for applied in types)
    assert assessment.verdict is Verdict.UNKNOWN


def test_several_reasons_that_put_a_target_into_a_cell_are_reported_together() -> None:
    tree = base(Mode.LEGACY).plus(*(definition(name, "redis", "humanitec/redis") for name in ("one", "two")))
    assessment, _, _ = seen(tree)
    hosted = [applied for applied in assessment.rows if applied.row.id == "D2"]
    assert [len(applied.because) for applied in hosted] == [2]


def test_rows_are_in_the_order_of_the_tables() -> None:
    assessment, _, _ = seen(CASES["C9", "direct, gitops"].tree(Mode.DIRECT))
    ids = [applied.row.id for applied in assessment.rows]
    assert ids == sorted(ids, key=lambda name: (name[0], int(name[1:])))


@pytest.mark.parametrize(
    ("egress", "is_closed"),
    [
        pytest.param([], True, id="nothing allowed"),
        pytest.param([{"ports": [{"port": 53, "protocol": "UDP"}]}], True, id="names only"),
        pytest.param([{"ports": [{"port": 443, "protocol": "UDP"}]}], True, id="UDP"),
        pytest.param([{"ports": [{"port": 443}]}], False, id="443"),
        pytest.param([{"ports": [{"port": 1, "endPort": 1024}]}], False, id="range"),
        pytest.param([{"ports": [{"port": "https"}]}], False, id="a port by name"),
        pytest.param([{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}], False, id="every port"),
    ],
)
def test_policies_close_egress_if_none_allows_port_443(egress: list[Any], is_closed: bool) -> None:  # noqa: FBT001  a column
    policy = network_policy(egress=egress, policyTypes=["Egress"], podSelector={})
    assert closes(policy) is is_closed


def test_policies_add_up_and_those_for_other_pods_do_not_count() -> None:
    closing = network_policy(policyTypes=["Egress"], podSelector={})
    opening = network_policy(policyTypes=["Egress"], podSelector={}, egress=[{}])
    other = network_policy(
        policyTypes=["Egress"], podSelector={"matchLabels": {"app.kubernetes.io/name": "x"}}
    )
    ingress = network_policy(policyTypes=["Ingress"], podSelector={})
    own = network_policy(
        policyTypes=["Egress"], podSelector={"matchLabels": {"app.kubernetes.io/name": "humanitec-agent"}}
    )
    assert closes(closing)
    assert closes(own)
    assert not closes(closing, opening)
    assert not closes(other)
    assert not closes(ingress)
    assert not closes()


def test_egress_that_is_not_known_makes_the_row_uncertain() -> None:
    policy = network_policy(policyTypes=["Egress"], podSelector={}, egress=[{"ports": [{"port": "https"}]}])
    assessment, _, _ = seen(base(Mode.LEGACY).plus(agent(), policy))
    assert [applied.is_certain for applied in assessment.rows if applied.row.id == "G9"] == [False]


@pytest.mark.parametrize("host", ["cloud-run", "Cloud Run", "google-cloud-run", "aws_lambda"])
def test_hosts_are_recognized_in_every_spelling(host: str) -> None:
    assessment, _, _ = seen(base(Mode.LEGACY).plus(agent(host=host, cluster=None, namespace=None)))
    subjects = {applied.row.subject for applied in assessment.rows}
    assert Host.REQUEST_DRIVEN in subjects


def network_policy(**spec: Any) -> Document:
    metadata = {"name": "policy", "namespace": "humanitec-agent"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def closes(*policies: Document) -> bool:
    found = scopes_of(base(Mode.LEGACY).plus(*policies))[0]
    return egress(found, "eu-1", "humanitec-agent", "humanitec-agent") is Way.CLOSED


def test_candidates_that_agree_are_certain_together() -> None:
    """Whether the orchestrator may write to the external store is unknown, and irrelevant in legacy mode."""
    tree = replace(base(Mode.LEGACY), target={"mode": "legacy", "primaryStore": "vault"})
    assessment, _, _ = seen(tree)
    assert {applied.row.id for applied in assessment.rows if applied.row.table == "A"} == {"A2", "A3", "A4"}
    assert assessment.at_least is Verdict.UNSUPPORTED


def test_a_target_declared_gitops_that_does_not_deploy_to_git_is_expected_to_have_an_operator() -> None:
    tree = replace(base(Mode.LEGACY), target={"mode": "gitops", "primaryStore": "humanitec"})
    assessment, _, _ = seen(tree)
    assert [applied.row.id for applied in assessment.rows if applied.row.table == "A"] == ["A9"]


@pytest.mark.parametrize(
    ("more", "is_beside"),
    [
        pytest.param({"criteria": [{"env_type": "production"}]}, True, id="same deployments"),
        pytest.param({"criteria": [{"app_id": "till"}]}, True, id="some of the same"),
        pytest.param({"criteria": [{"env_type": "test"}]}, False, id="others"),
        pytest.param({"criteria": []}, False, id="none"),
        pytest.param({"criteria": None}, True, id="not known"),
    ],
)
def test_only_definitions_of_the_same_deployments_count(more: Document, is_beside: bool) -> None:  # noqa: FBT001  a column
    document = definition("cache", "redis", "humanitec/redis")
    document["entity"].update(more)
    if more["criteria"] is None:
        del document["entity"]["criteria"]
    (one, *_) = scopes_of(replace(base(Mode.LEGACY).plus(document), live=None))
    assessment = assess(one, next(d for d in one.definitions if d.id == TARGET))
    assert ("D2" in {applied.row.id for applied in assessment.rows}) is is_beside
