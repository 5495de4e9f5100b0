"""Records to store."""

from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.place import organization
from reconciler.model.record import Inventory, Ownership


def owning(*names: str, instance: str = "team", target: str = "acme") -> Inventory:
    """A record that owns the named agents."""
    keys = [ResourceKey(organization("acme"), Kind.AGENT, name) for name in names]
    return Inventory(
        instance, target, {key: Ownership(key, applied="0" * 64) for key in keys}, place=organization("acme")
    )


def names(inventory: Inventory) -> list[str]:
    """Ids in the record, sorted."""
    return sorted(key.id for key in inventory.entries)
