"""What only some modes, or a new enough Operator, can do: R109, R110."""

import pytest

from reconciler.model.finding import Severity
from reconciler.rules.judge import Judgement
from reconciler.vendor.version import is_older, parsed
from tests.rules.observed import live_from
from tests.rules.tree import ACME, judged, settings

LEGACY = settings("version: 1\ntargets: {acme: {organization: acme, primaryStore: humanitec}}")
DIRECT = settings("version: 1\ntargets: {acme: {organization: acme, primaryStore: eu}}")


def definition(extra: str = "", kind: str = "postgres") -> str:
    return f"""\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: orders}}
entity:
  name: orders
  type: {kind}
  driver_type: humanitec/template
{extra}  criteria: [{{app_id: orders}}]
"""


def of(judgement: Judgement, rule: str) -> list[Severity]:
    return [finding.severity for finding in judgement.findings if finding.rule == rule]


def unknown(judgement: Judgement, rule: str) -> int:
    return sum(answer.rule == rule for answer in judgement.unknown)


IN_PLACE = definition("  in_place_driver_change: true\n")


def test_a_change_of_driver_in_place_is_pointless_in_legacy_mode() -> None:
    assert of(judged(IN_PLACE, settings=LEGACY), "R109") == [Severity.WARNING]
    assert of(judged(IN_PLACE, settings=DIRECT), "R109") == []


def test_the_live_primary_store_decides() -> None:
    built_in = live_from("stores: [{id: humanitec, primary: true, humanitec: {}}]")
    assert of(judged(IN_PLACE, settings=DIRECT, live=built_in), "R109") == [Severity.WARNING]


def test_without_a_primary_store_the_mode_is_unknown() -> None:
    judgement = judged(IN_PLACE, settings=ACME)
    assert (of(judgement, "R109"), unknown(judgement, "R109")) == ([], 1)


@pytest.mark.parametrize("text", ["", "  in_place_driver_change: false\n"])
def test_a_definition_that_does_not_use_the_feature_is_ignored(text: str) -> None:
    judgement = judged(definition(text), settings=ACME)
    assert (of(judgement, "R109"), unknown(judgement, "R109")) == ([], 0)


def base_env(name: str = "environment-store", group: str = "humanitec.io/v1alpha1") -> str:
    return definition(
        f"""\
  driver_inputs:
    values:
      templates:
        manifests: |
          store.yaml:
            data:
              apiVersion: {group}
              kind: SecretStore
              metadata: {{name: {name}}}
""",
        "base-env",
    )


def operator(version: str | None) -> str:
    app = f", appVersion: {version}" if version else ""
    head = "---\napiVersion: reconciler/v1alpha1\nkind: Operator\nmetadata: {id: eu-1}\n"
    return f"{head}spec: {{cluster: eu-1{app}}}\n"


@pytest.mark.parametrize(
    ("version", "expected"), [("0.20.9", [Severity.ERROR]), ("0.21.0", []), ("v0.22.1", [])]
)
def test_an_operator_older_than_the_feature_is_an_error(version: str, expected: list[Severity]) -> None:
    assert of(judged(base_env() + operator(version)), "R110") == expected


@pytest.mark.parametrize("text", [base_env(), base_env() + operator(None), base_env() + operator("latest")])
def test_without_a_version_it_is_unknown(text: str) -> None:
    judgement = judged(text)
    assert (of(judgement, "R110"), unknown(judgement, "R110")) == ([], 1)


def test_operators_of_another_organization_are_ignored() -> None:
    """One folder may hold Operators of several organizations."""
    others = operator("0.1.0").replace("cluster: eu-1", "cluster: eu-1, organization: beta")
    judgement = judged(base_env() + others)
    assert (of(judgement, "R110"), unknown(judgement, "R110")) == ([], 1)


def test_stores_of_others_and_other_types_are_left_alone() -> None:
    others = base_env(group="external-secrets.io/v1") + operator("0.1.0")
    assert of(judged(others), "R110") == []
    elsewhere = base_env().replace("type: base-env", "type: config") + operator("0.1.0")
    assert of(judged(elsewhere), "R110") == []


REFERRING = """---
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: users}
entity:
  name: users
  type: mysql
  driver_type: humanitec/template
  driver_inputs: {secret_refs: {password: {store: shop-dev, ref: users}}}
"""


def test_a_fixed_reference_to_a_store_with_an_open_name_is_a_warning() -> None:
    text = base_env("${context.app.id}-${context.env.id}") + REFERRING + operator("0.22.0")
    assert of(judged(text), "R110") == [Severity.WARNING]
    assert of(judged(base_env("fixed") + REFERRING + operator("0.22.0")), "R110") == []
    assert of(judged(base_env("${context.app.id}-prod") + REFERRING + operator("0.22.0")), "R110") == []


@pytest.mark.parametrize("text", ["", "latest", "1.", "1.2.3.4.5", "٣.1", "1" * 10])
def test_what_is_not_a_version_is_none(text: str) -> None:
    assert parsed(text) is None


def test_a_comparison_with_no_version_has_no_answer() -> None:
    assert is_older("latest", "1.0") is None
    assert is_older("1.0", "1") is False
