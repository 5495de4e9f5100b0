"""Resource definitions as they are stored: found by a path, and shown.

Apart from `definitions`, so that criteria, versions and accounts may use it.
"""

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import DEFINITIONS, DELETED_DEFINITIONS
from reconciler.emulator.v1.fields import flag
from reconciler.emulator.wire import Document, visible


def definition_in_path(call: Call) -> Document:
    """Return the live definition that a path names, as stored; 404 when there is none."""
    return _found(call, call.state.get(DEFINITIONS, call.organization, call.path["definition"]))


def any_definition_in_path(call: Call) -> Document:
    """Return the definition that a path names, with `deleted=true` also a deleted one; else 404."""
    key = (call.organization, call.path["definition"])
    # Read first: a bad word is refused whatever is found.
    with_deleted = flag(call, "deleted")
    definition = call.state.get(DEFINITIONS, *key)
    if definition is None and with_deleted:
        definition = call.state.get(DELETED_DEFINITIONS, *key)
    return _found(call, definition)


def as_read(definition: Document) -> Document:
    """Return a stored definition as answers show it."""
    shown = visible(definition)
    # Which of both stands for none, an empty list or no member, is not public.
    if not shown["criteria"]:
        del shown["criteria"]
    return shown


def _found(call: Call, definition: Document | None) -> Document:
    if definition is None:
        raise ApiError(404, f"resource definition {call.path['definition']} not found")
    return definition
