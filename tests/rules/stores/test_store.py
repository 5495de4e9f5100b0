"""Secret stores and their places: R82 to R90."""

import pytest

from reconciler.model.cluster_state import ClusterState
from reconciler.model.finding import Severity
from reconciler.model.state import State
from reconciler.rules.judge import Judgement
from reconciler.settings import Settings
from tests.rules.observed import clusters_from, live_from
from tests.rules.tree import ACME, NOTHING_LIVE, judged, settings

DIRECT = settings("version: 1\ntargets: {acme: {organization: acme, mode: direct}}")
OPERATOR = """---
apiVersion: reconciler/v1alpha1
kind: Operator
metadata: {id: eu-1}
spec: {cluster: eu-1}
"""
USE = """---
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: db}
entity:
  name: db
  type: postgres
  driver_type: humanitec/template
  driver_inputs: {secret_refs: {p: {store: platform, ref: a}}}
"""
AWS = "awssm: {region: eu-central-1}"


def store(block: str = AWS, rest: str = "", name: str = "platform") -> str:
    more = f", {rest}" if rest else ""
    return f"""---
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {{id: {name}}}
spec: {{{block}{more}}}
"""


def manifest(spec: str, name: str = "platform") -> str:
    return f"---\napiVersion: humanitec.io/v1alpha1\nkind: SecretStore\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def of(judgement: Judgement, rule: str) -> list[tuple[Severity, str]]:
    return [(f.severity, f.message) for f in judgement.findings if f.rule == rule]


def messages(
    text: str,
    rule: str,
    live: State | None = NOTHING_LIVE,
    settings: Settings = ACME,
    clusters: dict[str, ClusterState] | None = None,
) -> list[str]:
    return [m for _, m in of(judged(text, live=live, settings=settings, clusters=clusters), rule)]


def unknown(
    text: str,
    rule: str,
    settings: Settings = ACME,
    clusters: dict[str, ClusterState] | None = None,
) -> int:
    answers = judged(text, settings=settings, clusters=clusters).unknown
    return sum(answer.rule == rule for answer in answers)


@pytest.mark.parametrize(
    "block",
    [
        AWS,
        "awssm: {region: eu-1, endpoint: https://e}",
        "azurekv: {tenant_id: t, url: https://u}",
        "gcpsm: {project_id: p}",
        "vault: {url: https://v, path: kv, agent_id: eu-1}",
        "kubernetes: {namespace: secrets}",
    ],
)
def test_every_kind_of_store_can_be_declared(block: str) -> None:
    assert messages(store(block), "R82") == []


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("kvVersion: 2", ["needs exactly one kind of store, has none"]),
        (f"{AWS}, gcpsm: {{project_id: p}}", ["needs exactly one kind of store, has `awssm`, `gcpsm`"]),
        ("gcpsm: {projectID: p}", ["has `gcpsm.projectID`, which is the other side's spelling"]),
        ("azurekv: {tenantID: t, url: u}", ["has `azurekv.tenantID`, which is the other side's spelling"]),
        ("awssm: {regoin: x}", ["has `awssm.regoin`, which is not known", "lacks `awssm.region`"]),
        ("vault: {}", ["lacks `vault.url`"]),
        ("kubernetes: {namespace: n}, orchestrator: {}", ["has kind `kubernetes`, which the orchestrator"]),
    ],
)
def test_a_store_is_of_one_kind_in_the_spelling_of_the_orchestrator(block: str, expected: list[str]) -> None:
    found = messages(store(block), "R82")
    assert len(found) == len(expected)
    for message, part in zip(
        sorted(found), sorted(f"Secret store `platform` {e}" for e in expected), strict=True
    ):
        assert message.startswith(part)


@pytest.mark.parametrize(
    ("differing", "expected"),
    [
        ("{projectID: '4711'}", []),
        (
            "{project_id: '4711'}",
            ["`differing.project_id` for cluster `eu-1`, which is the other side's spelling"],
        ),
        ("{project: '4711'}", ["`differing.project` for cluster `eu-1`, which is not known"]),
    ],
)
def test_values_that_differ_on_a_cluster_are_in_its_spelling(differing: str, expected: list[str]) -> None:
    """They are copied into the custom resource as written."""
    text = store("gcpsm: {project_id: p}", f"clusters: [{{cluster: eu-1, differing: {differing}}}]")
    assert messages(text, "R82") == [f"Secret store `platform` has {problem}" for problem in expected]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("{gcpsm: {projectID: p, auth: {}}}", 0),
        ("{kubernetes: {namespace: n}}", 0),
        ("{gcpsm: {project_id: p, auth: {}}}", 1),
        ("{}", 1),
        ("{gcpsm: text}", 1),
        ("text", 1),
    ],
)
def test_a_manifest_must_have_the_spelling_of_clusters(spec: str, expected: int) -> None:
    assert len(messages(manifest(spec), "R82")) == expected


def test_manifests_of_external_secrets_and_templates_are_left_alone() -> None:
    text = manifest("{provider: {}}").replace("humanitec.io/v1alpha1", "external-secrets.io/v1")
    assert messages(text, "R82") == []
    assert messages(manifest("{}", "'{{ .Values.name }}'"), "R82") == []


PLACED = "orchestrator: {primary: true}, clusters: [{cluster: eu-1, default: true, auth: {}}]"


def on_cluster(
    spec: str, name: str = "platform", labels: str = "{}", namespace: str = "humanitec-operator-system"
) -> dict[str, ClusterState]:
    return clusters_from(
        "eu-1:\n  objects:\n"
        "    - apiVersion: apiextensions.k8s.io/v1\n      kind: CustomResourceDefinition\n"
        "      metadata: {name: secretstores.humanitec.io}\n"
        "    - apiVersion: humanitec.io/v1alpha1\n      kind: SecretStore\n"
        f"      metadata: {{name: {name}, namespace: {namespace}, labels: {labels}}}\n      spec: {spec}\n"
    )


def test_a_registered_store_in_use_is_looked_up_on_every_cluster_with_an_operator() -> None:
    text = store(rest="orchestrator: {}") + OPERATOR + USE
    assert unknown(text, "R83") == 1
    there = on_cluster("{awssm: {region: eu-central-1}}")
    assert messages(text, "R83", clusters=there) == []
    other = on_cluster("{awssm: {region: eu-central-1}}", "other")
    assert len(messages(text, "R83", clusters=other)) == 1


@pytest.mark.parametrize(
    ("clusters", "errors", "unknowns"),
    [
        pytest.param("", 0, 1, id="place not known"),
        pytest.param(", clusters: [{cluster: eu-1}]", 0, 0, id="where it is needed"),
        pytest.param(", clusters: [{cluster: us-9}]", 1, 0, id="elsewhere only"),
        pytest.param(", clusters: [{cluster: us-9}, {cluster: eu-1}]", 0, 0, id="in both"),
    ],
)
def test_a_store_in_use_is_placed_on_the_cluster_that_needs_it(
    clusters: str, errors: int, unknowns: int
) -> None:
    """Documents that say where a store is are complete; the cluster need not be read."""
    text = store(rest="orchestrator: {}" + clusters) + OPERATOR + USE
    assert len(messages(text, "R83")) == errors
    assert unknown(text, "R83") == unknowns


def test_a_store_is_needed_only_on_the_clusters_where_its_references_are_used() -> None:
    chosen = settings(
        "{version: 1, targets: {acme: {organization: acme}}, "
        "clusters: {eu-1: {definitions: [eu]}, us-9: {definitions: [us]}}}"
    )
    cluster = """\
---
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: NAME}
entity: {name: c, type: k8s-cluster, driver_type: humanitec/k8s-cluster-eks, criteria: [{app_id: NAME}]}
"""
    operators = OPERATOR + OPERATOR.replace("eu-1", "us-9")
    place = "orchestrator: {}, clusters: [{cluster: us-9}]"
    for application, count in (("us", 0), ("eu", 1)):
        use = f"{USE}  criteria: [{{app_id: {application}}}]\n"
        text = (
            store(rest=place)
            + operators
            + use
            + cluster.replace("NAME", "eu")
            + cluster.replace("NAME", "us")
        )
        found = [f for f in judged(text, settings=chosen).findings if f.rule == "R83"]
        assert len(found) == count


def test_a_store_declared_for_the_cluster_or_in_a_manifest_is_present() -> None:
    assert unknown(store(rest=PLACED) + OPERATOR + USE, "R83") == 0
    text = store(rest="orchestrator: {}") + manifest("{awssm: {region: eu-central-1}}") + OPERATOR + USE
    assert unknown(text, "R83") == 0


@pytest.mark.parametrize(
    ("block", "spec", "expected"),
    [
        (AWS, "{awssm: {region: eu-west-1}}", "different in `region`"),
        (AWS, "{gcpsm: {projectID: p}}", "of kind `gcpsm` instead of `awssm`"),
        ("gcpsm: {project_id: p}", "{gcpsm: {projectID: q}}", "different in `projectID`"),
        ("gcpsm: {project_id: p}", "{gcpsm: {projectID: p, auth: {}}}", ""),
        ("vault: {url: u, agent_id: eu-1}", "{vault: {url: u, path: any}}", ""),
    ],
)
def test_both_sides_name_the_same_store(block: str, spec: str, expected: str) -> None:
    text = store(block, "orchestrator: {}") + OPERATOR + USE
    found = messages(text, "R83", clusters=on_cluster(spec))
    assert [expected in message for message in found] == ([True] if expected else [])


def test_a_field_that_must_differ_is_declared_as_differing() -> None:
    rest = "orchestrator: {}, clusters: [{cluster: eu-1, differing: {projectID: '4711'}}]"
    text = store("gcpsm: {project_id: p}", rest) + OPERATOR
    assert messages(text, "R83", clusters=on_cluster("{gcpsm: {projectID: '4711'}}")) == []


def test_a_store_that_is_referred_to_and_not_registered_is_a_warning() -> None:
    text = store(rest="clusters: [{cluster: eu-1}]") + USE
    assert [severity for severity, _ in of(judged(text), "R83")] == [Severity.WARNING]
    registered = live_from("stores: [{id: platform, primary: false, awssm: {region: eu-central-1}}]")
    assert messages(text, "R83", registered) == []


@pytest.mark.parametrize(
    ("defaults", "expected"),
    [
        (("true", "false"), []),
        (("true", "true"), [Severity.ERROR]),
    ],
)
def test_a_cluster_has_one_default_store(defaults: tuple[str, str], expected: list[Severity]) -> None:
    text = OPERATOR + "".join(
        store(rest=f"clusters: [{{cluster: eu-1, default: {default}}}]", name=f"store-{index}")
        for index, default in enumerate(defaults)
    )
    assert [severity for severity, _ in of(judged(text), "R84")] == expected


def test_no_default_store_is_a_warning_once_the_cluster_was_read() -> None:
    assert unknown(OPERATOR, "R84") == 1
    bare = on_cluster("{awssm: {region: r}}")
    assert [severity for severity, _ in of(judged(OPERATOR, clusters=bare), "R84")] == [Severity.WARNING]
    label = '{app.humanitec.io/default-store: "true"}'
    labelled = on_cluster("{awssm: {region: r}}", labels=label)
    assert messages(OPERATOR, "R84", clusters=labelled) == []
    elsewhere = on_cluster("{awssm: {region: r}}", labels=label, namespace="shop")
    assert len(messages(OPERATOR, "R84", clusters=elsewhere)) == 1


def test_a_live_default_store_in_addition_to_a_declared_one_is_one_too_many() -> None:
    labelled = on_cluster("{awssm: {region: r}}", "other", '{app.humanitec.io/default-store: "true"}')
    text = store(rest=PLACED) + OPERATOR
    assert [severity for severity, _ in of(judged(text, clusters=labelled), "R84")] == [Severity.ERROR]


def test_two_primary_stores_are_one_too_many() -> None:
    text = store(rest="orchestrator: {primary: true}")
    assert messages(text, "R85") == []
    twice = text + store(rest="orchestrator: {primary: true}", name="other")
    (message,) = messages(twice, "R85")
    assert "`platform`, `other`" in message


def test_a_mode_that_needs_an_external_primary_store_gets_one() -> None:
    text = store(rest="orchestrator: {}")
    built_in = live_from("stores: [{id: humanitec, primary: true, humanitec: {}}]")
    assert len(messages(text, "R85", built_in, DIRECT)) == 1
    assert messages(text, "R85", built_in, ACME) == []
    external = live_from("stores: [{id: byhand, primary: true, awssm: {region: r}}]")
    assert messages(text, "R85", external, DIRECT) == []
    assert unknown(text, "R85", DIRECT) == 1


def test_plain_values_need_a_store_that_can_be_written() -> None:
    plain = USE.replace("secret_refs: {p: {store: platform, ref: a}}", "secrets: {p: hunter2}")
    assert len(messages(store(rest="orchestrator: {primary: true}") + plain, "R86")) == 1
    writable = store(rest="orchestrator: {primary: true, auth: {access_key_id: {env: A}}}")
    assert messages(writable + plain, "R86") == []
    assert messages(store(rest="orchestrator: {primary: true}") + USE, "R86") == []


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("vault: {url: 'http://fake-vault'}", 1),
        ("vault: {url: dumburl}", 1),
        ("gcpsm: {project_id: dummy}", 1),
        ("vault: {url: 'https://vault.example.com'}", 1),
        ("vault: {url: 'https://vault.acme.internal'}", 0),
        ("gcpsm: {project_id: counterexamples}", 0),
    ],
)
def test_a_store_for_tests_as_primary_store_is_a_warning(block: str, expected: int) -> None:
    found = of(judged(store(block, "orchestrator: {primary: true}")), "R87")
    assert [severity for severity, _ in found] == [Severity.WARNING] * expected
    assert messages(store(block, "orchestrator: {}"), "R87") == []


def test_a_primary_store_backed_only_by_a_kubernetes_store_is_a_warning() -> None:
    real = store("vault: {url: 'https://vault.acme.internal'}", "orchestrator: {primary: true}")
    local = store("kubernetes: {namespace: n}", "clusters: [{cluster: eu-1}]", "local")
    assert len(messages(real + local, "R87")) == 1
    assert messages(real + store(rest="clusters: [{cluster: eu-1}]", name="other"), "R87") == []
    assert len(messages(real + manifest("{kubernetes: {namespace: n}}"), "R87")) == 1


@pytest.mark.parametrize(("version", "expected"), [(1, 1), (2, 0), (3, 1)])
def test_vault_needs_a_versioned_engine(version: int, expected: int) -> None:
    assert len(messages(store("vault: {url: u}", f"kvVersion: {version}"), "R88")) == expected


AGENT = "---\napiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\nspec: {}\n"
THROUGH = store("vault: {url: u, agent_id: eu-1}")


def test_a_vault_is_reached_through_an_agent_that_exists() -> None:
    assert messages(THROUGH + AGENT, "R89", None) == []
    assert messages(THROUGH, "R89", live_from("agents: [{id: eu-1}]")) == []
    (message,) = messages(THROUGH.replace("eu-1", "eu1") + AGENT, "R89")
    assert "`eu1`" in message
    unread = live_from("unread: [Agent]")
    judgement = judged(THROUGH, live=unread)
    assert (of(judgement, "R89"), [u.rule for u in judgement.unknown if u.rule == "R89"]) == ([], ["R89"])


def test_a_default_store_is_in_the_namespace_of_the_operator() -> None:
    elsewhere = store(rest="clusters: [{cluster: eu-1, namespace: shop, default: true}]")
    assert len(messages(elsewhere + OPERATOR, "R90")) == 1
    assert messages(elsewhere, "R90") == []
    assert messages(store(rest=PLACED) + OPERATOR, "R90") == []


def test_whether_another_namespace_is_the_applications_is_unknown() -> None:
    text = store(rest="clusters: [{cluster: eu-1, namespace: shop}]") + OPERATOR
    assert (messages(text, "R90"), unknown(text, "R90")) == ([], 1)


def test_secrets_with_credentials_are_looked_up_in_the_namespace_of_the_store() -> None:
    auth = "auth: {accessKeyIDSecretRef: {name: aws, key: id}}"
    text = store(rest=f"clusters: [{{cluster: eu-1, {auth}}}]") + OPERATOR
    assert unknown(text, "R90") == 1
    secret = "{namespace: %s, name: aws, entries: [%s]}"
    place = "humanitec-operator-system"
    right = clusters_from(f"eu-1: {{secrets: [{secret % (place, 'id')}]}}")
    assert messages(text, "R90", clusters=right) == []
    metadata = f"{{name: platform, namespace: {place}}}"
    there = f"{{apiVersion: humanitec.io/v1alpha1, kind: SecretStore, metadata: {metadata}}}"
    for wrong in (secret % (place, "other"), secret % ("shop", "id")):
        found = f"secrets: [{wrong}], objects: [{there}]"
        assert len(messages(text, "R90", clusters=clusters_from(f"eu-1: {{{found}}}"))) == 1
        # The plan waits with a custom resource until its Secrets are there.
        assert messages(text, "R90", clusters=clusters_from(f"eu-1: {{secrets: [{wrong}]}}")) == []


@pytest.mark.parametrize(
    "auth",
    [
        "{token: hvs.abc}",
        "{token: {env: VAULT_TOKEN}}",
        "{role: {secretKey: x}}",
        "{tokenSecretRef: hvs.abc}",
    ],
)
def test_no_credential_stands_in_what_becomes_a_custom_resource(auth: str) -> None:
    text = store("vault: {url: u}", f"clusters: [{{cluster: eu-1, auth: {auth}}}]")
    (message,) = messages(text, "R78")
    assert "on cluster `eu-1`" in message
    assert "hvs" not in message


@pytest.mark.parametrize(
    "auth", ["{}", "{tokenSecretRef: {name: vault, key: token}}", "{role: reader, mount: k8s}"]
)
def test_references_and_names_are_no_credentials(auth: str) -> None:
    assert messages(store("vault: {url: u}", f"clusters: [{{cluster: eu-1, auth: {auth}}}]"), "R78") == []
