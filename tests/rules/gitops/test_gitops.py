"""Deployments to Git: R68 to R75."""

import time

import pytest

from reconciler.model.finding import Severity
from reconciler.rules.gitops import RULES
from reconciler.rules.judge import Judgement
from reconciler.settings import Mode
from tests import building
from tests.rules.observed import clusters_from, live_from
from tests.rules.tree import NOTHING_LIVE, declare, judge_all, judged, live, scope, settings

GIT = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: {id}}}
entity:
  type: k8s-cluster
  driver_type: humanitec/k8s-cluster-git
  driver_inputs:
    values: {values}
    {secrets}
  provision: {provision}
  criteria: {criteria}
---
"""
CLUSTER = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: {id}}}
entity:
  type: k8s-cluster
  driver_type: humanitec/k8s-cluster-eks
  driver_inputs: {{values: {{name: eu}}}}
  criteria: {criteria}
---
"""
NAMESPACE = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: {id}}}
entity:
  type: k8s-namespace
  driver_type: humanitec/{driver}
  driver_inputs: {{values: {{namespace: "{name}"}}}}
  criteria: {criteria}
---
"""
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
URL = "url: 'git@git.example.com:acme/manifests.git'"
SSH = 'secrets: {credentials: {ssh_key: "${resources.config.outputs.key}"}}'
RUNTIME = "{'k8s-cluster#k8s-cluster-runtime': {}}"
PATH = "path: '${context.app.id}/${context.env.id}'"


def git(
    identifier: str = "git",
    *,
    values: str = f"{{{URL}, {PATH}}}",
    secrets: str = SSH,
    provision: str = RUNTIME,
    criteria: str = "[{env_type: live}]",
) -> str:
    return GIT.format(id=identifier, values=values, secrets=secrets, provision=provision, criteria=criteria)


def of(rule: str, judgement: Judgement) -> list[Severity]:
    return [finding.severity for finding in judgement.findings if finding.rule == rule]


def unknown(rule: str, judgement: Judgement) -> int:
    return sum(answer.rule == rule for answer in judgement.unknown)


ERROR, WARNING = [Severity.ERROR], [Severity.WARNING]


# R68


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


def test_both_places_of_gitops_and_agent_are_named() -> None:
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
    ],
)
def test_templates_that_output_a_git_cluster_deploy_to_git(
    outputs: str, found: list[Severity], unknowns: int
) -> None:
    judgement = judged(TEMPLATE.format(outputs=outputs))
    assert of("R68", judgement) == found
    assert unknown("R68", judgement) == unknowns


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


# R69


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
def test_git_targets_have_a_url_and_fitting_credentials(
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


# R70


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
    ("documents", "stores", "clusters", "count", "unknowns"),
    [
        pytest.param(OPERATOR, EXTERNAL, "", 0, 0, id="declared Operator and live store"),
        pytest.param(OPERATOR, BUILT_IN, "", 1, 0, id="the live store is built in"),
        pytest.param("", EXTERNAL, CONTROLLER, 0, 0, id="a controller was found"),
        pytest.param("", EXTERNAL, "eu: {objects: []}", 0, 1, id="no controller where we looked"),
        pytest.param("", EXTERNAL, "", 0, 1, id="nothing tells of an Operator"),
    ],
)
def test_operator_documents_clusters_and_the_live_store_are_believed(
    documents: str, stores: str, clusters: str, count: int, unknowns: int
) -> None:
    """The settings' store, which is asked last, says the contrary."""
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


def test_a_declared_operator_counts_whatever_the_settings_say_of_other_clusters() -> None:
    chosen = settings(
        "{version: 1, targets: {acme: {organization: acme, primaryStore: vault}}, clusters: {us: {operator: false}}}"
    )
    assert of("R70", judged(git() + OPERATOR, settings=chosen)) == []


def test_rules_of_gitops_say_nothing_where_nothing_deploys_to_git() -> None:
    judgement = judged(CLUSTER.format(id="eks", criteria="[{}]"))
    assert judgement.findings == ()
    assert not {answer.rule for answer in judgement.unknown} & {rule.id for rule in RULES}


# R71


@pytest.mark.parametrize(
    ("provision", "others", "found"),
    [
        pytest.param("{}", [], WARNING, id="not provisioned"),
        pytest.param("{'k8s-cluster#other': {}}", [], WARNING, id="other id"),
        pytest.param(RUNTIME, ["[{res_id: k8s-cluster-runtime}]"], [], id="matched"),
        pytest.param(RUNTIME, ["[{env_type: live, res_id: k8s-cluster-runtime}]"], [], id="same places"),
        pytest.param(RUNTIME, ["[{app_id: a, res_id: k8s-cluster-runtime}]"], [], id="some of the places"),
        pytest.param(RUNTIME, ["[{env_type: test, res_id: k8s-cluster-runtime}]"], ERROR, id="other places"),
        pytest.param(RUNTIME, ["[{}]"], ERROR, id="no resource id"),
        pytest.param(RUNTIME, [], ERROR, id="nothing"),
        pytest.param(
            "{'k8s-cluster.big#k8s-cluster-runtime': {}}",
            ["[{res_id: k8s-cluster-runtime}]"],
            ERROR,
            id="other class",
        ),
    ],
)
def test_git_targets_have_a_runtime_cluster(provision: str, others: list[str], found: list[Severity]) -> None:
    clusters = [CLUSTER.format(id=f"eks-{n}", criteria=criteria) for n, criteria in enumerate(others)]
    assert of("R71", judged(git(provision=provision), *clusters)) == found


def test_runtime_cluster_that_is_only_live_counts() -> None:
    held = building.definition("eks", "res_id=k8s-cluster-runtime", type_="k8s-cluster")
    assert of("R71", judged(git(), live=live(held))) == []


def test_runtime_cluster_that_is_not_declared_may_be_live() -> None:
    judgement = judged(git(), live=None)
    assert of("R71", judgement) == WARNING
    assert unknown("R71", judgement) == 1


def test_runtime_cluster_that_deploys_to_git_is_refused_with_both_places() -> None:
    runtime = git("git-runtime", criteria="[{res_id: k8s-cluster-runtime}]", provision="{}")
    found = [f for f in judged(git(), runtime).findings if (f.rule, f.severity) == ("R71", Severity.ERROR)]
    assert ["`git-runtime`" in finding.message for finding in found] == [True]
    assert [origin.file for origin in found[0].others] == ["1.yaml"]


# R72


@pytest.mark.parametrize(
    ("namespaces", "count"),
    [
        pytest.param([("echo", "[{}]")], 0, id="echo"),
        pytest.param([("template", "[{}]")], 1, id="template"),
        pytest.param([("template", "[{env_type: test}]"), ("echo", "[{}]")], 0, id="template elsewhere"),
        pytest.param([("template", "[{}]"), ("echo", "[{env_type: live}]")], 0, id="echo wins"),
        pytest.param([("echo", "[{}]"), ("template", "[{env_type: live}]")], 1, id="template wins"),
        pytest.param([("echo", "[{}]"), ("template", "[{app_id: a}]")], 1, id="template wins for one"),
        pytest.param([("echo", "[{}]"), ("template", "[{class: big}]")], 0, id="other class"),
        pytest.param([("echo", "[{}]"), ("template", "[{res_id: other}]")], 0, id="other resource"),
        pytest.param([], 1, id="none"),
    ],
)
def test_namespaces_of_git_targets_are_returned_not_made(
    namespaces: list[tuple[str, str]], count: int
) -> None:
    texts = [
        NAMESPACE.format(id=f"ns-{n}", driver=driver, criteria=criteria, name="a")
        for n, (driver, criteria) in enumerate(namespaces)
    ]
    assert len(of("R72", judged(git(), *texts))) == count


def test_namespace_that_is_only_live_is_looked_at() -> None:
    held = building.definition(
        "default-humanitec-namespace",
        "",
        type_="k8s-namespace",
        driver_type="humanitec/static",
        is_built_in=True,
    )
    (found,) = (finding for finding in judged(git(), live=live(held)).findings if finding.rule == "R72")
    assert "`default-humanitec-namespace`" in found.message


def test_unread_namespaces_are_unknown() -> None:
    assert unknown("R72", judged(git(), live=None)) == 1


# R72 and R73 look at GitOps tools

ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: {kind}
metadata: {{name: shop}}
spec: {spec}
---
"""
FLUX = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: {repository}, namespace: flux-system}}
spec: {{url: 'https://git.example.com/acme/manifests'}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: shop, namespace: flux-system}}
spec: {{prune: {prune}, path: ./shop, targetNamespace: shop-live, sourceRef: {{kind: GitRepository, name: manifests}}}}
---
"""


def argo(
    *, prune: str = "true", repo: str = "https://git.example.com/acme/manifests", path: str = "shop/live"
) -> str:
    spec = (
        f"{{source: {{repoURL: '{repo}', path: '{path}'}}, destination: {{namespace: shop-live}}, "
        f"syncPolicy: {{automated: {{prune: {prune}}}}}}}"
    )
    return ARGO.format(kind="Application", spec=spec)


@pytest.mark.parametrize(
    ("tool", "found", "unknowns"),
    [
        pytest.param(argo(), WARNING, 1, id="Argo CD"),
        pytest.param(argo(prune="false"), [], 1, id="no pruning"),
        pytest.param(argo(prune="'true'"), [], 1, id="text is no switch"),
        pytest.param(argo(repo="git@git.example.com:acme/manifests.git"), WARNING, 1, id="SSH spelling"),
        pytest.param(argo(repo="https://git.example.com/acme/other"), [], 1, id="other repository"),
        pytest.param(argo(path="/"), WARNING, 1, id="root"),
        pytest.param(argo(path="shop/live/deep"), WARNING, 1, id="below"),
        pytest.param(argo(repo="{{ .repo }}"), [], 2, id="repository not known"),
        pytest.param(
            ARGO.format(
                kind="ApplicationSet",
                spec="{template: {spec: {sources: [{repoURL: 'https://git.example.com/acme/manifests', "
                "path: '{{path}}'}], syncPolicy: {automated: {prune: true}}}}}",
            ),
            WARNING,
            1,
            id="ApplicationSet",
        ),
        pytest.param(FLUX.format(repository="manifests", prune="true"), WARNING, 1, id="Flux"),
        pytest.param(FLUX.format(repository="manifests", prune="false"), [], 1, id="Flux without pruning"),
        pytest.param(
            FLUX.format(repository="others", prune="true"), [], 2, id="Flux, source not in the tree"
        ),
        pytest.param(ARGO.format(kind="Application", spec="[]"), [], 1, id="nonsense"),
        pytest.param(ARGO.format(kind="Application", spec="{sources: [5]}"), [], 1, id="nonsense inside"),
    ],
)
def test_tools_that_prune_what_is_written_are_told(tool: str, found: list[Severity], unknowns: int) -> None:
    """One unknown always: the tools on the clusters."""
    judgement = judged(git(), tool)
    assert of("R73", judgement) == found
    assert unknown("R73", judgement) == unknowns


@pytest.mark.parametrize(
    ("name", "count"),
    [
        pytest.param("shop-live", 0, id="same"),
        pytest.param("${context.app.id}-${context.env.id}", 0, id="may be the same"),
        pytest.param("other", 1, id="another"),
        pytest.param("${context.app.id}-test", 1, id="cannot be the same"),
    ],
)
def test_returned_namespace_is_the_tools(name: str, count: int) -> None:
    namespace = NAMESPACE.format(id="ns-echo", driver="echo", criteria="[{}]", name=name)
    assert len(of("R72", judged(git(), namespace, argo(prune="false")))) == count


# R74

NO_PATH = f"{{{URL}}}"


def at(path: str, branch: str = "main") -> str:
    return f"{{{URL}, branch: {branch}, path: '{path}'}}"


@pytest.mark.parametrize(
    ("one", "other", "errors"),
    [
        pytest.param((at("same"), "[{env_type: a}]"), (at("same"), "[{env_type: b}]"), 1, id="one path"),
        pytest.param((NO_PATH, "[{env_type: a}]"), (NO_PATH, "[{env_type: b}]"), 1, id="root"),
        pytest.param((at("same/"), "[{app_id: a}]"), (at("./same"), "[{app_id: b}]"), 1, id="spellings"),
        pytest.param((at("same"), "[{app_id: a}]"), (at("same", "b"), "[{app_id: b}]"), 0, id="branches"),
        pytest.param((at("one"), "[{app_id: a}]"), (at("two"), "[{app_id: b}]"), 0, id="paths"),
        pytest.param(
            (f"{{{URL}, {PATH}}}", "[{env_type: a}]"),
            (f"{{{URL}, {PATH}}}", "[{env_type: b}]"),
            0,
            id="told apart by the path",
        ),
        pytest.param(
            (at("a/${context.env.id}"), "[{app_id: a, env_type: x}]"),
            (at("a/${context.env.id}"), "[{app_id: a}]"),
            0,
            id="one application, told apart by environment",
        ),
        pytest.param(
            (at("${context.env.id}"), "[{app_id: a}]"),
            (at("${context.env.id}"), "[{app_id: b}]"),
            1,
            id="two applications, environments may be called the same",
        ),
        pytest.param(
            (at("${context.app.id}"), "[{app_id: a}]"),
            (at("${context.app.id}"), "[{app_id: b}]"),
            0,
            id="two applications, told apart by application",
        ),
        pytest.param(
            (at("${resources.x.outputs.y}/a"), "[{app_id: a}]"),
            (at("${resources.x.outputs.y}/a"), "[{app_id: b}]"),
            0,
            id="something else may tell them apart",
        ),
        pytest.param((at("same"), "[]"), (at("same"), "[{env_type: b}]"), 0, id="one is never used"),
    ],
)
def test_git_targets_write_to_places_of_their_own(
    one: tuple[str, str], other: tuple[str, str], errors: int
) -> None:
    judgement = judged(
        git("git-1", values=one[0], criteria=one[1]), git("git-2", values=other[0], criteria=other[1])
    )
    assert of("R74", judgement).count(Severity.ERROR) == errors


@pytest.mark.parametrize(
    ("values", "criteria", "found"),
    [
        pytest.param(at("${context.app.id}/${context.env.id}"), "[{}]", [], id="both in the path"),
        pytest.param(at("a"), "[{app_id: a, env_id: live}]", [], id="one deployment"),
        pytest.param(at("a/${context.env.id}"), "[{app_id: a}]", [], id="one application"),
        pytest.param(at("${context.env.id}"), "[{}]", WARNING, id="no application"),
        pytest.param(at("a"), "[{app_id: a}]", WARNING, id="no environment"),
        pytest.param(at("a"), "[{app_id: a, env_id: x}, {app_id: a, env_id: y}]", WARNING, id="two criteria"),
        pytest.param(at("a"), "[]", [], id="never used"),
        pytest.param(at("{{ x }}"), "[{}]", [], id="computed"),
    ],
)
def test_path_tells_apart_what_the_criteria_match(values: str, criteria: str, found: list[Severity]) -> None:
    assert of("R74", judged(git(values=values, criteria=criteria))) == found


def test_criteria_that_are_not_managed_are_read_from_live_or_unknown() -> None:
    text = git(values=at("a")).replace("  criteria: [{env_type: live}]\n", "")
    assert unknown("R74", judged(text, live=None)) == 1
    held = building.definition("git", "env_type=live", type_="k8s-cluster")
    assert of("R74", judged(text, live=live(held))) == WARNING


# R75


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


def test_texts_full_of_opened_placeholders_are_judged_at_once() -> None:
    """Taking each opening for a placeholder of its own would cost quadratic time and memory."""
    hostile = "${" * 100_000 + "}" + "{{" * 100_000
    start = time.process_time()
    judged(git(values=f"{{url: 'git@h:a', path: '{hostile}'}}", secrets=f"secrets: {{x: '{hostile}'}}"))
    assert time.process_time() - start < 10
