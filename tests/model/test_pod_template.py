"""Pod templates and names that no cluster accepts are found, although the orchestrator accepts any string."""

import pytest

from reconciler.model.body_check import body_problems
from reconciler.model.finding import Finding
from reconciler.model.json import Json
from reconciler.model.pod_template import template_problems
from reconciler.vendor.pod_template import ROOT, SCALARS, fields
from tests.rules.tree import declare_files

RUNNER = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: run-a}
spec:
  runner_configuration:
    type: kubernetes-gke
    job: {namespace: @NAMESPACE@, service_account: @ACCOUNT@, pod_template: @TEMPLATE@}
    cluster: {name: c, project_id: p, location: l, auth: {gcp_audience: a, gcp_service_account: s}}
  state_storage_configuration: {type: kubernetes, namespace: @STATE@}
"""


def findings(
    namespace: str = "jobs", account: str = "job", template: str = "{}", state: str = "jobs"
) -> list[Finding]:
    text = RUNNER.replace("@NAMESPACE@", namespace).replace("@ACCOUNT@", account)
    text = text.replace("@TEMPLATE@", template).replace("@STATE@", state)
    return list(declare_files({"0.yaml": text.encode()}).findings)


@pytest.mark.parametrize("name", ["Jobs", "jobs_1", "-jobs", "jobs-", "a.b", "j" * 64, '"jobs\\n"', '""'])
def test_a_namespace_is_a_label(name: str) -> None:
    assert [found.rule for found in findings(namespace=name)] == ["F06"]
    assert [found.rule for found in findings(state=name)] == ["F06"]


@pytest.mark.parametrize(
    ("name", "count"), [("a.b-c", 0), ("a..b", 1), ("Job", 1), ("j" * 253, 0), ("j" * 254, 1)]
)
def test_a_service_account_is_a_subdomain(name: str, count: int) -> None:
    assert len(findings(account=name)) == count


@pytest.mark.parametrize(
    "spec",
    [
        "{containers: [{name: Main, image: x}]}",
        "{initContainers: [{name: set_up, image: x}]}",
        "{volumes: [{name: a.b, emptyDir: {}}]}",
    ],
)
def test_names_inside_a_template_are_labels(spec: str) -> None:
    (found,) = findings(template=f"{{spec: {spec}}}")
    assert "does not have the form" in found.message
    assert found.advice.startswith("the form is: lower-case letters")


@pytest.mark.parametrize(
    ("template", "message", "advice"),
    [
        (
            "{containers: []}",
            "the field `containers` in `spec.runner_configuration.job.pod_template` is not known",
            "it belongs in `spec`",
        ),
        ("{spec: {container: []}}", "is not known", "did you mean `containers`?"),
        (
            "{kind: Pod}",
            "is not known",
            "a pod template has only `metadata` and `spec`; it is not a complete object",
        ),
        ("{spec: {labels: {}}}", "is not known", "known fields: "),
        (
            "{metadata: {labels: {team: 12}}}",
            "labels.team` must be a string, but is a number",
            "put it in quotes",
        ),
        ("{spec: {hostNetwork: yes}}", "must be true or false, but is a string", ""),
    ],
)
def test_a_problem_in_a_template_is_reported_with_what_would_be_right(
    template: str, message: str, advice: str
) -> None:
    (found,) = findings(template=template)
    assert message in found.message
    assert found.advice.startswith(advice)


def test_all_problems_of_a_template_are_found_with_those_of_other_fields() -> None:
    template = "{metadata: {namespace: x, labels: {a: 1, b: 2}}, spec: {serviceAccountName: x, volumes: {}}}"
    assert len(findings(namespace="A", template=template)) == 6


@pytest.mark.parametrize("template", [None, {}, {"spec": None, "metadata": {"labels": {"a": None}}}])
def test_null_is_accepted_as_by_the_server(template: Json) -> None:
    assert list(template_problems(template, ())) == []


@pytest.mark.parametrize(
    "document", [{}, {"spec": []}, {"spec": {"runner_configuration": {"job": "x", "type": []}}}]
)
@pytest.mark.parametrize("kind", ["Runner", "Definition", "SecretStore", "Agent"])
def test_documents_of_any_form_are_checked(kind: str, document: dict[str, Json]) -> None:
    assert list(body_problems(kind, document)) == []


def test_every_kind_of_the_table_is_known() -> None:
    table = fields()
    assert ROOT in table
    for members in table.values():
        for kind in members.values():
            assert kind.strip("[]{}") in {*table, *SCALARS, "any"}
