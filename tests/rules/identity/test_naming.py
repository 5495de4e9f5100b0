"""Ids: R01, R02, R04, R06, R07."""

import time

import pytest

from reconciler.model import identifier
from reconciler.model.finding import Finding
from tests.rules.tree import judged, rules_of

AGENT = "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {{id: {id}}}\nspec: {spec}\n"


def agent(agent_id: str, spec: str = "{}") -> str:
    return AGENT.format(id=agent_id, spec=spec)


def only(text: str, rule: str) -> Finding:
    (found,) = (finding for finding in judged(text).findings if finding.rule == rule)
    return found


@pytest.mark.parametrize(
    ("text", "is_agent", "is_definition", "is_runner"),
    [
        ("ab", True, False, True),
        ("abc", True, True, True),
        ("a", False, False, False),
        ("a--b", False, True, True),
        ("a_b", False, False, True),
        ("-ab", False, False, False),
        ("ab-", False, False, True),
        ("1ab", True, True, False),
        ("Abc", False, False, False),
        ("abc\n", False, False, False),
        ("ab²", False, False, False),
        ("", False, False, False),
    ],
)
def test_ids_have_the_forms_that_each_api_accepts(
    text: str, *, is_agent: bool, is_definition: bool, is_runner: bool
) -> None:
    assert identifier.is_v1_id(text) is is_agent
    assert identifier.is_definition_id(text) is is_definition
    assert identifier.is_runner_id(text) is is_runner


def test_organization_ids_have_at_most_fifty_characters() -> None:
    assert identifier.is_organization_id("a" * 50)
    assert not identifier.is_organization_id("a" * 51)


def test_long_invalid_ids_are_reported_quickly() -> None:
    """The published pattern takes exponential time on such ids."""
    start = time.process_time()
    assert not identifier.is_v1_id("a" * 100_000 + "!")
    assert time.process_time() - start < 5


def test_an_invalid_id_is_reported_with_the_nearest_valid_one() -> None:
    found = only(agent("EU_1"), "R01")
    assert "`EU_1`" in found.message
    assert found.advice == "Use `eu-1`, for example."
    assert str(found.origin) == "0.yaml:3:16"


def test_an_invalid_id_without_any_valid_part_gets_no_suggestion() -> None:
    assert only(agent("'!'"), "R01").advice == "Choose another id."


def test_control_characters_in_an_id_are_shown_as_such() -> None:
    assert "`eu-1\\n`" in only(agent('"eu-1\\n"'), "R01").message
    assert "`eu\\u200b-1`" in only(agent('"eu\u200b-1"'), "R01").message


def test_the_limits_of_an_organization_id_are_shown() -> None:
    text = agent("eu-1", f"{{organizations: [{'a' * 51}]}}")
    assert only(text, "R04").message.endswith("2 to 50 characters")


@pytest.mark.parametrize(
    ("kind", "rule", "spec"),
    [
        ("Agent", "R01", "spec: {descriptoin: x}"),
        ("Definition", "R02", "entity: {typo: x}"),
        ("SecretStore", "R06", "spec: {typo: x}"),
        ("Runner", "R07", "spec: {typo: x}"),
    ],
)
def test_the_id_of_a_document_that_is_refused_for_another_field_is_evaluated(
    kind: str, rule: str, spec: str
) -> None:
    version = "entity.humanitec.io/v1b1" if kind == "Definition" else "reconciler/v1alpha1"
    text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{id: 1_EU}}\n{spec}\n"
    assert only(text, rule).origin.line == 3


def test_a_definition_created_by_an_agent_needs_three_characters() -> None:
    found = only(agent("eu", "{definition: {id: eu}}"), "R02")
    assert found.advice == "Use `eu-agent`, for example."
    assert str(found.origin) == "0.yaml:4:25"


def test_organizations_of_agents_and_of_installations_are_checked() -> None:
    text = agent("eu-1", "{organizations: [acme, -acme-]}") + (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: humanitec-agent-configmap-env}\n"
        "data: {ORGS: 'acme, Acme Retail,'}\n"
    )
    found = [finding for finding in judged(text).findings if finding.rule == "R04"]
    assert [str(finding.origin) for finding in found] == ["0.yaml:4:30", "0.yaml:9:14"]
    assert found[0].advice == "Did you mean `acme`?"


def test_stores_of_other_operators_are_left_alone() -> None:
    text = "apiVersion: {version}\nkind: SecretStore\nmetadata: {{name: Not_Ours}}\n"
    assert rules_of(judged(text.format(version="humanitec.io/v1alpha1"))).count("R06") == 1
    assert "R06" not in rules_of(judged(text.format(version="external-secrets.io/v1")))


def test_nearest_word_is_found_among_many() -> None:
    assert identifier.nearest("eu-won", [*(f"zz-{n}" for n in range(100)), "eu-one"]) == "eu-one"
    assert identifier.nearest("eu-1", []) == ""
