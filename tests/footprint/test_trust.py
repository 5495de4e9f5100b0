"""What is printed for the clouds: policies, commands, Terraform, and the pod template that jobs need."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from reconciler.facts.installed import InstalledRunner
from reconciler.footprint.pod_template import completed_template, lacks
from reconciler.footprint.trust import JobAccount, Trust, trust_document, trust_of
from tests.footprint.combinations import IMAGE
from tests.footprint.documents import declarations, runner

ROLE = "arn:aws:iam::123456789012:role/platform/runner@eks-1"
ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
EKS = f"{{cluster: eks-1, {IMAGE}, identity: {{roleArn: '{ROLE}'}}}}"
GKE = f"{{cluster: gke-1, {IMAGE}, identity: {{serviceAccount: runner-gke-1@my-project.iam.gserviceaccount.com}}}}"
CLIENT = "12345678-1234-1234-1234-123456789abc"
AKS = f"{{cluster: aks-1, {IMAGE}, identity: {{clientId: {CLIENT}}}}}"


def installed(text: str) -> InstalledRunner:
    (declared,) = declarations(text).runners
    install = declared.document.spec.install
    assert install is not None
    return InstalledRunner(declared, install)


def trust(install: str, **names: str) -> Trust:
    found = trust_of(installed(runner(install)), **names)
    assert found is not None
    return found


def test_the_policy_of_a_role_trusts_the_account_of_the_jobs() -> None:
    assert trust(EKS, issuer=ISSUER).document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{ISSUER}:aud": "sts.amazonaws.com",
                        f"{ISSUER}:sub": "system:serviceaccount:jobs:job",
                    }
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        (EKS, ("system:serviceaccount:jobs:job", "sts.amazonaws.com", "--cluster eks-1")),
        (
            GKE,
            (
                "'serviceAccount:my-project.svc.id.goog[jobs/job]'",
                "roles/iam.workloadIdentityUser",
                "--project my-project",
                "create runner-gke-1",
            ),
        ),
        (AKS, ("system:serviceaccount:jobs:job", "api://AzureADTokenExchange", CLIENT, "--name aks-1")),
    ],
)
def test_commands_name_the_account_of_the_jobs_and_never_that_of_the_runner(
    install: str, expected: tuple[str, ...]
) -> None:
    found = trust(install)
    commands = "\n".join(found.commands)
    for text in expected:
        assert text in commands
    for text in (commands, found.terraform):
        assert "agent-runner-ns" not in text


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        (
            EKS,
            ('"~> 6"', '"system:serviceaccount:jobs:job"', 'name               = "runner@eks-1"', '"eks-1"'),
        ),
        (GKE, ('"~> 7"', '"serviceAccount:my-project.svc.id.goog[jobs/job]"', '"runner-gke-1"')),
        (AKS, ('"~> 4"', '"system:serviceaccount:jobs:job"', f"client id {CLIENT}.", '"aks-1"')),
    ],
)
def test_terraform_has_the_provider_of_the_guide_and_the_same_names(
    install: str, expected: tuple[str, ...]
) -> None:
    found = trust(install).terraform
    for text in expected:
        assert text in found
    assert "@cluster" not in found
    assert found.count("{") == found.count("}")


@pytest.mark.parametrize("install", [EKS, GKE, AKS])
def test_commands_are_valid_for_a_shell(install: str) -> None:
    found = trust(install)
    script = "\n".join(found.commands)
    checked = subprocess.run(["sh", "-n", "-c", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    named = {name for name, _ in found.variables}
    assert {name for name in ("AWS_REGION", "RESOURCE_GROUP") if f"${name}" in script} == named


def test_the_shell_fills_the_issuer_into_the_policy() -> None:
    shell = shutil.which("sh")
    assert shell is not None
    create = trust(EKS).commands[-1].replace("aws iam", "printf '%s\\n'", 1)
    done = subprocess.run(
        [shell, "-c", create], env={"ISSUER": ISSUER}, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == trust(EKS, issuer=ISSUER).document


def test_the_name_in_the_cloud_can_differ_from_that_in_the_settings() -> None:
    assert "--name other" in trust(EKS, cluster="other").commands[0]
    assert "--name CLUSTER_NAME" in trust(EKS.replace("cluster: eks-1, ", "")).commands[0]


def test_without_an_identity_there_is_nothing_to_trust() -> None:
    assert trust_of(installed(runner(f"{{cluster: eks-1, {IMAGE}}}"))) is None


def test_a_policy_is_only_for_a_role() -> None:
    with pytest.raises(ValueError, match="not the ARN of a role"):
        trust_document("arn:aws:iam::123456789012:user/x", JobAccount("jobs", "job"), ISSUER)


def completed(install: str, template: str = "") -> Any:
    job = "{namespace: jobs, service_account: job" + (f", pod_template: {template}" if template else "") + "}"
    one = installed(runner(install, job=job))
    assert lacks(one) is (completed_template(one) != (declared_template(one) or {}))
    return completed_template(one)


def declared_template(one: InstalledRunner) -> Any:
    return one.runner.raw["spec"]["runner_configuration"]["job"].get("pod_template")  # type: ignore[index, call-overload, union-attr]  # an object


def test_jobs_on_aks_need_a_label() -> None:
    assert completed(AKS) == {"metadata": {"labels": {"azure.workload.identity/use": "true"}}}
    own = "{metadata: {labels: {azure.workload.identity/use: 'true', team: x}}}"
    assert completed(AKS, own) == {
        "metadata": {"labels": {"azure.workload.identity/use": "true", "team": "x"}}
    }


def test_jobs_of_a_mirrored_runner_need_its_image_in_the_same_template() -> None:
    """Two templates as in the guide would replace each other (v2 reference 12)."""
    install = AKS.replace("{cluster", "{registry: r.example.com, imagePullSecrets: [regcred], cluster", 1)
    assert completed(install, "{spec: {containers: [{name: proxy, image: p:1}, {name: main, env: []}]}}") == {
        "metadata": {
            "labels": {
                "azure.workload.identity/use": "true",
                "app.kubernetes.io/name": "humanitec-runner",
                "app.kubernetes.io/version": "v1.2.3",
            }
        },
        "spec": {
            "containers": [
                {"name": "proxy", "image": "p:1"},
                {
                    "name": "main",
                    "image": "r.example.com/humanitec/humanitec-runner:v1.2.3",
                    "imagePullPolicy": "IfNotPresent",
                    "env": [],
                },
            ],
            "imagePullSecrets": [{"name": "regcred"}],
        },
    }


def test_a_template_without_the_runners_container_gets_one() -> None:
    install = f"{{cluster: eu-1, {IMAGE}, registry: r.example.com}}"
    assert [c["name"] for c in completed(install)["spec"]["containers"]] == ["main"]


def test_nothing_is_missing_elsewhere() -> None:
    assert completed(GKE) == {}
    assert not lacks(installed(runner(EKS)))
