"""The Operator: its chart as documents of Flux and Argo CD, and as a values file with commands."""

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.footprint.value import Footprint, SecretEntry
from reconciler.views.rendering import as_json, stream
from tests.footprint.documents import declarations, footprints, only, operator
from tests.rules.tree import settings

NAMESPACE = "humanitec-operator-system"
SECRET = "humanitec-operator-private-key"
TWO = settings(
    """
    version: 1
    instance: prod
    targets: {acme: {organization: acme}, acme2: {organization: beta}}
    clusters: {eu-1: {inCluster: true}}
    """
)
ALL_OPTIONS = """
    cluster: eu-1
    delivery: {delivery}
    namespace: humanitec-operator
    chartVersion: 0.9.0
    appVersion: 0.22.0
    registry: registry.example.com/mirror
    proxyImage: quay.io/brancz/kube-rbac-proxy:v0.18.0
    serviceAccountAnnotations: {{azure.workload.identity/client-id: 12345678-1234-1234-1234-123456789abc}}
    podLabels: {{azure.workload.identity/use: "true"}}
    podSecurity: {{runAsUser: 65532, fsGroup: 65532}}
    memoryLimit: 512Mi
    resources: {{requests: {{cpu: 0.1}}, limits: {{cpu: 1}}}}
    namespaceLabels: {{pod-security.kubernetes.io/enforce: restricted}}
    driverKey: {{}}
    helmValues: {{controllerManager: {{manager: {{env: {{LOG: debug}}}}}}}}
    waitSeconds: 120
    """


def of(documents: tuple[Any, ...], kind: str) -> Any:
    (found,) = [one for one in documents if one["kind"] == kind]
    return found


def all_options(delivery: str) -> Footprint:
    found = only(operator(ALL_OPTIONS.format(delivery=delivery)))
    assert found.refusal == ""
    return found


VALUES = {
    "controllerManager": {
        "manager": {
            "image": {"repository": "registry.example.com/mirror/humanitec/operator", "tag": "0.22.0"},
            "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m"}},
            "env": {"LOG": "debug"},
        },
        "kubeRbacProxy": {
            "image": {"repository": "registry.example.com/mirror/brancz/kube-rbac-proxy", "tag": "v0.18.0"}
        },
        "serviceAccount": {
            "annotations": {"azure.workload.identity/client-id": "12345678-1234-1234-1234-123456789abc"}
        },
        "podLabels": {"azure.workload.identity/use": "true"},
        "podSecurityContext": {"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532},
    }
}


def test_flux_installs_the_chart_with_its_kinds() -> None:
    found = only(operator())
    assert [one["kind"] for one in found.documents] == ["Namespace", "OCIRepository", "HelmRelease"]
    repository, release = of(found.documents, "OCIRepository"), of(found.documents, "HelmRelease")
    assert repository["spec"]["url"] == "oci://ghcr.io/humanitec/charts/humanitec-operator"
    assert repository["spec"]["ref"] == {"tag": "0.9.0"}
    assert release["metadata"]["name"] == release["spec"]["releaseName"] == "humanitec-operator"
    assert release["metadata"]["namespace"] == NAMESPACE
    assert release["metadata"]["annotations"] == {"reconciler/installation": "Operator/eu-1"}
    assert release["spec"]["values"] == {}
    assert (release["spec"]["install"], release["spec"]["upgrade"]) == (
        {"crds": "Create"},
        {"crds": "CreateReplace"},
    )
    assert found.secrets == ()
    assert found.objects == ()


def test_every_option_is_a_value_that_the_chart_is_known_to_have() -> None:
    found = all_options("flux")
    release = of(found.documents, "HelmRelease")
    assert release["spec"]["values"] == VALUES
    assert release["spec"]["timeout"] == "120s"
    assert of(found.documents, "OCIRepository")["spec"]["url"] == (
        "oci://registry.example.com/mirror/humanitec/charts/humanitec-operator"
    )
    space = of(found.documents, "Namespace")["metadata"]
    assert space["name"] == "humanitec-operator"
    assert space["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_argo_cd_has_the_same_chart_and_values() -> None:
    found = all_options("argocd")
    assert [one["kind"] for one in found.documents] == ["Namespace", "Application"]
    spec = of(found.documents, "Application")["spec"]
    assert spec["source"] == {
        "repoURL": "registry.example.com/mirror/humanitec/charts",
        "chart": "humanitec-operator",
        "targetRevision": "0.9.0",
        "helm": {"releaseName": "humanitec-operator", "valuesObject": VALUES},
    }
    assert spec["destination"]["namespace"] == "humanitec-operator"


def test_helm_is_a_values_file_with_commands_in_the_order_of_the_vendor() -> None:
    found = all_options("helm")
    handover = found.handover
    assert handover is not None
    assert found.applied == ()
    files = dict(handover.files)
    assert yaml.safe_load(files["operator-eu-1.values.yaml"]) == VALUES
    namespace, helm = map(shlex.split, handover.install)
    assert namespace[:2] == ["kubectl", "apply"]
    assert namespace[-1] in files
    assert helm == shlex.split(
        "helm upgrade --install humanitec-operator "
        "oci://registry.example.com/mirror/humanitec/charts/humanitec-operator "
        "--namespace humanitec-operator --create-namespace --version 0.9.0 --values operator-eu-1.values.yaml "
        "--wait --timeout 120s"
    )
    assert handover.check == (
        "kubectl rollout status deployment/humanitec-operator-controller-manager --namespace humanitec-operator",
    )
    (remove,) = handover.remove
    assert remove.startswith("left=$(kubectl get resources.humanitec.io,workloads.humanitec.io,")
    assert remove.endswith(
        ' && test -z "$left" && helm uninstall humanitec-operator --namespace humanitec-operator'
    )


@pytest.mark.parametrize(
    ("answer", "is_removed"), [("true", True), ("echo resource/x", False), ("false", False)]
)
def test_the_command_that_removes_it_stops_while_anything_is_deployed(
    tmp_path: Path, answer: str, *, is_removed: bool
) -> None:
    """Run by a shell, with programs in place of kubectl and helm."""
    for name, text in (("kubectl", answer), ("helm", "echo removed")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    handover = all_options("helm").handover
    assert handover is not None
    done = subprocess.run(
        ["/bin/sh", "-c", handover.remove[0]],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout == "removed\n") is is_removed
    assert (done.returncode == 0) is is_removed


@pytest.mark.parametrize("delivery", ["flux", "argocd", "helm"])
def test_the_secret_is_referred_to_and_the_command_that_makes_it_is_shown(delivery: str) -> None:
    found = all_options(delivery)
    assert found.secrets == (
        SecretEntry("humanitec-operator", SECRET, "privateKey"),
        SecretEntry("humanitec-operator", SECRET, "humanitecOrganisationID"),
    )
    assert found.handover is not None
    assert found.handover.secret[-1] == (
        f"kubectl create secret generic {SECRET} --namespace humanitec-operator --from-file=privateKey=private_key.pem "
        "--from-literal=humanitecOrganisationID=acme"
    )
    text = stream([found])
    assert "# to make its Secret:" in text
    assert all(document.get("kind") != "Secret" for document in yaml.safe_load_all(text) if document)
    assert "kubectl create secret generic" in as_json([found])


def test_without_drivers_of_humanitec_there_is_no_secret() -> None:
    found = only(operator("{cluster: eu-1, delivery: helm}"))
    assert found.secrets == ()
    assert found.handover is not None
    assert found.handover.secret == ()


def test_an_operator_that_names_no_delivery_is_for_whoever_runs_the_command() -> None:
    found = only(operator("{cluster: eu-1}"))
    assert found.delivery == "helm"
    assert found.applied == ()


REFUSED = {
    "{cluster: eu-1, delivery: flux}": "set `chartVersion`",
    "{cluster: eu-1, delivery: argocd}": "set `chartVersion`",
    "{cluster: eu-1, registry: registry.example.com}": "set `proxyImage`",
    "{cluster: eu-1, namespace: '${NS}'}": "`namespace` is filled in by another tool",
    "{cluster: eu-1, image: 'operator@sha256:0'}": "`image` has a digest",
    "{cluster: eu-1, image: 'r.test/operator:1', appVersion: '2'}": "`appVersion`",
    "{cluster: eu-1, driverKey: {namespace: other}}": "reads its key in its own namespace",
}


@pytest.mark.parametrize("spec", REFUSED)
def test_what_cannot_be_installed_as_declared_is_refused(spec: str) -> None:
    found = only(operator(spec))
    assert REFUSED[spec] in found.refusal
    assert found.applied == ()


def test_an_operator_serves_one_organization() -> None:
    document = declarations(operator())
    (found,) = footprints(targets={"acme": document, "acme2": document}, settings=TWO)
    assert "serves one organization, and its file belongs to `acme`, `beta`" in found.refusal
    named = declarations(operator("{cluster: eu-1, organization: beta, driverKey: {}}"))
    (found,) = footprints(targets={"acme": named, "acme2": named}, settings=TWO)
    assert found.organizations == ("beta",)
    assert found.handover is not None
    assert found.handover.secret[-1].endswith("humanitecOrganisationID=beta")
