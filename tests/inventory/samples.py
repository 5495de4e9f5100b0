"""Records to store."""

from reconciler.model.identity import Kind, OrganizationId, ResourceKey
from reconciler.model.inventory import Inventory, Ownership


def owning(*names: str, instance: str = "team", target: str = "acme") -> Inventory:
    """A record that owns the named agents."""
    keys = [ResourceKey(Kind.AGENT, OrganizationId("acme"), name) for name in names]
    return Inventory(instance, target, {key: Ownership(key, applied="0" * 64) for key in keys})


def names(inventory: Inventory) -> list[str]:
    """Ids in the record, sorted."""
    return sorted(key.id for key in inventory.entries)
