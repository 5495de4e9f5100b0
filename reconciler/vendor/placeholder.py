"""Placeholders in definitions: the allowed content of `${…}` (v1 reference 10.2)."""

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
"""Members of a resource that a reference can use."""
