"""What Agents are used for: R47, R49."""

import pytest

from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.state import State
from reconciler.settings import Settings
from tests import building
from tests.rules.agent_install.installing import agent, config_map, of
from tests.rules.observed import clusters_from
from tests.rules.tree import ACME, NOTHING_LIVE, declare, judge_all, judged, live, scope, settings

UNREAD = State({}, frozenset(Kind) - {Kind.DEFINITION})
NAMED = "definition: {id: %s-agent, criteria: [{%sres_id: agent}]}"


def plain(identifier: str = "eu-1", definition: str = "") -> str:
    return f"apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {{id: {identifier}}}\nspec: {{{definition}}}\n"


def named(identifier: str = "eu-1", where: str = "") -> str:
    return NAMED % (identifier, where)


def cluster(identifier: str = "shop", type_: str = "k8s-cluster", env: str = "development") -> str:
    return f"""\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: {identifier}}}
entity:
  name: {identifier}
  type: {type_}
  driver_type: humanitec/k8s-cluster-eks
  driver_inputs:
    values: {{name: a, region: b}}
    secrets: {{agent_url: "${{resources['agent.default#agent'].outputs.url}}"}}
  criteria: [{{env_type: {env}}}]
"""


def agent_definition(points_at: str) -> str:
    return f"""\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: some-agent}}
entity:
  name: some-agent
  type: agent
  driver_type: humanitec/agent
  driver_inputs: {{values: {{id: "{points_at}"}}}}
  criteria: [{{res_id: agent}}]
"""


def store(agent_id: str) -> str:
    return f"""\
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {{id: vault}}
spec:
  vault: {{url: "https://vault.example.com", agent_id: {agent_id}}}
"""


def said(
    *texts: str, rule: str = "R47", state: State | None = NOTHING_LIVE, settings: Settings = ACME
) -> list[tuple[Severity, str]]:
    return of(judged(*texts, live=state, settings=settings, only=(rule,)), rule)


def unknown(
    *texts: str, rule: str = "R47", state: State | None = NOTHING_LIVE, settings: Settings = ACME
) -> list[str]:
    return [u.reason for u in judged(*texts, live=state, settings=settings, only=(rule,)).unknown]


def test_an_agent_that_nothing_names_is_a_warning() -> None:
    assert said(plain()) == [
        (Severity.WARNING, "Agent `eu-1` is not named by any definition, so nothing goes through it")
    ]
    assert said(plain(definition=named())) == []
    assert said(plain(), agent_definition("eu-1")) == []
    assert said(plain(), agent_definition("other"), plain("other")) != []
    assert said(plain(), store("eu-1")) == []


def test_a_live_definition_names_an_agent() -> None:
    there = building.definition("agents", "res_id=agent", type_="agent", values={"id": "eu-1"})
    assert said(plain(), state=live(there)) == []
    assert said(plain("us-1"), state=live(there)) != []


def test_if_definitions_were_not_read_it_is_unknown() -> None:
    assert said(plain(), plain("us-1"), state=UNREAD) == []
    us = agent("{cluster: us-1}", "us-1")
    assert unknown(us, state=UNREAD) == ["Agent `us-1`: the live definitions of target `acme` were not read"]
    assert len(unknown(us, state=None)) == 1
    assert unknown(agent("{cluster: us-1}", "us-1", named("us-1")), state=None) == []


def test_a_placeholder_may_name_any_agent() -> None:
    open_ended = agent_definition("${context.app.id}")
    assert said(plain(), open_ended) == []
    assert len(unknown(agent("{cluster: eu-1}"), open_ended)) == 1


def test_without_any_installations_it_is_unknown_where_agents_run() -> None:
    texts = (plain(definition=named()), plain("us-1", named("us-1", "env_id: shop, ")), cluster())
    assert said(*texts) == []
    assert unknown(*texts) == [
        "Agent `eu-1`, Agent `us-1`: no document declares where it runs (`install`), and the settings list no cluster"
    ]


RUNNING = (
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: humanitec-agent, namespace: humanitec-agent, "
    "labels: {app.kubernetes.io/name: humanitec-agent}}}"
)


@pytest.mark.parametrize(
    ("clusters", "severities", "hidden"),
    [
        ("{}", [], 1),
        ("{eu-1: {objects: []}}", [], 1),
        ("{eu-1: {objects: []}, us-1: {objects: []}}", [Severity.ERROR], 0),
        (f"{{eu-1: {{objects: [{RUNNING}]}}, us-1: {{objects: []}}}}", [], 1),
    ],
)
def test_an_agent_in_use_that_runs_on_no_cluster_is_an_error_once_all_were_read(
    clusters: str, severities: list[Severity], hidden: int
) -> None:
    judgement = judged(
        plain(definition=named()),
        cluster(),
        settings=networks(),
        clusters=clusters_from(clusters),
        only=("R47",),
    )
    assert [severity for severity, _ in of(judgement, "R47")] == severities
    assert len(judgement.unknown) == hidden


def test_a_cluster_that_was_read_in_part_is_not_called_unread() -> None:
    """As after the last installation was removed from the files: Deployments are read for those only."""
    partly = clusters_from("{eu-1: {complete: []}, us-1: {objects: []}}")
    judgement = judged(plain(definition=named()), settings=networks(), clusters=partly, only=("R47",))
    (found,) = judgement.unknown
    assert found.reason == (
        "Agent `eu-1`: no document declares where it runs (`install`), and Deployment objects of cluster `eu-1` were "
        "not read, so an Agent may run there"
    )
    none = judged(plain(definition=named()), settings=networks(), only=("R47",))
    assert [one.reason for one in none.unknown] == ["Agent `eu-1`: cluster `eu-1` was not read"]


def test_an_agent_without_installation_is_a_warning_if_others_have_one() -> None:
    us = agent("{cluster: us-1}", "us-1", named("us-1", "env_type: production, "))
    found = said(plain(definition=named(where="env_type: development, ")), us)
    assert found == [(Severity.WARNING, "Agent `eu-1` is not installed anywhere")]
    assert said(plain(), us)[0][1].endswith("installed anywhere and is not named by any definition")


@pytest.mark.parametrize("user", ["shop", "vault"])
def test_using_an_agent_without_installation_is_an_error(user: str) -> None:
    us = agent("{cluster: us-1}", "us-1", named("us-1", "env_type: production, "))
    eu = plain(definition=named(where="env_type: development, "))
    found = said(eu, us, cluster() if user == "shop" else store("eu-1"))
    assert [severity for severity, _ in found] == [Severity.ERROR]
    assert f"`{user}` uses it" in found[0][1]
    assert [severity for severity, _ in said(eu, us, cluster(env="production"))] == [Severity.WARNING]


def test_an_installation_in_another_targets_document_counts() -> None:
    here = declare(plain(definition=named()))
    everything = declare(
        plain(definition=named()), agent("{cluster: eu-1}", "eu-1", "organizations: [other]")
    )
    judgement = judge_all([scope(here, everything=everything, live=NOTHING_LIVE)])
    assert of(judgement, "R47") == []


def test_manifests_may_install_any_agent() -> None:
    us = agent("{cluster: us-1}", "us-1", named("us-1", "env_type: production, "))
    texts = (plain(definition=named(where="env_type: development, ")), us, cluster(), config_map())
    assert said(*texts) == []
    assert unknown(*texts) == ["Agent `eu-1`: manifests in the tree install an Agent without naming it"]


def networks(eu: str = "network: office", us: str = "network: plant, definitions: [shop]") -> Settings:
    return settings(
        f"version: 1\ntargets: {{acme: {{organization: acme}}}}\nclusters: {{eu-1: {{{eu}}}, us-1: {{{us}}}}}"
    )


def with_networks(members: str, more: str = "") -> str:
    return agent(f"{{cluster: eu-1{members}}}", spec=f"{named()}\n{more}")


@pytest.mark.parametrize(
    ("members", "expected", "hidden"),
    [
        (", networks: [office]", 1, 0),
        (", networks: []", 1, 0),
        (", networks: [office, plant]", 0, 0),
        ("", 0, 1),
    ],
)
def test_an_agent_reaches_the_network_of_the_cluster(members: str, expected: int, hidden: int) -> None:
    texts = (with_networks(members), cluster())
    found = said(*texts, rule="R49", settings=networks())
    assert [severity for severity, _ in found] == [Severity.ERROR] * expected
    assert len(unknown(*texts, rule="R49", settings=networks())) == hidden


def test_an_agent_reaches_the_network_that_it_runs_in() -> None:
    same = networks(us="network: office, definitions: [shop]")
    assert said(with_networks(""), cluster(), rule="R49", settings=same) == []
    assert unknown(with_networks(""), cluster(), rule="R49", settings=same) == []


def test_if_only_some_replicas_reach_it_a_part_of_the_requests_fails() -> None:
    text = with_networks(", networks: [office]", "moreInstalls: [{cluster: us-1}]")
    found = said(text, cluster(), rule="R49", settings=networks())
    assert [severity for severity, _ in found] == [Severity.WARNING]
    assert "from cluster `eu-1`" in found[0][1]


def test_a_cluster_without_network_is_unknown_if_others_have_one() -> None:
    unspecified = networks(us="definitions: [shop]")
    text = with_networks(", networks: [office]")
    assert len(unknown(text, cluster(), rule="R49", settings=unspecified)) == 1
    assert unknown(text, cluster(), rule="R49", settings=ACME) == []


@pytest.mark.parametrize(
    "other",
    [
        cluster()
        .replace("agent_url", "other")
        .replace("${resources['agent.default#agent'].outputs.url}", "x"),
        cluster(type_="postgres"),
        cluster().replace("humanitec/k8s-cluster-eks", "humanitec/k8s-cluster-git"),
        cluster().replace("#agent", "#another"),
    ],
)
def test_definitions_that_do_not_use_the_agent_need_no_network(other: str) -> None:
    assert said(with_networks(", networks: [office]"), other, rule="R49", settings=networks()) == []


def test_an_agent_without_installation_is_left_to_another_rule() -> None:
    texts = (plain(definition=named()), agent("{cluster: eu-1}", "second"), cluster())
    assert said(*texts, rule="R49", settings=networks()) == []
