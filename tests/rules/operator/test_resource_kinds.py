"""CRDs before custom resources, and the name that External Secrets shares: R67."""

from typing import Any

import pytest

from reconciler.model.finding import Finding, Severity
from reconciler.rules.judge import Judgement
from tests.matrix.matrix_trees import Document, Tree, judged_tree, operator, store

CRDS = "apiextensions.k8s.io/v1"
ON_CLUSTER: Document = {"clusters": {"eu-1": {}}}


def of(judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == "R67"]


def unknown(judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == "R67"]


def knowing(*names: str) -> Document:
    objects = [
        {"apiVersion": CRDS, "kind": "CustomResourceDefinition", "metadata": {"name": name}} for name in names
    ]
    return {"eu-1": {"objects": objects, "complete": [f"{CRDS} CustomResourceDefinition"]}}


@pytest.mark.parametrize(
    ("documents", "settings", "clusters", "count", "unknowns"),
    [
        pytest.param([store()], {}, knowing(), 1, 0, id="not installed"),
        pytest.param([store()], {}, knowing("secretstores.external-secrets.io"), 1, 0, id="the other group"),
        pytest.param([store()], {}, knowing("secretstores.humanitec.io"), 0, 0, id="installed"),
        pytest.param([store(), operator()], {}, knowing(), 0, 0, id="an Operator installs them"),
        pytest.param([store()], {}, {}, 0, 1, id="not read"),
        pytest.param(
            [store()], {"clusters": {"eu-1": {"operator": True}}}, {}, 0, 0, id="one in the settings"
        ),
        pytest.param([store()], {}, {"eu-1": {"complete": []}}, 0, 1, id="not read to the end"),
        pytest.param([store(on_cluster=False)], {}, knowing(), 0, 0, id="on no cluster"),
    ],
)
def test_stores_wait_for_their_kind(
    documents: list[Document], settings: Document, clusters: Document, count: int, unknowns: int
) -> None:
    judgement = judged_tree(Tree(tuple(documents), settings=settings, clusters=clusters))
    assert [finding.severity for finding in of(judgement)] == [Severity.ERROR] * count
    assert len(unknown(judgement)) == unknowns


def job(*command: str, **more: Any) -> Document:
    container = {"name": "look", "image": "bitnami/kubectl", "command": list(command)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "look", "namespace": "a"},
        "spec": {"template": {"spec": {"containers": [container]}}},
        **more,
    }


EXTERNAL = {"apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": "a"}}


@pytest.mark.parametrize(
    "command",
    [
        ("kubectl", "get", "secretstore"),
        ("kubectl", "-n", "a", "get", "secretstores", "-o", "name"),
        ("sh", "-c", "kubectl get secretstore | wc -l"),
    ],
)
def test_the_bare_name_is_reported_if_external_secrets_is_in_the_tree(command: tuple[str, ...]) -> None:
    (finding,) = of(judged_tree(Tree((job(*command), EXTERNAL))))
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    "command",
    [
        ("kubectl", "get", "secretstores.humanitec.io"),
        ("kubectl", "get", "pods"),
        ("echo", "secretstore"),
        ("sh", "-c", "kubectl get pods; echo secretstore"),
        ("kubectl", "get", "my-secretstore-x"),
    ],
)
def test_full_names_and_other_commands_are_left_alone(command: tuple[str, ...]) -> None:
    judgement = judged_tree(Tree((job(*command), EXTERNAL)))
    assert (of(judgement), unknown(judgement)) == ([], [])


@pytest.mark.parametrize(
    ("clusters", "count", "unknowns"),
    [
        pytest.param(knowing("secretstores.external-secrets.io"), 1, 0, id="installed"),
        pytest.param(knowing(), 0, 0, id="not installed"),
        pytest.param({}, 0, 1, id="not read"),
    ],
)
def test_external_secrets_is_found_on_clusters_too(clusters: Document, count: int, unknowns: int) -> None:
    tree = Tree((job("kubectl", "get", "secretstore"),), settings=ON_CLUSTER, clusters=clusters)
    judgement = judged_tree(tree)
    assert len(of(judgement)) == count
    assert len(unknown(judgement)) == unknowns


def test_score_files_and_other_documents_are_not_searched() -> None:
    other = {"apiVersion": "example.com/v1", "kind": "Note", "command": ["kubectl", "get", "secretstore"]}
    assert of(judged_tree(Tree((other, EXTERNAL)))) == []
