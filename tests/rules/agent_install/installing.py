"""Agents with installations, and manifests of Agents, for tests of the rules about them."""

from textwrap import dedent, indent

from reconciler.model.finding import Severity
from reconciler.rules.judge import Judgement
from reconciler.settings import Settings
from tests.rules.observed import clusters_from
from tests.rules.tree import judged, settings

IMAGE = "ghcr.io/humanitec/agent:1.8.4"
EU = "version: 1\ntargets: {acme: {organization: acme}}\nclusters: {eu-1: {platform: eks}}"
ON_EKS = settings(EU)
LABELS = "{app.kubernetes.io/name: humanitec-agent, app.kubernetes.io/instance: humanitec-agent}"


def agent(install: str, identifier: str = "eu-1", spec: str = "") -> str:
    """One Agent; `install` is a flow mapping, `spec` further members of `spec`."""
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {{id: {identifier}}}\n"
        f"spec:\n  install: {install}\n{indent(dedent(spec), '  ')}"
    )


def on_eu(members: str = "", image: str = IMAGE) -> str:
    """One Agent on cluster `eu-1`; `members` are further members of the installation."""
    return agent(f"{{cluster: eu-1, image: '{image}'{', ' + members if members else ''}}}")


def operator(namespace: str = "humanitec-operator-system", cluster: str = "eu-1") -> str:
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: Operator\nmetadata: {{id: {cluster}}}\n"
        f"spec: {{cluster: {cluster}, namespace: {namespace}}}"
    )


def config_map(data: str = "{ORGS: acme}", labels: str = LABELS) -> str:
    return (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: humanitec-agent-configmap-env, "
        f"namespace: humanitec-agent, labels: {labels}}}\ndata: {data}"
    )


def deployment(
    container: str = "",
    *,
    pod: str = "securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, runAsNonRoot: true}",
    volumes: str = "[{name: key, projected: {sources: [{secret: {name: humanitec-agent-secret-private-key, "
    "items: [{key: private_key, path: private_key.pem, mode: 384}]}}]}}]",
    spec: str = "",
    image: str = IMAGE,
    env: str = "{name: CONNECTION_ID, valueFrom: {fieldRef: {fieldPath: metadata.name}}}",
    security: str = "{privileged: false, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, "
    "capabilities: {drop: [ALL]}}",
    env_from: str = "[{configMapRef: {name: humanitec-agent-configmap-env}}]",
    labels: str = LABELS,
) -> str:
    """The vendor's Deployment; arguments are YAML in flow style."""
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: humanitec-agent, namespace: humanitec-agent, labels: {labels}}}
spec:
  {spec}
  selector: {{matchLabels: {LABELS}}}
  template:
    metadata: {{labels: {labels}}}
    spec:
      {pod}
      containers:
        - name: humanitec-agent
          image: "{image}"
          securityContext: {security}
          env: [{env}]
          envFrom: {env_from}
          volumeMounts: [{{name: key, mountPath: /keys, readOnly: true}}]
          {container}
      volumes: {volumes}
"""


def of(judgement: Judgement, rule: str) -> list[tuple[Severity, str]]:
    return [(f.severity, f.message) for f in judgement.findings if f.rule == rule]


def found(
    *texts: str, rule: str, settings: Settings = ON_EKS, clusters: str = ""
) -> list[tuple[Severity, str]]:
    """Severities and messages of one rule."""
    return of(_judged(texts, rule, settings, clusters), rule)


def messages(*texts: str, rule: str, settings: Settings = ON_EKS, clusters: str = "") -> list[str]:
    return [message for _, message in found(*texts, rule=rule, settings=settings, clusters=clusters)]


def unknown(*texts: str, rule: str, settings: Settings = ON_EKS, clusters: str = "") -> list[str]:
    return [u.reason for u in _judged(texts, rule, settings, clusters).unknown]


def _judged(texts: tuple[str, ...], rule: str, settings: Settings, clusters: str) -> Judgement:
    states = clusters_from(clusters) if clusters else None
    return judged(*texts, settings=settings, clusters=states, only=(rule,))
