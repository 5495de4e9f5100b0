"""Definitions of agents and what matches a reference to one: R50, R51."""

import pytest

from reconciler.model.finding import Finding, Severity
from reconciler.model.kind import Kind
from reconciler.model.state import State
from reconciler.rules.judge import Judgement
from tests import building
from tests.rules.definitions import agent, definition, to, unmanaged
from tests.rules.tree import NOTHING_LIVE, declare, judge_all, judged, live, rules_of, scope, settings

ERROR, WARNING = [Severity.ERROR], [Severity.WARNING]
CLUSTER = "humanitec/k8s-cluster-eks"
HAS_AGENT = agent("eu-1", {"res_id": "agent"})


def found(rule: str, judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == rule]


def of(rule: str, judgement: Judgement) -> list[Severity]:
    return [finding.severity for finding in found(rule, judgement)]


def unknown(rule: str, judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == rule]


def cluster(selector: str, *criteria: dict[str, str], identifier: str = "eks") -> str:
    return definition(
        identifier,
        "k8s-cluster",
        driver=CLUSTER,
        criteria=list(criteria) or [{}],
        secrets={"agent_url": to(selector)},
    )


# R50


@pytest.mark.parametrize(
    ("type_", "driver", "account", "severities"),
    [
        ("agent", "humanitec/agent", None, []),
        ("agent", "humanitec/echo", None, ERROR),
        ("s3", "humanitec/agent", None, ERROR),
        ("s3", "humanitec/agent", "aws", ERROR),
        ("s3", "humanitec/echo", "aws", []),
        ("agent", "humanitec/agent", "aws", WARNING),
        ("agent", "humanitec/echo", "aws", [Severity.ERROR, Severity.WARNING]),
    ],
)
def test_type_agent_and_its_driver_are_used_together(
    type_: str, driver: str, account: str | None, severities: list[Severity]
) -> None:
    text = definition("one", type_, driver=driver, driver_account=account)
    assert of("R50", judged(text)) == severities


def test_definitions_created_by_agent_documents_are_correct() -> None:
    assert of("R50", judged(HAS_AGENT)) == []


# R51


@pytest.mark.parametrize(
    ("reference", "criteria", "agents", "severities"),
    [
        pytest.param("agent#agent", {}, [{"res_id": "agent"}], [], id="by id"),
        pytest.param("agent.default#agent", {}, [{"res_id": "agent"}], [], id="by class and id"),
        pytest.param("agent.default#agent", {}, [{}], [], id="any id"),
        pytest.param("agent.default#eu-1", {}, [{"res_id": "agent"}], ERROR, id="the Agent's own id"),
        pytest.param("agent.runner#agent", {}, [{"res_id": "agent"}], ERROR, id="other class"),
        pytest.param("agent#agent", {"class": "big"}, [{"res_id": "agent"}], ERROR, id="inherits its class"),
        pytest.param(
            "agent#agent", {"class": "big"}, [{"class": "big"}], [], id="inherits an existing class"
        ),
        pytest.param("agent", {}, [{"res_id": "k8s-cluster"}], [], id="inherits the cluster's id"),
        pytest.param("agent", {}, [{"res_id": "agent"}], ERROR, id="inherits another id"),
        pytest.param("agent", {"res_id": "agent"}, [{"res_id": "agent"}], [], id="inherits a given id"),
        pytest.param(
            "agent#agent",
            {"env_type": "live"},
            [{"res_id": "agent", "env_type": "test"}],
            ERROR,
            id="elsewhere",
        ),
        pytest.param(
            "agent#agent",
            {"env_type": "live", "app_id": "a"},
            [{"res_id": "agent", "env_type": "live"}],
            [],
            id="in some of the same deployments",
        ),
        pytest.param("agent#agent", {}, [], ERROR, id="no criteria"),
    ],
)
def test_references_to_an_agent_are_matched_by_class_id_and_deployments(
    reference: str, criteria: dict[str, str], agents: list[dict[str, str]], severities: list[Severity]
) -> None:
    assert of("R51", judged(cluster(reference, criteria), agent("eu-1", *agents))) == severities


def test_each_criterion_of_the_cluster_is_evaluated() -> None:
    texts = (
        cluster("agent#agent", {"env_type": "live"}, {"env_type": "test"}),
        agent("eu-1", {"env_type": "live"}),
    )
    (one,) = found("R51", judged(*texts))
    assert "environment type `test`" in one.message


def test_one_reference_is_reported_once_however_many_criteria_the_cluster_has() -> None:
    texts = cluster("agent#x", {"env_type": "live"}, {"env_type": "test"}), HAS_AGENT
    assert of("R51", judged(*texts)) == ERROR


@pytest.mark.parametrize(
    ("state", "others", "severities", "unknowns"),
    [
        pytest.param(NOTHING_LIVE, [], ERROR, 0, id="no agent definition anywhere"),
        pytest.param(None, [], [], 1, id="live unread, none declared"),
        pytest.param(
            None, [agent("eu-1", {"res_id": "other"})], WARNING, 1, id="live unread, others declared"
        ),
        pytest.param(live(complete=frozenset({Kind.AGENT})), [], [], 1, id="definitions unread"),
        pytest.param(
            live(building.definition("theirs", "res_id=agent", type_="agent")), [], [], 0, id="only live"
        ),
        pytest.param(
            live(building.definition("theirs", "res_id=x", type_="agent")), [], ERROR, 0, id="other live"
        ),
        pytest.param(
            None, [unmanaged("mine", "agent", driver="humanitec/agent")], [], 1, id="unmanaged criteria"
        ),
        pytest.param(
            live(building.definition("mine", "res_id=agent", type_="agent")),
            [unmanaged("mine", "agent", driver="humanitec/agent")],
            [],
            0,
            id="unmanaged criteria that are live",
        ),
    ],
)
def test_what_is_only_live_counts_and_what_was_not_read_is_unknown(
    state: State | None, others: list[str], severities: list[Severity], unknowns: int
) -> None:
    judgement = judged(cluster("agent#agent"), *others, live=state)
    assert of("R51", judgement) == severities
    assert len(unknown("R51", judgement)) == unknowns


def test_ids_are_inherited_over_several_definitions_and_the_path_is_named() -> None:
    texts = (
        definition(
            "bucket",
            "s3",
            driver="humanitec/container",
            values={"x": to("config.default#runner", "agent_url")},
        ),
        definition("relay", "config", values={"x": to("secret", "y")}, secrets={"agent_url": to("agent")}),
        HAS_AGENT,
    )
    (one,) = found("R51", judged(*texts))
    assert unknown("R51", judged(*texts)) == []
    assert "refers to agent `default#runner`" in one.message
    assert "(`bucket` → `relay` → `agent`)" in one.message
    assert of("R51", judged(*texts, agent("two", {"res_id": "runner"}))) == []


def test_an_id_that_is_set_by_nothing_is_unknown() -> None:
    relay = definition("relay", "config", secrets={"agent_url": to("agent")})
    judgement = judged(relay, HAS_AGENT)
    assert of("R51", judgement) == []
    (reason,) = unknown("R51", judgement)
    assert "`relay`" in reason


@pytest.mark.parametrize(
    ("reference", "advice"),
    [
        (
            "agent#eu-1",
            "is the `res_id` of the criteria, not the id of the Agent: known are `default#agent`.",
        ),
        ("agent#eu-1-agent", "not the id of the Agent"),
        ("agent#agnet", "Did you mean `default#agent`?"),
        ("agent#something", "Refer to one that exists: `default#agent`."),
    ],
)
def test_the_next_step_names_what_exists(reference: str, advice: str) -> None:
    (one,) = found("R51", judged(cluster(reference), HAS_AGENT))
    assert advice in one.advice


def test_agents_of_other_deployments_are_named() -> None:
    texts = (
        cluster("agent#agent", {"env_type": "live"}),
        agent("eu-1", {"env_type": "test", "res_id": "agent"}),
    )
    (one,) = found("R51", judged(*texts))
    assert "`eu-1-agent` matches class and id, but only in other deployments" in one.advice


def test_a_tree_without_references_has_no_findings() -> None:
    judgement = judged(definition("one", "s3", values={"x": "y"}), live=None)
    assert "R51" not in {*rules_of(judgement), *(answer.rule for answer in judgement.unknown)}


def test_each_organization_has_its_own_agents() -> None:
    """What another target declares matches nothing here."""
    chosen = settings("{version: 1, targets: {acme: {organization: acme}, beta: {organization: beta}}}")
    here, there = declare(cluster("agent#agent"), agent("us-1", {"res_id": "x"})), declare(HAS_AGENT)
    scopes = [
        scope(here, live=NOTHING_LIVE, settings=chosen),
        scope(there, live=NOTHING_LIVE, settings=chosen, target="beta"),
    ]
    assert of("R51", judge_all(scopes, chosen)) == ERROR
