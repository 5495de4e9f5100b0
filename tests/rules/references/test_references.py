"""What definitions may refer to: R91 to R94, R97."""

from typing import Any

import pytest

from reconciler.model.finding import Finding, Severity
from reconciler.model.secret import Reference
from reconciler.rules.judge import Judgement
from reconciler.settings import Settings
from tests import building
from tests.rules.definitions import agent, definition, to
from tests.rules.observed import live_from
from tests.rules.tree import ACME, NOTHING_LIVE, judged, live, settings

ERROR, WARNING = [Severity.ERROR], [Severity.WARNING]
EKS = "humanitec/k8s-cluster-eks"
STORED = {"token": {"store": "vault", "ref": "a/b"}}
AGENT = agent("eu-1", {"res_id": "agent"})


def mode(store: str) -> Settings:
    return settings(f"{{version: 1, targets: {{acme: {{organization: acme, primaryStore: {store}}}}}}}")


DIRECT, LEGACY = mode("vault"), mode("humanitec")
GIT = definition(
    "git",
    "k8s-cluster",
    driver="humanitec/k8s-cluster-git",
    values={"url": "git@h:a/b"},
    criteria=[{"env_type": "live"}],
)


def found(rule: str, judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == rule]


def of(rule: str, judgement: Judgement) -> list[Severity]:
    return [finding.severity for finding in found(rule, judgement)]


def unknown(rule: str, judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == rule]


def cluster(*criteria: dict[str, str], **inputs: Any) -> str:
    return definition("eks", "k8s-cluster", driver=EKS, criteria=list(criteria) or [{}], **inputs)


# R91


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        pytest.param(cluster(secret_refs=STORED), ERROR, id="own"),
        pytest.param(cluster(secret_refs={"deep": [STORED]}), ERROR, id="own, deep"),
        pytest.param(definition("ns", "k8s-namespace", secret_refs=STORED), ERROR, id="namespace"),
        pytest.param(definition("log", "logging", secret_refs=STORED), ERROR, id="logging"),
        pytest.param(definition("s3", "s3", secret_refs=STORED), [], id="type of the Operator"),
        pytest.param(cluster(secret_refs={"token": {"value": "${context.app.id}"}}), [], id="value"),
        pytest.param(cluster(secret_refs={"token": {"store": None, "ref": None}}), [], id="empty form"),
        pytest.param(cluster(secrets={"token": "${context.app.id}"}), [], id="secrets"),
    ],
)
def test_what_the_orchestrator_provisions_has_no_stored_secret(text: str, severities: list[Severity]) -> None:
    assert of("R91", judged(text, settings=DIRECT)) == severities
    assert of("R91", judged(text, settings=LEGACY)) == []


def test_secrets_are_found_over_any_number_of_references_and_the_path_is_named() -> None:
    texts = (
        cluster(values={"a": to("config#one")}),
        definition("one", "config", values={"a": to("dns#two")}),
        definition("two", "dns", values={"a": to("route")}),
        definition("three", "route", secret_refs=STORED),
        definition("four", "route", criteria=[{"res_id": "other"}], secret_refs=STORED),
    )
    (one,) = found("R91", judged(*texts, settings=DIRECT))
    assert "(`eks` → `one` → `two` → `three`, 3.yaml:1:" in one.message
    assert one.origin.file == "0.yaml"
    assert [origin.file for origin in one.others] == ["1.yaml", "2.yaml", "3.yaml"]


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(
            [
                cluster(values={"a": to("config#one")}),
                definition("one", "config", criteria=[{"class": "big"}], secret_refs=STORED),
            ],
            id="other class",
        ),
        pytest.param(
            [
                cluster({"env_type": "live"}, values={"a": to("config#one")}),
                definition("one", "config", criteria=[{"env_type": "test"}], secret_refs=STORED),
            ],
            id="other deployments",
        ),
        pytest.param(
            [
                cluster(values={"a": "b"}, provision={"config#one": {}}),
                definition("one", "config", secret_refs=STORED),
            ],
            id="provisioned",
        ),
        pytest.param(
            [
                cluster(values={"a": to("config#one")}),
                definition("one", "config", values={"a": to("k8s-cluster#k8s-cluster")}),
            ],
            id="cycle",
        ),
    ],
)
def test_what_is_not_reached_does_not_matter(texts: list[str]) -> None:
    assert of("R91", judged(*texts, settings=DIRECT)) == []


def test_the_shortest_path_and_its_first_reference_are_named() -> None:
    text = definition(
        "eks",
        "k8s-cluster",
        driver=EKS,
        criteria=[{"env_type": "live"}, {"env_type": "test"}],
        values={"a": to("config#no"), "b": to("config#one")},
    )
    texts = (
        text,
        definition("no", "config", criteria=[{"res_id": "no"}]),
        definition(
            "live", "config", criteria=[{"res_id": "one", "env_type": "live"}], values={"a": to("dns#x")}
        ),
        definition("test", "config", criteria=[{"res_id": "one", "env_type": "test"}], secret_refs=STORED),
        definition("dns", "dns", secret_refs=STORED),
    )
    (one,) = found("R91", judged(*texts, settings=DIRECT))
    assert "`eks` → `test`" in one.message
    assert one.origin.column == text.index("\"${resources['config#one") + 1


def test_secrets_of_definitions_that_are_only_live_count() -> None:
    state = live(
        building.definition("theirs", "", type_="config", secrets={"/token": Reference("vault", "a/b")})
    )
    (one,) = found("R91", judged(cluster(values={"a": to("config#one")}), settings=DIRECT, live=state))
    assert "`eks` → `theirs`, live" in one.message


def test_without_a_known_store_only_gitops_is_certain() -> None:
    texts = (
        GIT.replace('"values"', '"secret_refs": {"token": {"store": "a", "ref": "b"}}, "values"'),
        cluster(secret_refs=STORED),
    )
    judgement = judged(*texts, settings=ACME)
    (one,) = found("R91", judgement)
    assert "`git`" in one.message
    assert len(unknown("R91", judgement)) == 1


# R92, R93, R94


@pytest.mark.parametrize(
    ("rule", "type_", "selector", "severities"),
    [
        ("R92", "s3", "k8s-cluster#k8s-cluster", ERROR),
        ("R92", "s3", "logging#x", ERROR),
        ("R92", "config", "k8s-cluster", ERROR),
        ("R92", "k8s-namespace", "k8s-cluster#k8s-cluster", []),
        ("R92", "s3", "dns", []),
        ("R93", "s3", "k8s-namespace#k8s-namespace", WARNING),
        ("R93", "k8s-cluster", "k8s-namespace#k8s-namespace", []),
        ("R94", "s3", "agent#agent", ERROR),
        ("R94", "k8s-cluster", "agent#agent", []),
    ],
)
def test_the_operators_types_refer_to_none_of_the_orchestrators(
    rule: str, type_: str, selector: str, severities: list[Severity]
) -> None:
    text = definition("one", type_, values={"x": to(selector)})
    assert of(rule, judged(text, settings=DIRECT)) == severities
    assert of(rule, judged(text, settings=LEGACY)) == []
    assert of(rule, judged(text, settings=ACME)) == []
    assert bool(unknown(rule, judged(text, settings=ACME))) is bool(severities)


@pytest.mark.parametrize("rule", ["R92", "R93", "R94"])
def test_a_provisioned_resource_is_not_a_reference(rule: str) -> None:
    provision: dict[str, dict[str, Any]] = {"k8s-cluster#x": {}, "k8s-namespace#x": {}, "agent#x": {}}
    judgement = judged(definition("one", "s3", provision=provision), settings=DIRECT)
    assert of(rule, judgement) == []


def test_the_path_names_the_referenced_definition() -> None:
    texts = definition("one", "s3", values={"x": to("k8s-cluster#k8s-cluster")}), cluster()
    (one,) = found("R92", judged(*texts, settings=DIRECT))
    assert "(`one` → `eks`)" in one.message


@pytest.mark.parametrize(
    ("type_", "driver", "inputs", "severity"),
    [
        ("config", "humanitec/echo", {"secrets": {"agent_url": to("agent#agent")}}, Severity.WARNING),
        ("config", "humanitec/echo", {"secrets": {"proxy": to("agent#agent")}}, Severity.ERROR),
        (
            "s3",
            "humanitec/container",
            {"secret_refs": {"cluster": {"agent_url": {"value": to("agent#agent")}}}},
            Severity.WARNING,
        ),
        (
            "s3",
            "humanitec/terraform",
            {"secrets": {"runner": {"agent_url": to("agent#agent")}}},
            Severity.WARNING,
        ),
        ("s3", "humanitec/terraform", {"secrets": {"proxy": to("agent#agent")}}, Severity.ERROR),
        ("s3", "humanitec/s3", {"secrets": {"agent_url": to("agent#agent")}}, Severity.ERROR),
    ],
)
def test_runners_may_need_an_agent_for_their_cluster(
    type_: str, driver: str, inputs: dict[str, Any], severity: Severity
) -> None:
    assert of("R94", judged(AGENT, definition("one", type_, driver=driver, **inputs), settings=DIRECT)) == [
        severity
    ]


@pytest.mark.parametrize(
    ("criteria", "severities"), [([{"env_type": "live"}], ERROR), ([{"env_type": "test"}], [])]
)
def test_a_git_target_means_gitops_where_it_is_chosen(
    criteria: list[dict[str, str]], severities: list[Severity]
) -> None:
    text = definition("one", "s3", values={"x": to("logging#x")}, criteria=criteria)
    judgement = judged(GIT, text)
    assert of("R92", judgement) == severities
    assert bool(unknown("R92", judgement)) is not bool(severities)


# R97

OWN = """\
drivers:
  - {id: own, org_id: acme, target: "https://drivers.example.com"}
  - {id: alias, org_id: acme, target: "driver://acme/own"}
  - {id: virtual, org_id: acme, target: "driver://humanitec/terraform"}
  - {id: hidden, org_id: beta}
"""


@pytest.mark.parametrize(
    ("driver", "state", "severities", "unknowns"),
    [
        ("acme/own", OWN, ERROR, 0),
        ("acme/alias", OWN, ERROR, 0),
        ("acme/virtual", OWN, [], 0),
        ("beta/hidden", OWN, [], 1),
        ("acme/nowhere", OWN, [], 1),
        ("acme/own", "definitions: []", [], 1),
        ("humanitec/terraform", OWN, [], 0),
    ],
)
def test_only_drivers_that_humanitec_runs_use_an_agent(
    driver: str, state: str, severities: list[Severity], unknowns: int
) -> None:
    text = definition("one", "s3", driver=driver, secrets={"proxy": to("agent#agent")})
    judgement = judged(AGENT, text, live=live_from(f"agents: [{{id: eu-1}}]\n{state}"))
    assert of("R97", judgement) == severities
    assert len(unknown("R97", judgement)) == unknowns


def relays(*, output: str = "agent_url", driver: str = "humanitec/echo") -> tuple[str, ...]:
    return (
        definition("one", "s3", driver="acme/own", secrets={"proxy": to("config#two", output)}),
        definition(
            "two",
            "config",
            driver=driver,
            criteria=[{"res_id": "two"}],
            secrets={"agent_url": to("config#three", "url")},
        ),
        definition("three", "config", criteria=[{"res_id": "three"}], secrets={"url": to("agent#agent")}),
    )


@pytest.mark.parametrize(
    ("texts", "severities"),
    [
        (relays(), ERROR),
        (relays(driver="humanitec/template"), ERROR),
        (relays(output="other"), []),
        (relays(driver="humanitec/terraform"), []),
    ],
)
def test_a_url_that_is_passed_on_is_followed(texts: tuple[str, ...], severities: list[Severity]) -> None:
    judgement = judged(AGENT, *texts, live=live_from(f"agents: [{{id: eu-1}}]\n{OWN}"))
    assert of("R97", judgement) == severities
    for finding in found("R97", judgement):
        assert finding.message.endswith("`one` → `two` → `three` → `eu-1-agent`")


def test_own_drivers_without_an_agent_are_ignored() -> None:
    judgement = judged(
        definition("one", "s3", driver="acme/own", values={"a": to("dns#x")}), live=NOTHING_LIVE
    )
    assert (of("R97", judgement), unknown("R97", judgement)) == ([], [])


def test_too_many_paths_to_follow_are_unknown_and_not_free_of_secrets() -> None:
    kinds = (("s3", "dns", "app_id"), ("dns", "config", "env_id"), ("config", "s3", "env_type"))
    texts = [
        definition(f"{name}-{n}", name, values={"x": to(asked)}, criteria=[{field: f"v{n}"}])
        for name, asked, field in kinds
        for n in range(60)
    ]
    start = definition("space", "k8s-namespace", values={"x": to("s3")})
    holding = definition("last", "config", secret_refs=STORED, criteria=[{"env_type": "v0", "class": "c"}])
    judgement = judged("".join((start, *texts, holding)), settings=DIRECT, only=["R91"])
    assert judgement.findings == ()
    (unknown,) = judgement.unknown
    assert "too many paths" in unknown.reason
    assert "`space`" in unknown.reason
