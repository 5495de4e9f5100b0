"""What a pass asks of a cluster, be it an API server or a folder of files. Does not import the Kubernetes client."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from reconciler.model.cluster_state import ObservedKind, SecretObject, ServerFacts
from reconciler.model.json import JsonObject
from reconciler.model.key_entries import SecretChange
from reconciler.model.kind import Kind


class ClusterClient(Protocol):
    """One cluster. Every method raises ClusterError; objects are as the API returns them."""

    @property
    def address(self) -> str:
        """Address of the API server, or the folder."""

    @property
    def is_directory(self) -> bool:
        """True for a folder: nothing runs there, and Secrets are not known."""

    @property
    def requests(self) -> dict[str, int]:
        """Number of requests sent so far, by verb."""

    def list(self, kind: Kind, namespace: str = "", *, label_selector: str = "") -> tuple[JsonObject, ...]:
        """All objects of a kind, in one namespace or ("") in all of them."""

    def observe(self, kind: ObservedKind) -> tuple[JsonObject, ...]:
        """All objects of a kind that is only read; none if the cluster does not have the kind."""

    def get(self, kind: Kind, namespace: str, name: str) -> JsonObject | None:
        """One object; None if it does not exist."""

    def secret(self, namespace: str, name: str) -> SecretObject | None:
        """Names of the entries of a Secret, and facts about its private keys; None if it does not exist."""

    def change_secret(
        self, namespace: str, name: str, change: SecretChange, *, instance: str
    ) -> SecretObject:
        """Change private keys in a Secret, and return what reads back. StaleObjectError for other keys than expected.

        A Secret that does not exist is created, with the label of the instance.
        """

    def restart(self, namespace: str, deployment: str, annotations: Mapping[str, str]) -> None:
        """Put annotations on the pod template of a Deployment, whoever made it, so that its pods are replaced."""

    def apply(self, body: JsonObject, *, force: bool = False, is_new: bool = False) -> JsonObject:
        """Server-side apply, and what reads back. `is_new` refuses to change what exists."""

    def tried(self, body: JsonObject, *, force: bool) -> JsonObject:
        """What would become of an object by an apply, which is not done."""

    def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> bool:
        """Delete the object with this uid; False if it was already gone."""

    def pods(self, namespace: str, label_selector: str) -> Sequence[JsonObject]:
        """Pods that a selector matches."""

    def log(
        self, namespace: str, pod: str, container: str, *, tail_lines: int = 200, previous: bool = False
    ) -> Sequence[str]:
        """The last lines of a container, or of the one that ran before it was restarted."""

    def contents(self, namespace: str) -> Sequence[str]:
        """`Kind/name` of everything in a namespace that the cluster did not put there itself."""

    def describe(self) -> ServerFacts:
        """Version and clock of the API server; nothing is known of a folder."""

    def refusal(
        self, verb: str, api_group: str, resource: str, namespace: str = "", name: str = ""
    ) -> str | None:
        """Why something is not permitted, "" if the server does not say; None if it is."""

    def has_kind(self, api_version: str, kind: str) -> bool:
        """True if objects of a kind can exist there."""

    def close(self) -> None:
        """Close all connections."""


class ProbeClient(Protocol):
    """What a probe asks of a cluster. Every method raises ClusterError."""

    def create(self, body: JsonObject) -> JsonObject:
        """Create a pod, and return it with its name."""

    def find(self, namespace: str, label_selector: str) -> Sequence[JsonObject]:
        """Pods that a selector matches."""

    def delete(self, namespace: str, name: str, *, uid: str) -> bool:
        """Delete one of them; False if it was already gone."""

    def close(self) -> None:
        """Close all connections."""
