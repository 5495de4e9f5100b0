"""Which live values on a cluster are somebody else's: they may be secrets, so that only their names are shown.

A ConfigMap, the variables and the arguments of a container, and annotations hold whatever people put there. What the
files set, or what we applied, is ours to show; of an object that is not ours, nothing is.
"""

from collections.abc import Iterator
from dataclasses import replace

from reconciler.diff.change import Absent, Change, FieldChange, Group, Visibility
from reconciler.diff.managed_fields import owned_paths
from reconciler.model.json import Json, JsonObject, Path, digest
from reconciler.model.kubernetes_object import FIELD_MANAGER, metadata_of
from reconciler.model.mark import applied_digest, without_digest

_MAPS = frozenset(("data", "binaryData", "stringData"))
_OPEN = _MAPS | {"annotations", "env"}
"""Fields to which anybody can add members of their own."""
_FREE = _OPEN | {"args", "command"}
"""Fields whose content is free text."""


def with_foreign(change: Change, found: JsonObject, *, is_directory: bool) -> Change:
    """The change of an object that is live as `found`, with what of it may not be shown."""
    if change.group is Group.CONTESTED:
        return replace(change, fields=tuple(_hidden(field) for field in change.fields))
    ours = frozenset[Path]() if is_directory and not _is_as_written(found) else _applied(found)
    if change.group is Group.UPDATE:
        fields = tuple(
            field if _is_set(field) or _is_ours(field.path, ours) else _hidden(field)
            for field in change.fields
        )
        return replace(change, fields=fields)
    if change.group is Group.PRUNE and change.live is not None:
        foreign = (path for path in _free(change.live.document) if not _is_ours(path, ours))
        return replace(change, foreign=frozenset(foreign))
    return change


def _hidden(field: FieldChange) -> FieldChange:
    if isinstance(field.before, Absent) or not _is_free(field.path, field.before):
        return field
    return replace(field, visibility=Visibility.FOREIGN)


def _is_set(field: FieldChange) -> bool:
    """True for one value that the files set. A list or an object may also contain what others have added."""
    return not isinstance(field.after, Absent) and not isinstance(field.before, dict | list)


def _is_free(path: Path, value: Json) -> bool:
    """True if it is free text, or contains some."""
    return not _FREE.isdisjoint(path) or any(True for _ in _free(value))


def _free(value: Json, path: Path = ()) -> Iterator[Path]:
    """Paths of free text, down to what is no object; elements of lists by position."""
    children: list[tuple[str | int, Json]] = []
    if isinstance(value, dict):
        children += value.items()
    elif isinstance(value, list):
        children += enumerate(value)
    for step, child in children:
        yield from _free(child, (*path, step))
    is_end = not children or (
        isinstance(value, list) and not any(isinstance(one, dict | list) for one in value)
    )
    if is_end and not _FREE.isdisjoint(path):
        yield path


def _applied(found: JsonObject) -> frozenset[Path]:
    # A map that was applied empty is owned, and what others put into it is not.
    owned = owned_paths(found, FIELD_MANAGER)
    return frozenset(path for path in owned if path[-1] not in _OPEN or (len(path) > 1 and path[0] in _MAPS))


def _is_ours(path: Path, ours: frozenset[Path]) -> bool:
    """True if we have applied a field, or what is around it as a whole."""
    return any(path[:depth] in ours for depth in range(1, len(path) + 1))


def _is_as_written(found: JsonObject) -> bool:
    """True if a file is as it was written: the record knows the digest of the whole, and nothing of its fields."""
    metadata = {name: value for name, value in metadata_of(found).items() if name != "managedFields"}
    return applied_digest(found) == digest(without_digest({**found, "metadata": metadata}))
