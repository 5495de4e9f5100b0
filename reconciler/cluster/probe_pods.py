"""The short-lived pods of `doctor --probe`. The client of it can create pods and delete its own, and nothing else."""

from collections.abc import Mapping, Sequence

from reconciler.cluster.access import Access
from reconciler.cluster.objects import ClusterObjects
from reconciler.cluster.request import Permit
from reconciler.cluster.resource import PODS
from reconciler.model.json import JsonObject
from reconciler.model.kubernetes_object import metadata_of


class ProbePods:
    """Pods of one cluster, by a connection with `Permit.PROBE`."""

    def __init__(self, access: Access, environment: Mapping[str, str]) -> None:
        """Read the credentials, without a request. Raises ClusterAccessError."""
        self._objects = ClusterObjects(access, environment, permit=Permit.PROBE)

    def create(self, body: JsonObject) -> JsonObject:
        """Create a pod, and return it with the name that the server made up."""
        return self._objects.create(PODS, str(metadata_of(body).get("namespace", "")), body)

    def find(self, namespace: str, label_selector: str) -> Sequence[JsonObject]:
        """Pods that a selector matches."""
        return self._objects.pods(namespace, label_selector)

    def delete(self, namespace: str, name: str, *, uid: str) -> bool:
        """Delete one of them; False if it was already gone."""
        return self._objects.delete(PODS, namespace, name, uid=uid)

    def close(self) -> None:
        """Close all connections."""
        self._objects.close()
