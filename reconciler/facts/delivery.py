"""How installations reach their cluster or host: declared, or what follows from the settings."""

from enum import StrEnum

from reconciler.facts.agent_installation import Method, is_on_kubernetes, method_of
from reconciler.facts.runner_installation import is_by_chart
from reconciler.model.installation import AgentInstall, RunnerInstall
from reconciler.model.operator import OperatorSpec
from reconciler.settings import Cluster
from reconciler.vendor.host import AZURE_CONTAINER_INSTANCES, SUITED, spelled


class Delivery(StrEnum):
    """Who brings an installation to its place.

    `NONE`: nobody that is known. The settings do not say how to reach the cluster, or no way to install on the host
    is known.
    """

    KUBERNETES = "kubernetes"
    DIRECTORY = "directory"
    HELM = "helm"
    FLUX = "flux"
    ARGOCD = "argocd"
    CONTAINER_INSTANCES = AZURE_CONTAINER_INSTANCES
    DOCKER = "docker"
    NONE = "none"


def delivery_of(install: AgentInstall | RunnerInstall | OperatorSpec, cluster: Cluster | None) -> Delivery:
    """Delivery of an installation; `cluster` is what the settings say, None if they do not name its cluster.

    The chart is only installed by whoever the document names: where it names none, command and values are printed.
    """
    if isinstance(install, AgentInstall) and not is_on_kubernetes(install):
        host = spelled(install.host)
        return Delivery(host) if host in SUITED else Delivery.NONE
    if isinstance(install, OperatorSpec):
        return Delivery(install.delivery)
    if install.delivery is not None:
        return Delivery(install.delivery)
    is_chart = (
        is_by_chart(install) if isinstance(install, RunnerInstall) else method_of(install) is Method.HELM
    )
    if is_chart:
        return Delivery.HELM
    if cluster is None:
        return Delivery.NONE
    if cluster.directory is not None:
        return Delivery.DIRECTORY
    is_reachable = cluster.kubeconfig is not None or cluster.inCluster
    return Delivery.KUBERNETES if is_reachable else Delivery.NONE


def has_known_maker(install: RunnerInstall, cluster: Cluster | None) -> bool:
    """True if what the runner's document leaves out is made from it: it names the delivery, or settings imply one.

    Otherwise somebody else installs it, with values that are not known.
    """
    implied = delivery_of(install, cluster)
    return install.delivery is not None or implied in (Delivery.KUBERNETES, Delivery.DIRECTORY)
