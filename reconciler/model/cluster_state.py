"""Objects of a cluster that rules read. The contents of Secrets are never included."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from reconciler.model.json import JsonObject


class ObservedKind(NamedTuple):
    """A kind of objects that rules read. `resource` is its name in paths."""

    api_version: str
    kind: str
    resource: str
    is_namespaced: bool = True

    @property
    def name(self) -> str:
        """As in `ClusterState.complete`."""
        return f"{self.api_version} {self.kind}"


class ServerFacts(NamedTuple):
    """Version of an API server, "" if it does not say, and the time by its clock, None if it does not say."""

    version: str
    time: datetime | None


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key in a Secret. `fingerprint` is that of its public half, "" if the key has a passphrase."""

    fingerprint: str
    algorithm: str
    bits: int
    is_encrypted: bool = False
    public_pem: str = ""
    """The public half."""


@dataclass(frozen=True, slots=True)
class SecretObject:
    """A Secret: the names of its entries, and facts about those that are private keys."""

    namespace: str
    name: str
    entries: frozenset[str]
    private_keys: Mapping[str, PrivateKey] = field(default_factory=dict)
    created_at: Mapping[str, datetime] = field(default_factory=dict)
    """When the keys that were made here were made, by entry."""


@dataclass(frozen=True, slots=True)
class ClusterObject:
    """Any other object, as the API server returns it."""

    api_version: str
    kind: str
    namespace: str
    name: str
    body: JsonObject


@dataclass(frozen=True)
class ClusterState:
    """What was read of one cluster.

    `complete` names the kinds (`apps/v1 Deployment`, `v1 Secret`) that were listed completely: absence
    is evidence for these only.
    """

    objects: tuple[ClusterObject, ...] = ()
    secrets: tuple[SecretObject, ...] = ()
    complete: frozenset[str] = frozenset()
    absent: frozenset[tuple[str, str]] = frozenset()
    """Secrets that were looked for and do not exist, as namespace and name."""

    def of(self, api_version: str, kind: str) -> tuple[ClusterObject, ...] | None:
        """Objects of one kind; None if they were not listed completely."""
        if f"{api_version} {kind}" not in self.complete:
            return None
        return self._by_kind.get((api_version, kind), ())

    def secret(self, namespace: str, name: str) -> SecretObject | None:
        """A Secret; None if it does not exist or was not read (see `has_read_secrets`)."""
        return self._by_name.get((namespace, name))

    def has_read_secret(self, namespace: str, name: str) -> bool:
        """True if it is known whether a Secret exists."""
        return (
            self.has_read_secrets
            or (namespace, name) in self.absent
            or self.secret(namespace, name) is not None
        )

    @property
    def has_read_secrets(self) -> bool:
        """True if the absence of a Secret is evidence."""
        return "v1 Secret" in self.complete

    # Rules ask for each installation; a walk over everything would be quadratic.
    @cached_property
    def _by_kind(self) -> Mapping[tuple[str, str], tuple[ClusterObject, ...]]:
        found: dict[tuple[str, str], list[ClusterObject]] = {}
        for one in self.objects:
            found.setdefault((one.api_version, one.kind), []).append(one)
        return {kind: tuple(objects) for kind, objects in found.items()}

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], SecretObject]:
        return {(one.namespace, one.name): one for one in reversed(self.secrets)}
