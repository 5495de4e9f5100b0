"""What an installation consists of on its cluster, as values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from reconciler.facts.delivery import Delivery
from reconciler.model.json import Json, JsonObject, digest
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import CONFIGURATION_ANNOTATION, FINGERPRINT_ANNOTATION
from reconciler.model.origin import Origin

_DIGITS = 16


class SecretEntry(NamedTuple):
    """An entry of a Secret that must exist before the workload starts. Its content is never seen here."""

    namespace: str
    name: str
    entry: str


@dataclass(frozen=True, slots=True)
class WorkloadKey:
    """The Deployment whose pods run. `selector` are the labels of its pods, `container` is the one with the product."""

    namespace: str
    name: str
    selector: Mapping[str, str]
    container: str


@dataclass(frozen=True, slots=True)
class Handover:
    """What a person or a pipeline runs where nobody else installs: never the private key, only the path of a file.

    `files` are names and texts, which `install` refers to. Every command is for a POSIX shell, in the folder of the
    files; `secret` makes the Secret from a file with the private key, `check` shows whether it works, `remove` removes
    it.
    """

    files: tuple[tuple[str, str], ...] = ()
    secret: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """What the objects of an installation depend on, apart from its document.

    `instance` owns the objects, `installation` is such as `Agent/eu-1`. `organizations` are those that the product
    serves unless its document lists others. `platform` is that of the cluster, None if not known. `name` is the one
    that names of objects begin with.
    """

    instance: str
    installation: str
    name: str
    organizations: tuple[str, ...]
    cluster: str = ""
    platform: str | None = None
    delivery: Delivery = Delivery.KUBERNETES


@dataclass(frozen=True, slots=True)
class Footprint:
    """One installation.

    `objects` are complete, in the order in which they are created; they are empty where another tool makes them.
    `documents` are the objects that Flux or Argo CD act on, and the namespaces for them, in the same order; `handover`
    is for a person, None if there is nothing to do by hand. `secrets` are the entries with the
    private key, `pull_secrets` the names of Secrets with credentials of registries, in the namespace of the workload.
    `refusal` is the reason why it cannot be installed as declared, "" if it can; a refused one has no objects.
    `cluster` is "" on hosts that are not clusters. `image` is "" if the chart decides.
    """

    installation: str
    cluster: str
    delivery: Delivery
    origin: Origin
    objects: tuple[JsonObject, ...] = ()
    documents: tuple[JsonObject, ...] = ()
    handover: Handover | None = None
    secrets: tuple[SecretEntry, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    credentials: tuple[SecretEntry, ...] = ()
    """Entries with credentials, which several installations may share."""
    workload: WorkloadKey | None = None
    image: str = ""
    wait_s: int = 0
    organizations: tuple[str, ...] = ()
    """Organizations that the product serves."""
    refusal: str = ""

    @property
    def applied(self) -> tuple[JsonObject, ...]:
        """Everything that is applied to the cluster, in the order in which it is created."""
        return (*self.objects, *self.documents)

    @property
    def needed(self) -> tuple[SecretEntry, ...]:
        """Every entry of a Secret that it waits for."""
        return (*self.secrets, *self.credentials)

    def with_fingerprint(self, fingerprint: str) -> "Footprint":
        """The same with the fingerprint of the mounted key on the pod template: another key restarts the pods (R42)."""
        return self._annotated(FINGERPRINT_ANNOTATION, fingerprint)

    def with_configuration(self) -> "Footprint":
        """The same with a digest of its variables on the pod template: other variables restart the pods."""
        data: list[Json] = [body.get("data") for body in self.objects if body.get("kind") == Kind.CONFIG_MAP]
        return self._annotated(CONFIGURATION_ANNOTATION, digest(data)[:_DIGITS]) if data else self

    def _annotated(self, name: str, value: str) -> "Footprint":
        return replace(self, objects=tuple(_annotated(body, name, value) for body in self.objects))

    def refused(self, reason: str) -> "Footprint":
        """The same installation with nothing to install, and why."""
        return replace(
            self, objects=(), documents=(), handover=None, secrets=(), credentials=(), refusal=reason
        )


def _annotated(body: JsonObject, name: str, value: str) -> JsonObject:
    spec = body.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    if body.get("kind") != Kind.DEPLOYMENT or not isinstance(spec, dict) or not isinstance(template, dict):
        return body
    metadata = template.get("metadata")
    changed: JsonObject = dict(metadata) if isinstance(metadata, dict) else {}
    annotations = changed.get("annotations")
    changed["annotations"] = {
        **(annotations if isinstance(annotations, dict) else {}),
        name: value,
    }
    return {**body, "spec": {**spec, "template": {**template, "metadata": changed}}}


def without_none(members: Iterable[tuple[str, Json]]) -> JsonObject:
    """An object of the members that have a value: what is not set must not be sent as null."""
    return {name: value for name, value in members if value is not None}
