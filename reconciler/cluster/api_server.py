"""A cluster behind its API server, as passes see it. Importing it costs as much as the Kubernetes client."""

from collections.abc import Callable, Mapping, Sequence

from reconciler.cluster import key_secret
from reconciler.cluster.access import Access
from reconciler.cluster.objects import ClusterObjects, Propagation
from reconciler.cluster.request import Permit
from reconciler.cluster.resource import ApiResource
from reconciler.errors import ClusterError, UnknownKindError
from reconciler.model.cluster_state import ObservedKind, PrivateKey, SecretObject, ServerFacts
from reconciler.model.json import JsonObject
from reconciler.model.key_entries import SecretChange
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import metadata_of

_MADE_BY_THE_CLUSTER = frozenset(("ConfigMap/kube-root-ca.crt", "ServiceAccount/default"))
"""What every namespace has from the start."""
_FLEETING = frozenset(("Event",))
"""Kinds whose objects vanish by themselves."""
_MOST_CONTENTS = 20


class ApiServer:
    """One cluster. `inspect` makes facts of a private key, without which a Secret has only names of entries."""

    is_directory = False

    def __init__(
        self,
        access: Access,
        environment: Mapping[str, str],
        *,
        is_read_only: bool,
        tries: bool = False,
        inspect: Callable[[bytes], PrivateKey | None],
    ) -> None:
        """Read the credentials, without a request. Raises ClusterAccessError."""
        looks = Permit.DRY_RUN if tries else Permit.READ
        permit = looks if is_read_only else Permit.CHANGE
        self._objects = ClusterObjects(access, environment, permit=permit)
        self._inspect = inspect

    @property
    def address(self) -> str:
        """Address of the API server."""
        return self._objects.server

    @property
    def requests(self) -> dict[str, int]:
        """Number of requests sent so far, attempts included."""
        return {"KUBERNETES": self._objects.requests}

    def list(self, kind: Kind, namespace: str = "", *, label_selector: str = "") -> tuple[JsonObject, ...]:
        """All objects of a kind, in one namespace or in all of them."""
        return self._objects.list(kind, namespace or None, label_selector)

    def observe(self, kind: ObservedKind) -> tuple[JsonObject, ...]:
        """All objects of a kind that is only read; none if the cluster does not have the kind."""
        try:
            return self._objects.list(
                ApiResource(kind.api_version, kind.kind, kind.resource, kind.is_namespaced)
            )
        except UnknownKindError:
            return ()

    def get(self, kind: Kind, namespace: str, name: str) -> JsonObject | None:
        """One object; None if it does not exist."""
        return self._objects.get(kind, namespace, name)

    def secret(self, namespace: str, name: str) -> SecretObject | None:
        """Names of entries and facts about private keys. The values are forgotten before this returns."""
        return key_secret.read(self._objects, self._inspect, namespace, name)

    def change_secret(
        self, namespace: str, name: str, change: SecretChange, *, instance: str
    ) -> SecretObject:
        """Change private keys in a Secret, which is created if there is none, and return what reads back."""
        return key_secret.write(self._objects, self._inspect, namespace, name, change, instance=instance)

    def restart(self, namespace: str, deployment: str, annotations: Mapping[str, str]) -> None:
        """Put annotations on the pod template of a Deployment, as `kubectl rollout restart` does."""
        template: JsonObject = {"metadata": {"annotations": dict(annotations)}}
        self._objects.merge(Kind.DEPLOYMENT, namespace, deployment, {"spec": {"template": template}})

    def apply(self, body: JsonObject, *, force: bool = False, is_new: bool = False) -> JsonObject:
        """Server-side apply, and what reads back."""
        return self._objects.apply(body, force=force, is_new=is_new)

    def tried(self, body: JsonObject, *, force: bool) -> JsonObject:
        """What the server would make of an object, webhooks and defaults included."""
        return self._objects.apply(body, force=force, dry_run=True)

    def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> bool:
        """Begin to delete the object with this uid; False if it was already gone.

        A Deployment stays until its pods are gone: a later run would not find them without it.
        """
        propagation = Propagation.FOREGROUND if kind is Kind.DEPLOYMENT else Propagation.BACKGROUND
        return self._objects.delete(kind, namespace, name, uid=uid, propagation=propagation)

    def pods(self, namespace: str, label_selector: str) -> Sequence[JsonObject]:
        """Pods that a selector matches."""
        return self._objects.pods(namespace, label_selector)

    def log(
        self, namespace: str, pod: str, container: str, *, tail_lines: int = 200, previous: bool = False
    ) -> Sequence[str]:
        """The last lines of a container."""
        return self._objects.log(namespace, pod, container, tail_lines=tail_lines, previous=previous)

    def contents(self, namespace: str) -> Sequence[str]:
        """Everything in a namespace that the cluster did not put there itself, at most a few names of it.

        Raises ClusterError if a kind cannot be listed: what is not seen could be lost.
        """
        discovery = self._objects.namespaced_kinds()
        if discovery.unread:
            raise ClusterError(f"the API server cannot describe {', '.join(discovery.unread)}")
        found: list[str] = []
        for kind in discovery.kinds:
            if kind.kind in _FLEETING or len(found) > _MOST_CONTENTS:
                continue
            try:
                items = self._objects.metadata(kind, namespace)
            except UnknownKindError:
                continue  # removed since the discovery
            names = (f"{kind.kind}/{metadata_of(item).get('name')}" for item in items)
            found.extend(name for name in names if name not in _MADE_BY_THE_CLUSTER)
        return found

    def describe(self) -> ServerFacts:
        """Version and clock of the API server."""
        return self._objects.server_facts()

    def refusal(
        self, verb: str, api_group: str, resource: str, namespace: str = "", name: str = ""
    ) -> str | None:
        """Why something is not permitted, "" if the server does not say; None if it is."""
        found = self._objects.may(verb, api_group, resource, namespace, name)
        return None if found.is_granted else found.reason

    def has_kind(self, api_version: str, kind: str) -> bool:
        """True if the server has a kind in this version."""
        return self._objects.has_kind(api_version, kind)

    def close(self) -> None:
        """Close all connections."""
        self._objects.close()
