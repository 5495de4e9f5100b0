"""How many replicas of an Agent run: R30, R39; what they share: R38."""

import pytest

from reconciler.model.finding import Severity
from tests import building
from tests.rules.agent_install.installing import (
    IMAGE,
    ON_EKS,
    agent,
    config_map,
    deployment,
    found,
    messages,
    of,
    on_eu,
    unknown,
)
from tests.rules.observed import clusters_from
from tests.rules.pages_on_disk import read_example
from tests.rules.tree import declare, judge_all, judged, live, scope, settings

ONE, OTHER = "a" * 64, "b" * 64
TWO_TARGETS = settings(
    "version: 1\ntargets: {acme: {organization: acme}, b: {organization: other}}\nclusters: {eu-1: {platform: eks}}"
)


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("replicas: 2", []),
        ("autoscaling: {minReplicas: 1, maxReplicas: 3}", ["scaled automatically"]),
        ("autoscaling: {}", ["scaled automatically"]),
        ("autoscaling: {minReplicas: 0, maxReplicas: 3}", ["scaled to zero"]),
        ("autoscaling: {minReplicas: 2, maxReplicas: 2}", ["has an autoscaler with equal limits"]),
        ("replicas: 0", ["no replica"]),
        ("helmValues: {autoscaling: {enabled: true}}", ["scaled automatically"]),
        ("helmValues: {autoscaling: {enabled: false}}", []),
        ("autoscaling: {}, replicas: 0", ["scaled automatically", "no replica"]),
    ],
)
def test_the_number_of_replicas_is_fixed(member: str, expected: list[str]) -> None:
    said = found(on_eu(member), rule="R30")
    assert all(severity is Severity.WARNING for severity, _ in said)
    assert len(said) == len(expected)
    assert all(any(words in message for _, message in said) for words in expected)


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        ("autoscaling/v2, kind: HorizontalPodAutoscaler", "{kind: Deployment, name: humanitec-agent}", 1),
        ("autoscaling/v1, kind: HorizontalPodAutoscaler", "{kind: Deployment, name: humanitec-agent}", 1),
        ("keda.sh/v1alpha1, kind: ScaledObject", "{name: humanitec-agent}", 1),
        ("autoscaling/v2, kind: HorizontalPodAutoscaler", "{kind: Deployment, name: shop}", 0),
        ("autoscaling/v2, kind: HorizontalPodAutoscaler", "{kind: StatefulSet, name: humanitec-agent}", 0),
        ("example.com/v1, kind: HorizontalPodAutoscaler", "{kind: Deployment, name: humanitec-agent}", 0),
    ],
)
def test_an_autoscaler_in_the_tree_counts_where_it_targets_the_agent(
    kind: str, target: str, expected: int
) -> None:
    text = f"{{apiVersion: {kind}, metadata: {{name: scaler}}, spec: {{scaleTargetRef: {target}}}}}"
    assert len(messages(text, rule="R30")) == expected


def test_a_deployment_with_zero_replicas_is_an_error() -> None:
    assert len(messages(deployment(spec="replicas: 0"), config_map(), rule="R30")) == 1
    assert messages(deployment(spec="replicas: 1"), config_map(), rule="R30") == []


@pytest.mark.parametrize(
    ("namespace", "target", "expected"),
    [
        ("humanitec-agent", "humanitec-agent", 1),
        ("shop", "humanitec-agent", 0),
        ("humanitec-agent", "shop", 0),
    ],
)
def test_an_autoscaler_on_the_cluster_counts(namespace: str, target: str, expected: int) -> None:
    there = f"""\
eu-1:
  objects:
    - apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      metadata: {{name: scaler, namespace: {namespace}}}
      spec: {{scaleTargetRef: {{kind: Deployment, name: {target}}}}}
"""
    assert len(messages(on_eu(), rule="R30", clusters=there)) == expected
    assert unknown(on_eu(), rule="R30", clusters=there) == []


def test_autoscalers_of_a_cluster_that_was_not_read_are_unknown() -> None:
    assert len(unknown(on_eu(), rule="R30")) == 1
    assert len(unknown(on_eu(), rule="R30", clusters="eu-1: {complete: [apps/v1 Deployment]}")) == 1
    assert unknown(agent("{host: docker}"), rule="R30") == []


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        ("replicas: 2, env: {CONNECTION_ID: one}", 1),
        ("replicas: 2, env: {CONNECTION_ID: ''}", 1),
        ("autoscaling: {maxReplicas: 3}, env: {CONNECTION_ID: one}", 1),
        ("replicas: 2, env: {CONNECTION_ID: $(POD_NAME)}", 0),
        ("replicas: 2", 0),
        ("env: {CONNECTION_ID: one}", 0),
    ],
)
def test_replicas_are_distinguished_in_logs(install: str, expected: int) -> None:
    said = found(on_eu(install), rule="R39")
    assert [severity for severity, _ in said] == [Severity.WARNING] * expected


def test_on_other_hosts_nothing_distinguishes_the_replicas() -> None:
    assert len(messages(agent("{host: docker, replicas: 2}"), rule="R39")) == 1
    two = agent("{host: docker}", spec="moreInstalls: [{host: docker}]")
    assert "2 replicas" in messages(two, rule="R39")[0]
    apart = agent(
        "{host: docker, env: {CONNECTION_ID: a}}",
        spec="moreInstalls: [{host: docker, env: {CONNECTION_ID: b}}]",
    )
    assert messages(apart, rule="R39") == []


def test_what_the_chart_sets_is_unknown_if_there_are_several_replicas() -> None:
    assert len(unknown(on_eu("method: helm, replicas: 2"), rule="R39")) == 1
    assert unknown(on_eu("method: helm"), rule="R39") == []


@pytest.mark.parametrize(
    ("env", "data", "expected", "hidden"),
    [
        ("{name: CONNECTION_ID, valueFrom: {fieldRef: {fieldPath: metadata.name}}}", "{ORGS: acme}", 0, 0),
        ("{name: CONNECTION_ID, value: one}", "{ORGS: acme}", 1, 0),
        ("", "{ORGS: acme}", 1, 0),
        ("", "{ORGS: acme, CONNECTION_ID: one}", 1, 0),
        ("", "", 0, 1),
    ],
)
def test_replicas_of_a_manifest_are_distinguished(env: str, data: str, expected: int, hidden: int) -> None:
    texts = [deployment(spec="replicas: 2", env=env), *([config_map(data)] if data else [])]
    assert len(messages(*texts, rule="R39")) == expected
    assert len(unknown(*texts, rule="R39")) == hidden
    assert messages(deployment(env=env), *texts[1:], rule="R39") == []
    assert messages(deployment(spec="replicas: 1", env=env), *texts[1:], rule="R39") == []


def two(first: str = "", second: str = "", spec: str = "") -> str:
    more = f"moreInstalls: [{{cluster: us-1, image: '{IMAGE}'{second}}}]\n{spec}"
    return agent(f"{{cluster: eu-1, image: '{IMAGE}'{first}}}", spec=more)


@pytest.mark.parametrize(
    ("first", "second", "spec", "expected"),
    [
        ("", "", "", 0),
        (", orgs: [acme]", "", "", 0),
        (", orgs: [acme]", ", orgs: [acme, other]", "", 1),
        (", orgs: [acme, other]", ", orgs: [other, acme]", "", 0),
        (", env: {ORGS: 'acme,other'}", ", orgs: [acme, other]", "", 0),
        (", helmValues: {humanitec: {org: acme}}", ", orgs: [other]", "", 1),
        (", orgs: [acme]", "", "organizations: [acme, other]", 1),
        (", orgs: [acme, other]", "", "organizations: [acme, other]", 0),
    ],
)
def test_installations_of_one_agent_serve_the_same_organizations(
    first: str, second: str, spec: str, expected: int
) -> None:
    assert [s for s, _ in found(two(first, second, spec), rule="R38")] == [Severity.ERROR] * expected


def test_organizations_left_to_several_targets_are_unknown() -> None:
    found = [
        u for u in unknown(two(", orgs: [acme]"), rule="R38", settings=TWO_TARGETS) if "organizations" in u
    ]
    assert len(found) == 1
    assert not [u for u in unknown(two(), rule="R38", settings=TWO_TARGETS) if "organizations" in u]
    filled = unknown(two(", orgs: ['${ORG}']"), rule="R38")
    assert [u for u in filled if "organizations" in u]


def key_on(cluster: str, fingerprint: str) -> str:
    return f"""\
{cluster}:
  secrets:
    - namespace: humanitec-agent
      name: humanitec-agent-secret-private-key
      entries: [private_key]
      private_keys: {{private_key: {{fingerprint: {fingerprint}, algorithm: RSA, bits: 4096}}}}
"""


def test_keys_that_differ_between_clusters_are_an_error() -> None:
    assert messages(two(), rule="R38", clusters=key_on("eu-1", ONE) + key_on("us-1", ONE)) == []
    said = found(two(), rule="R38", clusters=key_on("eu-1", ONE) + key_on("us-1", OTHER))
    assert [severity for severity, _ in said] == [Severity.ERROR]


def test_two_registered_keys_are_a_rotation_under_way() -> None:
    """An error would keep the rotation from being finished."""
    judgement = judged(
        two(),
        settings=ON_EKS,
        live=live(building.agent("eu-1"), building.agent_key("eu-1", ONE), building.agent_key("eu-1", OTHER)),
        clusters=clusters_from(key_on("eu-1", ONE) + key_on("us-1", OTHER)),
    )
    assert [severity for severity, _ in of(judgement, "R38")] == [Severity.WARNING]


def test_a_key_that_is_not_known_is_unknown_once() -> None:
    assert len(unknown(two(), rule="R38")) == 1
    assert "`us-1`" in unknown(two(), rule="R38", clusters=key_on("eu-1", ONE))[0]
    assert unknown(on_eu(), rule="R38") == []


def key_for(cluster: str, example: str) -> str:
    text = read_example(example).partition("\n---\n")[2]
    place = f"{{cluster: {cluster}, namespace: humanitec-agent, secret: humanitec-agent-secret-private-key}}"
    return f"{text.rstrip()}\n  privateKey: {place}\n".replace("id: eu-1-2026", f"id: {cluster}-2026")


def test_keys_declared_for_different_clusters_must_be_the_same() -> None:
    same = (key_for("eu-1", "R13/right.yaml"), key_for("us-1", "R13/right.yaml"))
    assert messages(two(), *same, rule="R38") == []
    assert unknown(two(), *same, rule="R38") == []
    other = same[1].replace("RQVWTyKHzrhXccQ4", "RQVWTyKHzrhXccQ5")
    assert other != same[1]
    assert [severity for severity, _ in found(two(), same[0], other, rule="R38")] == [Severity.ERROR]


def test_what_two_targets_share_is_reported_once() -> None:
    documents = declare(on_eu("replicas: 0"))
    scopes = [scope(documents, settings=TWO_TARGETS), scope(documents, settings=TWO_TARGETS, target="b")]
    judgement = judge_all(scopes, TWO_TARGETS)
    assert len(of(judgement, "R30")) == 1
    assert len([u for u in judgement.unknown if u.rule == "R30"]) == 1
