"""Git targets themselves: R68, R69, R70, R75."""

import json
import time

import pytest

from reconciler.model.finding import Severity
from reconciler.rules.gitops import RULES
from reconciler.settings import Mode
from reconciler.source.settings_file import parse_settings
from tests.rules.gitops.documents import (
    CLUSTER,
    ERROR,
    SSH,
    git,
    of,
    unknown,
)
from tests.rules.observed import clusters_from, live_from
from tests.rules.tree import NOTHING_LIVE, declare, judge_all, judged, scope, settings

TEMPLATE = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: git}}
entity:
  type: k8s-cluster
  driver_type: humanitec/template
  driver_inputs:
    values:
      templates:
        outputs: {outputs}
    secrets: {{agent_url: "${{resources.agent.outputs.url}}"}}
---
"""
OPERATOR = """\
apiVersion: reconciler/v1alpha1
kind: Operator
metadata: {id: eu}
spec: {cluster: eu}
---
"""
BUILT_IN = "{id: humanitec, primary: true, humanitec: {}}"
EXTERNAL = "{id: aws, primary: true, awssm: {region: eu-central-1}}"
CONTROLLER = """\
eu:
  objects:
    - {apiVersion: apps/v1, kind: Deployment, metadata: {name: humanitec-operator-controller-manager, namespace: a}}
"""


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        pytest.param(SSH, [], id="none"),
        pytest.param("secrets: {agent_url: '${resources.agent.outputs.url}'}", ERROR, id="secrets"),
        pytest.param("secret_refs: {agent_url: {value: text}}", ERROR, id="secret_refs"),
        pytest.param("secret_refs: {agent_url: {store: a, ref: b}}", ERROR, id="reference"),
        pytest.param("secrets: {deep: [{agent_url: text}]}", ERROR, id="deep inside"),
        pytest.param(
            "secrets: {other: \"x-${resources['agent.default#agent'].outputs.url}\"}", ERROR, id="other name"
        ),
        pytest.param('secrets: {text: "a: b\\nagent_url: x"}', ERROR, id="line of a template"),
        pytest.param("secrets: {text: \"# agent_url: x\\nagent_url: ''\"}", [], id="comment and empty line"),
        pytest.param("secrets: {agent_url: ''}", [], id="empty"),
        pytest.param("secret_refs: {agent_url: {value: null}}", [], id="null"),
        pytest.param("secrets: {other: '$\\{resources.agent.outputs.url}'}", [], id="escaped"),
        pytest.param("secrets: {other: '${resources.agent-x.outputs.url}'}", [], id="other type"),
    ],
)
def test_definitions_that_deploy_to_git_use_no_agent(inputs: str, found: list[Severity]) -> None:
    assert of("R68", judged(git(secrets=inputs))) == found


def test_the_places_of_gitops_and_of_the_agent_are_named() -> None:
    text = git(secrets="secrets: {agent_url: '${resources.agent.outputs.url}'}")
    (found,) = (finding for finding in judged(text).findings if finding.rule == "R68")
    assert str(found.origin) == "0.yaml:9:15"
    assert [str(origin) for origin in found.others] == ["0.yaml:6:16"]
    assert "0.yaml:9:15" in found.message
    assert "0.yaml:6:16" in found.message


@pytest.mark.parametrize(
    ("outputs", "found", "unknowns"),
    [
        pytest.param("{cluster_type: git, url: x}", ERROR, 0, id="mapping"),
        pytest.param('\'{"cluster_type": "git"}\'', ERROR, 0, id="JSON text"),
        pytest.param('"cluster_type: git # yes\\nurl: x"', ERROR, 0, id="text"),
        pytest.param('"cluster_type: eks"', [], 0, id="other type"),
        pytest.param('"# cluster_type: git\\ncluster_type: eks"', [], 0, id="comment"),
        pytest.param('"nested:\\n  cluster_type: git"', [], 0, id="of something else"),
        pytest.param('"cluster_type: {{ .driver.values.type }}"', [], 1, id="computed"),
        pytest.param('"{{ if .x }}\\ncluster_type: git\\n{{ end }}"', [], 1, id="conditional"),
        pytest.param("{cluster_type: '${resources.config.outputs.type}'}", [], 1, id="placeholder"),
        pytest.param("5", [], 0, id="nonsense"),
        pytest.param(r'"{\n  \"url\": \"x\",\n  \"cluster_type\": \"git\"\n}"', ERROR, 0, id="indented JSON"),
        pytest.param('"{url: a/${context.app.id}, cluster_type: git}"', ERROR, 0, id="flow style"),
        pytest.param('"nested: {cluster_type: git}"', [], 0, id="of something else in flow style"),
        pytest.param(
            '"cluster_type: git\\n{{ if .x }}\\nurl: x\\n{{ end }}"', ERROR, 0, id="next to a condition"
        ),
    ],
)
def test_templates_that_output_a_git_cluster_deploy_to_git(
    outputs: str, found: list[Severity], unknowns: int
) -> None:
    judgement = judged(TEMPLATE.format(outputs=outputs))
    assert of("R68", judgement) == found
    assert unknown("R68", judgement) == unknowns


@pytest.mark.parametrize(
    ("secrets", "found", "unknowns"),
    [
        ('{"agent_url": "{{ .driver.secrets.url }}"}', ERROR, 0),
        ("agent_url: {{ .driver.secrets.url }}", ERROR, 0),
        ("{{ if .x }}agent_url: {{ .y }}{{ end }}", ERROR, 0),
        ("credentials: {agent_url: {{ .x }}}", [], 0),
        ("note: 'agent_url: x'", [], 0),
        ("agent_url: ''", [], 0),
        ("agent_url: {{ .x", [], 1),
    ],
)
def test_a_git_target_outputs_no_agent_in_the_text_of_a_template(
    secrets: str, found: list[Severity], unknowns: int
) -> None:
    text = TEMPLATE.format(outputs="{cluster_type: git, url: x}").replace(
        '    secrets: {agent_url: "${resources.agent.outputs.url}"}\n', ""
    )
    text = text.replace("        outputs:", f"        secrets: {json.dumps(secrets)}\n        outputs:")
    judgement = judged(text)
    assert of("R68", judgement) == found
    assert unknown("R68", judgement) == unknowns


def test_places_in_the_settings_have_a_line() -> None:
    text = b"""\
version: 1
targets:
  acme: {organization: acme, primaryStore: humanitec}
clusters:
  eu: {operator: false}
network: {privateHosts: [git.example.com]}
"""
    chosen, _ = parse_settings(text, "reconciler.yaml")
    found = {finding.rule: finding for finding in judged(git(), settings=chosen).findings}
    assert [str(origin) for origin in found["R70"].others] == ["reconciler.yaml:3:44", "reconciler.yaml:5:18"]
    assert [str(origin) for origin in found["R75"].others] == ["reconciler.yaml:6:26"]


@pytest.mark.parametrize(
    ("store", "git_mode", "cluster_mode"),
    [
        ("", Mode.GITOPS, None),
        ("primaryStore: humanitec", Mode.GITOPS, Mode.LEGACY),
        ("primaryStore: vault", Mode.GITOPS, Mode.DIRECT),
    ],
)
def test_mode_follows_from_driver_and_primary_store(
    store: str, git_mode: Mode, cluster_mode: Mode | None
) -> None:
    chosen = settings(f"{{version: 1, targets: {{acme: {{organization: acme, {store}}}}}}}")
    one = scope(declare(git() + CLUSTER.format(id="eks", criteria="[]")), settings=chosen)
    assert [one.mode(definition) for definition in one.definitions] == [git_mode, cluster_mode]


@pytest.mark.parametrize(
    ("url", "secrets", "count", "unknowns"),
    [
        pytest.param("git@h:a/b.git", "secrets: {credentials: {ssh_key: k}}", 0, 0, id="ssh"),
        pytest.param("ssh://git@h:22/a/b", "secrets: {credentials: {ssh_key: k}}", 0, 0, id="ssh scheme"),
        pytest.param("https://h/a/b", "secrets: {credentials: {password: p}}", 0, 0, id="https"),
        pytest.param(
            "https://h/a/b",
            "secret_refs: {credentials: {password: {store: s, ref: r}}}",
            0,
            0,
            id="reference",
        ),
        pytest.param("git@h:a/b.git", "secrets: {credentials: {password: p}}", 1, 0, id="ssh, password"),
        pytest.param("https://h/a/b", "secrets: {credentials: {ssh_key: k}}", 1, 0, id="https, key"),
        pytest.param("https://h/a/b", "", 1, 0, id="no credentials"),
        pytest.param("https://h/a/b", "secrets: {credentials: {ssh_key: k, password: p}}", 1, 0, id="both"),
        pytest.param(
            "https://h/a/b", "secret_refs: {credentials: {password: {value: null}}}", 1, 0, id="null password"
        ),
        pytest.param("", "secrets: {credentials: {ssh_key: k}}", 1, 0, id="no url"),
        pytest.param("file:///a", "secrets: {credentials: {ssh_key: k}}", 1, 0, id="other scheme"),
        pytest.param("manifests", "secrets: {credentials: {ssh_key: k}}", 1, 0, id="no url at all"),
        pytest.param("https://[", "secrets: {credentials: {ssh_key: k}}", 1, 0, id="broken url"),
        pytest.param(
            "https://h/a/b", "secrets: {credentials: '${resources.c.outputs.c}'}", 0, 1, id="placeholder"
        ),
        pytest.param("${resources.c.outputs.url}", "secrets: {credentials: {ssh_key: k}}", 0, 1, id="url"),
        pytest.param("https://h/${context.app.id}", "secrets: {credentials: {password: k}}", 0, 0, id="part"),
    ],
)
def test_git_targets_have_a_url_and_matching_credentials(
    url: str, secrets: str, count: int, unknowns: int
) -> None:
    judgement = judged(git(values=f"{{url: '{url}'}}", secrets=secrets))
    assert len(of("R69", judgement)) == count
    assert unknown("R69", judgement) == unknowns


def test_passwords_in_urls_are_never_shown() -> None:
    text = git(values="{url: 'https://user:hunter22@git.example.com/a', path: same}", secrets="")
    private = settings(
        "{version: 1, targets: {acme: {organization: acme}}, network: {privateHosts: [git.example.com]}}"
    )
    judgement = judged(text, text.replace("id: git", "id: git-2"), settings=private)
    assert {"R69", "R74", "R75"} <= {finding.rule for finding in judgement.findings}
    assert "hunter22" not in str(judgement)


@pytest.mark.parametrize(
    ("store", "clusters", "count", "unknowns"),
    [
        pytest.param("primaryStore: vault", "{eu: {operator: true}}", 0, 0, id="as it should be"),
        pytest.param("primaryStore: humanitec", "{eu: {operator: true}}", 1, 0, id="built-in store"),
        pytest.param("primaryStore: vault", "{eu: {operator: false}}", 1, 0, id="no operator"),
        pytest.param(
            "primaryStore: vault", "{eu: {operator: false}, us: {}}", 0, 1, id="perhaps an operator"
        ),
        pytest.param("", "{eu: {operator: true}}", 0, 1, id="store not known"),
        pytest.param("", "{}", 0, 2, id="nothing known"),
    ],
)
def test_gitops_needs_an_operator_and_an_external_store(
    store: str, clusters: str, count: int, unknowns: int
) -> None:
    chosen = settings(
        f"{{version: 1, targets: {{acme: {{organization: acme, {store}}}}}, clusters: {clusters}}}"
    )
    judgement = judged(git(), settings=chosen)
    assert len(of("R70", judgement)) == count
    assert unknown("R70", judgement) == unknowns


@pytest.mark.parametrize(
    ("documents", "stores", "clusters", "count", "unknowns"),
    [
        pytest.param(OPERATOR, EXTERNAL, "", 0, 0, id="declared Operator and live store"),
        pytest.param(OPERATOR, BUILT_IN, "", 1, 0, id="the live store is built in"),
        pytest.param("", EXTERNAL, CONTROLLER, 0, 0, id="a controller was found"),
        pytest.param("", EXTERNAL, "eu: {objects: []}", 0, 1, id="no controller where it was searched for"),
        pytest.param("", EXTERNAL, "", 0, 1, id="no Operator known"),
    ],
)
def test_operator_documents_clusters_and_the_live_store_take_precedence(
    documents: str, stores: str, clusters: str, count: int, unknowns: int
) -> None:
    """The store in the settings, which is used last, says the opposite."""
    chosen = settings(
        "{version: 1, targets: {acme: {organization: acme, primaryStore: "
        f"{'vault' if stores == BUILT_IN else 'humanitec'}" + "}}}"
    )
    judgement = judged(
        git() + documents,
        settings=chosen,
        live=live_from(f"stores: [{stores}]"),
        clusters=clusters_from(clusters) if clusters else None,
    )
    assert len(of("R70", judgement)) == count
    assert unknown("R70", judgement) == unknowns


def test_a_declared_operator_counts_whatever_the_settings_say_about_other_clusters() -> None:
    chosen = settings(
        "{version: 1, targets: {acme: {organization: acme, primaryStore: vault}}, clusters: {us: {operator: false}}}"
    )
    assert of("R70", judged(git() + OPERATOR, settings=chosen)) == []


def test_rules_of_gitops_find_nothing_if_nothing_deploys_to_git() -> None:
    judgement = judged(CLUSTER.format(id="eks", criteria="[{}]"))
    assert judgement.findings == ()
    assert not {answer.rule for answer in judgement.unknown} & {rule.id for rule in RULES}


@pytest.mark.parametrize(
    ("url", "count", "unknowns"),
    [
        ("git@Git.Internal:a/b", 1, 0),
        ("https://git.internal:8443/a/b", 1, 0),
        ("https://git.example.com/a/git.internal", 0, 0),
        ("https://${resources.c.outputs.host}/a", 0, 1),
    ],
)
def test_private_git_hosts_are_out_of_reach(url: str, count: int, unknowns: int) -> None:
    private = settings(
        "{version: 1, targets: {acme: {organization: acme}}, network: {privateHosts: [git.internal]}}"
    )
    judgement = judged(git(values=f"{{url: '{url}'}}"), settings=private)
    assert len(of("R75", judgement)) == count
    assert unknown("R75", judgement) == unknowns


def test_findings_name_the_definition_they_are_about() -> None:
    one = scope(declare(git(secrets="secrets: {agent_url: x}")), live=NOTHING_LIVE)
    assert {str(f.key) for f in judge_all([one], one.settings).findings if f.rule == "R68"} == {
        "Definition/git"
    }


def test_texts_full_of_opened_placeholders_are_evaluated_quickly() -> None:
    """Treating each opening as a placeholder of its own would take quadratic time and memory."""
    hostile = "${" * 100_000 + "}" + "{{" * 100_000
    start = time.process_time()
    judged(git(values=f"{{url: 'git@h:a', path: '{hostile}'}}", secrets=f"secrets: {{x: '{hostile}'}}"))
    assert time.process_time() - start < 10
