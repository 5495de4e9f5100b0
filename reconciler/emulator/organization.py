"""What both APIs share: organizations, and their environment types."""

from reconciler.emulator.store import Collection

ORGANIZATIONS = Collection("organizations")
"""Organizations by (id)."""

HOW_TO_REGISTER = "register it: POST /admin/orgs with its id, or start the emulator with --organization"
"""Next step in the refusal of an organization that does not exist; the services have other ways."""

ENV_TYPES = Collection("env_types")
"""Environment types by (org, id), as v2 reads them."""
