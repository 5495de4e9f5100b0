"""What the schemas of v2 bodies are made of; `schema` says how they are read.

Patterns are in the form that never backtracks far (v2 section 15).
"""

from reconciler.emulator.v2.schema import Schema

TEXT: Schema = {"type": "string"}
TRUTH: Schema = {"type": "boolean"}
FREE: Schema = {"type": "object"}
"""An object of any members."""

DESCRIPTION: Schema = {"type": "string", "maxLength": 200}
"""Descriptions of resource types, modules and their providers; those of runners have no limit."""

SLUG = "[a-z](?:-?[a-z0-9])+"
"""Ids of most kinds."""

IDENTIFIER = "[a-z][a-z0-9_-]+"
"""Ids of runners, module providers and their types."""

_VISIBLE = (
    "[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff\\u0020\\u00a0\\u1680"
    "\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"
)


def matching(pattern: str, text: str, **limits: int) -> Schema:
    """Return the schema of a text that matches all of `pattern`, failing with `text`."""
    return {"type": "string", "pattern": pattern, "x-pattern-error": text, **limits}


def slug(text: str) -> Schema:
    """Return the schema of an id of most kinds, failing with `text`."""
    return matching(SLUG, text)


DISPLAY_NAME: Schema = matching(
    f"{_VISIBLE}(?: |{_VISIBLE})*{_VISIBLE}",
    "display_name contains invalid characters",
    minLength=2,
    maxLength=60,
)
