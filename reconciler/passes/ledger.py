"""The ownership record while an apply changes it.

Before the first action, every create and delete of the plan is marked. An apply that is killed at any point
so leaves a record by which the next pass recognizes its own objects, and what it deleted itself.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from threading import Lock
from typing import TypeVar

from reconciler.diff.built_in import is_given_back
from reconciler.diff.change import Group, SecretDifference
from reconciler.diff.compare import criteria_digest, leaves_digest
from reconciler.diff.fields import criteria_change, literal_digests, reference_text, visible_differences
from reconciler.errors import InventoryConflictError
from reconciler.model.identity import ResourceKey
from reconciler.model.json import digest
from reconciler.model.kind import FACTS, Kind
from reconciler.model.record import Inventory, Ownership, Phase
from reconciler.model.secret import Literal, Reference
from reconciler.model.state import Resource
from reconciler.plan.action import Action, TargetPlan, Verb

K = TypeVar("K")
V = TypeVar("V")
_MERGES = 5
"""How many times other runs may write a record between reading and writing it."""


class Ledger:
    """The record of one target while it changes. `save` writes it; thread-safe.

    Entries of the plan's creates and deletes are marked at the start and settled one by one.
    """

    def __init__(self, inventory: Inventory, write: Callable[[Inventory], None], *, run: str) -> None:
        self._run = run
        self._inventory = inventory
        self._entries = dict(inventory.entries)
        self._at_start = inventory.entries
        self._unkept = {key: entry.unkept for key, entry in inventory.entries.items() if entry.unkept}
        self._write = write
        self._marked: dict[ResourceKey, Ownership | None] = {}
        """Entries that marks of this run replaced, None where there was none."""
        self._lock = Lock()
        self._saved = dict(inventory.entries)
        self._built_in = dict(inventory.built_in)
        self._built_in_at_start = inventory.built_in
        self._saved_built_in = dict(inventory.built_in)

    def begin(self, actions: Iterable[Action]) -> None:
        """Mark what is about to be created or deleted, keep criteria that built-in definitions lose, and write both.

        If anything will be sent, the record is written in any case: of two concurrent runs, the
        second gets InventoryConflictError here, before it changes anything.
        """
        planned = list(actions)
        for action in planned:
            self._keep_criteria(action)
            if action.verb is Verb.DELETE:
                for change in (action.subject, *action.carried):
                    self._mark_leaving(action, change.key)
            if action.verb is Verb.CREATE and not FACTS[action.key.kind].is_part:
                created = [action.subject, *action.carried]
                for change in created:
                    # A rule that is created again with its runner is owned and unchanged: without a mark,
                    # a crash in between would look as if somebody had deleted it.
                    is_recreated = change.group is Group.UNCHANGED
                    if change.desired is not None and (change.key not in self._entries or is_recreated):
                        self._marked.setdefault(change.key, self._entries.get(change.key))
                        self._entries[change.key] = self._entry(change.desired, None, Phase.PENDING)
        if any(action.writes_orchestrator for action in planned):
            self._inventory = replace(self._inventory, is_written=False)
        self.save()

    def _mark_leaving(self, action: Action, key: ResourceKey) -> None:
        entry = self._entries.get(key)
        if not FACTS[action.key.kind].is_part and entry is not None and entry.phase is Phase.OWNED:
            self._marked.setdefault(key, entry)
            self._entries[key] = replace(entry, is_leaving=True)

    def _keep_criteria(self, action: Action) -> None:
        """Keep all criteria of a built-in definition that loses one, and those it lost before."""
        live = action.subject.live
        if action.is_deletion and action.key.kind is Kind.CRITERION and live is not None and live.is_built_in:
            taken = self._built_in.get(live.key.id, {})
            self._built_in[live.key.id] = {**(live.criteria or {}), **taken}

    def settle(self, desired: Resource, live: Resource | None, *, sent_secrets: bool) -> None:
        """Record that `desired` is live. `live` is what was read back, None if nothing was."""
        with self._lock:
            entry = self._entry(desired, live, Phase.OWNED)
            known = self._entries.get(desired.key)
            # Digests are those of what was last sent, so secrets that were not sent keep theirs.
            if known is not None and known.phase is Phase.OWNED and not sent_secrets:
                entry = replace(entry, secrets=known.secrets, references=known.references)
            if live is not None and visible_differences(desired, live):
                entry = replace(entry, unkept=entry.applied)
            # Criteria have actions of their own, which have not run: `settle_criteria` follows.
            if live is not None and criteria_change(desired, live):
                entry = replace(entry, criteria=known.criteria if known is not None else "")
            self._entries[desired.key] = entry

    def settle_criteria(self, desired: Resource) -> None:
        """Record that the criteria of `desired` are live."""
        with self._lock:
            if desired.is_built_in and desired.criteria:
                self._built_in.pop(desired.key.id, None)
            known = self._entries.get(desired.key)
            if known is not None:
                self._entries[desired.key] = replace(
                    known, criteria=criteria_digest(desired), is_leaving=False
                )

    def expect(self, desired: Resource) -> None:
        """Record that `desired` was deleted and is about to be created again."""
        with self._lock:
            self._marked[desired.key] = None
            self._entries[desired.key] = self._entry(desired, None, Phase.PENDING)

    def miss(self, key: ResourceKey) -> bool:
        """Record that `key` was not found; True if an earlier run missed it too, or may have deleted it."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return True
            self._entries[key] = replace(entry, is_missing=True)
            return entry.is_missing or entry.is_leaving

    def is_owned(self, key: ResourceKey) -> bool:
        """True if the record says that the object exists; false for a pending mark."""
        with self._lock:
            entry = self._entries.get(key)
            return entry is not None and entry.phase is Phase.OWNED

    def was_not_kept(self, desired: Resource) -> bool:
        """True if an earlier run sent the same and read back something else."""
        return self._unkept.get(desired.key) == digest(desired.document)

    def drop(self, key: ResourceKey) -> None:
        """Record that `key` is not owned, or was never created."""
        with self._lock:
            self._entries.pop(key, None)

    def renew(self, entries: Mapping[ResourceKey, Ownership]) -> None:
        """Replace entries of objects that were seen unchanged."""
        with self._lock:
            self._entries.update(entries)

    def release(self, built_in: Iterable[str]) -> None:
        """Drop the kept criteria of built-in definitions that have them back."""
        with self._lock:
            for identifier in built_in:
                self._built_in.pop(identifier, None)

    def unmark(self, key: ResourceKey) -> None:
        """Remove a mark of this run from what certainly did not happen; marks of earlier runs stay."""
        with self._lock:
            entry = self._entries.get(key)
            if key not in self._marked or entry is None:
                return
            if entry.phase is not Phase.PENDING and not entry.is_leaving:
                return
            before = self._marked.pop(key)
            if before is None:
                del self._entries[key]
            else:
                self._entries[key] = before

    def save(self) -> None:
        """Write the record if it changed since it was last written. Raises InventoryError."""
        with self._lock:
            is_known = self._inventory.exists and self._inventory.is_written
            is_same = self._entries == self._saved and self._built_in == self._saved_built_in
            if is_same and is_known:
                return
            self._inventory = self._inventory.with_entries(
                self._entries, built_in=self._built_in, run=self._run
            )
            self._write(self._inventory)
            self._saved = dict(self._entries)
            self._saved_built_in = dict(self._built_in)

    def save_merged(self, read: Callable[[], Inventory]) -> None:
        """Write the record, also if another run wrote it in the meantime: this run's entries go into that one.

        What was done has to be recorded, whoever else recorded something. Raises InventoryError.
        """
        for _ in range(_MERGES):
            try:
                self.save()
            except InventoryConflictError:
                self._rebase(read())
            else:
                return
        self.save()

    def _rebase(self, current: Inventory) -> None:
        """Apply the changes of this run to a record that another run wrote."""
        with self._lock:
            self._entries = _merged(self._at_start, self._entries, current.entries)
            self._built_in = _merged(self._built_in_at_start, self._built_in, current.built_in)
            self._inventory = current
            self._saved, self._saved_built_in = dict(current.entries), dict(current.built_in)
            # What is merged now is the difference to this record, in case yet another run writes it.
            self._at_start, self._built_in_at_start = current.entries, current.built_in

    def _entry(self, desired: Resource, live: Resource | None, phase: Phase) -> Ownership:
        return ownership(desired, live, phase)


def _merged(before: Mapping[K, V], after: Mapping[K, V], current: Mapping[K, V]) -> dict[K, V]:
    """`current` with what turned `before` into `after`."""
    kept = {key: value for key, value in current.items() if key in after or key not in before}
    return {**kept, **{key: value for key, value in after.items() if before.get(key) != value}}


def ownership(desired: Resource, live: Resource | None, phase: Phase) -> Ownership:
    """Entry for one object that was, or is about to be, made live."""
    literals = [at for at, leaf in desired.secrets.items() if isinstance(leaf, Literal)]
    applied = digest(desired.document)
    return Ownership(
        key=desired.key,
        phase=phase,
        applied=applied,
        criteria=criteria_digest(desired),
        leaves=leaves_digest(desired),
        secrets=literal_digests(desired),
        references={at: reference_text(live.secrets.get(at)) for at in literals} if live is not None else {},
        observed=_differing(live, applied),
        observed_at=live.updated_at if live is not None else "",
        pinned=frozenset(
            at for at, leaf in desired.secrets.items() if isinstance(leaf, Reference) and leaf.version
        ),
    )


def _differing(live: Resource | None, applied: str) -> str:
    """Digest of what was read back, "" if it is that of what was sent or nothing was read."""
    observed = digest(live.document) if live is not None else applied
    return "" if observed == applied else observed


def given_back(plan: TargetPlan, inventory: Inventory) -> list[str]:
    """Ids of built-in definitions that have back everything that was taken from them."""
    return [
        change.key.id
        for change in plan.diff.changes.values()
        if change.key.kind is Kind.DEFINITION
        and (taken := inventory.built_in.get(change.key.id)) is not None
        and is_given_back(change, taken)
    ]


def unchanged_ownership(
    plan: TargetPlan, entries: Mapping[ResourceKey, Ownership]
) -> dict[ResourceKey, Ownership]:
    """New entries of unchanged objects whose record is older than what was seen.

    A runner that was read again gets its time stamp, so that the next pass need not read it. A secret digest
    made with another key is replaced by one of this key: the value last sent is taken to be that of the files.
    """
    acted_on = {change.key for action in plan.actions for change in (action.subject, *action.carried)}
    renewed = {
        change.key: replace(entry, is_missing=False, is_leaving=False)
        for change in plan.diff.changes.values()
        if change.live is not None and change.key not in acted_on
        if (entry := entries.get(change.key)) is not None and (entry.is_missing or entry.is_leaving)
    }
    for change in plan.diff.of(Group.UNCHANGED):
        entry = entries.get(change.key)
        if entry is None or change.desired is None or change.live is None:
            continue
        seen = ownership(change.desired, change.live, Phase.OWNED)
        # Without the value it cannot be known whether somebody else wrote it. The old time stamp is kept, so
        # that a later pass with the value sees the difference.
        is_open = any(field.secret is SecretDifference.NOT_AT_HAND for field in change.fields)
        # What the files have no secret for was removed, also where the apply that did so could not record it.
        kept = {at: digest for at, digest in entry.secrets.items() if at in change.desired.secrets}
        wanted = replace(
            entry,
            applied=seen.applied,
            criteria=seen.criteria,
            leaves=seen.leaves,
            secrets={**kept, **seen.secrets},
            references={at: text for at, text in entry.references.items() if at in change.desired.secrets},
            pinned=seen.pinned,
            observed=seen.observed,
            is_leaving=False,
            observed_at=entry.observed_at if is_open else seen.observed_at or entry.observed_at,
            is_missing=False,
            unkept="",
        )
        if wanted != entry:
            renewed[change.key] = wanted
    return renewed
