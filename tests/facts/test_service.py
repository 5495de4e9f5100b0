"""Organizations that declared installations serve, and ids of declared stores: R04, R05, R06."""

import pytest

from reconciler.model.finding import Severity
from reconciler.rules.judge import Judgement
from tests.rules.tree import ACME, declare, judge_all, judged, scope, settings

BOTH = settings("version: 1\ntargets: {acme: {organization: acme}, beta: {organization: beta}}")
RULES = ("R04", "R05", "R06")


def agent(install: str, organizations: str = "", more: str = "") -> str:
    listed = f"organizations: {organizations}, " if organizations else ""
    further = f", moreInstalls: [{more}]" if more else ""
    return (
        "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\n"
        f"spec: {{{listed}install: {install}{further}}}\n"
    )


def store(identifier: str) -> str:
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {{id: {identifier}}}\n"
        "spec: {awssm: {region: eu-central-1}}\n"
    )


def position(text: str, part: str) -> str:
    """Line and column of a part of the last line."""
    lines = text.splitlines()
    return f"{len(lines)}:{lines[-1].index(part) + 1}"


def reported(judgement: Judgement) -> list[tuple[str, Severity, str]]:
    return [(f.rule, f.severity, f"{f.origin.line}:{f.origin.column}") for f in judgement.findings]


@pytest.mark.parametrize(
    ("install", "place"),
    [
        ("{orgs: [acme, beta]}", "beta"),
        ('{env: {ORGS: "acme,beta"}}', '"acme,beta"'),
        ("{method: helm, helmValues: {humanitec: {org: beta}}}", "beta"),
    ],
)
def test_serving_where_the_agent_is_not_registered_is_an_error(install: str, place: str) -> None:
    text = agent(install, "[acme]")
    tree = declare(text)
    here = scope(tree, settings=BOTH, target="acme")
    there = scope(declare(), settings=BOTH, everything=tree, target="beta")
    found = [f for f in judge_all([here, there], BOTH, only=RULES).findings if f.severity is Severity.ERROR]
    assert [(f.rule, str(f.origin)) for f in found] == [("R05", f"0.yaml:{position(text, place)}")]
    assert "`beta`" in found[0].message


def test_serving_every_organization_of_the_agent_is_fine() -> None:
    text = agent("{orgs: [beta, acme]}", "[acme, beta]")
    tree = declare(text)
    scopes = [scope(tree, settings=BOTH, target=name) for name in ("acme", "beta")]
    assert judge_all(scopes, BOTH, only=RULES).findings == ()
    assert judged(agent("{cluster: eu-1}"), only=RULES).findings == ()


def test_an_organization_of_no_target_is_judged_by_what_the_agent_lists() -> None:
    text = agent("{orgs: [acme, gamma]}", "[acme]")
    assert reported(judged(text, only=RULES)) == [("R05", Severity.ERROR, position(text, "gamma"))]
    left_out = agent("{orgs: [acme, gamma]}")
    assert reported(judged(left_out, only=RULES)) == [("R05", Severity.ERROR, position(left_out, "gamma"))]
    assert judged(agent("{orgs: [acme, gamma]}", "[acme, gamma]"), only=RULES).findings == ()


def test_a_typing_mistake_is_refused_wherever_the_organizations_are_listed() -> None:
    config_map = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: humanitec-agent-configmap-env}\n"
        "data: {ORGS: 'acme,acmee'}\n"
    )
    by_document = judged(agent("{orgs: [acme, acmee]}"), only=RULES)
    by_manifest = judged(agent("{cluster: eu-1}"), config_map, only=RULES)
    for judgement in (by_document, by_manifest):
        (found,) = judgement.findings
        assert (found.severity, found.advice) == (Severity.ERROR, "Did you mean `acme`?")


def test_an_agent_that_the_only_manifest_does_not_serve_is_a_warning() -> None:
    plain = "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\nspec: {organizations: [acme, beta]}\n"
    serves = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: humanitec-agent-configmap-env}\n"
        "data: {ORGS: '%s'}\n"
    )
    found = judged(plain, serves % "beta", settings=BOTH, only=("R05",)).findings
    assert [(f.rule, f.severity) for f in found] == [("R05", Severity.WARNING)]
    assert judged(plain, serves % "acme,beta", settings=BOTH, only=("R05",)).findings == ()
    assert judged(plain, serves % "$ORGS", settings=BOTH, only=("R05",)).findings == ()


def test_a_typing_mistake_gets_the_organization_that_was_meant() -> None:
    (found,) = judged(agent("{orgs: [acmee]}", "[acme]", "{orgs: [acme]}"), only=RULES).findings
    assert found.advice == "Did you mean `acme`?"


def test_being_registered_where_nothing_serves_is_a_warning() -> None:
    text = agent("{orgs: [beta]}", "[acme, beta]")
    assert reported(judged(text, settings=BOTH, only=RULES)) == [
        ("R05", Severity.WARNING, position(text, "{orgs"))
    ]
    served = agent("{orgs: [beta]}", "[acme, beta]", "{orgs: [acme]}")
    assert judged(served, settings=BOTH, only=RULES).findings == ()


def test_organizations_that_are_filled_in_later_are_not_compared() -> None:
    judgement = judged(agent('{env: {ORGS: "$ORGS"}}', "[acme]"), only=RULES)
    assert judgement.findings == ()
    assert [one.reason for one in judgement.unknown] == [
        "which organizations Agent `eu-1` serves: a template fills some of them in"
    ]


def test_an_invalid_organization_id_is_reported_at_its_place() -> None:
    text = agent("{orgs: [acme, Acme_Retail]}", "[acme]")
    found = judged(text, settings=ACME, only=("R04",))
    assert reported(found) == [("R04", Severity.ERROR, position(text, "Acme_Retail"))]


@pytest.mark.parametrize(
    ("identifier", "part"),
    [("Acme_AWS", "lower-case letters"), ("humanitec", "built-in store"), ("a", "two characters")],
)
def test_ids_of_declared_stores_must_have_the_form_required_by_the_orchestrator(
    identifier: str, part: str
) -> None:
    (found,) = judged(store(identifier), only=RULES).findings
    assert (found.rule, found.severity) == ("R06", Severity.ERROR)
    assert part in found.message
    assert judged(store("acme-aws"), only=RULES).findings == ()
