"""What comes next for one key, and what it waits for: a rotation is in no other place than in what is seen."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from reconciler.model.registration import RENEWAL
from reconciler.model.unread import Unread
from reconciler.procedure.keyring import Keyring


class Phase(StrEnum):
    """Where a key is. A new key goes from `REGISTER` to `IN_USE`; those after it are for an old one."""

    REGISTER = "register"
    AUTHORIZE = "authorize"
    MOUNT = "mount"
    RESTART = "restart"
    IN_USE = "in use"
    UNUSED = "unused"
    REPLACED = "replaced"
    """Kept until nothing uses it."""
    REMOVE = "remove"
    UNKNOWN = "unknown"
    """What decides was not read."""


@dataclass(frozen=True, slots=True)
class Step:
    """`what` says in words what is missing, "" if nothing is; `advice` is what to do, "" if it is to wait."""

    phase: Phase
    what: str = ""
    advice: str = ""
    end: datetime | None = None
    """The first time at which an organization no longer accepts the key; None if unknown."""


def step_of(keyring: Keyring, fingerprint: str) -> Step:
    """The next step of one key of a keyring."""
    return replace(_next(keyring, fingerprint), end=end_of(keyring, fingerprint))


def must_be_renewed(step: Step, now: datetime) -> bool:
    """True for a key in use that soon ends."""
    return step.end is not None and step.phase is not Phase.REMOVE and step.end - now <= RENEWAL


def _next(keyring: Keyring, fingerprint: str) -> Step:
    is_used = fingerprint in keyring.used
    if not is_used and fingerprint not in keyring.declared:
        return _left_over(keyring)
    lacking, waiting = [], []
    for organization, registrations in keyring.registered.items():
        if isinstance(registrations, Unread):
            continue
        found = registrations.get(fingerprint)
        if found is None:
            lacking.append(organization)
        elif not found.is_accepted:
            waiting.append(organization)
    if lacking:
        advice = (
            "run `reconciler apply`"
            if fingerprint in keyring.declared
            else "declare its public half as a `Key`"
        )
        return Step(Phase.REGISTER, f"not registered in {_names(lacking)}", advice)
    if waiting:
        return Step(Phase.AUTHORIZE, f"not authorized yet in {_names(waiting)}")
    if unread := [name for name, read in keyring.registered.items() if isinstance(read, Unread)]:
        return Step(Phase.UNKNOWN, f"organization {_names(unread)} was not read")
    return _in_use(keyring, fingerprint) if is_used else _not_in_use(keyring, fingerprint)


def _in_use(keyring: Keyring, fingerprint: str) -> Step:
    """For a key that every organization accepts and something holds."""
    others = [mount for mount in keyring.mounts if mount.fingerprint != fingerprint]
    if unread := [str(one) for one in others if isinstance(one.fingerprint, Unread)]:
        return Step(Phase.UNKNOWN, f"{_names(unread)} was not read")
    if not keyring.mounted_at(fingerprint) and keyring.mounts:
        return Step(Phase.RESTART, "pods still run with it", "run `reconciler apply`, which restarts them")
    if others:
        return Step(Phase.MOUNT, f"{_names(map(str, others))} has another key", "replace the key there")
    if unread := [one.cluster for one in keyring.pods if isinstance(one.running, Unread)]:
        return Step(Phase.UNKNOWN, f"pods on cluster {_names(unread)} were not read")
    stale = [
        pod
        for one in keyring.pods
        if not isinstance(one.running, Unread)
        for pod, key in one.running.items()
        if key and key != fingerprint
    ]
    if stale:
        what = f"pod {_names(stale)} runs with another key"
        return Step(Phase.RESTART, what, "run `reconciler apply`, which restarts them")
    return Step(Phase.IN_USE)


def _not_in_use(keyring: Keyring, fingerprint: str) -> Step:
    """For a declared key that every organization accepts and nothing is seen to hold."""
    if keyring.elsewhere:
        return _unseen(keyring, fingerprint)
    if not keyring.mounts:
        return Step(Phase.UNKNOWN, "accepted; whether something runs with it cannot be seen")
    if keyring.is_replaced(fingerprint):
        return Step(Phase.REPLACED, "it is removed when nothing uses it any more", "run `reconciler apply`")
    if keyring.is_next(fingerprint):
        return Step(Phase.MOUNT, "accepted everywhere; it replaces the key in use", "run `reconciler apply`")
    if unread := [str(one) for one in keyring.mounts if isinstance(one.fingerprint, Unread)]:
        return Step(Phase.UNKNOWN, f"{_names(unread)} was not read")
    if is_older(keyring, fingerprint):
        return Step(Phase.UNUSED, "a newer key is in use", "remove its document")
    places = _names(map(str, keyring.mounts))
    return Step(Phase.MOUNT, f"accepted everywhere; {places} has another key", "put its private half there")


def _unseen(keyring: Keyring, fingerprint: str) -> Step:
    """For a declared key of an owner that also runs where nothing can be seen.

    A person does what is left there, and says so by removing the document of the old key.
    """
    where = _names(keyring.elsewhere)
    ends = {key: end for key in keyring.declared if (end := end_of(keyring, key)) is not None}
    if len(keyring.declared) == 1 or fingerprint not in ends:
        return Step(Phase.UNKNOWN, f"accepted; whether something runs with it on {where} cannot be seen")
    if fingerprint == max(ends, key=lambda key: (ends[key], key)):
        what = f"accepted everywhere; whether it is in use on {where} cannot be seen"
        advice = (
            f"put its private half there and restart it (`reconciler render {keyring.owner}` prints how), check that "
            "it is connected, then remove the document of the old key"
        )
        return Step(Phase.MOUNT, what, advice)
    what = f"a newer key is declared; whether this one is still in use on {where} cannot be seen"
    return Step(Phase.UNUSED, what, "remove its document once nothing there uses it")


def _left_over(keyring: Keyring) -> Step:
    """For a registered key that no file declares and nothing is seen to hold."""
    names = [name for name, _ in keyring.unread]
    if names:
        return Step(
            Phase.UNKNOWN, f"not declared; whether it is in use is not known: {_names(names)} was not read"
        )
    if not keyring.mounts or keyring.elsewhere:
        return Step(Phase.UNKNOWN, "not declared; whether something runs with it cannot be seen")
    return Step(Phase.REMOVE, "not declared, and not in use", "it can be removed")


def is_older(keyring: Keyring, fingerprint: str) -> bool:
    """True if a key in use was registered later, by the time at which both end; False if that is not known."""
    own = end_of(keyring, fingerprint)
    ends = [end_of(keyring, used) for used in keyring.used if used != fingerprint]
    return own is not None and any(end is not None and end > own for end in ends)


def end_of(keyring: Keyring, fingerprint: str) -> datetime | None:
    """The first time at which an organization no longer accepts a key; None if unknown."""
    ends = [
        found.end
        for registrations in keyring.registered.values()
        if not isinstance(registrations, Unread) and (found := registrations.get(fingerprint)) is not None
    ]
    return min((end for end in ends if end is not None), default=None)


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)
