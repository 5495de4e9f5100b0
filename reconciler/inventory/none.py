"""No record of ownership: nothing is owned, so nothing is ever deleted (design decision 4.3)."""

import logging

from reconciler.model.record import Inventory

_log = logging.getLogger(__name__)


class NoInventory:
    """Stores nothing: a read never finds a record, a write is only logged."""

    def __init__(self, instance: str) -> None:
        self._instance = instance

    def read(self, target: str) -> Inventory:
        """An empty record, marked as not existing."""
        return Inventory(self._instance, target, exists=False)

    def write(self, inventory: Inventory) -> None:
        """Log that ownership is not recorded."""
        _log.info(
            "ownership is not recorded", extra={"target": inventory.target, "entries": len(inventory.entries)}
        )
