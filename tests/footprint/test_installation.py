"""Which installations there are, where they go, and what several of one cluster share."""

from typing import Any

import pytest

from reconciler.facts.delivery import Delivery
from reconciler.footprint.installation import on_cluster
from reconciler.footprint.value import SecretEntry
from tests.footprint.combinations import IMAGE
from tests.footprint.documents import agent, declarations, footprints, only, runner
from tests.rules.tree import settings

TWO_TARGETS = settings(
    """
    version: 1
    targets:
      a: {organization: acme}
      b: {organization: shop}
    clusters: {eu-1: {inCluster: true}}
    """
)


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        ("{cluster: eu-1}", Delivery.KUBERNETES),
        ("{cluster: files}", Delivery.DIRECTORY),
        ("{cluster: far}", Delivery.NONE),
        ("{cluster: elsewhere}", Delivery.NONE),
        ("{}", Delivery.NONE),
        ("{cluster: far, delivery: directory}", Delivery.DIRECTORY),
        ("{cluster: files, delivery: kubernetes}", Delivery.KUBERNETES),
        ("{cluster: eu-1, method: helm}", Delivery.HELM),
        ("{cluster: eu-1, chartVersion: 1.2.10}", Delivery.HELM),
        ("{cluster: eu-1, method: manifests}", Delivery.KUBERNETES),
        ("{host: docker}", Delivery.DOCKER),
        ("{host: Azure Container Instances}", Delivery.CONTAINER_INSTANCES),
        ("{host: a-machine}", Delivery.NONE),
    ],
)
def test_the_delivery_is_declared_or_follows_from_the_settings(install: str, expected: Delivery) -> None:
    assert only(agent(install)).delivery is expected


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        (f"{{cluster: eu-1, {IMAGE}}}", Delivery.KUBERNETES),
        (f"{{cluster: files, {IMAGE}}}", Delivery.DIRECTORY),
        ("{cluster: eu-1, chartVersion: 0.1.1}", Delivery.HELM),
        ("{cluster: eu-1, helmValues: {replicaCount: 1}}", Delivery.HELM),
    ],
)
def test_the_delivery_of_a_runner_is_found_in_the_same_way(install: str, expected: Delivery) -> None:
    assert only(runner(install)).delivery is expected


def test_an_agent_serves_the_organizations_of_all_targets_with_its_file() -> None:
    found = declarations(agent())
    (one,) = footprints(settings=TWO_TARGETS, targets={"a": found, "b": found})
    assert data_of(one.objects) == {"ORGS": "acme,shop"}


@pytest.mark.parametrize(
    ("install", "listed", "expected"),
    [
        ("{cluster: eu-1}", "[shop, acme]", "shop,acme"),
        ("{cluster: eu-1, orgs: [shop]}", "[shop, acme]", "shop"),
        ("{cluster: eu-1, orgs: [shop], env: {ORGS: other}}", "", "other"),
    ],
)
def test_an_agent_serves_what_its_document_lists(install: str, listed: str, expected: str) -> None:
    (one,) = footprints(agent(install, organizations=listed))
    assert data_of(one.objects)["ORGS"] == expected


def data_of(objects: tuple[Any, ...]) -> Any:
    return next(body["data"] for body in objects if body["kind"] == "ConfigMap")


def test_two_that_name_no_cluster_are_not_in_one_place() -> None:
    found = footprints(agent("{}", "one"), agent("{}", "two"))
    assert [(one.cluster, one.refusal, one.workload and one.workload.name) for one in found] == [
        ("", "", "humanitec-agent"),
        ("", "", "humanitec-agent"),
    ]


def test_further_installations_are_footprints_of_their_own() -> None:
    text = agent("{cluster: eu-1}") + "  moreInstalls: [{cluster: eks-1}]\n"
    assert [(one.cluster, one.installation) for one in footprints(text)] == [
        ("eks-1", "Agent/eu-1"),
        ("eu-1", "Agent/eu-1"),
    ]
    assert [one.cluster for one in on_cluster(footprints(text), "eu-1")] == ["eu-1"]


def test_documents_without_an_installation_have_no_footprint() -> None:
    text = agent().partition("  install:")[0] + "  description: nothing runs\n"
    assert footprints(text) == ()


def names(text: str, *more: str) -> dict[str, list[str]]:
    """Names of the Deployments, and the refusals, by installation."""
    return {
        one.installation: [
            *([one.workload.name] if one.workload is not None and not one.refusal else []),
            *([one.refusal] if one.refusal else []),
        ]
        for one in footprints(text, *more)
    }


def test_names_are_the_documented_ones_unless_others_share_the_namespace() -> None:
    alone = agent("{cluster: eu-1, namespace: a}", "one"), agent("{cluster: eu-1, namespace: b}", "two")
    assert names(*alone) == {"Agent/one": ["humanitec-agent"], "Agent/two": ["humanitec-agent"]}
    apart = agent("{cluster: eu-1}", "one"), agent("{cluster: eks-1}", "two")
    assert names(*apart) == {"Agent/one": ["humanitec-agent"], "Agent/two": ["humanitec-agent"]}
    together = (
        agent("{cluster: eu-1, privateKey: {secretName: one}}", "one"),
        agent("{cluster: eu-1, privateKey: {secretName: two}}", "two"),
    )
    assert names(*together) == {
        "Agent/one": ["humanitec-agent-one"],
        "Agent/two": ["humanitec-agent-two"],
    }


def test_two_products_do_not_read_one_private_key() -> None:
    assert names(agent("{cluster: eu-1}", "one"), agent("{cluster: eu-1}", "two")) == {
        "Agent/one": ["humanitec-agent-one"],
        "Agent/two": [
            (
                "Agent/one reads its private key from Secret "
                "`humanitec-agent/humanitec-agent-secret-private-key` as well; name another one in "
                "`privateKey.secretName`"
            )
        ],
    }


def test_one_agent_is_not_installed_twice_in_a_namespace() -> None:
    text = agent("{cluster: eu-1}") + "  moreInstalls: [{cluster: eu-1}]\n"
    assert [one.refusal for one in footprints(text)] == [
        "",
        "it is declared twice in namespace `humanitec-agent`; set `replicas` instead",
    ]


def test_runners_with_other_namespaces_have_names_of_their_own_if_their_jobs_share_one() -> None:
    """Roles are in the namespace of the jobs, under the names of the accounts (v2 reference 10)."""
    one = runner(f"{{cluster: eu-1, namespace: a, {IMAGE}}}", "one")
    two = runner(f"{{cluster: eu-1, namespace: b, {IMAGE}}}", "two")
    assert names(one, two) == {
        "Runner/one": ["humanitec-kubernetes-agent-runner-one"],
        "Runner/two": ["humanitec-kubernetes-agent-runner-two"],
    }
    first, second = footprints(one, two)
    assert [body["kind"] for body in second.objects].count("ServiceAccount") == 1
    assert [body["kind"] for body in first.objects].count("ServiceAccount") == 2


def test_jobs_of_two_runners_share_an_account_only_with_one_identity() -> None:
    identity = "identity: {roleArn: 'arn:aws:iam::123456789012:role/%s'}"
    one = runner(f"{{cluster: eks-1, namespace: a, {IMAGE}, {identity % 'a'}}}", "one")
    two = runner(f"{{cluster: eks-1, namespace: b, {IMAGE}, {identity % 'b'}}}", "two")
    assert names(one, two)["Runner/two"] == [
        "Runner/one declares another ServiceAccount `jobs/job`; use another name or another namespace"
    ]


def test_a_namespace_of_several_has_the_labels_of_all_and_is_the_same_in_each() -> None:
    texts = (
        agent("{cluster: eu-1, namespace: shared, namespaceLabels: {a: b}}"),
        runner(f"{{cluster: eu-1, namespace: shared, {IMAGE}, namespaceLabels: {{team: x}}}}"),
    )
    spaces = [
        body
        for one in footprints(*texts)
        for body in one.objects
        if body["kind"] == "Namespace" and body["metadata"]["name"] == "shared"  # type: ignore[index, call-overload]  # an object
    ]
    assert len(spaces) == 2
    assert spaces[0] == spaces[1]
    metadata = spaces[0]["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["labels"] == {
        "a": "b",
        "team": "x",
        "app.kubernetes.io/managed-by": "reconciler",
        "reconciler/instance": "prod",
    }


def test_contradicting_labels_of_a_namespace_refuse_the_second() -> None:
    one = agent("{cluster: eu-1, namespaceLabels: {team: a}, privateKey: {secretName: a}}", "one")
    two = agent("{cluster: eu-1, namespaceLabels: {team: b}, privateKey: {secretName: b}}", "two")
    assert names(one, two)["Agent/two"] == [
        (
            "another installation sets label `team` of namespace `humanitec-agent` to `a`, and this one to `b`; use "
            "the same in `namespaceLabels`"
        )
    ]


def test_namespaces_that_every_cluster_has_are_not_rendered() -> None:
    text = runner(
        f"{{cluster: eu-1, namespace: runner, {IMAGE}}}", job="{namespace: default, service_account: job}"
    )
    assert [
        body["metadata"]["name"]  # type: ignore[index, call-overload]  # an object
        for body in only(text).objects
        if body["kind"] == "Namespace"
    ] == ["runner"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (agent("{cluster: eu-1, image: '${IMAGE}'}"), "`image` is filled in by another tool"),
        (agent("{cluster: eu-1, namespace: Agents}"), "`namespace` does not have the form"),
        (agent("{cluster: eu-1, privateKey: {secretName: a_b}}"), "`privateKey.secretName` does not have"),
        (agent("{cluster: eu-1, privateKey: {path: key.pem}}"), "`privateKey.path` must be"),
        (agent("{cluster: eu-1, privateKey: {path: /key.pem}}"), "`privateKey.path` must be"),
        (agent("{cluster: eu-1, privateKey: {mode: rw}}"), "`privateKey.mode` is not"),
        (agent("{cluster: eu-1, env: {'A B': c}}"), "`env` has a variable `A B`"),
        (agent("{cluster: eu-1, orgs: []}", organizations="[]"), "no organization is known for `ORGS`"),
        (runner("{cluster: eu-1}"), "no image is set"),
        (
            runner(f"{{cluster: eu-1, {IMAGE}, serviceAccount: job}}"),
            "the runner and its jobs have the same account `job`",
        ),
        (runner(f"{{cluster: eu-1, {IMAGE}, env: {{'A B': c}}}}"), "`env` has a variable `A B`"),
        (
            runner(f"{{cluster: eu-1, {IMAGE}, delivery: kubernetes, helmValues: {{a: b}}}}"),
            "chart and Helm values have no effect",
        ),
        (
            runner(f"{{cluster: eu-1, {IMAGE}, env: {{PRIVATE_KEY: x}}}}"),
            "`env.PRIVATE_KEY` is the private key",
        ),
    ],
)
def test_what_cannot_be_installed_is_refused_with_a_reason(text: str, reason: str) -> None:
    found = only(text)
    assert found.refusal.startswith(reason)
    assert (found.objects, found.secrets) == ((), ())
    assert found.origin.file == "0.yaml"


def test_a_runner_of_two_organizations_is_refused() -> None:
    found = declarations(runner(f"{{cluster: eu-1, {IMAGE}}}"))
    (one,) = footprints(settings=TWO_TARGETS, targets={"a": found, "b": found})
    assert one.refusal == "a runner polls one organization, and its file belongs to `acme`, `shop`"


def test_a_runner_that_runs_elsewhere_is_not_installed() -> None:
    text = runner(f"{{cluster: eu-1, {IMAGE}}}")
    start, end = text.index("    type:"), text.index("  state_storage")
    other = (
        "    type: kubernetes-eks\n    job: {namespace: jobs, service_account: job}\n"
        "    cluster: {name: c, region: eu-west-1, auth: {role_arn: 'arn:aws:iam::123456789012:role/r'}}\n"
    )
    assert "of type `kubernetes-eks` are not installed" in only(text[:start] + other + text[end:]).refusal


def test_the_fingerprint_is_on_the_pod_template_alone() -> None:
    found = only(agent())
    marked = found.with_fingerprint("ab12")
    (before,) = (body for body in found.objects if body["kind"] == "Deployment")
    (after,) = (body for body in marked.objects if body["kind"] == "Deployment")
    spec: Any = after["spec"]
    assert spec["template"]["metadata"]["annotations"].pop("reconciler/key-fingerprint") == "ab12"
    assert after == before
    assert [b for b in marked.objects if b != after] == [b for b in found.objects if b != before]


def test_secrets_and_times_of_an_installation() -> None:
    found = only(agent())
    assert found.secrets == (
        SecretEntry("humanitec-agent", "humanitec-agent-secret-private-key", "private_key"),
    )
    assert (found.wait_s, found.pull_secrets) == (300, ())
    other = only(agent("{cluster: eu-1, waitSeconds: 5, imagePullSecrets: [regcred]}"))
    assert (other.wait_s, other.pull_secrets) == (5, ("regcred",))


def test_footprints_do_not_depend_on_the_order_of_files() -> None:
    texts = [agent("{cluster: eu-1, privateKey: {secretName: a}}", "one"), agent("{cluster: eu-1}", "two")]
    texts.append(runner(f"{{cluster: eu-1, {IMAGE}}}"))
    there, back = footprints(*texts), footprints(*reversed(texts))
    assert [(one.installation, one.objects) for one in there] == [
        (one.installation, one.objects) for one in back
    ]
