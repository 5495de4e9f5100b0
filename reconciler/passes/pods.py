"""Pods of a workload with the keys that they run with."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from reconciler.cluster.client import ClusterClient
from reconciler.errors import ClusterError
from reconciler.facts.definition import dig
from reconciler.footprint.value import WorkloadKey
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import FINGERPRINT_ANNOTATION, metadata_of
from reconciler.model.unread import Unread
from reconciler.passes.deed.cluster_hand import selector

T = TypeVar("T")


def running(client: ClusterClient, workload: WorkloadKey) -> Mapping[str, str] | Unread:
    """Fingerprints by name of the pod, "" for a pod that does not say which key it runs with."""
    return tried(lambda: dict(_pods(client, workload)))


def _pods(client: ClusterClient, workload: WorkloadKey) -> Iterator[tuple[str, str]]:
    deployment = client.get(Kind.DEPLOYMENT, workload.namespace, workload.name)
    for pod in () if deployment is None else client.pods(workload.namespace, selector(deployment)):
        value = dig(pod, "metadata", "annotations", FINGERPRINT_ANNOTATION)
        yield str(metadata_of(pod).get("name", "")), value if isinstance(value, str) else ""


def tried(read: Callable[[], T]) -> T | Unread:
    """What was read, or why it was not."""
    try:
        return read()
    except ClusterError as error:
        return Unread(str(error), error.advice)
