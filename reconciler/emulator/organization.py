"""Organizations: the one collection that both APIs share."""

from reconciler.emulator.store import Collection

ORGANIZATIONS = Collection("organizations")
"""Organizations by (id)."""
