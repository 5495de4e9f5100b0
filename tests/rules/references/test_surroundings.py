"""Built-in definitions and cloud accounts: R95, R96."""

import pytest

from reconciler.model.finding import Finding, Severity
from reconciler.rules.judge import Judgement
from reconciler.settings import Settings
from tests import building
from tests.rules.definitions import definition, to
from tests.rules.observed import live_from
from tests.rules.tree import ACME, judged, live, settings

ERROR, WARNING = [Severity.ERROR], [Severity.WARNING]


def mode(store: str) -> Settings:
    return settings(f"{{version: 1, targets: {{acme: {{organization: acme, primaryStore: {store}}}}}}}")


DIRECT, LEGACY = mode("vault"), mode("humanitec")


def found(rule: str, judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == rule]


def of(rule: str, judgement: Judgement) -> list[Severity]:
    return [finding.severity for finding in found(rule, judgement)]


def unknown(rule: str, judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == rule]


# R95

CLUSTER = definition(
    "eks", "k8s-cluster", driver="humanitec/k8s-cluster-eks", criteria=[{"env_type": "live"}]
)
ASKS = definition("bucket", "s3", values={"host": to("dns#x", "host")}, criteria=[{"app_id": "shop"}])
BASE = building.definition("default-humanitec-base-env", "", type_="base-env", is_built_in=True)
DNS = building.definition("default-humanitec-dns", "", type_="dns", is_built_in=True)


@pytest.mark.parametrize(
    ("texts", "severities"),
    [
        pytest.param([CLUSTER], WARNING, id="in every deployment"),
        pytest.param([ASKS], WARNING, id="asked for"),
        pytest.param([CLUSTER, ASKS], WARNING * 2, id="both"),
        pytest.param([CLUSTER, definition("own", "base-env", criteria=[{"env_type": "live"}])], [], id="own"),
        pytest.param(
            [CLUSTER, definition("own", "base-env", criteria=[{"app_id": "a"}])], [], id="own somewhere"
        ),
        pytest.param(
            [CLUSTER, definition("own", "base-env", criteria=[{"env_type": "test"}])],
            WARNING,
            id="own elsewhere",
        ),
        pytest.param([definition("own", "s3")], [], id="not in use"),
    ],
)
def test_with_an_operator_built_in_definitions_must_not_be_relied_on(
    texts: list[str], severities: list[Severity]
) -> None:
    assert of("R95", judged(*texts, settings=DIRECT, live=live(BASE, DNS))) == severities
    assert of("R95", judged(*texts, settings=LEGACY, live=live(BASE, DNS))) == []


def test_each_is_reported_once_and_unknown_modes_are_unknown() -> None:
    texts = [
        ASKS,
        definition("two", "s3", values={"host": to("dns#y", "host")}, criteria=[{"app_id": "till"}]),
    ]
    assert of("R95", judged(*texts, settings=DIRECT, live=live(DNS))) == WARNING
    assert len(unknown("R95", judged(*texts, settings=ACME, live=live(DNS)))) == 1
    assert len(unknown("R95", judged(*texts, settings=DIRECT, live=None))) == 1


def test_live_definitions_that_are_not_built_in_do_not_matter() -> None:
    own = building.definition("theirs", "", type_="dns")
    assert of("R95", judged(ASKS, settings=DIRECT, live=live(own))) == []


# R96

LIVE = """\
accounts: [{id: shop-aws, type: aws-role}, {id: shop-gcp, type: gcp}]
drivers:
  - {id: s3, org_id: humanitec, account_types: [aws, aws-role]}
  - {id: echo, org_id: humanitec, account_types: []}
"""


@pytest.mark.parametrize(
    ("account", "state", "severities", "unknowns"),
    [
        pytest.param("shop-aws", LIVE, [], 0, id="fits"),
        pytest.param("acme/shop-aws", LIVE, [], 0, id="with its organization"),
        pytest.param("shop-gcp", LIVE, ERROR, 0, id="other type"),
        pytest.param("shop-azure", LIVE, ERROR, 0, id="missing"),
        pytest.param("shop-aws", "accounts: []", ERROR, 0, id="no account at all"),
        pytest.param("shop-aws", "accounts: [{id: shop-aws, type: aws}]", [], 1, id="drivers unread"),
        pytest.param("shop-aws", "drivers: []", [], 1, id="accounts unread"),
        pytest.param("${context.app.id}", LIVE, [], 1, id="placeholder"),
        pytest.param(None, "definitions: []", [], 0, id="no account named"),
    ],
)
def test_accounts_exist_and_match_the_driver(
    account: str | None, state: str, severities: list[Severity], unknowns: int
) -> None:
    text = definition("bucket", "s3", driver="humanitec/s3", driver_account=account)
    judgement = judged(text, live=live_from(state))
    assert of("R96", judgement) == severities
    assert len(unknown("R96", judgement)) == unknowns


def test_the_nearest_account_is_suggested() -> None:
    text = definition("bucket", "s3", driver="humanitec/s3", driver_account="shop-awss")
    (one,) = found("R96", judged(text, live=live_from(LIVE)))
    assert one.advice == "Did you mean `shop-aws`?"


def test_drivers_without_a_list_of_types_are_unknown() -> None:
    judgement = judged(definition("one", "config", driver_account="shop-aws"), live=live_from(LIVE))
    assert (of("R96", judgement), len(unknown("R96", judgement))) == ([], 1)


@pytest.mark.parametrize(("account", "severities"), [("shop-aws", []), ("shop-gcp", ERROR), ("nowhere", [])])
def test_accounts_taken_over_from_another_definition_are_followed(
    account: str, severities: list[Severity]
) -> None:
    """One that does not exist is reported once, where it is named."""
    texts = (
        definition(
            "bucket", "s3", driver="humanitec/s3", driver_account="${resources['config#account'].account}"
        ),
        definition("account", "config", driver_account=account, criteria=[{"res_id": "account"}]),
    )
    judgement = judged(*texts, live=live_from(LIVE))
    assert [one.severity for one in found("R96", judgement) if "`bucket`" in one.message] == severities


def test_there_are_no_findings_if_nothing_names_an_account() -> None:
    judgement = judged(definition("one", "s3"), live=None)
    assert unknown("R96", judgement) == []
