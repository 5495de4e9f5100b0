"""The record while several runs write it."""

from reconciler.errors import InventoryConflictError
from reconciler.model.record import Inventory
from reconciler.passes.ledger import Ledger
from tests.building import definition, owning


class Contended:
    """A store that other runs write before each of the first writes."""

    def __init__(self, first: Inventory, *others: Inventory) -> None:
        self.stored = first
        self._others = list(others)

    def read(self) -> Inventory:
        return self.stored

    def write(self, inventory: Inventory) -> None:
        if self._others:
            self.stored = self._others.pop(0)
            raise InventoryConflictError("changed since it was read")
        self.stored = inventory


def ids(inventory: Inventory) -> list[str]:
    return sorted(key.id for key in inventory.entries)


def test_entries_of_both_runs_are_kept_and_what_each_dropped_is_gone() -> None:
    ours, theirs = definition("ours"), definition("theirs")
    before = owning(definition("kept"), definition("dropped-here"), definition("dropped-there"))
    store = Contended(before, owning(definition("kept"), definition("dropped-here"), theirs))
    ledger = Ledger(before, store.write, run="1")
    ledger.settle(ours, None, sent_secrets=True)
    ledger.drop(definition("dropped-here").key)
    ledger.save_merged(store.read)
    assert ids(store.stored) == ["kept", "ours", "theirs"]


def test_what_another_run_wrote_and_dropped_again_does_not_come_back() -> None:
    before = owning(definition("kept"))
    passing = owning(definition("kept"), definition("theirs"))
    store = Contended(before, passing, owning(definition("kept")))
    ledger = Ledger(before, store.write, run="1")
    ledger.settle(definition("ours"), None, sent_secrets=True)
    ledger.save_merged(store.read)
    assert ids(store.stored) == ["kept", "ours"]
