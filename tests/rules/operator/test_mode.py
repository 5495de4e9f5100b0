"""The declared mode, idle Operators and the switch of the whole organization: R60, R62, R63."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.finding import Finding, Severity
from reconciler.rules.judge import Judgement
from reconciler.settings import Mode
from tests.matrix.matrix_trees import (
    Document,
    Tree,
    base,
    cluster,
    definition,
    git,
    judged_tree,
    operator,
    runtime,
    store,
)

BUILT_IN = {"id": "humanitec", "primary": True, "humanitec": {}}
EXTERNAL = {"id": "aws", "primary": True, "awssm": {"region": "eu-central-1"}}
BUILT_IN_BESIDE = {**BUILT_IN, "primary": False}
SECOND = store(orchestrator={"primary": False})
OTHER = {"id": "other", "primary": True, "awssm": {"region": "eu-central-1"}}


def of(rule: str, judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == rule]


def unknown(rule: str, judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == rule]


def declared(tree: Tree, mode: str, **target: Any) -> Tree:
    return replace(tree, target={**tree.target, "mode": mode, **target})


def with_stores(tree: Tree, *stores: Document) -> Tree:
    return replace(tree, live={**(tree.live or {}), "stores": list(stores)})


# R60


@pytest.mark.parametrize(
    ("tree", "mode", "computed"),
    [
        pytest.param(base(Mode.LEGACY), "legacy", "", id="legacy is legacy"),
        pytest.param(base(Mode.LEGACY), "direct", "legacy", id="direct with the built-in store"),
        pytest.param(base(Mode.LEGACY), "gitops", "legacy", id="gitops with the built-in store"),
        pytest.param(base(Mode.DIRECT), "direct", "", id="direct is direct"),
        pytest.param(base(Mode.DIRECT), "legacy", "direct", id="legacy with an external store"),
        pytest.param(base(Mode.DIRECT), "gitops", "direct", id="gitops without a Git target"),
        pytest.param(base(Mode.GITOPS), "gitops", "", id="gitops is gitops"),
        pytest.param(base(Mode.GITOPS), "direct", "gitops", id="direct with Git targets only"),
        pytest.param(base(Mode.GITOPS), "legacy", "gitops", id="legacy with a Git target"),
    ],
)
def test_the_declared_mode_is_compared_with_the_actual_one(tree: Tree, mode: str, computed: str) -> None:
    found = of("R60", judged_tree(declared(tree, mode)))
    assert [finding.severity for finding in found] == ([Severity.ERROR] if computed else [])
    assert all(f"declared {mode} but would run in {computed}" in finding.message for finding in found)


@pytest.mark.parametrize("mode", ["direct", "gitops"])
def test_direct_and_gitops_may_be_used_together(mode: str) -> None:
    tree = base(Mode.DIRECT).plus(git(identifier="by-git"), runtime())
    assert of("R60", judged_tree(declared(tree, mode))) == []


def test_one_finding_names_every_definition_in_another_mode() -> None:
    tree = base(Mode.LEGACY).plus(
        *(cluster(identifier=f"shop-{n}", criteria=[{"env_id": f"e{n}"}]) for n in (1, 2))
    )
    (finding,) = of("R60", judged_tree(declared(tree, "direct")))
    assert "`shop` and 2 more" in finding.message
    assert [place.file for place in finding.others] == ["1.yaml", "2.yaml", "reconciler.yaml"]


def test_without_a_declared_mode_nothing_is_compared() -> None:
    judgement = judged_tree(base(Mode.LEGACY))
    assert of("R60", judgement) == []
    assert unknown("R60", judgement) == []


def test_the_runtime_cluster_of_a_git_target_has_no_mode_to_compare() -> None:
    """Its driver is an ordinary one, so on its own it would count as direct."""
    tree = base(Mode.GITOPS).without("SecretStore")
    judgement = judged_tree(declared(tree, "gitops", primaryStore="aws"))
    assert of("R60", judgement) == []


def test_an_unknown_store_makes_the_comparison_unknown() -> None:
    tree = replace(base(Mode.LEGACY), target={"mode": "direct"})
    judgement = judged_tree(tree)
    assert of("R60", judgement) == []
    assert any("primaryStore" in reason for reason in unknown("R60", judgement))


def test_a_driver_that_computes_the_cluster_type_makes_the_comparison_unknown() -> None:
    own = definition("own", "k8s-cluster", "acme/clusters")
    tree = base(Mode.DIRECT).without("Definition").plus(own)
    judgement = judged_tree(declared(tree, "gitops"))
    assert of("R60", judgement) == []
    assert any("known only at deployment" in reason for reason in unknown("R60", judgement))


def test_one_target_that_may_deploy_to_git_is_enough_to_avoid_a_finding() -> None:
    own = definition("own", "k8s-cluster", "acme/clusters", criteria=[{"env_type": "test"}])
    judgement = judged_tree(declared(base(Mode.DIRECT).plus(own), "gitops"))
    assert of("R60", judgement) == []


def test_the_mode_of_the_latest_deployments_is_reported_as_unknown() -> None:
    assert any(
        "latest deployments" in r for r in unknown("R60", judged_tree(declared(base(Mode.DIRECT), "direct")))
    )


def test_a_switch_that_the_files_declare_counts_as_done() -> None:
    """R63 warns about it and a guard holds it; R60 must not refuse it."""
    tree = with_stores(declared(base(Mode.DIRECT), "direct"), BUILT_IN)
    judgement = judged_tree(tree)
    assert of("R60", judgement) == []
    assert len(of("R63", judgement)) == 1
    assert len(of("R60", judged_tree(with_stores(declared(base(Mode.DIRECT), "legacy"), BUILT_IN)))) == 1


@pytest.mark.parametrize(("mode", "count"), [("legacy", 1), ("direct", 0), ("gitops", 0)])
def test_without_cluster_definitions_the_store_alone_is_compared(mode: str, count: int) -> None:
    tree = base(Mode.DIRECT).without("Definition")
    (*found,) = of("R60", judged_tree(declared(tree, mode)))
    assert len(found) == count


# R62


@pytest.mark.parametrize(
    ("target", "stores", "count", "unknowns"),
    [
        pytest.param({"primaryStore": "humanitec"}, None, 1, 0, id="built-in"),
        pytest.param({"primaryStore": "aws"}, None, 0, 0, id="external"),
        pytest.param({}, None, 0, 1, id="not known"),
        pytest.param({"primaryStore": "aws"}, [BUILT_IN], 1, 0, id="live takes precedence"),
        pytest.param(
            {"primaryStore": "humanitec"},
            [BUILT_IN_BESIDE, EXTERNAL],
            0,
            0,
            id="live external",
        ),
        pytest.param({"primaryStore": "humanitec"}, [BUILT_IN_BESIDE], 0, 1, id="none is primary"),
        pytest.param({}, [EXTERNAL, OTHER], 0, 0, id="two external ones"),
        pytest.param({}, [BUILT_IN, EXTERNAL], 0, 1, id="built-in and another"),
    ],
)
def test_an_operator_in_legacy_mode_is_idle(
    target: Document, stores: list[Document] | None, count: int, unknowns: int
) -> None:
    tree = Tree((operator(),), target, live={} if stores is None else {"stores": stores})
    judgement = judged_tree(tree)
    assert [finding.severity for finding in of("R62", judgement)] == [Severity.WARNING] * count
    assert len(unknown("R62", judgement)) == unknowns


def test_operators_of_other_organizations_are_not_reported() -> None:
    tree = Tree((operator(organization="beta"),), {"primaryStore": "humanitec"})
    assert of("R62", judged_tree(tree)) == []


# R63


@pytest.mark.parametrize(
    ("documents", "target", "stores", "switch"),
    [
        pytest.param([store()], {}, [BUILT_IN], "from legacy to direct", id="first external store"),
        pytest.param([store()], {}, [EXTERNAL], "", id="unchanged"),
        pytest.param([store()], {}, [OTHER], "", id="from one external store to another"),
        pytest.param(
            [store()], {"primaryStore": "humanitec"}, None, "from legacy to direct", id="from settings"
        ),
        pytest.param([store()], {"primaryStore": "aws"}, None, "", id="settings agree"),
        pytest.param([store()], {"primaryStore": "humanitec"}, [EXTERNAL], "", id="live overrides settings"),
        pytest.param(
            [SECOND],
            {},
            [EXTERNAL],
            "from direct to legacy",
            id="no longer primary",
        ),
        pytest.param(
            [store(orchestrator=None)], {}, [EXTERNAL], "from direct to legacy", id="no longer registered"
        ),
        pytest.param(
            [SECOND],
            {},
            [OTHER],
            "",
            id="another is primary and not declared",
        ),
        pytest.param([], {}, [EXTERNAL], "", id="nothing declared"),
        pytest.param([SECOND], {}, [BUILT_IN], "", id="an additional ordinary store"),
    ],
)
def test_the_switch_of_the_organization_is_a_warning(
    documents: list[Document], target: Document, stores: list[Document] | None, switch: str
) -> None:
    tree = Tree((cluster(), *documents), target, live={} if stores is None else {"stores": stores})
    found = of("R63", judged_tree(tree))
    assert [finding.severity for finding in found] == ([Severity.WARNING] if switch else [])
    assert all(switch in finding.message for finding in found)


def test_the_warning_counts_targets_and_names_those_without_operator() -> None:
    tree = base(Mode.DIRECT).plus(cluster(identifier="us", criteria=[{"env_type": "us"}]))
    only_live = {
        "id": "old",
        "name": "old",
        "type": "k8s-cluster",
        "driver_type": "humanitec/k8s-cluster-eks",
    }
    tree = replace(tree, live={"stores": [BUILT_IN], "definitions": [only_live]})
    (finding,) = of("R63", judged_tree(tree))
    assert "3 cluster definitions, 2 of them not known to have an Operator (`us`)" in finding.message


def test_the_warning_says_if_no_operator_is_missing() -> None:
    (finding,) = of("R63", judged_tree(replace(base(Mode.DIRECT), live={"stores": [BUILT_IN]})))
    assert finding.message.endswith("1 cluster definition, all with an Operator")


def test_an_operator_that_is_only_declared_counts_as_none_where_the_cluster_was_read() -> None:
    bare = {"eu-1": {"complete": ["apps/v1 Deployment"]}}
    tree = replace(base(Mode.DIRECT), live={"stores": [BUILT_IN]}, clusters=bare)
    (finding,) = of("R63", judged_tree(tree))
    assert "1 cluster definition, 1 of them not known to have an Operator" in finding.message


def test_the_warning_names_the_approval_and_is_silenced_by_an_annotation() -> None:
    document = store()
    document["metadata"]["annotations"] = {"reconciler/R63": "off until 2026-06-02: agreed for the weekend"}
    judgement = judged_tree(Tree((cluster(), document), {}, live={"stores": [BUILT_IN]}))
    assert of("R63", judgement) == []
    assert [silenced.rule for silenced in judgement.silenced] == ["R63"]
    (finding,) = of("R63", judged_tree(Tree((cluster(), store()), {}, live={"stores": [BUILT_IN]})))
    assert "--accept primary-store=SecretStore/aws" in finding.advice


def test_it_is_unknown_if_the_current_primary_store_is_not_known() -> None:
    assert unknown("R63", judged_tree(Tree((store(),))))
    assert unknown("R63", judged_tree(Tree((store(orchestrator={"primary": False}),)))) == []
