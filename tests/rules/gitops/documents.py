"""Definitions that deploy to Git, GitOps tools, and findings about them, for tests of these rules."""

from reconciler.model.finding import Severity
from reconciler.rules.judge import Judgement

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
ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: {kind}
metadata: {{name: shop}}
spec: {spec}
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
