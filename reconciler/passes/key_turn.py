"""The next step of one generated key, and how it appears in the plan of a cluster. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.cluster_state import PrivateKey, SecretObject
from reconciler.model.declaration import Declared
from reconciler.model.identity import ResourceKey, shown
from reconciler.model.json import JsonObject, digest
from reconciler.model.key import Algorithm, KeyDocument, KeyOwner
from reconciler.model.key_entries import KeyEntries
from reconciler.model.kind import Kind
from reconciler.model.record import Inventory, Ownership
from reconciler.model.state import Resource, State
from reconciler.model.unread import Unread
from reconciler.plan.action import ActionId, Held, Verb
from reconciler.procedure.keyring import PlacedKey
from reconciler.procedure.rotation import Change, Turn


def owner_name(owner: KeyOwner) -> str:
    """As in `Agent/eu-1`."""
    if owner.agent is not None:
        return f"{Kind.AGENT}/{owner.agent}"
    return f"Operator/{owner.operator}" if owner.operator is not None else f"{Kind.RUNNER}/{owner.runner}"


@dataclass(frozen=True, slots=True)
class KeyTurn:
    """A generated key with its place, what is there, and its next step."""

    declared: Declared[KeyDocument]
    entries: KeyEntries
    place: PlacedKey | Unread
    turn: Turn
    organizations: tuple[str, ...] = ()
    workloads: tuple[ResourceKey, ...] = ()
    """What mounts the key on the cluster of its place."""
    deployments: tuple[tuple[str, str], ...] = ()
    """Deployments there that are restarted here, by namespace and name."""
    others: frozenset[str] = frozenset()
    """Names of all entries of the Secret."""

    @property
    def owner(self) -> KeyOwner:
        """Whose key it is."""
        return self.declared.document.spec.for_

    @property
    def owner_name(self) -> str:
        """As in `Agent/eu-1`."""
        return owner_name(self.owner)

    @property
    def key(self) -> ResourceKey | None:
        """The entry that the next step changes; None if there is no step."""
        match self.turn.change:
            case None:
                return None
            case Change.STAGE | Change.DISCARD:
                return self.entries.key(self.entries.staged)
            case Change.DROP:
                return self.entries.key(self.entries.previous)
            case Change.GENERATE | Change.SWITCH | Change.REPLACE | Change.REVOKE | Change.RESTART:
                return self.entries.key(self.entries.entry)

    @property
    def algorithm(self) -> Algorithm:
        """How a new key is made."""
        return self.declared.document.spec.algorithm

    @property
    def live(self) -> JsonObject | None:
        """What is in that entry now; None if nothing is."""
        place = self.place
        if isinstance(place, Unread) or self.turn.change in (None, Change.STAGE):
            return None
        now = {Change.DROP: place.previous, Change.DISCARD: place.staged}.get(self.turn.change, place.current)
        found: JsonObject = {"for": self.owner_name, "key": shown(now), **self._why}
        if self.turn.change is Change.RESTART:
            found["pods"] = "run with another key"
        return found if now else None

    @property
    def _why(self) -> JsonObject:
        """Why the step is taken and what follows it: the same on both sides, so that it is no difference."""
        turn = self.turn
        because = turn.because or ("nothing uses it any more" if turn.change is Change.DROP else "")
        found = {"because": because, "later": turn.later}
        return {name: text for name, text in found.items() if text}

    @property
    def desired(self) -> JsonObject | None:
        """What will be there; None if it is removed."""
        place, turn = self.place, self.turn
        if isinstance(place, Unread) or turn.change in (None, Change.DROP, Change.DISCARD):
            return None
        if turn.change is Change.RESTART:
            key = shown(place.current)
            return {"for": self.owner_name, "key": key, **self._why, "pods": "run with it"}
        new = shown(place.staged) if turn.change is Change.SWITCH else self.new
        return {"for": self.owner_name, "key": new, **self._why}

    @property
    def new(self) -> str:
        """A new key in words."""
        spec = self.declared.document.spec
        return f"new RSA key, {spec.bits} bits" if spec.algorithm is Algorithm.RSA else "new Ed25519 key"


@dataclass(frozen=True, slots=True)
class Rotations:
    """The generated keys of a pass, and the documents whose place was not read."""

    turns: tuple[KeyTurn, ...] = ()
    unread: Mapping[KeyOwner, str] = field(default_factory=dict)
    """Owners with a key that is not known, with the reason."""
    expected: frozenset[KeyOwner] = frozenset()
    """Owners whose first key is still to be made."""
    known: tuple[Declared[KeyDocument], ...] = ()
    """Documents whose key was seen at its place."""


NO_ROTATIONS = Rotations()


def in_plan(
    turns: Iterable[KeyTurn], state: State, live: State, inventory: Inventory
) -> tuple[State, State, Inventory]:
    """Desired and live state and the record of a cluster, with the steps of its keys."""
    wanted, present, owned = dict(state.resources), dict(live.resources), dict(inventory.entries)
    for one in turns:
        key = one.key
        if key is None:
            continue
        if (after := one.desired) is not None:
            wanted[key] = Resource(key, after, origin=one.declared.origin())
        if (before := one.live) is not None:
            present[key] = Resource(key, before)
            # The document says that the key is made here, so what is in its place is this instance's to replace.
            owned[key] = Ownership(key, observed=digest(before))
    complete = state.complete | {Kind.PRIVATE_KEY}
    return (
        replace(state, resources=wanted, complete=complete),
        replace(live, resources=present, complete=live.complete | {Kind.PRIVATE_KEY}),
        replace(inventory, entries=owned),
    )


def secrets_after(
    secrets: Mapping[tuple[str, str], SecretObject | None], turns: Iterable[KeyTurn]
) -> Mapping[tuple[str, str], SecretObject | None]:
    """Secrets as the steps leave them. A new key is not known before it is made."""
    found = dict(secrets)
    for turn in turns:
        at = turn.entries
        if turn.turn.change is Change.RESTART:
            continue
        secret = found.get((at.namespace, at.secret)) or SecretObject(at.namespace, at.secret, frozenset())
        entries, keys = set(secret.entries), dict(secret.private_keys)
        changed = "" if turn.key is None else turn.key.id.rpartition("/")[2]
        if turn.turn.change is Change.SWITCH and at.staged in keys:
            keys[at.entry] = keys[at.staged]
            entries.add(at.entry)
        elif turn.desired is None:
            entries.discard(changed)
            keys.pop(changed, None)
        else:
            entries.add(changed)
            keys[changed] = PrivateKey("", turn.algorithm, turn.declared.document.spec.bits)
        found[at.namespace, at.secret] = replace(secret, entries=frozenset(entries), private_keys=keys)
    return found


def waiting(turns: Iterable[KeyTurn]) -> Iterator[tuple[ActionId, Held]]:
    """Steps that wait, with the reasons."""
    for one in turns:
        key = one.key
        if key is not None and one.turn.held:
            verb = Verb.DELETE if one.desired is None else Verb.CREATE if one.live is None else Verb.UPDATE
            yield (verb, key), Held(f"waits: {'; '.join(one.turn.held)}")
