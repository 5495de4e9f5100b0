"""Parts of the schemas of v2 bodies; `schema` interprets them.

Patterns are in a form without excessive backtracking (v2 section 15).
"""

from reconciler.emulator.v2.schema import Schema

TEXT: Schema = {"type": "string"}
TRUTH: Schema = {"type": "boolean"}
FREE: Schema = {"type": "object"}
"""An object with any members."""

DESCRIPTION: Schema = {"type": "string", "maxLength": 200}
"""A description of a resource type, module or provider; those of runners have no limit."""

SLUG = "[a-z](?:-?[a-z0-9])+"
"""Pattern of the ids of most kinds."""

IDENTIFIER = "[a-z][a-z0-9_-]+"
"""Pattern of the ids of runners, module providers and provider types."""

_VISIBLE = (
    "[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff\\u0020\\u00a0\\u1680"
    "\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"
)


def matching(pattern: str, text: str, **limits: int) -> Schema:
    """The schema of a string that matches all of `pattern`, with `text` as its message."""
    return {"type": "string", "pattern": pattern, "x-pattern-error": text, **limits}


def slug(text: str) -> Schema:
    """The schema of an id of most kinds, with `text` as its message."""
    return matching(SLUG, text)


DISPLAY_NAME: Schema = matching(
    f"{_VISIBLE}(?: |{_VISIBLE})*{_VISIBLE}",
    "display_name contains invalid characters",
    minLength=2,
    maxLength=60,
)
