"""Placeholders in definitions: what may stand in `${…}` (v1 reference 10.2)."""

CONTEXT = "context"
RESOURCES = "resources"
ROOTS = (CONTEXT, RESOURCES)
CONTEXT_MEMBERS = (
    "app.id",
    "env.id",
    "env.type",
    "org.id",
    "res.class",
    "res.guresid",
    "res.id",
    "res.type",
)
ACCESSORS = ("outputs", "values", "account", "guresid")
"""What a reference takes from a resource."""
