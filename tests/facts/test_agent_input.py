"""Inputs named `agent_url`: R52, R53, R54, R55."""

from typing import Any

import pytest

from reconciler.facts.demand import demand
from reconciler.model.finding import Finding, Severity
from reconciler.model.surroundings import Beside
from reconciler.rules.judge import Judgement
from tests.rules.definitions import agent, definition, to
from tests.rules.observed import live_from
from tests.rules.tree import declare, judged, scope

ERROR, WARNING = [Severity.ERROR], [Severity.WARNING]
EKS = "humanitec/k8s-cluster-eks"
AGENT = agent("eu-1", {"res_id": "agent"})
URL = to("agent#agent")


def found(rule: str, judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == rule]


def of(rule: str, judgement: Judgement) -> list[Severity]:
    return [finding.severity for finding in found(rule, judgement)]


def unknown(rule: str, judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == rule]


def cluster(driver: str = EKS, type_: str = "k8s-cluster", **inputs: Any) -> str:
    return definition("eks", type_, driver=driver, **inputs)


# R52


@pytest.mark.parametrize(
    ("inputs", "severities"),
    [
        pytest.param({"values": {"agent_url": URL}}, ERROR, id="values"),
        pytest.param({"values": {"cluster": {"agent_url": URL}}}, ERROR, id="deep"),
        pytest.param({"values": {"clusters": [{"agent_url": URL}]}}, ERROR, id="in a list"),
        pytest.param({"secrets": {"agent_url": URL}}, [], id="secrets"),
        pytest.param({"secret_refs": {"agent_url": {"value": URL}}}, [], id="secret_refs"),
        pytest.param({"values": {"agent_url": ""}}, [], id="empty"),
        pytest.param({"values": {"agent_url": None}}, [], id="null"),
        pytest.param(
            {"values": {"templates": {"secrets": {"agent_url": "{{ .x }}"}}}}, [], id="secret output"
        ),
        pytest.param(
            {"values": {"templates": {"outputs": {"agent_url": "{{ .x }}"}}}}, ERROR, id="plain output"
        ),
        pytest.param({"values": {"my_agent_url": URL}}, [], id="other name"),
        pytest.param(
            {"values": {"templates": {"outputs": "name: x\nagent_url: {{ .x }}"}}},
            ERROR,
            id="plain output as text",
        ),
        pytest.param(
            {"values": {"templates": {"outputs": '{\n  "agent_url": "{{ .x }}"\n}'}}},
            ERROR,
            id="as indented JSON",
        ),
        pytest.param(
            {"values": {"templates": {"outputs": "note: {agent_url: x}"}}},
            [],
            id="of something else in a text",
        ),
        pytest.param(
            {"values": {"templates": {"secrets": "agent_url: {{ .x }}"}}}, [], id="secret output as text"
        ),
    ],
)
def test_agent_url_is_a_secret_input(inputs: dict[str, Any], severities: list[Severity]) -> None:
    driver = "humanitec/template" if "templates" in inputs.get("values", {}) else EKS
    assert of("R52", judged(AGENT, cluster(driver, **inputs))) == severities


def test_the_advice_says_where_to_move_it() -> None:
    (one,) = found("R52", judged(AGENT, cluster(values={"runner": {"agent_url": URL}})))
    assert one.advice == "Move it to `driver_inputs.secrets.runner.agent_url`."


# R53


@pytest.mark.parametrize(
    ("value", "severities"),
    [
        pytest.param(URL, [], id="right"),
        pytest.param("${resources.agent.outputs['url']}", [], id="other spelling"),
        pytest.param("http://proxy.example.com", ERROR, id="literal"),
        pytest.param("x" + URL, ERROR, id="mixture"),
        pytest.param("${context.env.id}", ERROR, id="context"),
        pytest.param("$\\{resources.agent.outputs.url}", ERROR, id="escaped"),
        pytest.param(to("agent#agent", "host"), ERROR, id="other output"),
        pytest.param("${resources.agent.guresid}", ERROR, id="no output"),
        pytest.param("${resources.agent<workload.outputs.url}", ERROR, id="traversal"),
        pytest.param(to("dns#x", "host"), ERROR, id="other type"),
        pytest.param(5, ERROR, id="number"),
        pytest.param("{{ .driver.secrets.agent_url }}", [], id="Go template"),
        pytest.param("", [], id="empty"),
    ],
)
def test_agent_url_is_output_url_of_an_agent(value: object, severities: list[Severity]) -> None:
    assert of("R53", judged(AGENT, cluster(secrets={"agent_url": value}))) == severities
    assert of("R53", judged(AGENT, cluster(secret_refs={"agent_url": {"value": value}}))) == severities


def test_parts_of_a_template_are_text_and_not_values() -> None:
    inputs = {"templates": {"secrets": {"agent_url": "http://proxy.example.com"}}}
    assert of("R53", judged(AGENT, cluster("humanitec/template", values=inputs))) == []


def test_a_stored_url_is_refused() -> None:
    stored = {"agent_url": {"store": "vault", "ref": "agent/url"}}
    (one,) = found("R53", judged(AGENT, cluster(secret_refs=stored)))
    assert "comes from a secret store" in one.message


def test_no_value_is_shown() -> None:
    (one,) = found("R53", judged(AGENT, cluster(secrets={"agent_url": "http://user:hunter2@proxy"})))
    assert "hunter2" not in one.message + one.advice


def relay(identifier: str = "relay", driver: str = "humanitec/echo", **inputs: Any) -> str:
    return definition(identifier, "config", driver=driver, criteria=[{"res_id": identifier}], **inputs)


@pytest.mark.parametrize(
    ("reference", "relays", "severities", "unknowns"),
    [
        pytest.param(to("config#relay", "agent_url"), [], [], 0, id="of the same name"),
        pytest.param(to("config#relay", "proxy"), [relay(secrets={"proxy": URL})], [], 0, id="passed on"),
        pytest.param(
            to("config#relay", "proxy"),
            [relay(secrets={"proxy": to("config#two", "x")}), relay("two", secrets={"x": URL})],
            [],
            0,
            id="passed on twice",
        ),
        pytest.param(
            to("config#relay", "proxy"), [relay(secrets={"proxy": "a", "x": URL})], ERROR, 0, id="other one"
        ),
        pytest.param(
            to("config#relay", "proxy"),
            [relay(secrets={"proxy": to("config#relay", "proxy")})],
            ERROR,
            0,
            id="circle",
        ),
        pytest.param(
            to("config#relay", "proxy"), [relay(driver="humanitec/template")], [], 1, id="of a template"
        ),
        pytest.param(to("config#nowhere", "proxy"), [], [], 1, id="not known"),
    ],
)
def test_a_url_may_be_passed_on(
    reference: str, relays: list[str], severities: list[Severity], unknowns: int
) -> None:
    judgement = judged(AGENT, *relays, cluster(secrets={"agent_url": reference}))
    assert [one.severity for one in found("R53", judgement) if "`eks`" in one.message] == severities
    assert len(unknown("R53", judgement)) == unknowns


# R54


@pytest.mark.parametrize(
    ("driver", "type_", "inputs", "severities"),
    [
        pytest.param(
            "humanitec/echo", "k8s-cluster", {"secrets": {"agent_url": URL}}, ERROR, id="echoed cluster"
        ),
        pytest.param("humanitec/echo", "config", {"secrets": {"agent_url": URL}}, [], id="configuration"),
        pytest.param(EKS, "k8s-cluster", {"secrets": {"agent_url": URL}}, [], id="real cluster"),
        pytest.param("humanitec/echo", "k8s-cluster", {"values": {"name": "eu"}}, [], id="no Agent"),
        pytest.param(
            "humanitec/echo",
            "k8s-cluster",
            {"values": {"cluster_type": "git"}, "secrets": {"agent_url": URL}},
            [],
            id="to Git, reported by R68",
        ),
    ],
)
def test_an_echoed_cluster_has_no_agent(
    driver: str, type_: str, inputs: dict[str, Any], severities: list[Severity]
) -> None:
    assert of("R54", judged(AGENT, cluster(driver, type_, **inputs))) == severities


# R55

DRIVERS = """\
agents: [{id: eu-1}]
drivers:
  - {id: taking, org_id: humanitec, inputs_schema: {properties: {secrets: {properties: {agent_url: {}}}}}}
  - {id: plain, org_id: humanitec, inputs_schema: {properties: {secrets: {description: agent_url}}}}
  - {id: eks, org_id: acme, target: "driver://humanitec/k8s-cluster-eks"}
  - {id: own, org_id: acme, target: "https://drivers.example.com"}
"""


@pytest.mark.parametrize(
    ("driver", "severities"),
    [
        (EKS, []),
        ("humanitec/terraform", []),
        ("humanitec/opentofu-container-runner", []),
        ("humanitec/echo", []),
        ("humanitec/template", []),
        ("humanitec/taking", []),
        ("humanitec/plain", WARNING),
        pytest.param("humanitec/nowhere", [], id="not there, which is R114's subject"),
        ("acme/eks", []),
        ("acme/own", []),
    ],
)
def test_whether_a_driver_accepts_an_agent_is_known_or_declared(
    driver: str, severities: list[Severity]
) -> None:
    text = definition("one", "s3", driver=driver, secrets={"agent_url": URL})
    assert of("R55", judged(AGENT, text, live=live_from(DRIVERS))) == severities


@pytest.mark.parametrize(
    ("driver", "inputs", "asks"),
    [
        ("humanitec/plain", {"secrets": {"agent_url": URL}}, True),
        ("humanitec/plain", {"secrets": {"agent_url": ""}}, False),
        (EKS, {"secrets": {"agent_url": URL}}, False),
        ("acme/own", {"values": {"x": "y"}}, False),
        ("acme/own", {"secrets": {"proxy": URL}}, True),
    ],
)
def test_drivers_are_read_only_where_something_depends_on_them(
    driver: str, inputs: dict[str, Any], *, asks: bool
) -> None:
    text = definition("one", "s3", driver=driver, **inputs)
    assert (Beside.DRIVERS in demand(scope(declare(AGENT, text)))) is asks
    if asks:
        answers = {*unknown("R55", judged(AGENT, text)), *unknown("R97", judged(AGENT, text))}
        assert any(f"`{driver}`" in reason for reason in answers)
