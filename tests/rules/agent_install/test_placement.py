"""Where Agents run: R28, R29."""

import pytest

from reconciler.model.finding import Severity
from tests.building import RUNNER_DOCUMENT
from tests.rules.agent_install.installing import LABELS, agent, found, messages, on_eu, operator, unknown
from tests.rules.tree import judged

NAMESPACE = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: shared, labels: {LABELS}}}"
SHARED = "namespace: shared"


def cluster(name: str, labels: str = "{}", more: str = "") -> str:
    return f"""\
eu-1:
  objects:
    - {{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: shared, labels: {labels}}}}}
    - {{apiVersion: apps/v1, kind: Deployment, metadata: {{name: elsewhere, namespace: shop}}}}
{more}
"""


@pytest.mark.parametrize(
    ("namespace", "other", "expected"), [("shared", "eu-1", 1), ("apart", "eu-1", 0), ("shared", "us-1", 0)]
)
def test_an_operator_in_the_same_namespace_of_the_same_cluster_is_a_warning(
    namespace: str, other: str, expected: int
) -> None:
    texts = (on_eu(SHARED), operator(namespace, other))
    assert [s for s, _ in found(*texts, rule="R28")] == [Severity.WARNING] * expected


def test_the_vendors_namespace_counts_where_none_is_declared() -> None:
    assert messages(on_eu(), operator("humanitec-agent"), rule="R28") != []


def test_runners_and_other_agents_share_a_namespace_too() -> None:
    text = f"{RUNNER_DOCUMENT}  install: {{cluster: eu-1, namespace: shared}}\n"
    other = agent("{cluster: eu-1, namespace: shared, image: 'agent:1'}", "second")
    said = messages(on_eu(SHARED), text, other, rule="R28")
    assert "runner `eu-1`, Agent `second`" in said[0]
    assert len(said) == 2


def test_replicas_of_one_agent_may_share_a_namespace() -> None:
    more = "moreInstalls: [{cluster: eu-1, namespace: shared, image: 'agent:1'}]"
    text = agent("{cluster: eu-1, namespace: shared, image: 'agent:1'}", spec=more)
    assert messages(text, rule="R28") == []


def test_what_runs_in_the_namespace_on_the_cluster_counts() -> None:
    assert "Deployment `shop`" in messages(on_eu(SHARED), rule="R28", clusters=cluster("shop"))[0]
    assert messages(on_eu(SHARED), rule="R28", clusters=cluster("humanitec-agent", LABELS)) == []
    assert unknown(on_eu(SHARED), rule="R28", clusters=cluster("humanitec-agent", LABELS)) == []


def test_a_declared_operator_that_is_found_is_named_once() -> None:
    controller = cluster("humanitec-operator-controller-manager")
    said = messages(on_eu(SHARED), operator("shared"), rule="R28", clusters=controller)
    assert said == ["Agent `eu-1` on cluster `eu-1` shares namespace `shared` with Operator `eu-1`"]


def test_many_other_workloads_in_the_namespace_are_counted() -> None:
    many = "\n".join(
        f"    - {{apiVersion: apps/v1, kind: Deployment, metadata: {{name: shop-{n}, namespace: shared}}}}"
        for n in range(4)
    )
    assert "and 2 more" in messages(on_eu(SHARED), rule="R28", clusters=cluster("till", more=many))[0]


def test_a_namespace_that_would_be_deleted_with_the_agent_is_an_error() -> None:
    """Deleting the vendor's manifests deletes their namespace."""
    there = f"    - {{apiVersion: v1, kind: Namespace, metadata: {{name: shared, labels: {LABELS}}}}}"
    assert found(on_eu(SHARED), NAMESPACE, operator("shared"), rule="R28")[0][0] is Severity.ERROR
    with_neighbour = cluster("shop", more=there)
    assert found(on_eu(SHARED), rule="R28", clusters=with_neighbour)[0][0] is Severity.ERROR
    by_helm = on_eu(f"{SHARED}, method: helm, chartVersion: 1.2.10")
    assert found(by_helm, NAMESPACE, operator("shared"), rule="R28")[0][0] is Severity.WARNING
    assert messages(on_eu(SHARED), NAMESPACE, rule="R28") == []


def test_a_cluster_that_was_not_read_is_unknown_once_for_an_agent() -> None:
    assert len(unknown(on_eu(), rule="R28")) == 1
    assert len(unknown(on_eu(), rule="R28", clusters="eu-1: {complete: []}")) == 1


@pytest.mark.parametrize("install", ["{host: docker}", "{image: 'agent:1'}"])
def test_an_agent_on_no_cluster_shares_nothing(install: str) -> None:
    assert unknown(agent(install), operator(), rule="R28") == []


@pytest.mark.parametrize(
    "host", ["cloud-run", "Cloud Run", "google_cloud_run", "app-runner", "aws-lambda", "functions", "knative"]
)
def test_hosts_that_run_containers_for_requests_are_refused(host: str) -> None:
    assert [s for s, _ in found(agent(f"{{host: {host}}}"), rule="R29")] == [Severity.ERROR]


@pytest.mark.parametrize("host", ["kubernetes", "docker", "azure-container-instances", "Docker"])
def test_hosts_that_keep_containers_running_are_fine(host: str) -> None:
    assert messages(agent(f"{{host: {host}}}"), rule="R29") == []
    assert unknown(agent(f"{{host: {host}}}"), rule="R29") == []


@pytest.mark.parametrize(
    ("host", "meant"), [("kuberntes", "kubernetes"), ("kubernets", "kubernetes"), ("cloud-rn", "cloud-run")]
)
def test_a_misspelt_host_is_refused_with_the_nearest_one(host: str, meant: str) -> None:
    (finding,) = judged(agent(f"{{host: {host}}}"), only=("R29",)).findings
    assert (finding.severity, finding.advice) == (Severity.ERROR, f"Did you mean `{meant}`?")
    assert unknown(agent(f"{{host: {host}}}"), rule="R29") == []


def test_a_host_unlike_any_known_one_is_unknown() -> None:
    assert len(unknown(agent("{host: fargate}"), rule="R29")) == 1


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("ghcr.io/humanitec/agent:1.8.4", 1),
        ("mirror.example.com/humanitec/agent@sha256:00", 1),
        ("ghcr.io/humanitec/operator:1", 0),
        ("example.com/agent:1", 0),
        ("[]", 0),
    ],
)
def test_a_knative_service_of_the_agent_is_refused(image: str, expected: int) -> None:
    text = f"""\
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {{name: agent}}
spec: {{template: {{spec: {{containers: [{{image: {image}}}]}}}}}}
"""
    assert len(messages(text, rule="R29")) == expected
