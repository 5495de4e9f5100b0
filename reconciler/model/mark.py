"""Marks on objects of a cluster: whose they are, and what was last applied.

They replace the record of ownership that organizations need, whose APIs have no labels.
"""

from reconciler.model.json import Json, JsonObject, digest
from reconciler.model.kubernetes_object import (
    INSTALLATION_ANNOTATION,
    INSTANCE_LABEL,
    metadata_of,
    text_of,
)

APPLIED_ANNOTATION = "reconciler/applied"
"""Annotation with the digest of the object as it was last applied, without this annotation: if it is the digest of
what the files say, every difference is drift."""
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"

_MARKS = {
    "labels": frozenset((INSTANCE_LABEL, MANAGED_BY_LABEL)),
    "annotations": frozenset((INSTALLATION_ANNOTATION, APPLIED_ANNOTATION)),
}


def with_digest(body: JsonObject) -> JsonObject:
    """The object with its digest."""
    metadata = metadata_of(body)
    annotations = metadata.get("annotations")
    given = annotations if isinstance(annotations, dict) else {}
    marked: JsonObject = {**given, APPLIED_ANNOTATION: digest(without_digest(body))}
    return {**body, "metadata": {**metadata, "annotations": marked}}


def applied_digest(body: JsonObject) -> str:
    """The digest that an object carries, "" if it has none."""
    return text_of(body, "annotations", APPLIED_ANNOTATION)


def without_digest(body: JsonObject) -> JsonObject:
    """The object without its digest, which says nothing about it."""
    return _without(body, {"annotations": frozenset((APPLIED_ANNOTATION,))})


def unmarked(body: JsonObject) -> JsonObject:
    """The object without any mark: what somebody else would have written."""
    return _without(body, _MARKS)


def _without(body: JsonObject, marks: dict[str, frozenset[str]]) -> JsonObject:
    metadata = dict(metadata_of(body))
    for member, names in marks.items():
        found: Json = metadata.get(member)
        if isinstance(found, dict):
            left: JsonObject = {name: value for name, value in found.items() if name not in names}
            metadata[member] = left
            if not left:
                del metadata[member]
    return {**body, "metadata": metadata}
