"""Private clusters and workloads: R56, R57."""

from typing import Any

import pytest

from reconciler.model.finding import Severity
from reconciler.rules.judge import Judgement
from tests.rules.definitions import agent, definition, to
from tests.rules.tree import declare, judge_all, judged, scope, settings

ERROR = [Severity.ERROR]
EKS = "humanitec/k8s-cluster-eks"
URL = to("agent#agent")


def of(rule: str, judgement: Judgement) -> list[Severity]:
    return [finding.severity for finding in judgement.findings if finding.rule == rule]


def unknown(rule: str, judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == rule]


def clusters(text: str, store: str = "") -> str:
    return f"{{version: 1, targets: {{acme: {{organization: acme, {store}}}}}, clusters: {text}}}"


# R56


@pytest.mark.parametrize(
    ("facts", "inputs", "severities", "unknowns"),
    [
        pytest.param("{apiServer: {public: false}}", {"values": {}}, ERROR, 0, id="private, no Agent"),
        pytest.param("{apiServer: {public: false}}", {"secrets": {"agent_url": URL}}, [], 0, id="with Agent"),
        pytest.param("{apiServer: {public: false}}", {"secrets": {"agent_url": ""}}, ERROR, 0, id="empty"),
        pytest.param("{apiServer: {public: true}}", {"values": {}}, [], 0, id="public"),
        pytest.param("{}", {"values": {}}, [], 1, id="not known"),
        pytest.param("{}", {"secrets": {"agent_url": URL}}, [], 0, id="not known, with Agent"),
    ],
)
@pytest.mark.parametrize("store", ["", "primaryStore: humanitec", "primaryStore: vault"])
def test_private_clusters_are_reached_through_an_agent_in_legacy_and_direct(
    facts: str, inputs: dict[str, Any], severities: list[Severity], unknowns: int, store: str
) -> None:
    text = definition("eu-1", "k8s-cluster", driver=EKS, **inputs)
    judgement = judged(
        text, agent("eu-1", {"res_id": "agent"}), settings=settings(clusters(f"{{eu-1: {facts}}}", store))
    )
    assert of("R56", judgement) == severities
    assert len(unknown("R56", judgement)) == unknowns


def test_deployments_to_git_need_no_access_to_a_cluster() -> None:
    chosen = settings(clusters("{eu-1: {apiServer: {public: false}}}"))
    git = definition("eu-1", "k8s-cluster", driver="humanitec/k8s-cluster-git", values={"url": "git@h:a/b"})
    judgement = judged(git, settings=chosen)
    assert (of("R56", judgement), unknown("R56", judgement)) == ([], [])


def test_clusters_chosen_by_a_template_are_unknown() -> None:
    chosen = settings(clusters("{eu-1: {apiServer: {public: false}}}"))
    template = {"templates": {"outputs": "cluster_type: {{ .driver.values.type }}"}}
    text = definition("eu-1", "k8s-cluster", driver="humanitec/template", values=template)
    judgement = judged(text, settings=chosen)
    assert of("R56", judgement) == []
    assert len(unknown("R56", judgement)) == 1


def test_clusters_that_the_settings_do_not_describe_are_reported_together() -> None:
    texts = [
        definition(f"c-{n}", "k8s-cluster", driver=EKS, criteria=[{"app_id": f"a{n}"}]) for n in range(5)
    ]
    (reason,) = unknown("R56", judged(*texts))
    assert "definition `c-0`, definition `c-1`, definition `c-2` and 2 more" in reason


# R57

SCORE = """\
apiVersion: score.dev/v1b1
metadata: {name: web}
containers: {web: {image: a}}
resources: RESOURCES
"""


@pytest.mark.parametrize(
    ("resources", "severities"),
    [
        ("{db: {type: postgres}}", []),
        ("{tunnel: {type: agent}}", ERROR),
        (
            "{tunnel: {type: agent, class: big, id: agent}, db: {type: postgres}, two: {type: agent}}",
            ERROR * 2,
        ),
        ("{agent: {type: postgres}}", []),
        ("{agent: agent}", []),
        ("[{type: agent}]", []),
    ],
)
def test_score_files_must_not_request_an_agent(resources: str, severities: list[Severity]) -> None:
    judgement = judged(SCORE.replace("RESOURCES", resources))
    assert of("R57", judgement) == severities


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        ("modules: {web: {externals: {tunnel: {type: agent}}}}", ERROR),
        ("modules: {web: {}}\nshared: {tunnel: {type: agent}}", ERROR),
        ("modules: {web: {externals: {db: {type: s3}}}}", []),
        ("modules: [web]", []),
        ("{apiVersion: v1, kind: List, modules: {web: {externals: {tunnel: {type: agent}}}}}", []),
        ("shared: {tunnel: {type: agent}}", []),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, resources: {a: {type: agent}}}", []),
    ],
)
def test_deployment_sets_must_not_request_an_agent_and_other_documents_are_left_alone(
    text: str, severities: list[Severity]
) -> None:
    assert of("R57", judged(text)) == severities


def test_a_score_file_of_several_targets_is_reported_once() -> None:
    chosen = settings("{version: 1, targets: {acme: {organization: acme}, beta: {organization: beta}}}")
    everything = declare(SCORE.replace("RESOURCES", "{tunnel: {type: agent}}"))
    scopes = [scope(everything, settings=chosen, target=name) for name in ("acme", "beta")]
    judgement = judge_all(scopes, chosen)
    assert of("R57", judgement) == ERROR
    (finding,) = (finding for finding in judgement.findings if finding.rule == "R57")
    assert str(finding.origin) == "0.yaml:4:28"
