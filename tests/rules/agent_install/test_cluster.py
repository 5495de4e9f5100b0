"""Security context, egress and installation method of an Agent's objects: R40, R43, R46."""

import pytest

from reconciler.model.finding import Severity
from tests.rules.agent_install.installing import (
    EU,
    LABELS,
    agent,
    config_map,
    deployment,
    found,
    messages,
    on_eu,
    unknown,
)
from tests.rules.tree import settings

OPENSHIFT = settings(EU.replace("eks", "openshift"))
UNTOLD = settings(EU.replace("platform: eks", ""))
CONSTRAINT = "podSecurity: {securityContextConstraint: nonroot-v2}"


@pytest.mark.parametrize(
    ("security", "expected"),
    [
        ("{}", ""),
        ("{privileged: false, readOnlyRootFilesystem: true, dropCapabilities: [ALL], runAsUser: 1000}", ""),
        ("{privileged: true}", "`privileged`"),
        ("{allowPrivilegeEscalation: true}", "`allowPrivilegeEscalation`"),
        ("{readOnlyRootFilesystem: false}", "writable root filesystem"),
        ("{dropCapabilities: [NET_RAW]}", "capabilities kept"),
        ("{dropCapabilities: []}", "capabilities kept"),
        ("{runAsUser: 0}", "root user"),
        ("{runAsNonRoot: false}", "root user allowed"),
        ("{privileged: true, runAsUser: 0, runAsNonRoot: false}", "`privileged`, root user"),
    ],
)
def test_an_agent_is_as_confined_as_the_vendors_own(security: str, expected: str) -> None:
    said = found(on_eu(f"podSecurity: {security}"), rule="R43")
    assert [severity for severity, _ in said] == [Severity.WARNING] * bool(expected)
    assert not said or said[0][1].endswith(f": {expected}")


@pytest.mark.parametrize(
    ("security", "pod", "expected"),
    [
        (None, None, ""),
        (
            "{}",
            "{}",
            "`allowPrivilegeEscalation`, writable root filesystem, capabilities kept, root user allowed",
        ),
        (None, "{runAsUser: 0}", "root user"),
        (None, "{runAsNonRoot: true}", ""),
        (None, "{runAsNonRoot: false}", "root user allowed"),
        (
            (
                "{privileged: true, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: 0, "
                "capabilities: {drop: [NET_RAW]}}"
            ),
            None,
            "`privileged`, capabilities kept, root user",
        ),
    ],
)
def test_a_manifest_is_as_confined_as_the_vendors_own(
    security: str | None, pod: str | None, expected: str
) -> None:
    """What is left out counts: Kubernetes allows it by default."""
    given = {} if security is None else {"security": security}
    if pod is not None:
        given["pod"] = f"securityContext: {pod}"
    said = messages(deployment(**given), config_map(), rule="R43")
    assert [message.partition(": ")[2] for message in said] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("members", "expected"),
    [("", 1), (CONSTRAINT, 0), ("podSecurity: {securityContextConstraint: privileged}", 1)],
)
def test_openshift_needs_a_matching_constraint(members: str, expected: int) -> None:
    said = found(on_eu(members), rule="R43", settings=OPENSHIFT)
    assert [severity for severity, _ in said] == [Severity.WARNING] * expected


def test_an_undeclared_platform_is_unknown_once_for_a_cluster() -> None:
    two = (on_eu(), agent("{cluster: eu-1}", "second"))
    assert len(unknown(*two, rule="R43", settings=UNTOLD)) == 1
    assert unknown(on_eu(CONSTRAINT), rule="R43", settings=UNTOLD) == []
    assert unknown(on_eu(), rule="R43") == []
    assert unknown(agent("{host: docker}"), rule="R43", settings=UNTOLD) == []


HTTPS = "{ports: [{port: 443, protocol: TCP}]}"
DNS = "{ports: [{port: 53, protocol: UDP}]}"
AGENT_SELECTOR = "{matchLabels: {app.kubernetes.io/name: humanitec-agent}}"


def policy(
    egress: str,
    selector: str = AGENT_SELECTOR,
    types: str = "[Egress]",
    namespace: str = "humanitec-agent",
    name: str = "rules",
) -> str:
    return (
        f"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: {namespace}}}, "
        f"spec: {{podSelector: {selector}, policyTypes: {types}, egress: {egress}}}}}"
    )


def state(*objects: str) -> str:
    return f"eu-1: {{objects: [{', '.join(objects)}]}}"


ENDS = [
    ("[]", 1, 0),
    (f"[{DNS}]", 1, 0),
    (f"[{HTTPS}]", 0, 0),
    (f"[{DNS}, {HTTPS}]", 0, 0),
    ("[{}]", 0, 0),
    ("[{ports: []}]", 0, 0),
    ("[{ports: [{protocol: TCP}]}]", 0, 0),
    ("[{ports: [{port: 400, endPort: 500}]}]", 0, 0),
    ("[{ports: [{port: 80, endPort: 100}]}]", 1, 0),
    ("[{ports: [{port: 443, protocol: UDP}]}]", 1, 0),
    ("[{ports: [{port: https}]}]", 0, 1),
    ("[{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", 0, 0),
    ("[{to: [{ipBlock: {cidr: '::/0'}}], ports: [{port: 443}]}]", 0, 0),
    ("[{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]", 1, 0),
    ("[{to: [{ipBlock: {cidr: 34.102.0.0/16}}]}]", 0, 1),
    ("[{to: [{ipBlock: {cidr: $RANGE}}]}]", 0, 1),
    ("[{to: [{namespaceSelector: {}}]}]", 1, 0),
    ("[{to: [{namespaceSelector: {}}, {ipBlock: {cidr: 0.0.0.0/0}}]}]", 0, 0),
]


@pytest.mark.parametrize(("egress", "expected", "hidden"), ENDS)
def test_a_policy_on_the_cluster_allows_the_egress(egress: str, expected: int, hidden: int) -> None:
    there = state(policy(egress))
    assert [s for s, _ in found(on_eu(), rule="R40", clusters=there)] == [Severity.ERROR] * expected
    assert len(unknown(on_eu(), rule="R40", clusters=there)) == hidden


@pytest.mark.parametrize(("egress", "expected", "hidden"), ENDS)
def test_a_policy_in_the_tree_allows_the_egress(egress: str, expected: int, hidden: int) -> None:
    assert [s for s, _ in found(policy(egress), rule="R40")] == [Severity.ERROR] * expected
    assert len(unknown(policy(egress), rule="R40")) == hidden


@pytest.mark.parametrize(
    "other",
    [
        policy("[]", selector="{matchLabels: {app: shop}}"),
        policy("[]", types="[Ingress]"),
        policy("[]", namespace="shop"),
        (
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, namespace: humanitec-agent}, "
            "spec: {podSelector: {}, ingress: []}}"
        ),
    ],
)
def test_policies_about_something_else_block_nothing(other: str) -> None:
    assert messages(on_eu(), rule="R40", clusters=state(other)) == []
    assert unknown(on_eu(), rule="R40", clusters=state(other)) == []


def test_policies_of_a_namespace_add_up() -> None:
    closed, opened = policy("[]", selector="{}", name="nothing"), policy(f"[{HTTPS}]", name="https")
    assert messages(on_eu(), rule="R40", clusters=state(closed, opened)) == []
    assert messages(closed, opened, rule="R40") == []
    assert len(messages(on_eu(), rule="R40", clusters=state(closed))) == 1


def test_a_policy_for_all_pods_is_evaluated_only_where_it_is_applied() -> None:
    """Another file, or another tool, may add the policy that allows the egress."""
    assert messages(policy("[]", selector="{}"), rule="R40") == []


@pytest.mark.parametrize("selector", ["{}", "{matchLabels: {}}"])
def test_a_policy_for_all_pods_is_about_an_agent_of_its_namespace(selector: str) -> None:
    closed, opened = policy("[]", selector=selector), policy(f"[{HTTPS}]", name="https")
    for agent_of_it in (on_eu(), deployment()):
        (said,) = messages(closed, agent_of_it, rule="R40")
        assert said.startswith("Network policy `rules` keeps the Agent from its tunnel endpoint")
        assert messages(closed, opened, agent_of_it, rule="R40") == []
        assert messages(policy("[]", selector="{}", namespace="shop"), agent_of_it, rule="R40") == []


def test_policies_that_together_block_a_namespace_are_one_finding() -> None:
    several = (policy("[]", selector="{}", name="all"), policy("[]", name="agent"), on_eu())
    assert len(messages(*several, rule="R40")) == 1


def test_a_policy_that_may_select_the_agent_makes_it_unknown() -> None:
    by_expression = policy(
        f"[{HTTPS}]", selector="{matchExpressions: [{key: a, operator: Exists}]}", name="more"
    )
    there = state(policy("[]"), by_expression)
    assert messages(on_eu(), rule="R40", clusters=there) == []
    assert len(unknown(on_eu(), rule="R40", clusters=there)) == 1
    assert messages(on_eu(), rule="R40", clusters=state(by_expression)) == []


def test_a_policy_that_may_select_the_agent_is_unknown_unless_it_allows_all_egress() -> None:
    selector = "{matchExpressions: [{key: a, operator: Exists}]}"
    closed, opened = policy("[]", selector=selector), policy(f"[{HTTPS}]", selector=selector)
    assert len(unknown(on_eu(), rule="R40", clusters=state(closed))) == 1
    assert unknown(on_eu(), rule="R40", clusters=state(opened)) == []
    assert len(unknown(policy("[]", name="sure"), opened, rule="R40")) == 1


@pytest.mark.parametrize(
    "kind",
    [
        "apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy",
        "apiVersion: projectcalico.org/v3, kind: NetworkPolicy",
    ],
)
def test_policies_of_a_plug_in_may_allow_the_egress(kind: str) -> None:
    other = f"{{{kind}, metadata: {{name: https}}}}"
    assert messages(policy("[]"), other, rule="R40") == []
    assert len(unknown(policy("[]"), other, rule="R40")) == 1
    assert messages(on_eu(), other, rule="R40", clusters=state(policy("[]"))) == []


def test_the_labels_of_pods_on_the_cluster_count() -> None:
    pods = (
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: humanitec-agent, namespace: humanitec-agent}, "
        "spec: {template: {metadata: {labels: {app.kubernetes.io/name: humanitec-agent, tier: edge}}}}}"
    )
    closed = policy("[]", selector="{matchLabels: {tier: edge}}")
    assert messages(on_eu(), rule="R40", clusters=state(closed)) == []
    assert len(messages(on_eu(), rule="R40", clusters=state(closed, pods))) == 1


def test_policies_that_were_not_read_are_unknown() -> None:
    assert len(unknown(on_eu(), rule="R40")) == 1
    assert len(unknown(on_eu(), rule="R40", clusters="eu-1: {complete: [v1 Pod]}")) == 1
    assert unknown(agent("{host: docker}"), rule="R40") == []


def made(kind: str = "Deployment", name: str = "humanitec-agent", metadata: str = "", more: str = "") -> str:
    api_version = "apps/v1" if kind == "Deployment" else "v1"
    return (
        f"eu-1: {{objects: [{{apiVersion: {api_version}, kind: {kind}, metadata: {{name: {name}, "
        f"namespace: humanitec-agent{metadata}}}}}]{more}}}"
    )


BY_HELM = ", labels: {app.kubernetes.io/managed-by: Helm}"
RELEASE = ", annotations: {meta.helm.sh/release-name: humanitec-agent}"
RECORD = ", secrets: [{namespace: humanitec-agent, name: sh.helm.release.v1.humanitec-agent.v1}]"


@pytest.mark.parametrize(
    ("method", "clusters", "manager"),
    [
        ("manifests", made(), ""),
        ("manifests", made(metadata=BY_HELM), "Helm"),
        ("manifests", made(metadata=RELEASE), "Helm"),
        ("manifests", made(more=RECORD), "Helm"),
        ("manifests", made(name="shop", metadata=BY_HELM), ""),
        ("manifests", made(metadata=BY_HELM).replace("namespace: humanitec-agent,", "namespace: shop,"), ""),
        ("helm", made(metadata=BY_HELM, more=RECORD), ""),
        ("helm", made(), "a tool other than Helm"),
        ("helm", made(metadata=", managedFields: [{manager: kubectl}]"), "`kubectl`"),
        ("helm", made(metadata=", labels: {app.kubernetes.io/managed-by: Kustomize}"), "`Kustomize`"),
        ("helm", made("ConfigMap", "humanitec-agent-configmap-env"), "a tool other than Helm"),
        ("helm", "eu-1: {}", ""),
        ("terraform", made(metadata=BY_HELM), ""),
    ],
)
def test_what_is_on_the_cluster_was_installed_by_the_declared_method(
    method: str, clusters: str, manager: str
) -> None:
    said = found(on_eu(f"method: {method}"), rule="R46", clusters=clusters)
    assert [severity for severity, _ in said] == [Severity.ERROR] * bool(manager)
    assert not said or said[0][1].endswith(f"managed by {manager}")
    assert unknown(on_eu(f"method: {method}"), rule="R46", clusters=clusters) == []


def test_several_objects_of_the_other_method_are_counted() -> None:
    two = made().replace(
        "]}",
        f", {{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a, "
        f"namespace: humanitec-agent, labels: {LABELS}}}}}]}}",
    )
    assert messages(on_eu("method: helm"), rule="R46", clusters=two)[0].endswith("and 1 more")


def test_without_a_method_or_a_cluster_nothing_is_compared() -> None:
    assert messages(on_eu(), rule="R46", clusters=made(metadata=BY_HELM)) == []
    assert unknown(on_eu(), rule="R46") == []
    assert len(unknown(on_eu("method: helm"), rule="R46")) == 1
    assert len(unknown(on_eu("method: helm"), rule="R46", clusters="eu-1: {complete: []}")) == 1
