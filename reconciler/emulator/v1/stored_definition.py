"""Stored resource definitions: look-up by path, and representation.

Separate from `definitions`, so that criteria, versions and accounts can use it.
"""

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import DEFINITIONS, DELETED_DEFINITIONS
from reconciler.emulator.v1.fields import flag
from reconciler.emulator.wire import Document, visible


def definition_in_path(call: Call) -> Document:
    """The live definition that a path names, as stored; 404 if there is none."""
    return _found(call, call.state.get(DEFINITIONS, call.organization, call.path["definition"]))


def any_definition_in_path(call: Call) -> Document:
    """The definition that a path names, with `deleted=true` also a deleted one; otherwise 404."""
    key = (call.organization, call.path["definition"])
    # Read first: an invalid value is refused whatever is found.
    with_deleted = flag(call, "deleted")
    definition = call.state.get(DEFINITIONS, *key)
    if definition is None and with_deleted:
        definition = call.state.get(DELETED_DEFINITIONS, *key)
    return _found(call, definition)


def as_read(definition: Document) -> Document:
    """A stored definition as responses show it."""
    shown = visible(definition)
    # Whether none is an empty list or an absent member is not public.
    if not shown["criteria"]:
        del shown["criteria"]
    return shown


def _found(call: Call, definition: Document | None) -> Document:
    if definition is None:
        raise ApiError(404, f"resource definition {call.path['definition']} not found")
    return definition
