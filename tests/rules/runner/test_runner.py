"""Runners and their charts: R100 to R108."""

import pytest

from reconciler.model.cluster_state import ClusterObject, ClusterState, SecretObject
from reconciler.model.finding import Severity
from reconciler.model.json import JsonObject
from reconciler.model.secret_name import variable_names_secret
from reconciler.rules.judge import Judgement
from reconciler.settings import Settings
from tests.building import ESCAPED_PUBLIC_KEY
from tests.rules.tree import ACME, judged, settings

AKS = settings(
    "version: 1\ntargets: {acme: {organization: acme}}\nclusters: {eu-1: {platform: aks}, us-1: {platform: eks}, x: {}}"
)
CLIENT = "{serviceAccount: {annotations: {azure.workload.identity/client-id: some-client}}}"


def runner(job: str = "", install: str = "", storage: str = "{type: kubernetes, namespace: jobs}") -> str:
    template = f", pod_template: {job}" if job else ""
    installed = f"\n  install: {install}" if install else ""
    return f"""\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {{id: eu-1}}
spec:
  runner_configuration:
    type: kubernetes-agent
    key: "{ESCAPED_PUBLIC_KEY}"
    job: {{namespace: jobs, service_account: job{template}}}
  state_storage_configuration: {storage}{installed}
"""


def of(judgement: Judgement, rule: str) -> list[tuple[Severity, str]]:
    return [(f.severity, f.message) for f in judgement.findings if f.rule == rule]


def messages(text: str, rule: str, settings: Settings = ACME) -> list[str]:
    return [message for _, message in of(judged(text, settings=settings), rule)]


def unknown(text: str, rule: str, settings: Settings = ACME) -> list[str]:
    return [u.reason for u in judged(text, settings=settings).unknown if u.rule == rule]


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ("[{name: main}]", 0),
        ("[{name: proxy, image: registry.example.com/proxy:1}]", 0),
        ("[]", 0),
        ("{}", 0),
        ("[{name: runner}]", 1),
        ("[{name: a}, {name: main}, {name: b}]", 2),
        ("[{image: ''}]", 1),
    ],
)
def test_a_container_needs_an_image_or_the_name_of_the_runners_own(containers: str, expected: int) -> None:
    assert len(messages(runner(f"{{spec: {{containers: {containers}}}}}"), "R100")) == expected


@pytest.mark.parametrize("name", ["platform-orchestrator-runner", "canyon-runner"])
def test_an_older_name_of_the_runners_own_container_is_a_warning_and_an_error_in_strict(name: str) -> None:
    """Sources contradict each other about how a current runner treats it."""
    text = runner(f"{{spec: {{containers: [{{name: {name}}}]}}}}")
    strict = settings("version: 1\nprofile: strict\ntargets: {acme: {organization: acme}}")
    assert [severity for severity, _ in of(judged(text), "R100")] == [Severity.WARNING]
    assert [severity for severity, _ in of(judged(text, settings=strict), "R100")] == [Severity.ERROR]
    with_image = runner(f"{{spec: {{containers: [{{name: {name}, image: registry.example.com/x:1}}]}}}}")
    assert of(judged(with_image, settings=strict), "R100") == []


@pytest.mark.parametrize(
    ("env", "expected"), [("[]", 0), ("[{name: A, value: b}]", 0), ("{A: b}", 1), ("text", 1)]
)
def test_variables_are_a_list(env: str, expected: int) -> None:
    text = runner(f"{{spec: {{containers: [{{name: main, env: {env}}}]}}}}")
    assert len(messages(text, "R101")) == expected


@pytest.mark.parametrize(
    ("label", "cluster", "expected"),
    [
        ('"true"', "eu-1", 0),
        ("true", "eu-1", 1),
        ('"yes"', "eu-1", 1),
        ("", "eu-1", 1),
        ("", "us-1", 0),
    ],
)
def test_workload_identity_on_aks_needs_the_label_as_text(label: str, cluster: str, expected: int) -> None:
    labels = f"{{metadata: {{labels: {{azure.workload.identity/use: {label}}}}}}}" if label else ""
    text = runner(labels, f"{{cluster: {cluster}, helmValues: {CLIENT}}}")
    assert len(messages(text, "R102", AKS)) == expected


def test_a_declared_identity_needs_the_label_too() -> None:
    identity = "identity: {clientId: 12345678-1234-1234-1234-123456789abc}"
    text = runner(install=f"{{cluster: eu-1, {identity}}}")
    (found,) = [f for f in judged(text, settings=AKS).findings if f.rule == "R102"]
    assert [(place.file, place.line) for place in found.others] == [("0.yaml", 10)]
    assert messages(runner(install=f"{{cluster: us-1, {identity}}}"), "R102", AKS) == []


@pytest.mark.parametrize(
    ("identity", "cluster", "expected"),
    [
        ("{roleArn: 'arn:aws:iam::123456789012:role/r'}", "us-1", 0),
        ("{roleArn: 'arn:aws:iam::123456789012:role/r'}", "eu-1", 1),
        ("{serviceAccount: r@p.iam.gserviceaccount.com}", "us-1", 1),
    ],
)
def test_an_identity_must_be_that_of_the_clusters_cloud(identity: str, cluster: str, expected: int) -> None:
    text = runner(install=f"{{cluster: {cluster}, identity: {identity}}}")
    assert len(messages(text, "R107", AKS)) == expected


@pytest.mark.parametrize("account", ["serviceAccount: job", "helmValues: {serviceAccount: {name: job}}"])
def test_the_jobs_do_not_use_the_account_of_the_runner(account: str) -> None:
    assert len(messages(runner(install=f"{{{account}}}"), "R104")) == 1


def test_a_runner_that_is_installed_from_its_document_agrees_with_it() -> None:
    """Only what somebody else installs can differ: nothing declares its values."""
    assert len(unknown(runner(install="{cluster: eu-1}"), "R104")) == 1
    text = runner(install="{cluster: eu-1, delivery: kubernetes}")
    assert unknown(text, "R104") == messages(text, "R104") == []


REACHED = "version: 1\ntargets: {{acme: {{organization: acme}}}}\nclusters: {{eu-1: {{{}}}}}"


@pytest.mark.parametrize(
    ("cluster", "install", "doubt"),
    [
        pytest.param("kubeconfig: {path: k}", "", "", id="applied by its settings"),
        pytest.param("directory: rendered", "", "", id="written as files by its settings"),
        pytest.param("inCluster: true", ", chartVersion: 0.1.1", "values are not declared", id="chart"),
        pytest.param("platform: eks", "", "(`delivery`), or the values of a chart", id="nobody is known"),
    ],
)
def test_a_runner_without_chart_is_not_compared_with_one(cluster: str, install: str, doubt: str) -> None:
    reached = settings(REACHED.format(cluster))
    found = unknown(runner(install=f"{{cluster: eu-1{install}}}"), "R104", reached)
    assert [reason.endswith(doubt) for reason in found] == ([True] if doubt else [])
    named = runner(install=f"{{cluster: eu-1, privateKey: {{secretName: k, secretKey: other}}{install}}}")
    assert [bool(message) for message in messages(named, "R106", reached)] == ([True] if doubt else [])


def test_accounts_are_compared_also_without_chart() -> None:
    text = runner(install="{cluster: eu-1}").replace(
        "service_account: job", "service_account: humanitec-kubernetes-agent-runner"
    )
    assert len(messages(text, "R104", settings(REACHED.format("directory: rendered")))) == 1


def test_the_secret_of_the_guide_is_looked_up_where_it_is_rendered() -> None:
    name = "humanitec-kubernetes-agent-runner"
    text = runner(install="{cluster: eu-1, delivery: kubernetes}")
    there = ClusterState(
        secrets=(SecretObject(f"{name}-ns", name, frozenset({"private_key"})),),
        complete=frozenset({"v1 Secret"}),
    )
    assert of(judged(text, clusters={"eu-1": there}), "R106") == []
    running = reading_secret(f"{name}-ns", name)
    assert [message for _, message in of(judged(text, clusters={"eu-1": running}), "R106")] == [
        f"Runner `eu-1`: Secret `{name}` in namespace `{name}-ns` does not exist, although a Deployment there reads it"
    ]


def reading_secret(
    namespace: str, secret: str, pod: JsonObject | None = None, secrets: tuple[SecretObject, ...] = ()
) -> ClusterState:
    """A cluster with a Deployment that reads a Secret, by a variable unless `pod` says otherwise."""
    variable: JsonObject = {
        "name": "KEY",
        "valueFrom": {"secretKeyRef": {"name": secret, "key": "private_key"}},
    }
    spec = pod or {"containers": [{"name": "main", "env": [variable]}]}
    body: JsonObject = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "any", "namespace": namespace},
        "spec": {"template": {"spec": spec}},
    }
    return ClusterState(
        objects=(ClusterObject("apps/v1", "Deployment", namespace, "any", body),),
        secrets=secrets,
        complete=frozenset({"v1 Secret", "apps/v1 Deployment"}),
    )


@pytest.mark.parametrize(
    ("namespace", "pod", "count"),
    [
        ("runner", None, 1),
        ("runner", {"containers": [{"name": "main", "envFrom": [{"secretRef": {"name": "k"}}]}]}, 1),
        ("runner", {"containers": [], "volumes": [{"name": "v", "secret": {"secretName": "k"}}]}, 1),
        ("runner", {"containers": [], "volumes": [{"name": "v", "secret": {"secretName": "l"}}]}, 0),
        ("elsewhere", None, 0),
    ],
)
def test_a_secret_that_nothing_reads_yet_may_be_missing(
    namespace: str, pod: JsonObject | None, count: int
) -> None:
    """Before the first apply neither it nor its namespace exists."""
    text = runner(install="{cluster: eu-1, namespace: runner, privateKey: {secretName: k}}")
    state = reading_secret(namespace, "k", pod)
    assert len(of(judged(text, clusters={"eu-1": state}), "R106")) == count


@pytest.mark.parametrize(
    ("install", "count"),
    [
        ("{image: r.example.com/humanitec-runner:1}", 1),
        ("{image: ghcr.io/humanitec/humanitec-runner:1}", 0),
        ("{image: ghcr.io/humanitec/humanitec-runner:1, registry: r.example.com}", 1),
    ],
)
def test_jobs_of_a_runner_with_a_mirrored_image_come_from_the_mirror_too(install: str, count: int) -> None:
    assert len(messages(runner(install=install), "R106")) == count


@pytest.mark.parametrize("cluster", ["x", "elsewhere"])
def test_the_label_is_unknown_if_the_platform_is_not_declared(cluster: str) -> None:
    text = runner(install=f"{{cluster: {cluster}, helmValues: {CLIENT}}}")
    assert len(unknown(text, "R102", AKS)) == 1
    assert messages(text, "R102", AKS) == []


def test_without_workload_identity_its_label_is_not_checked() -> None:
    text = runner(install="{cluster: x, helmValues: {serviceAccount: {annotations: {a: b}}}}")
    assert unknown(text, "R102", AKS) == []


def test_a_misplaced_member_is_explained_although_the_document_is_refused() -> None:
    text = """
        apiVersion: reconciler/v1alpha1
        kind: Runner
        metadata: {id: eu-1}
        spec:
          runner_configuration: {type: kubernetes-agent, job: {key: made-up}}
          state_storage_configuration: {type: kubernetes, kubernetes_configuration: {namespace: jobs}}
        """
    found = judged(text)
    assert sorted(message.partition(": ")[2] for _, message in of(found, "R103")) == [
        "`job.namespace` is missing",
        "`job.service_account` is missing",
        "`key` is under `job`",
        "`kubernetes_configuration` is Terraform's spelling",
    ]
    assert "made-up" not in repr(found)


def test_a_wrong_type_is_left_to_the_reader() -> None:
    text = runner().replace("namespace: jobs, service", "namespace: 3, service")
    assert messages(text, "R103") == []


def test_a_task_on_ecs_has_neither_namespace_nor_account() -> None:
    text = """
        apiVersion: reconciler/v1alpha1
        kind: Runner
        metadata: {id: eu-1}
        spec:
          runner_configuration:
            type: serverless-ecs
            auth: {role_arn: "arn:aws:iam::123456789012:role/runner"}
            job: {region: eu-1, cluster: c, subnets: [s], execution_role_arn: "arn:aws:iam::123456789012:role/x"}
          state_storage_configuration: {type: s3, bucket: b}
        """
    assert messages(text, "R103") == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("{jobsRbac: {namespace: jobs, serviceAccountName: job}, namespaceOverride: runner}", []),
        ("{jobsRbac: {namespace: ''}}", []),
        ("{jobsRbac: {namespace: other}}", ["jobsRbac.namespace"]),
        ("{jobsRbac: {serviceAccountName: other}}", ["jobsRbac.serviceAccountName"]),
        ("{namespaceOverride: other}", ["namespaceOverride"]),
    ],
)
def test_chart_and_runner_name_the_same_places(values: str, expected: list[str]) -> None:
    found = messages(runner(install=f"{{namespace: runner, helmValues: {values}}}"), "R104")
    assert [message.split("`")[3] for message in found] == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("{humanitec: {orgId: acme, runnerId: eu-1}}", []),
        ("{humanitec: {orgId: beta}}", ["humanitec.orgId"]),
        ("{humanitec: {runnerId: us-1}}", ["humanitec.runnerId"]),
    ],
)
def test_the_chart_uses_the_ids_that_the_runner_is_registered_with(values: str, expected: list[str]) -> None:
    """With others it would poll for the work of another runner, or of none."""
    judgement = judged(runner(install=f"{{namespace: runner, helmValues: {values}}}"))
    found = [finding for finding in judgement.findings if finding.rule == "R104"]
    assert [finding.message.split("`")[3] for finding in found] == expected
    assert all(finding.others for finding in found)


@pytest.mark.parametrize(
    ("install", "count"),
    [
        pytest.param("{cluster: eu-1, namespace: runner}", 1, id="values not declared"),
        pytest.param("{helmValues: {namespaceOverride: runner}}", 1, id="release namespace not declared"),
        pytest.param("{helmValues: {jobsRbac: {namespace: '{{ .Values.jobs }}'}}}", 1, id="filled in later"),
        pytest.param("{helmValues: {}}", 0, id="the chart's defaults"),
    ],
)
def test_undeclared_values_of_the_chart_are_unknown(install: str, count: int) -> None:
    assert messages(runner(install=install), "R104") == []
    assert len(unknown(runner(install=install), "R104")) == count


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ("{serviceAccount: {name: job}}", 1),
        ("{fullnameOverride: job}", 1),
        ("{serviceAccount: {name: runner}}", 0),
        ("{serviceAccount: {name: job}, rbac: {create: false}}", 0),
        ("{serviceAccount: {name: job}, jobsRbac: {create: false}}", 0),
    ],
)
def test_jobs_have_an_account_of_another_name_than_the_runner(values: str, count: int) -> None:
    """The chart names roles after accounts, in one namespace."""
    assert len(messages(runner(install=f"{{helmValues: {values}}}"), "R104")) == count


@pytest.mark.parametrize(
    ("install", "count"),
    [
        ("{}", 0),
        ("{chart: oci://r.example.com/humanitec-kubernetes-agent-runner}", 1),
        ("{chart: oci://r.example.com/humanitec-kubernetes-agent-runner:0.1.1}", 0),
        ("{chart: oci://r.example.com/humanitec-kubernetes-agent-runner, chartVersion: 0.1.1}", 0),
        ("{chartVersion: '>=0.1'}", 1),
        ("{chartVersion: '{{ .Values.version }}'}", 0),
    ],
)
def test_the_chart_of_a_runner_is_pinned(install: str, count: int) -> None:
    assert len(messages(runner(install=install), "R37")) == count


@pytest.mark.parametrize(
    ("image", "job", "count"),
    [
        ("r.example.com/humanitec-runner", "", 1),
        ("r.example.com/humanitec-runner", "ghcr.io/humanitec/humanitec-runner:1", 1),
        ("r.example.com/humanitec-runner", "r.example.com/humanitec-runner:1", 0),
        ("ghcr.io/humanitec/humanitec-runner", "", 0),
        ("'{{ .Values.image }}'", "", 0),
    ],
)
def test_jobs_of_a_mirrored_runner_come_from_the_mirror_too(image: str, job: str, count: int) -> None:
    template = f"{{spec: {{containers: [{{name: main, image: '{job}'}}]}}}}" if job else ""
    text = runner(template, f"{{helmValues: {{image: {{repository: {image}}}}}}}")
    found = of(judged(text), "R106")
    assert [severity for severity, _ in found] == [Severity.WARNING] * count


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("DB_PASSWORD", True),
        ("password", True),
        ("API_KEY", True),
        ("GITHUB_TOKEN", True),
        ("CLIENT_SECRET", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("TOKEN_FILE", False),
        ("SECRET_NAME", False),
        ("TOKENIZER", False),
        ("MONKEY", False),
        ("AWS_REGION", False),
    ],
)
def test_secrets_are_recognized_by_name(name: str, *, is_secret: bool) -> None:
    assert variable_names_secret(name) is is_secret


def test_a_plain_secret_variable_is_refused_without_showing_it() -> None:
    text = runner("{spec: {containers: [{name: main, env: [{name: API_TOKEN, value: hunter2}]}]}}")
    found = judged(text)
    assert [severity for severity, _ in of(found, "R105")] == [Severity.ERROR]
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("value", ["''", "'${resources.x.outputs.y}'"])
def test_an_empty_or_filled_in_variable_is_not_a_literal(value: str) -> None:
    text = runner(f"{{spec: {{containers: [{{name: main, env: [{{name: API_TOKEN, value: {value}}}]}}]}}}}")
    assert messages(text, "R105") == []


REFERRING = (
    "{spec: {containers: [{name: main, env: [{name: A, valueFrom: {secretKeyRef: {name: db, key: p}}}]}]}}"
)


def test_a_secret_of_another_namespace_is_not_found_by_the_jobs() -> None:
    text = runner(REFERRING, "{cluster: eu-1}")
    there = ClusterState(
        secrets=(SecretObject("elsewhere", "db", frozenset({"p"})),), complete=frozenset({"v1 Secret"})
    )
    found = of(judged(text, clusters={"eu-1": there}), "R105")
    assert [severity for severity, _ in found] == [Severity.WARNING]
    right = ClusterState(
        secrets=(SecretObject("jobs", "db", frozenset({"p"})),), complete=frozenset({"v1 Secret"})
    )
    assert of(judged(text, clusters={"eu-1": right}), "R105") == []


def test_a_secret_on_a_cluster_that_was_not_read_is_unknown() -> None:
    assert len(unknown(runner(REFERRING, "{cluster: eu-1}"), "R105")) == 1
    assert len(unknown(runner(REFERRING), "R105")) == 1
    half_read = ClusterState()
    text = runner(REFERRING, "{cluster: eu-1}")
    assert [u.rule for u in judged(text, clusters={"eu-1": half_read}).unknown] == ["R104", "R105"]


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        ("{}", []),
        ("{chart: oci://r.example.com/charts/humanitec-kubernetes-agent-runner:0.1.1}", []),
        ("{chart: oci://r.example.com/charts/mine}", ["the chart is called `mine`"]),
        ("{chart: 'oci://r/{{ .Values.chart }}'}", []),
        ("{selfHosted: true}", ["the orchestrator is self-hosted"]),
        ("{selfHosted: true, env: {REMOTE_URL: https://o.example.com}}", []),
        ("{selfHosted: true, orchestratorUrl: https://o.example.com}", []),
        ("{delivery: kubernetes, privateKey: {secretName: k, secretKey: other}}", []),
        (
            "{selfHosted: true, helmValues: {humanitec: {extraEnvVars: [{name: REMOTE_URL, value: u}]}}}",
            [],
        ),
        ("{privateKey: {secretName: k, secretKey: other}}", ["the Secret's entry is `other`"]),
        (
            "{privateKey: {secretName: k, secretKey: a}, helmValues: {humanitec: {existingSecretKey: a}}}",
            [],
        ),
        (
            "{namespace: runner, privateKey: {secretName: k, namespace: jobs}}",
            ["the Secret is in namespace `jobs`"],
        ),
        (
            "{privateKey: {secretName: k}, helmValues: {humanitec: {existingSecret: l}}}",
            ["the chart reads Secret `l`"],
        ),
    ],
)
def test_an_installed_runner_finds_what_it_needs(install: str, expected: list[str]) -> None:
    found = [message.partition(": ")[2] for message in messages(runner(install=install), "R106")]
    assert [message[: len(start)] for message, start in zip(found, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        ((), "does not exist, although a Deployment there reads it"),
        ((SecretObject("runner", "k", frozenset({"other"})),), "has no entry `private_key`"),
        (
            (SecretObject("jobs", "k", frozenset({"private_key"})),),
            "does not exist, although a Deployment there reads it",
        ),
        ((SecretObject("runner", "k", frozenset({"private_key"})),), None),
    ],
)
def test_the_secret_with_the_key_is_looked_up_on_the_cluster(
    secrets: tuple[SecretObject, ...], expected: str | None
) -> None:
    text = runner(install="{cluster: eu-1, namespace: runner, privateKey: {secretName: k}}")
    state = reading_secret("runner", "k", secrets=secrets)
    found = of(judged(text, clusters={"eu-1": state}), "R106")
    assert [message.endswith(expected or "") for _, message in found] == ([True] if expected else [])
    assert len(unknown(text, "R106")) == 1


@pytest.mark.parametrize(
    ("trusts", "expected"),
    [
        ("[{namespace: jobs, serviceAccount: job}]", 0),
        ("[{namespace: runner, serviceAccount: job}, {namespace: jobs, serviceAccount: job}]", 0),
        ("[{namespace: runner, serviceAccount: job}]", 1),
        ("[]", 1),
    ],
)
def test_the_cloud_trusts_the_account_of_the_jobs(trusts: str, expected: int) -> None:
    assert len(messages(runner(install=f"{{trusts: {trusts}}}"), "R107")) == expected


def test_undeclared_trust_is_not_evaluated() -> None:
    assert messages(runner(install="{cluster: eu-1}"), "R107") == []


@pytest.mark.parametrize(
    ("annotation", "cluster", "expected", "hidden"),
    [
        ("eks.amazonaws.com/role-arn", "us-1", 0, 0),
        ("eks.amazonaws.com/role-arn", "eu-1", 1, 0),
        ("iam.gke.io/gcp-service-account", "us-1", 1, 0),
        ("azure.workload.identity/client-id", "eu-1", 0, 0),
        ("azure.workload.identity/client-id", "us-1", 1, 0),
        ("eks.amazonaws.com/role-arn", "x", 0, 1),
        ("example.com/role", "eu-1", 0, 0),
    ],
)
def test_an_annotation_must_be_that_of_the_clusters_cloud(
    annotation: str, cluster: str, expected: int, hidden: int
) -> None:
    values = f"serviceAccount: {{annotations: {{{annotation}: x}}}}"
    operator = (
        f"apiVersion: reconciler/v1alpha1\nkind: Operator\nmetadata: {{id: op}}\nspec: {{cluster: {cluster}, "
        f"helmValues: {{controllerManager: {{{values}}}}}}}\n"
    )
    field = (
        f"apiVersion: reconciler/v1alpha1\nkind: Operator\nmetadata: {{id: op}}\nspec: {{cluster: {cluster}, "
        f"serviceAccountAnnotations: {{{annotation}: x}}}}\n"
    )
    for text in (runner(install=f"{{cluster: {cluster}, helmValues: {{{values}}}}}"), operator, field):
        assert len(messages(text, "R107", AKS)) == expected
        assert len(unknown(text, "R107", AKS)) == hidden


@pytest.mark.parametrize("install", ["{env: {ORGS: acme}}", "{helmValues: {humanitec: {org: acme}}}"])
def test_settings_of_the_agent_do_not_belong_to_a_runner(install: str) -> None:
    assert len(messages(runner(install=install), "R108")) == 1


def test_members_of_one_product_used_in_the_other_are_reported() -> None:
    text = runner().replace("spec:\n", "spec:\n  driver_type: humanitec/agent\n")
    assert messages(text, "R108") == ["`driver_type` belongs to v1 but is set on runner `eu-1` (v2)"]
    agent = """
        apiVersion: reconciler/v1alpha1
        kind: Agent
        metadata: {id: eu-1}
        spec: {runner_configuration: {}}
        """
    assert messages(agent, "R108") == [
        "`runner_configuration` belongs to a runner (v2) but is set on an Agent (v1)"
    ]


def test_the_key_of_a_runner_is_not_registered_for_an_agent() -> None:
    key = f"""\
apiVersion: reconciler/v1alpha1
kind: Key
metadata: {{id: k}}
spec: {{for: {{agent: eu-1}}, publicKey: "{ESCAPED_PUBLIC_KEY}"}}
"""
    found = messages(f"{runner()}---\n{key}", "R108")
    assert found == ["The key of runner `eu-1` (v2) is registered for Agent `eu-1` (v1)"]
    assert messages(f"{runner()}---\n{key.replace('agent: eu-1', 'runner: eu-1')}", "R108") == []
