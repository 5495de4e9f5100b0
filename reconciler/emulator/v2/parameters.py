"""Parameters of v2 paths and queries, refused in the server's words (v2 section 3.2)."""

import re

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError

UUID = re.compile("[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
"""The standard form of a UUID, in lower case."""


def boolean_parameter(call: Call, name: str) -> bool:
    """A boolean query parameter, false if absent; 400 for other values."""
    value = call.parameter(name)
    if value is None or value == "false":
        return False
    if value == "true":
        return True
    raise ApiError(
        400, f'parameter "{name}" in query has an error: value {value}: an invalid boolean: invalid syntax'
    )


def uuid_parameter(call: Call, name: str, published: str) -> str:
    """A path parameter in the standard form of a UUID; 400, which names it as `published`."""
    value = call.path[name].lower()
    if not UUID.fullmatch(value):
        reason = f"error unmarshaling '{call.path[name]}' text as *uuid.UUID: invalid UUID"
        raise ApiError(400, f"Invalid format for parameter {published}: {reason}")
    return value
