"""The runtime cluster of a Git target: R71."""

import pytest

from reconciler.model.finding import Severity
from tests import building
from tests.rules.gitops.documents import CLUSTER, ERROR, RUNTIME, WARNING, git, of, unknown
from tests.rules.tree import judged, live


@pytest.mark.parametrize(
    ("provision", "others", "found"),
    [
        pytest.param("{}", [], WARNING, id="not provisioned"),
        pytest.param("{'k8s-cluster#other': {}}", [], WARNING, id="other id"),
        pytest.param(RUNTIME, ["[{res_id: k8s-cluster-runtime}]"], [], id="matched"),
        pytest.param(RUNTIME, ["[{env_type: live, res_id: k8s-cluster-runtime}]"], [], id="same places"),
        pytest.param(RUNTIME, ["[{app_id: a, res_id: k8s-cluster-runtime}]"], [], id="some of the places"),
        pytest.param(RUNTIME, ["[{env_type: test, res_id: k8s-cluster-runtime}]"], ERROR, id="other places"),
        pytest.param(RUNTIME, ["[{}]"], ERROR, id="no resource id"),
        pytest.param(RUNTIME, [], ERROR, id="nothing"),
        pytest.param(
            "{'k8s-cluster.big#k8s-cluster-runtime': {}}",
            ["[{res_id: k8s-cluster-runtime}]"],
            ERROR,
            id="other class",
        ),
    ],
)
def test_git_targets_have_a_runtime_cluster(provision: str, others: list[str], found: list[Severity]) -> None:
    clusters = [CLUSTER.format(id=f"eks-{n}", criteria=criteria) for n, criteria in enumerate(others)]
    assert of("R71", judged(git(provision=provision), *clusters)) == found


def test_runtime_cluster_that_is_only_live_counts() -> None:
    held = building.definition("eks", "res_id=k8s-cluster-runtime", type_="k8s-cluster")
    assert of("R71", judged(git(), live=live(held))) == []


def test_runtime_cluster_that_is_not_declared_may_be_live() -> None:
    judgement = judged(git(), live=None)
    assert of("R71", judgement) == WARNING
    assert unknown("R71", judgement) == 1


def test_runtime_cluster_that_deploys_to_git_is_refused_with_both_places() -> None:
    runtime = git("git-runtime", criteria="[{res_id: k8s-cluster-runtime}]", provision="{}")
    found = [f for f in judged(git(), runtime).findings if (f.rule, f.severity) == ("R71", Severity.ERROR)]
    assert ["`git-runtime`" in finding.message for finding in found] == [True]
    assert [origin.file for origin in found[0].others] == ["1.yaml"]


def provisioning(identifier: str, kind: str, provision: str) -> str:
    return (
        f"apiVersion: entity.humanitec.io/v1b1\nkind: Definition\nmetadata: {{id: {identifier}}}\n"
        f"entity: {{type: {kind}, driver_type: humanitec/echo, provision: {provision}, criteria: [{{}}]}}\n"
    )


FURTHER = (
    provisioning("first", "config", "{dns: {}}"),
    provisioning("second", "dns", RUNTIME),
)


def test_runtime_cluster_may_be_provisioned_over_several_definitions() -> None:
    target = git(provision="{config: {}}")
    runtime = CLUSTER.format(id="eks", criteria="[{res_id: k8s-cluster-runtime}]")
    assert of("R71", judged(target, *FURTHER, runtime)) == []
    assert of("R71", judged(git(provision="{}"), FURTHER[1], runtime)) == WARNING


def test_the_path_to_a_missing_runtime_cluster_is_named() -> None:
    judgement = judged(git(provision="{config: {}}"), *FURTHER)
    (found,) = [finding for finding in judgement.findings if finding.rule == "R71"]
    assert found.severity is Severity.ERROR
    assert "(`git` → `first` → `second`)" in found.message
    assert found.origin.file == "2.yaml"
