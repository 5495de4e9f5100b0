"""What drivers of the container family need: R98, R99."""

from typing import Any

import pytest

from reconciler.model.finding import Finding, Severity
from reconciler.model.kind import Kind
from reconciler.model.secret import SecretLeaf, Unreadable
from reconciler.model.state import State
from reconciler.rules.judge import Judgement
from reconciler.settings import Settings
from tests import building
from tests.rules.definitions import definition, to, unmanaged
from tests.rules.observed import clusters_from
from tests.rules.tree import NOTHING_LIVE, judged, live, settings

ERROR, WARNING = [Severity.ERROR], [Severity.WARNING]
CLUSTER = definition("eks", "k8s-cluster", driver="humanitec/k8s-cluster-eks")
CONTAINER = definition("bucket", "s3", driver="humanitec/container")
TOFU = "humanitec/opentofu-container-runner"


def found(rule: str, judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == rule]


def of(rule: str, judgement: Judgement) -> list[Severity]:
    return [finding.severity for finding in found(rule, judgement)]


def unknown(rule: str, judgement: Judgement) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == rule]


def chosen(kubernetes: str = '"1.31"', store: str = "vault") -> Settings:
    return settings(
        f"{{version: 1, targets: {{acme: {{organization: acme, primaryStore: {store}}}}}, "
        f"clusters: {{eu-1: {{kubernetesVersion: {kubernetes}, definitions: [eks]}}}}}}"
    )


def operator(**spec: str) -> str:
    versions = "".join(f", {name}: {version}" for name, version in spec.items())
    return (
        "apiVersion: reconciler/v1alpha1\nkind: Operator\nmetadata: {id: eu-1}\n"
        f"spec: {{cluster: eu-1{versions}}}\n---\n"
    )


# R98


@pytest.mark.parametrize(
    ("spec", "kubernetes", "severities", "unknowns"),
    [
        pytest.param({"chartVersion": "0.3.11", "appVersion": "0.16.10"}, '"1.29"', [], 0, id="just enough"),
        pytest.param({"chartVersion": "0.3.9", "appVersion": "0.16.10"}, '"1.29"', ERROR, 0, id="old chart"),
        pytest.param(
            {"chartVersion": "0.3.11", "appVersion": "0.16.9"}, '"1.29"', ERROR, 0, id="old manager"
        ),
        pytest.param({"chartVersion": "0.4.0"}, '"v1.28.15-eks-1"', ERROR, 0, id="old Kubernetes"),
        pytest.param({"chartVersion": "0.4.0"}, '"v1.29.0-gke.100"', [], 0, id="platform's own suffix"),
        pytest.param({"chartVersion": "0.10.0"}, '"1.31"', [], 0, id="numbers, not text"),
        pytest.param({"chartVersion": "0.2.1", "appVersion": "0.13.0"}, '"1.28"', ERROR * 3, 0, id="all old"),
        pytest.param({}, '"1.31"', [], 1, id="version not known"),
        pytest.param({"chartVersion": "0.4.0"}, "null", [], 1, id="Kubernetes not known"),
        pytest.param({"chartVersion": "main"}, '"1.31"', [], 1, id="no version"),
    ],
)
def test_the_container_family_needs_recent_enough_versions(
    spec: dict[str, str], kubernetes: str, severities: list[Severity], unknowns: int
) -> None:
    judgement = judged(operator(**spec), CLUSTER, CONTAINER, settings=chosen(kubernetes))
    assert of("R98", judgement) == severities
    assert len(unknown("R98", judgement)) == unknowns


def test_legacy_needs_no_operator_and_an_unknown_mode_is_unknown() -> None:
    texts = operator(chartVersion="0.1.0"), CLUSTER, CONTAINER
    legacy = judged(*texts, settings=chosen(store="humanitec"))
    assert (of("R98", legacy), unknown("R98", legacy)) == ([], [])
    unsaid = judged(*texts)
    assert (of("R98", unsaid), len(unknown("R98", unsaid))) == ([], 1)


def test_other_drivers_are_ignored() -> None:
    other = definition("bucket", "s3", driver="humanitec/terraform")
    judgement = judged(operator(chartVersion="0.1.0"), CLUSTER, other, settings=chosen())
    assert (of("R98", judgement), unknown("R98", judgement)) == ([], [])


def test_only_clusters_that_the_definition_is_used_on_count() -> None:
    elsewhere = definition(
        "eks", "k8s-cluster", driver="humanitec/k8s-cluster-eks", criteria=[{"app_id": "till"}]
    )
    here = definition(
        "other", "k8s-cluster", driver="humanitec/k8s-cluster-eks", criteria=[{"app_id": "shop"}]
    )
    bucket = definition("bucket", "s3", driver="humanitec/container", criteria=[{"app_id": "shop"}])
    both = settings(
        "{version: 1, targets: {acme: {organization: acme, primaryStore: vault}}, "
        "clusters: {eu-1: {definitions: [eks]}, eu-2: {definitions: [other]}}}"
    )
    judgement = judged(operator(chartVersion="0.1.0"), elsewhere, here, bucket, settings=both)
    assert of("R98", judgement) == []
    (reason,) = unknown("R98", judgement)
    assert "`eu-2`" in reason


@pytest.mark.parametrize(("tag", "severities"), [("0.16.0", ERROR), ("0.22.0", []), ("0.22.0@sha256:ab", [])])
def test_the_version_is_read_from_the_manager_on_the_cluster(tag: str, severities: list[Severity]) -> None:
    seen = clusters_from(f"""\
        eu-1:
          objects:
            - apiVersion: apps/v1
              kind: Deployment
              metadata: {{namespace: humanitec-operator-system, name: humanitec-operator-controller-manager}}
              spec:
                template:
                  spec:
                    containers:
                      - {{name: kube-rbac-proxy, image: "registry.example.com:5000/proxy:0.1.0"}}
                      - {{name: manager, image: "registry.example.com:5000/operator:{tag}"}}
        """)
    judgement = judged(operator(), CLUSTER, CONTAINER, settings=chosen(), clusters=seen)
    assert of("R98", judgement) == severities
    assert unknown("R98", judgement) == []


# R98, R99: configurations of runners


def runner(driver: str = TOFU, **criterion: str) -> str:
    return definition("bucket", "s3", driver=driver, criteria=[criterion])


def configuration(
    res_id: str = "opentofu-container-runner", driver: str = "humanitec/echo", **inputs: Any
) -> str:
    inputs = inputs or {
        "values": {"cluster": {"cluster": {"cluster_type": "eks"}}, "skip_permission_checks": True},
        "secrets": {"agent_url": ""},
    }
    return definition("runner", "config", driver=driver, criteria=[{"res_id": res_id}], **inputs)


@pytest.mark.parametrize(
    ("platform", "severities", "unknowns"),
    [("aks", [], 0), ("gke", [], 0), ("openshift", ERROR, 0), ("${context.env.type}", [], 1)],
)
@pytest.mark.parametrize("store", ["vault", "humanitec"])
def test_runner_variants_know_three_platforms_in_any_mode(
    platform: str, severities: list[Severity], unknowns: int, store: str
) -> None:
    text = configuration(
        values={"cluster": {"cluster": {"cluster_type": platform}}, "skip_permission_checks": True},
        secrets={"agent_url": ""},
    )
    judgement = judged(operator(chartVersion="0.4.0"), CLUSTER, runner(), text, settings=chosen(store=store))
    assert of("R98", judgement) == severities
    assert len(unknown("R98", judgement)) == unknowns
    for finding in found("R98", judgement):
        assert "`bucket` → `runner`" in finding.message
        assert finding.origin.file == "3.yaml"


@pytest.mark.parametrize(
    ("driver", "res_id", "severities"),
    [
        (TOFU, "opentofu-container-runner", []),
        (TOFU, "container-runner", ERROR),
        ("humanitec/container-runner", "container-runner", []),
        ("humanitec/container-runner", "opentofu-container-runner", ERROR),
        ("humanitec/terraform-container-runner", "terraform-container-runner", []),
        ("humanitec/terraform-container-runner", "container-runner", []),
        ("humanitec/container", "nowhere", []),
    ],
)
def test_runner_variants_find_their_configuration_by_the_name_of_the_driver(
    driver: str, res_id: str, severities: list[Severity]
) -> None:
    assert of("R99", judged(runner(driver), configuration(res_id))) == severities


@pytest.mark.parametrize(
    ("inputs", "lacking", "unknowns"),
    [
        pytest.param(
            {"values": {"cluster": {}}, "secrets": {"agent_url": ""}}, "skip_permission_checks", 0, id="one"
        ),
        pytest.param(
            {"values": {"cluster": {}, "skip_permission_checks": True}}, "agent_url", 0, id="no secret"
        ),
        pytest.param(
            {"values": {"cluster": {}, "skip_permission_checks": True, "agent_url": ""}},
            "agent_url",
            0,
            id="plain",
        ),
        pytest.param(
            {
                "values": {"cluster": {}, "skip_permission_checks": True},
                "secret_refs": {"agent_url": {"value": ""}},
            },
            "",
            0,
            id="reference",
        ),
    ],
)
def test_configurations_output_all_three_values(inputs: dict[str, Any], lacking: str, unknowns: int) -> None:
    judgement = judged(runner(), configuration(**inputs))
    assert [lacking in one.message for one in found("R99", judgement)] == ([True] if lacking else [])
    assert len(unknown("R99", judgement)) == unknowns


@pytest.mark.parametrize(
    ("outputs", "secrets", "severities", "unknowns"),
    [
        pytest.param({"cluster": {}, "skip_permission_checks": 1}, {"agent_url": ""}, [], 0, id="mappings"),
        pytest.param("cluster: x\nskip_permission_checks: true", "agent_url: {{ .x }}", [], 0, id="texts"),
        pytest.param(
            "  cluster:\n    a: b\n  # c\n  skip_permission_checks: true", "agent_url: ''", [], 0, id="deep"
        ),
        pytest.param(
            '{\n  "cluster": {},\n  "skip_permission_checks": true\n}',
            '{"agent_url": "{{ .x }}"}',
            [],
            0,
            id="indented JSON",
        ),
        pytest.param("{cluster: {skip_permission_checks: 1}}", "agent_url: x", ERROR, 0, id="flow style"),
        pytest.param("cluster: x", "agent_url: {{ .x }}", ERROR, 0, id="lacking"),
        pytest.param("# all\ncluster: x", "agent_url: {{ .x }}", ERROR, 0, id="missing, with a comment"),
        pytest.param(
            "cluster:\n  skip_permission_checks: true", "agent_url: x", ERROR, 0, id="of something else"
        ),
        pytest.param("{{ toYaml .x }}", "agent_url: {{ .x }}", [], 1, id="computed"),
        pytest.param(None, None, ERROR, 0, id="none"),
    ],
)
def test_outputs_of_templates_are_read_if_they_are_certain(
    outputs: object, secrets: object, severities: list[Severity], unknowns: int
) -> None:
    text = configuration(
        driver="humanitec/template", values={"templates": {"outputs": outputs, "secrets": secrets}}
    )
    judgement = judged(runner(), text)
    assert of("R99", judgement) == severities
    assert len(unknown("R99", judgement)) == unknowns


@pytest.mark.parametrize(
    ("state", "others", "severities", "unknowns"),
    [
        pytest.param(NOTHING_LIVE, [], ERROR, 0, id="no configuration at all"),
        pytest.param(NOTHING_LIVE, [configuration("other")], ERROR, 0, id="others"),
        pytest.param(None, [], [], 1, id="live unread"),
        pytest.param(None, [configuration("other")], WARNING, 1, id="live unread, others declared"),
        pytest.param(live(complete=frozenset({Kind.AGENT})), [], [], 1, id="definitions unread"),
        pytest.param(None, [unmanaged("runner", "config")], WARNING, 1, id="unmanaged"),
    ],
)
def test_missing_configurations_are_evaluated_by_what_was_read(
    state: State | None, others: list[str], severities: list[Severity], unknowns: int
) -> None:
    judgement = judged(runner(), *others, live=state)
    assert of("R99", judgement) == severities
    assert len(unknown("R99", judgement)) == unknowns


@pytest.mark.parametrize(("leaves", "severities"), [({"/agent_url": Unreadable()}, []), ({}, ERROR)])
def test_configurations_that_are_only_live_count(
    leaves: dict[str, SecretLeaf], severities: list[Severity]
) -> None:
    theirs = building.definition(
        "theirs",
        "res_id=opentofu-container-runner",
        type_="config",
        secrets=leaves,
        values={"cluster": {}, "skip_permission_checks": False},
    )
    judgement = judged(runner(), live=live(theirs))
    assert of("R99", judgement) == severities
    for finding in found("R99", judgement):
        assert finding.origin.file == "0.yaml"


def test_other_deployments_and_classes_do_not_count_and_are_named() -> None:
    text = definition(
        "runner", "config", criteria=[{"res_id": "opentofu-container-runner", "env_type": "test"}]
    )
    (one,) = found("R99", judged(runner(app_id="shop", env_type="live"), text))
    assert "in application `shop`, environment type `live`" in one.message
    other = definition("runner", "config", criteria=[{"res_id": "opentofu-container-runner", "class": "big"}])
    assert of("R99", judged(runner(), other)) == ERROR


def test_configurations_made_by_other_drivers_are_unknown() -> None:
    judgement = judged(runner(), configuration(driver="acme/config", values={"x": to("dns")}))
    assert (of("R99", judgement), len(unknown("R99", judgement))) == ([], 1)
