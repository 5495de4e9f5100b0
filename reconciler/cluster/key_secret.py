"""Changes of private keys in a Secret. A key that is there is only copied: it never leaves this module."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from reconciler.cluster.objects import ClusterObjects
from reconciler.cluster.quote import quoted
from reconciler.cluster.resource import ApiResource
from reconciler.errors import ClusterError, StaleObjectError
from reconciler.model.cluster_state import PrivateKey, SecretObject
from reconciler.model.json import Json, JsonObject
from reconciler.model.key_entries import CopyOf, SecretChange
from reconciler.model.kubernetes_object import CREATED_ANNOTATION, INSTANCE_LABEL, metadata_of, text_of
from reconciler.model.secret import Secret

SECRETS = ApiResource("v1", "Secret", "secrets")
Inspect = Callable[[bytes], PrivateKey | None]
_PIECE = 32
"""Characters of a secret that are searched for together: a message has only some, from anywhere in it."""
_SHORTEST_PIECE = 8
"""Shorter ones are too common."""


def read(objects: ClusterObjects, inspect: Inspect, namespace: str, name: str) -> SecretObject | None:
    """Names of entries and facts about private keys; None if there is no such Secret."""
    found = objects.get(SECRETS, namespace, name)
    return None if found is None else facts(found, inspect, namespace, name)


def facts(found: JsonObject, inspect: Inspect, namespace: str, name: str) -> SecretObject:
    """What is known of a Secret. The values are forgotten before this returns."""
    entries = _entries(found)
    keys = {entry: key for entry, text in entries.items() if (key := inspect(_decoded(text))) is not None}
    return SecretObject(namespace, name, frozenset(entries), keys, dict(_created_at(found)))


def write(
    objects: ClusterObjects,
    inspect: Inspect,
    namespace: str,
    name: str,
    change: SecretChange,
    *,
    instance: str,
) -> SecretObject:
    """Change some entries, and return what reads back. A Secret that does not exist is created.

    Raises ClusterError, and StaleObjectError for a Secret that has other keys than expected, or that somebody else
    changes meanwhile.
    """
    found = objects.get(SECRETS, namespace, name)
    present: Mapping[str, PrivateKey] = (
        {} if found is None else facts(found, inspect, namespace, name).private_keys
    )
    for entry, fingerprint in change.expected.items():
        key = present.get(entry)
        if (key.fingerprint if key else "") != fingerprint:
            raise StaleObjectError(f"Secret {namespace}/{name} has another key in entry {entry} than before")
    try:
        if found is None:
            objects.create(SECRETS, namespace, _new(namespace, name, change, instance))
        else:
            objects.merge(SECRETS, namespace, name, _patch(found, change))
    except ClusterError as error:
        error.args = (quoted(str(error), tuple(_secrets(found, change))),)
        raise
    read_back = read(objects, inspect, namespace, name)
    if read_back is None:
        raise ClusterError(f"Secret {namespace}/{name} was written, and does not exist")
    return read_back


def _new(namespace: str, name: str, change: SecretChange, instance: str) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {INSTANCE_LABEL: instance},
            "annotations": {CREATED_ANNOTATION: _times({}, change)},
        },
        "type": "Opaque",
        "data": {entry: text for entry, text in _data({}, change).items() if text is not None},
    }


def _patch(found: JsonObject, change: SecretChange) -> JsonObject:
    """A merge patch that the server refuses if the Secret is no longer as it was read."""
    metadata = metadata_of(found)
    return {
        "metadata": {
            "uid": metadata.get("uid"),
            "resourceVersion": metadata.get("resourceVersion"),
            "annotations": {CREATED_ANNOTATION: _times(dict(_created_at(found)), change)},
        },
        "data": _data(_entries(found), change),
    }


def _data(present: Mapping[str, str], change: SecretChange) -> dict[str, Json]:
    data: dict[str, Json] = {}
    for entry, content in change.entries.items():
        if isinstance(content, CopyOf):
            data[entry] = present.get(content.entry)
        else:
            data[entry] = None if content is None else _encoded(content)
    return data


def _times(before: Mapping[str, datetime], change: SecretChange) -> str:
    times = {**before, **change.created_at}
    return json.dumps({entry: at.isoformat() for entry, at in sorted(times.items()) if at is not None})


def _entries(found: JsonObject) -> dict[str, str]:
    data = found.get("data")
    return {entry: str(text) for entry, text in data.items()} if isinstance(data, dict) else {}


def _created_at(found: JsonObject) -> Iterator[tuple[str, datetime]]:
    try:
        times = json.loads(text_of(found, "annotations", CREATED_ANNOTATION) or "{}")
    except (ValueError, RecursionError):
        return
    for entry, text in times.items() if isinstance(times, dict) else ():
        try:
            at = datetime.fromisoformat(text if isinstance(text, str) else "")
        except ValueError:
            continue
        if at.tzinfo is not None:
            yield entry, at


def _secrets(found: JsonObject | None, change: SecretChange) -> Iterator[Secret]:
    """Everything that a refusal must not repeat, as text and as it is sent, also where it was cut off."""
    new = [content for content in change.entries.values() if isinstance(content, Secret)]
    encoded = [*map(_encoded, new), *({} if found is None else _entries(found)).values()]
    for text in encoded:
        yield Secret(text)
        yield from _pieces(text)
        yield from _pieces(_decoded(text).decode(errors="replace"))


def _pieces(text: str) -> Iterator[Secret]:
    for word in text.split():
        cut = (word[at : at + _PIECE] for at in range(0, len(word), _PIECE))
        yield from (Secret(piece) for piece in cut if len(piece) >= _SHORTEST_PIECE)


def _encoded(content: Secret) -> str:
    text = content.reveal()
    assert isinstance(text, str)
    return base64.b64encode(text.encode()).decode()


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
