"""The next step of a generated key (agent and operator 2.11; v2 reference 9.6).

Nothing is stored: the step follows from what is seen, so a rotation goes on wherever the last one stopped. A key in
use is registered in every organization before pods get it, and stays registered until no pod has it any more:

    private_key.next is made -> registered and authorized in every organization -> it becomes private_key,
    the old one private_key.previous -> pods are restarted -> all of them run with it -> private_key.previous is
    removed, and with that the old registration

A runner has one key only, so there is none to prepare: its new key is made in place of the old one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from reconciler.errors import ExitCode
from reconciler.model.identity import shown
from reconciler.model.key_entries import KeyEntries
from reconciler.model.registration import RENEWAL
from reconciler.model.unread import Unread
from reconciler.procedure.keyring import Keyring, PlacedKey
from reconciler.procedure.step import end_of


class Change(StrEnum):
    """What a step does with the entries of a key."""

    GENERATE = "generate"
    """Make the first key."""
    STAGE = "stage"
    """Make the next key beside the one in use."""
    SWITCH = "switch"
    """The next key takes the place of the one in use."""
    REPLACE = "replace"
    """Make a new key in place of the one in use: only for an owner with one key."""
    RESTART = "restart"
    """Restart pods that do not run with the key in use: only for workloads whose template somebody else makes."""
    DROP = "drop"
    """Remove the key that was replaced."""
    DISCARD = "discard"
    """Remove the next key."""
    REVOKE = "revoke"
    """Make a new key in place of the one in use, and forget every other one."""


WORDS = MappingProxyType(
    {
        Change.GENERATE: "the first key is made",
        Change.STAGE: "the next key is made",
        Change.SWITCH: "the next key replaces the one in use",
        Change.REPLACE: "a new key replaces the one in use",
        Change.RESTART: "pods are restarted with it",
        Change.DROP: "the replaced key is removed",
        Change.DISCARD: "the next key is removed",
        Change.REVOKE: "a new key replaces the one in use, which is forgotten",
    }
)
"""What each step does."""


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """A key that is made here. `has_one_key` is true for owners with a single key; `every` is None without a limit.

    `is_asked` is true if a person wants a new key now, `revoked` are keys that must not be used any more.
    """

    keyring: Keyring
    place: PlacedKey | Unread
    has_one_key: bool = False
    every: timedelta | None = None
    is_asked: bool = False
    restarts: bool = False
    """True if pods are restarted here, because no plan changes their template."""
    revoked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Turn:
    """`change` is the next step, None if there is none; it waits if `held` has reasons. `later` is what follows it.

    `because` is why a rotation begins.
    """

    change: Change | None = None
    held: tuple[str, ...] = ()
    because: str = ""
    later: str = ""
    is_forced: bool = False
    """True if what runs with the key is meant to be cut off."""

    @property
    def is_allowed(self) -> bool:
        """True if the step can be taken now."""
        return self.change is not None and not self.held


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """Every keyring, by kind and id. `refused` is the number of errors of the files, which left something out."""

    keyrings: tuple[Keyring, ...]
    at: datetime
    refused: int = 0
    turns: Mapping[str, tuple[tuple[KeyEntries, GeneratedKey, Turn], ...]] = field(default_factory=dict)
    """Generated keys with their places and next steps, by owner."""

    @property
    def exit_code(self) -> ExitCode:
        """UNREADABLE where something could not be read."""
        is_unread = any(True for one in self.keyrings for _ in one.unread) or any(
            isinstance(key.place, Unread) for turns in self.turns.values() for _, key, _ in turns
        )
        return ExitCode.UNREADABLE if is_unread else ExitCode.DONE


REST = Turn()
"""Nothing is to be done."""


def rotation(key: GeneratedKey, now: datetime) -> Turn:
    """The next step of a generated key."""
    place = key.place
    if isinstance(place, Unread):
        return REST
    if key.revoked.intersection(place.fingerprints):
        return _revocation(key, place)
    if place.staged:
        return Turn(
            Change.SWITCH,
            tuple(_unaccepted(key.keyring, place.staged)),
            later="pods are restarted with it, then the old key is removed everywhere",
        )
    if not place.current:
        later = "it is registered, then pods start with it"
        return Turn(Change.GENERATE, tuple(_unknown_owner(key.keyring)), "there is none", later)
    if place.previous and key.restarts and _is_stale(key.keyring, place.current):
        held = tuple(_unaccepted(key.keyring, place.current))
        return Turn(Change.RESTART, held, later="the old key is removed, and its registration")
    if place.previous:
        return Turn(Change.DROP, tuple(_still_used(key, place)), later="its registration is removed")
    because = _due(key, place, now)
    if not because:
        return REST
    change = Change.REPLACE if key.has_one_key else Change.STAGE
    later = (
        "the runner gets its public half, pods are restarted, then the old key is removed"
        if key.has_one_key
        else "it is registered and authorized everywhere, then it replaces the one in use"
    )
    return Turn(change, tuple(_unsettled(key, place.current)), because, later)


def _revocation(key: GeneratedKey, place: PlacedKey) -> Turn:
    """Gates protect what runs with a key; here it is to be cut off."""
    if place.current in key.revoked:
        later = "its registrations are removed, the new key is registered, and pods are restarted with it"
        return Turn(Change.REVOKE, because="the one in use is revoked", later=later, is_forced=True)
    change = Change.DISCARD if place.staged in key.revoked else Change.DROP
    return Turn(change, because="it is revoked", later="its registrations are removed", is_forced=True)


def _due(key: GeneratedKey, place: PlacedKey, now: datetime) -> str:
    """Why a new key is needed, "" if it is not."""
    if key.is_asked:
        return "asked for"
    end = end_of(key.keyring, place.current)
    if end is not None and end - now <= RENEWAL:
        return f"the one in use expires on {end.date()}"
    if key.every is not None and place.created_at is not None and now - place.created_at >= key.every:
        return f"the one in use was made on {place.created_at.date()}"
    return ""


def _is_stale(keyring: Keyring, current: str) -> bool:
    """True if a pod that was seen runs with another key, or does not say."""
    return any(running != current for _, _, running in keyring.running)


def _unknown_owner(keyring: Keyring) -> Iterator[str]:
    if not keyring.registered:
        yield f"no organization of {keyring.owner} is known"


def _unaccepted(keyring: Keyring, fingerprint: str) -> Iterator[str]:
    """Organizations that do not accept a key, or may not."""
    yield from _unknown_owner(keyring)
    for organization, registrations in keyring.registered.items():
        if isinstance(registrations, Unread):
            yield f"organization {organization} was not read: {registrations.reason}"
        elif (found := registrations.get(fingerprint)) is None:
            yield f"{shown(fingerprint)} is not registered in {organization}"
        elif not found.is_accepted:
            yield f"{shown(fingerprint)} is not authorized yet in {organization}"


def _unsettled(key: GeneratedKey, current: str) -> Iterator[str]:
    """Reasons not to begin: a key is replaced only where the one in use is known to work."""
    yield from _unaccepted(key.keyring, current)
    yield from _unseen(key.keyring)
    mounted = {mount.fingerprint for mount in key.keyring.mounts}
    for cluster, pod, running in key.keyring.running:
        if running not in mounted and (running or not key.restarts):
            yield f"pod {pod} on cluster {cluster} {_runs_with(running)}"


def _still_used(key: GeneratedKey, place: PlacedKey) -> Iterator[str]:
    """What uses the key that was replaced, or may, and what does not accept its successor."""
    yield from _unaccepted(key.keyring, place.current)
    yield from _unseen(key.keyring)
    for mount in key.keyring.mounts:
        if mount.fingerprint == place.previous:
            yield f"{mount}, entry {mount.entry}, has {shown(place.previous)}"
    for cluster, pod, running in key.keyring.running:
        if running in ("", place.previous):
            yield f"pod {pod} on cluster {cluster} {_runs_with(running)}"


def _runs_with(fingerprint: str) -> str:
    return f"runs with {shown(fingerprint)}" if fingerprint else "does not say which key it runs with"


def _unseen(keyring: Keyring) -> Iterator[str]:
    for mount in keyring.mounts:
        if isinstance(mount.fingerprint, Unread):
            yield f"{mount} was not read: {mount.fingerprint.reason}"
    for pods in keyring.pods:
        if isinstance(pods.running, Unread):
            yield f"pods on cluster {pods.cluster} were not read: {pods.running.reason}"
    if not keyring.pods and not keyring.elsewhere:
        yield f"no installation of {keyring.owner} is declared, so what runs with the key cannot be seen"
    if keyring.elsewhere:
        yield f"which key is in use on {', '.join(keyring.elsewhere)} cannot be seen"
