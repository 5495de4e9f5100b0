"""Makes, replaces and removes private keys on one cluster. A new key is in memory until it is in its Secret."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.cluster.client import ClusterClient
from reconciler.errors import (
    ClusterAccessError,
    ClusterError,
    ClusterForbiddenError,
    DeniedError,
    StaleObjectError,
)
from reconciler.facts.key_place import ORGANIZATION_ENTRY
from reconciler.model.identity import shown
from reconciler.model.key_entries import CopyOf, SecretChange
from reconciler.model.kubernetes_object import FINGERPRINT_ANNOTATION
from reconciler.model.secret import Secret
from reconciler.model.unread import Unread
from reconciler.passes.key_turn import KeyTurn
from reconciler.plan.action import Action, Outcome, Status
from reconciler.procedure.keyring import PlacedKey
from reconciler.procedure.rotation import Change

if TYPE_CHECKING:
    from reconciler.keystore.key_pair import KeyPair  # brings the library for keys
    from reconciler.model.key import Algorithm

_NOTHING_DONE = (ClusterAccessError, ClusterForbiddenError, DeniedError, StaleObjectError)
"""Refusals that come before any effect."""


@dataclass(frozen=True, slots=True)
class KeyMaking:
    """How keys are made: by whom, and when."""

    make: "Callable[[Algorithm, int], KeyPair]"
    now: Callable[[], datetime]
    instance: str


class KeyHand:
    """Takes single steps of keys. `check` is the outcome of a look at what must run first, None if it does.

    `wait` is the outcome of waiting for the pods of a Deployment, given by namespace and name.
    """

    def __init__(
        self,
        client: ClusterClient,
        making: KeyMaking,
        *,
        check: Callable[[Action, KeyTurn], Outcome | None],
        wait: Callable[[Action, str, str], Outcome],
    ) -> None:
        self._client = client
        self._making = making
        self._check = check
        self._wait = wait

    def perform(self, action: Action, turn: KeyTurn) -> Outcome:
        """Outcome of the next step of a key."""
        place, change = turn.place, turn.turn.change
        assert not isinstance(place, Unread)
        assert change is not None
        if change is Change.RESTART:
            return self._restart_all(action, turn, place.current)
        if (
            change is Change.DROP
            and not turn.turn.is_forced
            and (blocked := self._check(action, turn)) is not None
        ):
            return blocked
        wanted, new = self._wanted(turn, place, change)
        at = turn.entries
        try:
            found = self._client.change_secret(
                at.namespace, at.secret, wanted, instance=self._making.instance
            )
        except ClusterError as error:
            return self._after_failure(action, turn, new, error)
        key = found.private_keys.get(_entry(turn))
        if (key.fingerprint if key else "") != new:
            message = f"{at} does not read back as it was written"
            return Outcome(action, Status.FAILED, message, is_transient=True, is_written=True)
        return Outcome(action, Status.DONE, f"key {shown(new)}" if new else "")

    def _restart_all(self, action: Action, turn: KeyTurn, fingerprint: str) -> Outcome:
        """Outcome of restarting what mounts the key, one after the other."""
        outcome = Outcome(action, Status.UNCHANGED, "there is no Deployment of it")
        for namespace, name in turn.deployments:
            try:
                self._client.restart(namespace, name, {FINGERPRINT_ANNOTATION: fingerprint})
            except ClusterError as error:
                message = error.with_advice
                return Outcome(action, Status.FAILED, message, is_transient=True)
            outcome = self._wait(action, namespace, name)
            if outcome.status is not Status.DONE:
                return outcome
        return outcome

    def _wanted(self, turn: KeyTurn, place: PlacedKey, change: Change) -> tuple[SecretChange, str]:
        """The change of the Secret, and the fingerprint that the changed entry then has."""
        at, now = turn.entries, self._making.now()
        expected = {at.entry: place.current, at.staged: place.staged, at.previous: place.previous}
        if change is Change.DROP:
            return SecretChange(expected, {at.previous: None}, {at.previous: None}), ""
        if change is Change.DISCARD:
            return SecretChange(expected, {at.staged: None}, {at.staged: None}), ""
        if change is Change.SWITCH:
            moved = {at.entry: CopyOf(at.staged), at.staged: None}
            old = {at.previous: CopyOf(at.entry)} if place.current else {}
            made = {at.entry: now, at.staged: None}
            return SecretChange(expected, {**moved, **old}, made), place.staged
        spec = turn.declared.document.spec
        pair = self._making.make(spec.algorithm, spec.bits)
        entry = _entry(turn)
        others: dict[str, Secret | CopyOf | None] = {}
        if turn.owner.operator is not None and ORGANIZATION_ENTRY not in turn.others:
            # The Operator reads the id of its only organization beside its key.
            (organization,) = turn.organizations
            others[ORGANIZATION_ENTRY] = Secret(organization)
        if change is Change.REPLACE:
            others[at.previous] = CopyOf(at.entry)
        elif change is Change.REVOKE:
            others.update({name: None for name, key in expected.items() if name != entry and key})
        return SecretChange(expected, {**others, entry: pair.private}, {entry: now}), pair.public.fingerprint

    def _after_failure(self, action: Action, turn: KeyTurn, new: str, error: ClusterError) -> Outcome:
        """Outcome of a change that failed, after reading the Secret unless nothing can have been done."""
        message = error.with_advice
        if isinstance(error, _NOTHING_DONE):
            return Outcome(action, Status.FAILED, message, is_transient=error.is_transient)
        at = turn.entries
        try:
            found = self._client.secret(at.namespace, at.secret)
        except ClusterError as second:
            return Outcome(
                action, Status.UNKNOWN, f"{message}; reading again failed too: {second}", is_transient=True
            )
        key = None if found is None else found.private_keys.get(_entry(turn))
        if (key.fingerprint if key else "") == new:
            return Outcome(action, Status.DONE, f"found done when read again; the answer was: {error}")
        return Outcome(action, Status.FAILED, message, is_transient=True)


def _entry(turn: KeyTurn) -> str:
    assert turn.key is not None
    return turn.key.id.rpartition("/")[2]
