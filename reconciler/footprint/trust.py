"""What a cloud must be told so that jobs get its identity (v2 reference 12; runner guide, EKS, GKE and AKS).

It is always the account of the jobs that is trusted, never the one of the runner. Nothing here is run: commands and
Terraform are printed. Where only the user knows a name, it is a shell variable that `Trust.variables` lists.
"""

import json
import re
import shlex
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.facts.installed import InstalledRunner
from reconciler.facts.runner_installation import identity_annotation
from reconciler.footprint.trust_terraform import aks_terraform, eks_terraform, gke_terraform
from reconciler.model.json import JsonObject
from reconciler.model.runner import AgentRunner

_ROLE = re.compile(r"arn:(?P<partition>[^:]+):iam::(?P<account>\d+):role/(?:.*/)?(?P<name>[^/]+)")
_AUDIENCE = "sts.amazonaws.com"
_AZURE_AUDIENCE = "api://AzureADTokenExchange"
_CREDENTIAL = "humanitec-kubernetes-agent-runner"
_DISPLAY_NAME = "Humanitec Kubernetes agent runner on cluster {cluster}"
_DESCRIPTION = "Used by Kubernetes Agent Runner"
ISSUER_VARIABLE = "$ISSUER"
CLUSTER_PLACEHOLDER = "CLUSTER_NAME"


class JobAccount(NamedTuple):
    """ServiceAccount of a runner's jobs."""

    namespace: str
    name: str

    @property
    def subject(self) -> str:
        """The account in tokens of its cluster.

        >>> JobAccount("jobs", "job").subject
        'system:serviceaccount:jobs:job'
        """
        return f"system:serviceaccount:{self.namespace}:{self.name}"


@dataclass(frozen=True, slots=True)
class Trust:
    """How a cloud trusts the jobs of one runner.

    `document` is the trust policy of an EKS role, None on other platforms. `variables` are names of shell variables
    that `commands` expect, with what they stand for.
    """

    platform: str
    variables: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]
    terraform: str
    document: JsonObject | None = None


def trust_of(installed: InstalledRunner, *, cluster: str = "", issuer: str = ISSUER_VARIABLE) -> Trust | None:
    """Trust for a runner's identity; None if it has none, or does not start jobs in its own cluster.

    `cluster` is the cloud's name of the cluster, by default its name in the settings. `issuer` is the one of the
    cluster's tokens, without `https://`; by default the shell variable that the commands set.
    """
    configuration = installed.runner.document.spec.runner_configuration
    identity = identity_annotation(installed.install)
    if identity is None or not isinstance(configuration, AgentRunner):
        return None
    platform, _, value = identity
    account = JobAccount(configuration.job.namespace, configuration.job.service_account)
    name = cluster or installed.install.cluster or CLUSTER_PLACEHOLDER
    match platform:
        case "eks":
            return _eks(value, account, name, issuer)
        case "gke":
            return _gke(value, account, name)
        case _:
            return _aks(value, account, name)


def trust_document(role_arn: str, account: JobAccount, issuer: str) -> JsonObject:
    """Trust policy of an IAM role. Raises ValueError for something that is not the ARN of a role."""
    role = _ROLE.fullmatch(role_arn)
    if role is None:
        raise ValueError(f"not the ARN of a role: {role_arn}")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "Federated": f"arn:{role['partition']}:iam::{role['account']}:oidc-provider/{issuer}"
                },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{issuer}:aud": _AUDIENCE, f"{issuer}:sub": account.subject}},
            }
        ],
    }


def _eks(role_arn: str, account: JobAccount, cluster: str, issuer: str) -> Trust:
    role = _ROLE.fullmatch(role_arn)
    name = role["name"] if role is not None else ""
    document = trust_document(role_arn, account, issuer)
    region = '--region "$AWS_REGION"'
    describe = f"aws eks describe-cluster --name {shlex.quote(cluster)} {region}"
    query = "--query cluster.identity.oidc.issuer --output text"
    policy = f"--assume-role-policy-document {_with_issuer(document, issuer)}"
    return Trust(
        "eks",
        (("AWS_REGION", "region of the cluster"),),
        (
            f"ISSUER=$({describe} {query} | sed 's|^https://||')",
            # Does nothing for a cluster that has a provider.
            f"eksctl utils associate-iam-oidc-provider --cluster {shlex.quote(cluster)} {region} --approve",
            f"aws iam create-role --role-name {shlex.quote(name)} {policy}",
        ),
        eks_terraform(cluster, name, account.subject, _AUDIENCE),
        document,
    )


def _with_issuer(document: JsonObject, issuer: str) -> str:
    """The document as one shell word, in which a shell variable is filled in."""
    text = shlex.quote(json.dumps(document))
    return text.replace(issuer, f"'\"{issuer}\"'") if issuer.startswith("$") else text


def _gke(address: str, account: JobAccount, cluster: str) -> Trust:
    name, _, domain = address.partition("@")
    project = domain.removesuffix(".iam.gserviceaccount.com")
    member = f"serviceAccount:{project}.svc.id.goog[{account.namespace}/{account.name}]"
    return Trust(
        "gke",
        (),
        (
            shlex.join(
                [
                    *("gcloud", "iam", "service-accounts", "create", name),
                    *("--project", project, "--display-name", _DISPLAY_NAME.format(cluster=cluster)),
                    *("--description", _DESCRIPTION),
                ]
            ),
            shlex.join(
                [
                    *("gcloud", "iam", "service-accounts", "add-iam-policy-binding", address),
                    *("--project", project, "--role", "roles/iam.workloadIdentityUser"),
                    *("--member", member),
                ]
            ),
        ),
        gke_terraform(name, project, member, _DISPLAY_NAME.format(cluster=cluster), _DESCRIPTION),
    )


def _aks(client_id: str, account: JobAccount, cluster: str) -> Trust:
    group = '--resource-group "$RESOURCE_GROUP"'
    credential = shlex.join(
        ["--name", _CREDENTIAL, "--subject", account.subject, "--audiences", _AZURE_AUDIENCE]
    )
    issuer = (
        f"az aks show {group} --name {shlex.quote(cluster)} --query oidcIssuerProfile.issuerUrl --output tsv"
    )
    name = f"az identity list {group} --query \"[?clientId=='{client_id}'].name\" --output tsv"
    create = f'az identity federated-credential create {group} --identity-name "$IDENTITY" --issuer "$ISSUER"'
    return Trust(
        "aks",
        (("RESOURCE_GROUP", "resource group of the cluster and of the managed identity"),),
        (f"ISSUER=$({issuer})", f"IDENTITY=$({name})", f"{create} {credential}"),
        aks_terraform(cluster, client_id, account.subject, _CREDENTIAL, _AZURE_AUDIENCE),
    )
