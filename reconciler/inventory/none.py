"""No record at all: nothing is owned, so nothing is ever deleted (design decision 4.3)."""

import logging

from reconciler.model.record import Inventory

_log = logging.getLogger(__name__)


class NoInventory:
    """Keeps nothing. Every read finds no record, every write is dropped and logged."""

    def __init__(self, instance: str) -> None:
        self._instance = instance

    def read(self, target: str) -> Inventory:
        """Return a record that does not exist."""
        return Inventory(self._instance, target, exists=False)

    def write(self, inventory: Inventory) -> None:
        """Do nothing but say so."""
        _log.info(
            "ownership is not recorded", extra={"target": inventory.target, "entries": len(inventory.entries)}
        )
