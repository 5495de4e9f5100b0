"""Where Operators run: R58, R59, R61, R65, R66."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.finding import Finding, Severity
from reconciler.rules.judge import Judgement
from reconciler.settings import Mode
from tests.matrix.matrix_trees import Document, Tree, base, cluster, definition, git, judged_tree, operator

CONTROLLER = "humanitec-operator-controller-manager"
IN_PART = ["humanitec.io/v1alpha1 Resource"]
TWO_TARGETS = {"targets": {"other": {"organization": "beta"}}}


def of(rule: str, judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == rule]


def unknown(rule: str, judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == rule]


def controller(namespace: str = "humanitec-operator-system", limit: str | None = None) -> Document:
    containers: list[Document] = [{"name": "kube-rbac-proxy", "resources": {"limits": {"memory": "64Mi"}}}]
    containers.append({"name": "manager", **({"resources": {"limits": {"memory": limit}}} if limit else {})})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": CONTROLLER, "namespace": namespace},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


def found_on(*objects: Document, **more: Any) -> Document:
    return {"eu-1": {"objects": list(objects), **more}}


# R58, R59


@pytest.mark.parametrize(
    ("documents", "rules"),
    [
        pytest.param([operator()], [], id="one"),
        pytest.param([operator(), operator("us", cluster="us-1")], [], id="one on each cluster"),
        pytest.param([operator(), operator("b", namespace="b")], ["R59"], id="two of one organization"),
        pytest.param([operator(), operator("b", organization="acme")], ["R59"], id="the organization named"),
        pytest.param([operator(), operator("b"), operator("c")], ["R59", "R59"], id="three"),
        pytest.param([operator(), operator("b", organization="beta")], ["R58"], id="two organizations"),
        pytest.param(
            [operator("a", organization="beta"), operator("b", organization="gamma")],
            [],
            id="none of them managed",
        ),
    ],
)
def test_a_cluster_has_one_operator_of_one_organization(documents: list[Document], rules: list[str]) -> None:
    judgement = judged_tree(Tree(tuple(documents)))
    found = [finding.rule for finding in judgement.findings if finding.rule in ("R58", "R59")]
    assert found == rules


def test_two_organizations_are_reported_once_however_many_targets_there_are() -> None:
    tree = Tree((operator(organization="acme"), operator("b", organization="beta")), settings=TWO_TARGETS)
    (finding,) = of("R58", judged_tree(tree))
    assert "`acme` and `beta`" in finding.message
    assert len(finding.others) == 1


@pytest.mark.parametrize(
    ("clusters", "count", "unknowns"),
    [
        pytest.param({}, 0, 1, id="not read"),
        pytest.param(found_on(), 0, 0, id="not installed yet"),
        pytest.param(found_on(controller()), 0, 0, id="the declared one"),
        pytest.param(found_on(controller("humanitec-operator")), 1, 0, id="another"),
        pytest.param(found_on(controller(), controller("humanitec-operator")), 1, 0, id="both"),
        pytest.param(found_on(controller("humanitec-operator"), complete=[]), 0, 1, id="not read to the end"),
    ],
)
def test_a_controller_in_another_namespace_is_a_second_operator(
    clusters: Document, count: int, unknowns: int
) -> None:
    judgement = judged_tree(Tree((operator(),), clusters=clusters))
    assert [finding.severity for finding in of("R59", judgement)] == [Severity.ERROR] * count
    assert len(unknown("R59", judgement)) == unknowns


def test_undeclared_installations_are_not_second_operators() -> None:
    tree = base(Mode.LEGACY)
    judgement = judged_tree(replace(tree, clusters=found_on(controller("a"), controller("b"))))
    assert of("R59", judgement) == []
    assert unknown("R59", judgement) == []


# R61


def without_operator(**facts: Any) -> Tree:
    return base(Mode.DIRECT).without("Operator").on(**facts)


@pytest.mark.parametrize(
    ("tree", "count", "unknowns"),
    [
        pytest.param(base(Mode.DIRECT), 0, 0, id="declared"),
        pytest.param(without_operator(operator=True), 0, 0, id="one in the settings"),
        pytest.param(without_operator(operator=False), 1, 0, id="none in the settings"),
        pytest.param(without_operator(), 0, 1, id="not known"),
        pytest.param(replace(without_operator(), clusters=found_on(controller())), 0, 0, id="found"),
        pytest.param(replace(without_operator(), clusters=found_on()), 1, 0, id="not found"),
        pytest.param(
            replace(without_operator(), clusters=found_on(complete=[])), 0, 1, id="not read to the end"
        ),
        pytest.param(without_operator().plus(operator(cluster="us-1")), 1, 0, id="on another cluster only"),
        pytest.param(base(Mode.LEGACY).on(operator=False), 0, 0, id="legacy needs none"),
        pytest.param(replace(without_operator(), settings={}), 0, 1, id="cluster not named"),
        pytest.param(without_operator(operator=False).without("SecretStore"), 0, 1, id="mode not known"),
        pytest.param(base(Mode.DIRECT).without("SecretStore"), 0, 0, id="declared, mode not known"),
    ],
)
def test_clusters_in_direct_need_an_operator(tree: Tree, count: int, unknowns: int) -> None:
    judgement = judged_tree(tree)
    assert [finding.severity for finding in of("R61", judgement)] == [Severity.ERROR] * count
    assert len(unknown("R61", judgement)) == unknowns


def test_clusters_in_gitops_need_an_operator_on_the_same_cluster() -> None:
    """If there is none at all, R70 reports it."""
    tree = base(Mode.GITOPS).without("Operator").without("Definition", "shop-runtime")
    elsewhere = judged_tree(tree.plus(operator(cluster="us-1")))
    assert len(of("R61", elsewhere)) == 1
    nowhere = judged_tree(tree.on(operator=False))
    assert of("R61", nowhere) == []
    assert len(of("R70", nowhere)) == 1


def test_a_git_target_whose_cluster_is_not_named_is_unknown() -> None:
    tree = replace(base(Mode.GITOPS).without("Definition", "shop-runtime"), settings={})
    assert len(unknown("R61", judged_tree(tree))) == 1
    assert len(unknown("R61", judged_tree(tree.without("Operator")))) == 1


def test_clusters_that_are_not_named_are_reported_together() -> None:
    tree = Tree((cluster(), cluster(identifier="us", criteria=[{"env_id": "us"}])), {"primaryStore": "aws"})
    (reason,) = unknown("R61", judged_tree(tree))
    assert reason.startswith("definition `shop`, definition `us`: ")


def test_the_finding_about_a_missing_operator_names_both_places() -> None:
    (finding,) = of("R61", judged_tree(without_operator(operator=False)))
    assert [place.file for place in finding.others] == ["reconciler.yaml"]


def test_a_cluster_of_the_same_name_needs_no_list_of_definitions() -> None:
    tree = Tree((cluster(),), {"primaryStore": "aws"}, {"clusters": {"shop": {"operator": False}}})
    assert len(of("R61", judged_tree(tree))) == 1


def test_other_types_need_no_operator_of_their_own() -> None:
    tree = Tree((definition("cache", "redis", "humanitec/echo"),), {"primaryStore": "aws"})
    judgement = judged_tree(tree)
    assert (of("R61", judgement), unknown("R61", judgement)) == ([], [])


# R65


def custom(kind: str = "Resource", name: str = "db") -> Document:
    return {
        "apiVersion": "humanitec.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
    }


@pytest.mark.parametrize(
    ("facts", "clusters", "count", "unknowns"),
    [
        pytest.param({"operator": False}, found_on(custom()), 1, 0, id="a resource"),
        pytest.param({"operator": False}, found_on(custom("Workload"), custom()), 1, 0, id="several kinds"),
        pytest.param({"operator": False}, found_on(custom("SecretStore")), 0, 0, id="stores do not count"),
        pytest.param({"operator": False}, found_on(), 0, 0, id="nothing"),
        pytest.param({"operator": False}, {}, 0, 1, id="not read"),
        pytest.param(
            {"operator": False},
            found_on(custom(), complete=IN_PART),
            0,
            1,
            id="in part",
        ),
        pytest.param({"operator": True}, found_on(custom()), 0, 0, id="it is kept"),
        pytest.param({}, found_on(custom()), 0, 0, id="not managed"),
    ],
)
def test_an_operator_is_not_removed_while_it_has_resources(
    facts: Document, clusters: Document, count: int, unknowns: int
) -> None:
    judgement = judged_tree(replace(base(Mode.LEGACY).on(**facts), clusters=clusters))
    assert [finding.severity for finding in of("R65", judgement)] == [Severity.ERROR] * count
    assert len(unknown("R65", judgement)) == unknowns


def test_a_declared_operator_is_not_removed() -> None:
    tree = base(Mode.DIRECT).on(operator=False)
    assert of("R65", judged_tree(replace(tree, clusters=found_on(custom())))) == []


def test_the_number_of_resources_and_one_of_them_are_named() -> None:
    tree = replace(
        base(Mode.LEGACY).on(operator=False), clusters=found_on(custom(name="b"), custom(name="a"))
    )
    (finding,) = of("R65", judged_tree(tree))
    assert "2 custom resources there represent real infrastructure" in finding.message
    assert "Resource `a` in namespace `shop`" in finding.message


# R66


@pytest.mark.parametrize(
    ("limit", "count", "unknowns"),
    [
        ("255Mi", 1, 0),
        ("256Mi", 0, 0),
        ("0.25Gi", 0, 0),
        ("250M", 1, 0),
        ("268435456", 0, 0),
        ("1e6", 1, 0),
        ("1e9", 0, 0),
        ("128974848000m", 1, 0),
        ("lots", 0, 1),
        ("9" * 50, 0, 1),
    ],
)
def test_the_manager_has_at_least_256_mebibytes(limit: str, count: int, unknowns: int) -> None:
    judgement = judged_tree(Tree((operator(memoryLimit=limit),)))
    assert [finding.severity for finding in of("R66", judgement)] == [Severity.WARNING] * count
    assert len(unknown("R66", judgement)) == unknowns


def test_the_limit_among_the_resources_counts_too() -> None:
    declared = operator(resources={"limits": {"memory": "128Mi"}})
    assert len(of("R66", judged_tree(Tree((declared,))))) == 1


def test_the_limit_among_the_chart_values_counts_too() -> None:
    values = {"controllerManager": {"manager": {"resources": {"limits": {"memory": "128Mi"}}}}}
    assert len(of("R66", judged_tree(Tree((operator(helmValues=values),))))) == 1


@pytest.mark.parametrize(
    ("clusters", "count", "unknowns"),
    [
        pytest.param({}, 0, 1, id="not read"),
        pytest.param(found_on(controller(limit="128Mi")), 1, 0, id="small"),
        pytest.param(found_on(controller(limit="1Gi")), 0, 0, id="large"),
        pytest.param(found_on(controller()), 0, 0, id="no limit"),
        pytest.param(found_on(), 0, 0, id="not installed"),
    ],
)
def test_an_undeclared_limit_is_looked_up_on_the_cluster(
    clusters: Document, count: int, unknowns: int
) -> None:
    judgement = judged_tree(Tree((operator(),), clusters=clusters))
    assert len(of("R66", judgement)) == count
    assert len(unknown("R66", judgement)) == unknowns


def test_there_are_no_findings_without_an_operator() -> None:
    judgement = judged_tree(Tree((cluster(), git(identifier="by-git")), {"primaryStore": "humanitec"}))
    silent = {"R58", "R59", "R62", "R63", "R64", "R65", "R66", "R67"}
    assert {finding.rule for finding in judgement.findings} & silent == set()
    assert {answer.rule for answer in judgement.unknown} & silent == set()
