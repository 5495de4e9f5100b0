"""Running all rules: severities, what is off, what several targets share."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from reconciler.model.finding import Severity
from reconciler.model.json import Json
from reconciler.rules.registry import RULES, catalogue
from tests.rules.tree import ACME, declare, judge_all, judged, rules_of, scope, settings

BAD = "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: Bad_}\nspec: {}\n"


def switching(rules: str) -> str:
    return f"{{version: 1, targets: {{acme: {{organization: acme}}}}, rules: {rules}}}"


def test_rules_are_sorted_by_number_and_complete() -> None:
    assert list(RULES) == sorted(RULES, key=lambda rule_id: int(rule_id.removeprefix("R")))
    for rule_id, rule in RULES.items():
        assert rule.id == rule_id
        assert rule.title
        assert rule.sides


def test_two_rules_with_one_id_are_a_bug() -> None:
    with pytest.raises(ValueError, match="R01"):
        catalogue((RULES["R01"],), (replace(RULES["R02"], id="R01"),))


def test_rule_that_is_off_is_not_run_and_is_listed_with_its_reason() -> None:
    chosen = settings(switching('{R01: {severity: "off", reason: "known"}}'))
    judgement = judged(BAD, settings=chosen, only=("R01", "R02"))
    assert rules_of(judgement) == []
    assert judgement.off == (("R01", "known"),)


def test_severity_of_the_settings_replaces_the_rules() -> None:
    chosen = settings(switching("{R01: {severity: warning, reason: known}}"))
    judgement = judged(BAD, settings=chosen, only=("R01", "R02"))
    assert [(finding.rule, finding.severity) for finding in judgement.findings] == [("R01", Severity.WARNING)]
    assert judgement.off == ()


def test_switching_a_rule_that_does_not_exist_is_reported_with_the_nearest() -> None:
    judgement = judged(settings=settings(switching('{R-71: {severity: "off", reason: "x"}}')))
    (found,) = judgement.findings
    assert found.severity is Severity.WARNING
    assert "`R-71`" in found.message
    assert found.advice == "Did you mean `R71`?"
    assert judgement.off == ()


def test_a_finding_in_a_file_of_two_targets_is_reported_once() -> None:
    both = settings("{version: 1, targets: {a: {organization: acme}, b: {organization: acme-retail}}}")
    tree = declare(BAD)
    scopes = [scope(tree, settings=both, target=target) for target in ("a", "b")]
    assert rules_of(judge_all(scopes, both)) == ["R01"]


def test_findings_are_sorted_whatever_the_order_of_targets() -> None:
    both = settings("{version: 1, targets: {a: {organization: acme}, b: {organization: acme-retail}}}")
    one, other = declare(BAD, BAD), declare(BAD)
    scopes = [scope(one, settings=both, target="a"), scope(other, settings=both, target="b")]
    forward, backward = judge_all(scopes, both), judge_all(scopes[::-1], both)
    assert [f.origin for f in forward.findings] == [f.origin for f in backward.findings]
    assert [f.sort_key() for f in forward.findings] == sorted(f.sort_key() for f in forward.findings)


def test_an_empty_tree_has_no_findings_and_no_unknowns() -> None:
    """No noise for an organization without anything that rules check."""
    assert judged(live=None) == judge_all([], ACME)


WORDS = st.sampled_from(
    [
        "",
        "git",
        "url: x\ncluster_type: git",
        "{{ if",
        "${",
        "${resources.agent.outputs.url}",
        "git@h:a",
        "https://[",
        "agent_url: x",
        "a/b",
        "true",
    ]
)
NAMES = st.sampled_from(
    [
        "url",
        "path",
        "branch",
        "credentials",
        "ssh_key",
        "password",
        "templates",
        "outputs",
        "secrets",
        "cluster_type",
        "agent_url",
        "id",
        "namespace",
        "source",
        "sources",
        "repoURL",
        "syncPolicy",
        "automated",
        "prune",
        "sourceRef",
        "kind",
        "name",
        "spec",
        "metadata",
        "data",
        "ORGS",
        "template",
        "value",
        "store",
    ]
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=5)


@examples(max_examples=150, deadline=None)
@given(
    driver=st.sampled_from(
        ["humanitec/k8s-cluster-git", "humanitec/template", "humanitec/agent", "humanitec/echo"]
    ),
    type_=st.sampled_from(["k8s-cluster", "k8s-namespace", "agent"]),
    values=OBJECTS,
    secrets=OBJECTS,
    provision=st.dictionaries(WORDS, st.none()),
    criteria=st.lists(st.dictionaries(st.sampled_from(["env_type", "app_id", "res_id"]), WORDS), max_size=3),
    foreign=OBJECTS,
    kind=st.sampled_from(
        [
            ("argoproj.io/v1", "Application"),
            ("argoproj.io/v1", "ApplicationSet"),
            ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
            ("source.toolkit.fluxcd.io/v1", "GitRepository"),
            ("v1", "ConfigMap"),
            ("humanitec.io/v1", "SecretStore"),
        ]
    ),
)
def test_no_input_makes_a_rule_raise(
    *,
    driver: str,
    type_: str,
    values: dict[str, Json],
    secrets: dict[str, Json],
    provision: dict[str, None],
    criteria: list[dict[str, str]],
    foreign: dict[str, Json],
    kind: tuple[str, str],
) -> None:
    text = json.dumps(
        {
            "apiVersion": "entity.humanitec.io/v1b1",
            "kind": "Definition",
            "metadata": {"id": "any"},
            "entity": {
                "type": type_,
                "driver_type": driver,
                "driver_inputs": {"values": values, "secrets": secrets, "secret_refs": values},
                "provision": provision,
                "criteria": criteria,
            },
        }
    )
    other = json.dumps({**foreign, "apiVersion": kind[0], "kind": kind[1]})
    git = json.dumps(
        {
            "apiVersion": "entity.humanitec.io/v1b1",
            "kind": "Definition",
            "metadata": {"id": "git"},
            "entity": {
                "type": "k8s-cluster",
                "driver_type": "humanitec/k8s-cluster-git",
                "driver_inputs": {"values": {"url": "git@h:a", **values}},
            },
        }
    )
    judgement = judged(text, git, other)
    assert all(finding.rule in RULES for finding in judgement.findings)
