"""Definitions that are never chosen: R111, R112."""

import pytest

from reconciler.model.finding import Finding, Severity
from reconciler.model.secret import Expression
from reconciler.model.state import State
from reconciler.rules.judge import Judgement
from tests import building
from tests.rules.definitions import agent, definition, to, unmanaged
from tests.rules.tree import NOTHING_LIVE, judged, live

WARNING = [Severity.WARNING]
EKS = "humanitec/k8s-cluster-eks"


def found(rule: str, judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == rule]


def names(rule: str, judgement: Judgement) -> list[str]:
    return sorted(one.key.id for one in found(rule, judgement) if one.key is not None)


def unknown(rule: str, judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == rule]


def cluster(selector: str = "agent#agent", *criteria: dict[str, str]) -> str:
    return definition(
        "eks", "k8s-cluster", driver=EKS, criteria=list(criteria) or [{}], secrets={"agent_url": to(selector)}
    )


# R111


@pytest.mark.parametrize(
    ("one", "two", "shadowed"),
    [
        pytest.param({}, {"res_id": "agent"}, ["one-agent"], id="an id beats all without one"),
        pytest.param({"env_type": "test"}, {"res_id": "agent"}, ["one-agent"], id="however specific"),
        pytest.param(
            {"app_id": "a", "env_id": "b"}, {"res_id": "agent"}, ["one-agent"], id="in other fields"
        ),
        pytest.param({}, {"res_id": "agent", "env_type": "test"}, [], id="only in some deployments"),
        pytest.param(
            {"env_type": "test"}, {"res_id": "agent", "env_type": "test"}, ["one-agent"], id="in the same"
        ),
        pytest.param({"env_type": "live"}, {"res_id": "agent", "env_type": "test"}, [], id="in others"),
        pytest.param({"class": "big"}, {"res_id": "agent"}, [], id="of another class"),
        pytest.param({}, {"env_type": "test"}, [], id="without an id"),
        pytest.param({}, {"res_id": "other"}, [], id="an id that nothing asks for"),
    ],
)
def test_a_definition_that_others_always_beat_is_reported(
    one: dict[str, str], two: dict[str, str], shadowed: list[str]
) -> None:
    judgement = judged(cluster(), agent("one", one), agent("two", two))
    assert names("R111", judgement) == shadowed


def test_several_may_beat_it_together_and_are_named() -> None:
    texts = (
        definition(
            "eks", "k8s-cluster", driver=EKS, secrets={"agent_url": to("agent#a"), "other": to("agent#b")}
        ),
        agent("one", {}),
        agent("two", {"res_id": "a"}),
        agent("three", {"res_id": "b"}),
    )
    (finding,) = found("R111", judged(*texts))
    assert "`two-agent`, `three-agent` win" in finding.message
    assert names("R111", judged(*texts[:-1])) == []


def test_one_criterion_that_wins_somewhere_is_enough() -> None:
    texts = cluster(), agent("one", {}, {"res_id": "agent", "app_id": "a"}), agent("two", {"res_id": "agent"})
    assert names("R111", judged(*texts)) == []


def test_types_that_workloads_request_are_never_certain_to_be_shadowed() -> None:
    texts = (
        definition("one", "s3"),
        definition("two", "s3", criteria=[{"res_id": "x"}]),
        definition("asks", "dns", values={"x": to("s3#x")}),
    )
    assert names("R111", judged(*texts)) == []


def test_ids_that_may_be_inherited_make_it_unknown() -> None:
    texts = (
        definition("relay", "config", secrets={"agent_url": to("agent")}),
        agent("one", {}),
        agent("two", {"res_id": "agent"}),
    )
    assert names("R111", judged(*texts)) == []


def test_the_orchestrator_asks_for_a_runtime_cluster() -> None:
    texts = [
        definition(name, "k8s-cluster", driver=EKS, criteria=[criterion])
        for name, criterion in (("any", {}), ("of-id", {"res_id": "k8s-cluster"}))
    ]
    assert names("R111", judged(*texts)) == []
    runtime = definition("runtime", "k8s-cluster", driver=EKS, criteria=[{"res_id": "k8s-cluster-runtime"}])
    assert names("R111", judged(*texts, runtime)) == ["any"]


@pytest.mark.parametrize("state", [None, NOTHING_LIVE])
def test_live_definitions_may_request_more(state: State | None) -> None:
    texts = cluster(), agent("one", {}), agent("two", {"res_id": "agent"})
    judgement = judged(*texts, live=state)
    assert (names("R111", judgement), len(unknown("R111", judgement))) == (
        ([], 1) if state is None else (["one-agent"], 0)
    )
    theirs = building.definition(
        "theirs", "", type_="config", secrets={"/agent_url/value": Expression(to("agent#other"))}
    )
    assert names("R111", judged(*texts, live=live(theirs))) == []


# R112


@pytest.mark.parametrize(
    ("criterion", "is_told"),
    [
        ({"app_id": "shop-*"}, True),
        ({"env_type": "development,test"}, True),
        ({"env_id": "${context.env.id}"}, True),
        ({"class": "big|small"}, True),
        ({"res_id": "modules.*.externals.db"}, True),
        ({"res_id": "modules.web.externals.db"}, False),
        ({"res_id": "with/slash:and=more"}, False),
        ({"app_id": "shop_1.x", "env_id": "qa-1", "env_type": "test"}, False),
        ({"env_id": "qa"}, False),
        ({"app_id": ""}, False),
        ({}, False),
    ],
)
def test_values_that_no_deployment_has_are_reported(criterion: dict[str, str], *, is_told: bool) -> None:
    judgement = judged(definition("one", "s3", criteria=[{"app_id": "fine"}, criterion]))
    assert names("R112", judgement) == (["one"] if is_told else [])


def test_the_finding_is_at_the_value() -> None:
    head = "apiVersion: entity.humanitec.io/v1b1\nkind: Definition\nmetadata: {id: one}\n"
    text = head + "entity:\n  type: s3\n  driver_type: x/y\n  criteria: [{env_type: test, app_id: shop-*}]\n"
    (one,) = found("R112", judged(text))
    assert str(one.origin) == "0.yaml:7:39"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (definition("one", "s3", criteria=[]), ["one"]),
        (unmanaged("one", "s3"), []),
        (definition("default-humanitec-dns", "dns", criteria=[]), []),
    ],
)
def test_empty_criteria_are_reported_except_to_switch_off_built_in_definitions(
    text: str, expected: list[str]
) -> None:
    assert names("R112", judged(text, live=None)) == expected


def test_built_in_definitions_are_known_from_live_too() -> None:
    built_in = building.definition("odd-name", "", is_built_in=True)
    assert names("R112", judged(definition("odd-name", "s3", criteria=[]), live=live(built_in))) == []


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param([cluster(), agent("one", {"res_id": "agent"})], [], id="asked for"),
        pytest.param([cluster(), agent("one", {"res_id": "other"})], ["one-agent"], id="other id"),
        pytest.param(
            [cluster(), agent("one", {"res_id": "agent", "class": "big"})], ["one-agent"], id="other class"
        ),
        pytest.param([cluster(), agent("one", {"res_id": "other"}, {})], [], id="one is enough"),
        pytest.param([agent("one", {})], ["one-agent"], id="nothing asks"),
        pytest.param(
            [
                definition("relay", "config", secrets={"agent_url": to("agent")}),
                agent("one", {"res_id": "x"}),
            ],
            [],
            id="an inherited id may be it",
        ),
        pytest.param(
            [definition("one", "base-env", criteria=[{"res_id": "quota"}])],
            ["one"],
            id="base-env of another id",
        ),
        pytest.param([definition("one", "base-env")], [], id="base-env"),
        pytest.param(
            [definition("one", "k8s-cluster", driver=EKS, criteria=[{"res_id": "k8s-cluster-runtime"}])],
            [],
            id="runtime cluster",
        ),
        pytest.param(
            [
                definition("one", "k8s-namespace", criteria=[{"res_id": "extra"}]),
                definition("two", "s3", provision={"k8s-namespace#extra": {}}),
            ],
            [],
            id="provisioned as well",
        ),
        pytest.param(
            [
                definition("one", "k8s-namespace", criteria=[{"res_id": "extra"}]),
                definition("two", "s3", criteria=[{"class": "big"}], provision={"k8s-namespace#extra": {}}),
            ],
            [],
            id="provisioned as well, of the default class",
        ),
        pytest.param(
            [definition("one", "dns", criteria=[{"res_id": "x", "class": "y"}])], [], id="other type"
        ),
    ],
)
def test_types_that_workloads_cannot_request_must_be_requested_by_something(
    texts: list[str], expected: list[str]
) -> None:
    assert names("R112", judged(*texts)) == expected
    judgement = judged(*texts, live=None)
    assert (names("R112", judgement), len(unknown("R112", judgement))) == ([], len(expected))


def test_a_class_that_is_not_known_may_be_any() -> None:
    """The class of a reference is that of its definition, whose criteria were not read."""
    relay = unmanaged("relay", "config", secrets={"agent_url": to("agent#x")})
    judgement = judged(relay, agent("one", {"class": "big", "res_id": "x"}), live=None)
    assert unknown("R112", judgement) == []


def test_both_are_warnings() -> None:
    texts = cluster(), agent("one", {}), agent("two", {"res_id": "agent"}), agent("three", {"res_id": "x"})
    judgement = judged(*texts)
    assert [one.severity for one in (*found("R111", judgement), *found("R112", judgement))] == WARNING * 2
