"""Installations of Agents with the vendor's defaults filled in (agent and operator 2.3 to 2.6)."""

from collections.abc import Iterator
from enum import StrEnum

from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.scope import Scope
from reconciler.model.installation import BY_HELM, AgentInstall
from reconciler.model.json import Json, Path
from reconciler.vendor import agent
from reconciler.vendor.host import KUBERNETES, spelled

AGENT = "humanitec-agent"
"""Name of the namespace, the Deployment and the container, and value of the label."""
NAME_LABEL = "app.kubernetes.io/name"
KEY_SECRET = "humanitec-agent-secret-private-key"  # noqa: S105  a name
KEY_ENTRY = "private_key"
KEY_FILE = "/keys/private_key.pem"
ORGS = "ORGS"
PRIVATE_KEY_FILE = "PRIVATE_KEY_FILE"
CONNECTION_ID = "CONNECTION_ID"
LOG_LEVEL = "LOG_LEVEL"


class Method(StrEnum):
    """How an Agent is installed on a cluster."""

    MANIFESTS = "manifests"
    HELM = "helm"


def method_of(install: AgentInstall) -> Method | None:
    """Declared method, else that of the delivery, else Helm if a Helm field is set; None if it is not known."""
    if install.method is not None:
        return Method(install.method)
    if install.delivery is not None:
        return Method.HELM if install.delivery in BY_HELM else Method.MANIFESTS
    of_helm = (install.chartVersion, install.helmVersion, install.helmValues)
    return Method.HELM if any(value is not None for value in of_helm) else None


def is_on_kubernetes(install: AgentInstall) -> bool:
    """True for an installation on a Kubernetes cluster, as opposed to other hosts."""
    return spelled(install.host) == KUBERNETES


def follows_manifests(install: AgentInstall) -> bool:
    """True if omitted fields are as in the vendor's manifests; what the chart does is not known."""
    return is_on_kubernetes(install) and method_of(install) is not Method.HELM


def namespace_of(install: AgentInstall) -> str:
    """Namespace on the cluster."""
    return install.namespace or AGENT


def named(installed: InstalledAgent) -> str:
    """Display name of the installation."""
    cluster = installed.install.cluster
    return f"Agent `{installed.id}`" + (f" on cluster `{cluster}`" if cluster else "")


def on_clusters(scope: Scope) -> Iterator[tuple[InstalledAgent, str]]:
    """Installations of the organization's Agents on a named cluster, with its name."""
    for installed in scope.agent_installs:
        if is_on_kubernetes(installed.install) and installed.install.cluster is not None:
            yield installed, installed.install.cluster


def key_secret(install: AgentInstall) -> tuple[str, str] | None:
    """Name of the Secret with the private key, and of its entry; None if the chart names it or there is none."""
    key = install.privateKey
    name = None if key is None else key.secretName
    if not is_on_kubernetes(install) or (name is None and method_of(install) is Method.HELM):
        return None
    return name or KEY_SECRET, (None if key is None else key.secretKey) or KEY_ENTRY


def run_as_user(install: AgentInstall) -> int | None:
    """User id of the container; None if the image or the chart decides."""
    declared = None if install.podSecurity is None else install.podSecurity.runAsUser
    if declared is not None:
        return declared
    value = dig(install.helmValues, "podSecurityContext", "runAsUser")
    if isinstance(value, int):
        return value
    return agent.USER if follows_manifests(install) else None


def reaches(scope: Scope, installed: InstalledAgent, network: str) -> bool | None:
    """Whether an Agent reaches a network: the one it runs in, or one it lists; None if it lists none."""
    facts = scope.cluster_facts(installed.install.cluster)
    if facts is not None and facts.network == network:
        return True
    networks = installed.install.networks
    return None if networks is None else network in networks


def organizations_served(installed: InstalledAgent) -> tuple[str, ...] | None:
    """Entries of `ORGS` as declared, including empty ones; None if they are those of the file's targets."""
    install = installed.install
    for text in ((install.env or {}).get(ORGS), dig(install.helmValues, "humanitec", "org")):
        if isinstance(text, str):
            return entries_of(text)
    if install.orgs is not None:
        return install.orgs
    return installed.agent.document.spec.organizations


def place_of_organizations(installed: InstalledAgent) -> Path | None:
    """Path below the installation to `organizations_served`; None if the installation omits them."""
    install = installed.install
    if ORGS in (install.env or {}):
        return ("env", ORGS)
    if isinstance(dig(install.helmValues, "humanitec", "org"), str):
        return ("helmValues", "humanitec", "org")
    return None if install.orgs is None else ("orgs",)


def entries_of(text: str) -> tuple[str, ...]:
    """Entries of a comma-separated list.

    >>> entries_of("acme, shop"), entries_of("")
    (('acme', 'shop'), ())
    """
    return tuple(entry.strip() for entry in text.split(",")) if text.strip() else ()


def texts(value: Json) -> Iterator[str]:
    """Texts of a list."""
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str):
            yield item
