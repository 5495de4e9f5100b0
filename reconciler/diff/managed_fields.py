"""Who owns which fields of a live object on a cluster, according to its `metadata.managedFields`.

The format is FieldsV1 of structured-merge-diff (API reference, ManagedFieldsEntry): nested objects whose keys are
`f:NAME` for a field, `k:{KEYS}` for the element of a list with these keys, `v:VALUE` for an element of a set, `i:N` for
an index, and `.` for the thing itself. An empty object is a leaf: everything below belongs to its owner.

A path here is that of the documents that `reconciler.diff.cluster.projection` returns: elements of lists with keys
have the values of their keys as their step.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.kubernetes_object import FIELD_MANAGER, INSTANCE_LABEL, metadata_of, text_of

APPLY: Final = "Apply"
"""The operation of server-side apply; every other write is an `Update`."""
DEEPEST = 100
"""Levels that are followed; the deepest field of a pod template has about fifteen."""
_FIELD = "f:"
_KEYS = "k:"
_VALUE = "v:"
_INDEX = "i:"
_ITSELF = "."

Fields = Mapping[str, Json]
"""One level of FieldsV1."""


@dataclass(frozen=True, slots=True)
class FieldOwner:
    """One entry of `managedFields`. `time` is the server's text, "" if there is none."""

    manager: str
    operation: str
    time: str
    subresource: str = ""


def applied_by(live: JsonObject, manager: str) -> Fields:
    """FieldsV1 of what a manager has applied, {} if it has applied nothing. Writes to subresources are left out."""
    found: JsonObject = {}
    for entry in _entries(live):
        if _is_applied_by(entry, manager):
            found = _joined(found, _fields_of(entry))
    return found


def owned_paths(live: JsonObject, manager: str) -> tuple[Path, ...]:
    """Paths of the fields that a manager has applied, sorted as text. A path stands for everything below it.

    >>> tree = {"f:data": {"f:a": {}, "f:b": {}}}
    >>> entry = {"manager": "reconciler", "operation": "Apply", "fieldsV1": tree}
    >>> owned_paths({"metadata": {"managedFields": [entry]}}, "reconciler")
    (('data', 'a'), ('data', 'b'))
    """
    return tuple(sorted(_leaves(applied_by(live, manager)), key=lambda path: [str(step) for step in path]))


def every_owners_fields(live: JsonObject) -> Fields:
    """FieldsV1 of all managers together: it says which lists have keys, and which values are owned as a whole."""
    found: JsonObject = {}
    for entry in _entries(live):
        found = _joined(found, _fields_of(entry))
    return found


def managers_of(live: JsonObject, path: Path) -> tuple[FieldOwner, ...]:
    """Owners of a field, of what is around it as a whole, or of something in it; the latest first."""
    found = [
        FieldOwner(
            _text(entry, "manager"),
            _text(entry, "operation"),
            _text(entry, "time"),
            _text(entry, "subresource"),
        )
        for entry in _entries(live)
        if _owns(_fields_of(entry), path)
    ]
    return tuple(sorted(found, key=lambda owner: (owner.time, owner.manager), reverse=True))


def is_ours(live: JsonObject, instance: str) -> bool:
    """True if the object has the label of this instance, and our field manager has applied something to it.

    A label alone can be a copy: whoever clones an object with `kubectl` copies its labels, not its field managers.
    """
    return text_of(live, "labels", INSTANCE_LABEL) == instance and any(
        _is_applied_by(entry, FIELD_MANAGER) for entry in _entries(live)
    )


def field_names(fields: Fields) -> Iterator[str]:
    """Names of the fields on this level."""
    return (step[len(_FIELD) :] for step in fields if step.startswith(_FIELD))


def within(fields: Fields, name: str) -> Fields | None:
    """What is owned of a field; {} for all of it, None for nothing."""
    found = fields.get(_FIELD + name)
    return found if isinstance(found, dict) else None


def keys_of_elements(fields: Fields) -> tuple[str, ...]:
    """Names of the keys of a list's elements, () if no element is owned by keys."""
    for step in fields:
        keys = _keys(step)
        if keys:
            return tuple(keys)
    return ()


def is_set(fields: Fields) -> bool:
    """True if this is a list whose elements are owned by value."""
    return any(step.startswith(_VALUE) for step in fields)


def elements(fields: Fields) -> Iterator[tuple[str, Fields]]:
    """Elements of a list, each with its step in paths and what is owned of it."""
    for step, below in fields.items():
        if step.startswith((_KEYS, _VALUE)) and isinstance(below, dict):
            yield str(_step_of_path(step)), below


def element_step(values: Iterable[Json]) -> str:
    """The step in paths for the element with these values of its keys.

    >>> element_step([8080, "TCP"])
    '8080/TCP'
    """
    return "/".join(value if isinstance(value, str) else json.dumps(value) for value in values)


def _entries(live: JsonObject) -> Iterator[JsonObject]:
    entries = metadata_of(live).get("managedFields")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            yield entry


def _is_applied_by(entry: JsonObject, manager: str) -> bool:
    return (
        entry.get("manager") == manager and entry.get("operation") == APPLY and not entry.get("subresource")
    )


def _fields_of(entry: JsonObject) -> JsonObject:
    fields = entry.get("fieldsV1")
    return fields if isinstance(fields, dict) else {}


def _text(entry: JsonObject, name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _joined(one: JsonObject, other: JsonObject, depth: int = 0) -> JsonObject:
    """Both together. Where one owns all of something and the other parts of it, the parts are kept."""
    if not one or not other or depth > DEEPEST:
        return one or other
    made = dict(one)
    for step, below in other.items():
        mine = made.get(step)
        if isinstance(mine, dict) and isinstance(below, dict):
            made[step] = _joined(mine, below, depth + 1)
        else:
            made[step] = below
    return made


def _leaves(fields: Fields, path: Path = ()) -> Iterator[Path]:
    if len(path) > DEEPEST:
        return
    for step, below in fields.items():
        if step != _ITSELF and isinstance(below, dict):
            here = (*path, _step_of_path(step))
            if below:
                yield from _leaves(below, here)
            else:
                yield here


def _owns(fields: Fields, path: Path) -> bool:
    here = fields
    for step in path:
        for name, below in here.items():
            if name != _ITSELF and _step_of_path(name) == step and isinstance(below, dict):
                if not below:
                    return True
                here = below
                break
        else:
            return False
    return bool(path)


def _step_of_path(step: str) -> str | int:
    """The step in paths for a key of FieldsV1; text that is none of them stands for itself."""
    if step.startswith(_FIELD):
        return step[len(_FIELD) :]
    keys = _keys(step)
    if keys:
        return element_step(keys.values())
    if step.startswith(_VALUE):
        return element_step([_value(step)])
    index = step[len(_INDEX) :]
    if step.startswith(_INDEX) and index.isascii() and index.isdigit() and len(index) < DEEPEST:
        return int(index)
    return step


def _keys(step: str) -> JsonObject:
    """The keys of an element, sorted by name as the server writes them."""
    found = _value(step) if step.startswith(_KEYS) else None
    return found if isinstance(found, dict) else {}


def _value(step: str) -> Json:
    try:
        found: Json = json.loads(step[len(_VALUE) :])
    except (ValueError, RecursionError):
        return step[len(_VALUE) :]
    return found
