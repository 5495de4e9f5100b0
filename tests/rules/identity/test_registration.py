"""References by name: R03, R05."""

from collections.abc import Iterable

import pytest

from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.model.state import State
from tests import building
from tests.rules.tree import ACME, NOTHING_LIVE, declare, judge_all, judged, live, scope, settings

AGENT = "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {{id: {id}}}\nspec: {{{spec}}}\n---\n"
POINTS = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: agent-definition}}
entity: {{type: agent, driver_type: humanitec/agent, driver_inputs: {{values: {values}}}}}
---
"""
SERVES = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: humanitec-agent-configmap-env}}
data: {{ORGS: "{orgs}"}}
---
"""
UNREAD_AGENTS = live(complete=frozenset({Kind.DEFINITION}))


def registration_rules(answers: Iterable[Finding | Unknown]) -> list[str]:
    return [answer.rule for answer in answers if answer.rule in {"R03", "R05"}]


@pytest.mark.parametrize(
    ("values", "live_state", "found", "unknown"),
    [
        pytest.param("{id: eu-1}", NOTHING_LIVE, [], [], id="declared"),
        pytest.param("{id: eu-1}", None, [], [], id="declared, live unread"),
        pytest.param("{id: us-1}", live(building.agent("us-1")), [], [], id="registered"),
        pytest.param("{id: us-1}", NOTHING_LIVE, ["R03"], [], id="nowhere"),
        pytest.param("{id: us-1}", None, [], ["R03"], id="perhaps registered"),
        pytest.param("{id: us-1}", UNREAD_AGENTS, [], ["R03"], id="list of agents incomplete"),
        pytest.param("{}", None, ["R03"], [], id="no id"),
        pytest.param("{id: 5}", None, ["R03"], [], id="not a string"),
        pytest.param("{id: '${context.env.id}-agent'}", NOTHING_LIVE, [], ["R03"], id="placeholder"),
    ],
)
def test_agent_definitions_refer_to_agents_that_exist(
    values: str, live_state: State | None, found: list[str], unknown: list[str]
) -> None:
    judgement = judged(AGENT.format(id="eu-1", spec=""), POINTS.format(values=values), live=live_state)
    assert registration_rules(judgement.findings) == found
    assert registration_rules(judgement.unknown) == unknown


def test_agent_of_another_organization_is_named() -> None:
    """The next step is then to register it here, not to declare another."""
    text = AGENT.format(id="eu-1", spec="organizations: [acme-retail]") + POINTS.format(values="{id: eu-1}")
    (found,) = (finding for finding in judged(text).findings if finding.rule == "R03")
    assert "not declared for organization `acme`" in found.message
    assert [str(origin) for origin in found.others] == ["0.yaml:3:16"]
    assert found.advice == "Add `acme` to the Agent's `organizations`."


def test_an_agent_declared_for_another_target_counts_if_it_names_the_organization() -> None:
    mine = declare(POINTS.format(values="{id: eu-1}"))
    tree = declare(POINTS.format(values="{id: eu-1}"), AGENT.format(id="eu-1", spec="organizations: [acme]"))
    assert (
        registration_rules(judge_all([scope(mine, everything=tree, live=NOTHING_LIVE)], ACME).findings) == []
    )


def test_an_agents_own_definition_refers_to_it() -> None:
    judgement = judged(AGENT.format(id="eu-1", spec="definition: {id: eu-1-agent}"))
    assert registration_rules(judgement.findings) == []


@pytest.mark.parametrize(
    ("agents", "live_state", "found", "unknown"),
    [
        pytest.param(["organizations: [acme]"], NOTHING_LIVE, [], [], id="declared"),
        pytest.param([""], None, [], [], id="declared for the file's targets"),
        pytest.param(["organizations: [other]"], NOTHING_LIVE, ["R05"], [], id="declared elsewhere"),
        pytest.param(
            ["organizations: [other]"], None, ["R05"], ["R05"], id="declared elsewhere, live unread"
        ),
        pytest.param(
            ["organizations: [other]"], live(building.agent("eu-1")), [], [], id="registered by others"
        ),
        pytest.param([], NOTHING_LIVE, ["R05"], [], id="no agents at all"),
        pytest.param([], None, [], ["R05"], id="no agents declared, live unread"),
    ],
)
def test_installations_serve_organizations_that_know_an_agent(
    agents: list[str], live_state: State | None, found: list[str], unknown: list[str]
) -> None:
    texts = [AGENT.format(id="eu-1", spec=spec) for spec in agents]
    judgement = judged(*texts, SERVES.format(orgs="acme"), live=live_state)
    assert registration_rules(judgement.findings) == found
    assert registration_rules(judgement.unknown) == unknown


def test_a_missing_registration_refuses_only_after_live_was_read() -> None:
    """Before, somebody else may have registered the Agent there."""
    texts = AGENT.format(id="eu-1", spec="organizations: [other]"), SERVES.format(orgs="acme")
    severities = [
        finding.severity
        for state in (None, NOTHING_LIVE)
        for finding in judged(*texts, live=state).findings
        if finding.rule == "R05"
    ]
    assert severities == [Severity.WARNING, Severity.ERROR]


def test_a_served_organization_without_a_target_is_reported_with_the_nearest_one() -> None:
    judgement = judged(AGENT.format(id="eu-1", spec=""), SERVES.format(orgs="acme,acmee"))
    (found,) = (finding for finding in judgement.findings if finding.rule == "R05")
    assert "`acmee`" in found.message
    assert found.advice == "Did you mean `acme`?"


def test_organizations_filled_in_by_a_template_are_unknown() -> None:
    judgement = judged(AGENT.format(id="eu-1", spec=""), SERVES.format(orgs="acme,${ORG}"))
    assert registration_rules(judgement.findings) == []
    assert registration_rules(judgement.unknown) == ["R05"]


def test_other_config_maps_are_left_alone() -> None:
    text = SERVES.format(orgs="nobody").replace("humanitec-agent-configmap-env", "mine")
    assert registration_rules(judged(text).findings) == []


def test_one_installation_in_two_targets_is_reported_once() -> None:
    both = settings(
        """
        version: 1
        targets:
          acme: {organization: acme}
          retail: {organization: acme-retail}
        """
    )
    tree = declare(AGENT.format(id="eu-1", spec="organizations: [acme]"), SERVES.format(orgs="acme,nobody"))
    scopes = [scope(tree, settings=both, target=target) for target in ("acme", "retail")]
    assert registration_rules(judge_all(scopes, both).findings) == ["R05"]
