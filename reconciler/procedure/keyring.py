"""All keys of one Agent, Operator or runner, in every organization and on every cluster."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.origin import Origin
from reconciler.model.registration import Registration
from reconciler.model.unread import Unread


@dataclass(frozen=True, slots=True)
class Mount:
    """The entry of a Secret that a workload reads its key from.

    `fingerprint` is that of the key there, "" if there is none.
    """

    cluster: str
    namespace: str
    secret: str
    entry: str
    fingerprint: str | Unread = ""

    def __str__(self) -> str:
        return f"Secret {self.namespace}/{self.secret} of cluster {self.cluster}"


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods of one workload on a cluster, with the keys that they run with by name; "" for a pod that does not say."""

    cluster: str
    running: Mapping[str, str] | Unread = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlacedKey:
    """The keys at one place, by fingerprint: in use, next and replaced, "" where there is none.

    `created_at` is when the one in use was made, None if that is not known.
    """

    current: str = ""
    staged: str = ""
    previous: str = ""
    created_at: datetime | None = None

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """All of them, the one in use first."""
        return tuple(one for one in (self.current, self.staged, self.previous) if one)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Everything known about the keys of `owner`, such as `Agent/eu-1`.

    `declared` are the places of public keys in files, by fingerprint. `registered` are the organizations that it
    serves, each with its registrations by fingerprint. `elsewhere` are hosts where no key can be seen, as `docker`.
    """

    owner: str
    declared: Mapping[str, Origin]
    registered: Mapping[str, Mapping[str, Registration] | Unread]
    mounts: tuple[Mount, ...] = ()
    pods: tuple[Pods, ...] = ()
    elsewhere: tuple[str, ...] = ()
    placed: tuple[PlacedKey, ...] = ()
    """Keys that are made here, each with its successor and its predecessor."""

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Every key that is known: those in use first, then the declared ones, then the others."""
        found = dict.fromkeys((*self.used, *self.declared))
        for registrations in self.registered.values():
            if not isinstance(registrations, Unread):
                found.update(dict.fromkeys(registrations))
        return tuple(found)

    @property
    def used(self) -> tuple[str, ...]:
        """Keys that are mounted, then those with which pods run."""
        mounted = [one.fingerprint for one in self.mounts if isinstance(one.fingerprint, str)]
        running = [key for _, _, key in self.running]
        return tuple(dict.fromkeys(key for key in (*mounted, *running) if key))

    @property
    def running(self) -> Iterator[tuple[str, str, str]]:
        """Cluster and name of every pod that was seen, with the key that it runs with."""
        for pods in self.pods:
            if not isinstance(pods.running, Unread):
                yield from ((pods.cluster, pod, key) for pod, key in pods.running.items())

    def is_next(self, fingerprint: str) -> bool:
        """True for a key that was made to replace the one in use."""
        return any(one.staged == fingerprint for one in self.placed)

    def is_replaced(self, fingerprint: str) -> bool:
        """True for a key that was replaced and is kept until nothing uses it."""
        return any(one.previous == fingerprint for one in self.placed)

    def mounted_at(self, fingerprint: str) -> tuple[Mount, ...]:
        """Where a key is mounted."""
        return tuple(one for one in self.mounts if one.fingerprint == fingerprint)

    def run_with(self, fingerprint: str) -> tuple[tuple[str, str], ...]:
        """Cluster and pod of everything that runs with a key."""
        return tuple((cluster, pod) for cluster, pod, key in self.running if key == fingerprint)

    @property
    def unread(self) -> Iterator[tuple[str, Unread]]:
        """Everything that could not be read, with its name."""
        for organization, registrations in self.registered.items():
            if isinstance(registrations, Unread):
                yield f"organization {organization}", registrations
        for mount in self.mounts:
            if isinstance(mount.fingerprint, Unread):
                yield str(mount), mount.fingerprint
        for pods in self.pods:
            if isinstance(pods.running, Unread):
                yield f"pods on cluster {pods.cluster}", pods.running
