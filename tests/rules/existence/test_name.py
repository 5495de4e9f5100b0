"""R113 to R118: names that only the orchestrator can confirm."""

import pytest

from reconciler.model.finding import Finding, Severity
from reconciler.rules.judge import Judgement
from tests.building import RUNNER_DOCUMENT
from tests.rules.observed import live_from
from tests.rules.tree import NOTHING_LIVE, judged

RULES = ("R113", "R114", "R115", "R116", "R117", "R118")
LISTED = """
resource_types: [postgres, s3, dns, acme/queue]
drivers: [{id: echo, org_id: humanitec}, {id: own, org_id: acme}]
environment_types: [development, production]
applications: [shop]
projects: [shop]
runner_environment_types: [development]
"""


def definition(
    type_: str = "postgres", driver: str = "humanitec/echo", criteria: str = "[]", more: str = "{}"
) -> str:
    return (
        "apiVersion: entity.humanitec.io/v1b1\nkind: Definition\nmetadata: {id: orders}\n"
        f"entity: {{name: orders, type: {type_}, driver_type: {driver}, criteria: {criteria}, {more[1:-1]}}}\n"
    )


def runner(rules: str) -> str:
    return f"{RUNNER_DOCUMENT}  rules: [{rules}]\n"


def verdict(text: str, live: str = LISTED) -> Judgement:
    return judged(text, live=live_from(live), only=RULES)


def only(text: str, live: str = LISTED) -> Finding:
    (finding,) = verdict(text, live).findings
    return finding


@pytest.mark.parametrize(
    "text",
    [
        definition(),
        definition("acme/queue", "acme/own"),
        definition(criteria="[{env_type: development, app_id: shop}, {}]"),
        definition(criteria='[{env_type: "", class: made-up, res_id: anything, env_id: pr-7}]'),
        pytest.param(definition(criteria="[{env_type: 'dev*', app_id: '${x}'}]"), id="no ids: R112"),
        definition(more="{driver_inputs: {values: {host: '${resources.dns.outputs.host}'}}}"),
        definition(more="{driver_inputs: {values: {a: '${resources.dns<route.outputs.host}'}}}"),
        definition(more="{provision: {s3.private#one: {}}}"),
        runner("{project_id: shop, env_type_id: development}, {}"),
    ],
)
def test_names_that_exist_are_accepted(text: str) -> None:
    found = verdict(text)
    assert (found.findings, found.unknown) == ((), ())


@pytest.mark.parametrize(
    ("text", "rule", "severity", "message", "advice"),
    [
        (
            definition("postgress"),
            "R113",
            Severity.ERROR,
            "names resource type `postgress`",
            "Did you mean `postgres`?",
        ),
        (
            definition(more="{driver_inputs: {values: {host: '${resources.dnss.outputs.host}'}}}"),
            "R113",
            Severity.WARNING,
            "names resource type `dnss`",
            "Did you mean `dns`?",
        ),
        (
            definition(more="{provision: {awspolicy: {}}}"),
            "R113",
            Severity.WARNING,
            "nothing matches it at deployment",
            "Create the resource type first, or name one that exists.",
        ),
        (
            definition(driver="humanitec/ekko"),
            "R114",
            Severity.ERROR,
            "names driver `humanitec/ekko`, which organization `acme` does not have",
            "Did you mean `humanitec/echo`?",
        ),
        (
            definition(criteria="[{env_type: develpment}]"),
            "R115",
            Severity.WARNING,
            "the criterion matches no deployment",
            "Did you mean `development`?",
        ),
        (
            definition(criteria="[{app_id: shp}]"),
            "R116",
            Severity.WARNING,
            "application `shp`",
            "Did you mean `shop`?",
        ),
        (
            runner("{env_type_id: develpment}"),
            "R117",
            Severity.ERROR,
            "Runner `eu-1` names environment type `develpment`",
            "Did you mean `development`?",
        ),
        (
            runner("{project_id: shopp}"),
            "R118",
            Severity.WARNING,
            "Runner `eu-1` names project `shopp`",
            "Did you mean `shop`?",
        ),
    ],
)
def test_a_name_that_does_not_exist_is_found_with_the_one_that_was_meant(
    text: str, rule: str, severity: Severity, message: str, advice: str
) -> None:
    finding = only(text)
    assert (finding.rule, finding.severity, finding.advice) == (rule, severity, advice)
    assert message in finding.message
    assert finding.origin.line == (13 if "kind: Runner" in text else 4)


def test_the_same_wrong_name_in_one_object_is_one_finding_with_every_place() -> None:
    finding = only(definition(criteria="[{env_type: x1}, {env_type: x1, app_id: shop}]"))
    assert len(finding.others) == 1
    assert finding.others[0] != finding.origin


def test_a_name_used_by_a_live_object_needs_no_list() -> None:
    live = """
    definitions: [{id: other, name: o, type: ldap, driver_type: acme/hidden, criteria: []}]
    rules: [{id: "1", runner_id: r, project_id: till, env_type_id: staging}]
    """
    for text in (
        definition("ldap", "acme/hidden"),
        runner("{project_id: till, env_type_id: staging}"),
    ):
        found = verdict(text, live)
        assert (found.findings, found.unknown) == ((), ())


def test_live_criteria_prove_nothing_because_the_server_accepts_any_name() -> None:
    live = "definitions: [{id: x, name: o, type: s3, driver_type: humanitec/echo, criteria: [{env_type: dev}]}]\n"
    finding = only(definition(criteria="[{env_type: dev}]"), live + LISTED)
    assert finding.rule == "R115"


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (definition(), ["R113", "R114"]),
        (definition(criteria="[{env_type: dev, app_id: shop}]"), ["R113", "R114", "R115", "R116"]),
        (runner("{project_id: shop, env_type_id: development}"), ["R117", "R118"]),
        (runner("{}"), []),
    ],
)
def test_a_list_that_was_not_read_makes_the_name_unknown_and_never_accepted(
    text: str, rules: list[str]
) -> None:
    found = judged(text, live=None, only=RULES)
    assert found.findings == ()
    assert [answer.rule for answer in found.unknown] == rules
    assert all("were not read" in answer.reason for answer in found.unknown)
    assert judged(text, live=NOTHING_LIVE, only=RULES).unknown == found.unknown


def test_a_token_that_sees_no_types_at_all_proves_nothing() -> None:
    found = verdict(definition(), "resource_types: []\ndrivers: []\n")
    assert found.findings == ()
    assert [(answer.rule, "shows no" in answer.reason) for answer in found.unknown] == [
        ("R113", True),
        ("R114", True),
    ]


def test_an_organization_without_projects_does_not_have_the_named_one() -> None:
    empty = LISTED.replace("projects: [shop]", "projects: []")
    assert only(runner("{project_id: shop}"), empty).rule == "R118"


def test_in_an_organization_without_applications_criteria_may_name_any() -> None:
    empty = LISTED.replace("applications: [shop]", "applications: []")
    found = verdict(definition(criteria="[{app_id: shop}]"), empty)
    assert (found.findings, found.unknown) == ((), ())


def test_many_names_that_do_not_exist_are_all_found_quickly() -> None:
    criteria = ", ".join(f"{{app_id: application-number-{number}}}" for number in range(2_000))
    known = ", ".join(f"application-nummer-{number}" for number in range(500))
    live = LISTED.replace("applications: [shop]", f"applications: [{known}]")
    findings = verdict(definition(criteria=f"[{criteria}]"), live).findings
    assert len(findings) == 2_000
    assert sum(finding.advice.startswith("Did you mean") for finding in findings) == 20
