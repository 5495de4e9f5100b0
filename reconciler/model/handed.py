"""Secrets that are handed in at apply time: what a file contains in place of the value.

In YAML they are tags, `!env NAME`, `!file PATH` and `!secret {cluster, namespace, name, key}`. Parsed, each is a
mapping whose only member is the tag, which JSON can express as well. The value itself is never in the tree.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeGuard

from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.secret import Secret
from reconciler.model.secret_source import ClusterSecret, EnvironmentVariable, NotAtHand, SecretFile, Source
from reconciler.vendor.kubernetes_name import ENTRY, LABEL, SUBDOMAIN

ENV, FILE, CLUSTER_SECRET = "!env", "!file", "!secret"
TAGS = (ENV, FILE, CLUSTER_SECRET)
_MEMBERS = ("cluster", "namespace", "name", "key")
_TAG_OF = {"env": ENV, "file": FILE}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
FORMS = "`!env NAME`, `!file PATH` or `!secret {cluster: …, namespace: …, name: …, key: …}`"
MOST_CHARACTERS = 4_096


HandIn = Callable[[Source], Secret | NotAtHand]
"""Looks up a value that files refer to. Created at the edge; returns `NotAtHand` for a missing value, never raises."""


def is_tagged(value: Json) -> TypeGuard[JsonObject]:
    """True for a mapping that represents a value with one of the tags, well-formed or not."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in TAGS


def as_tag(value: Json) -> Json:
    """The value with `{env: NAME}` and `{file: PATH}`, as credentials of stores may be written, turned into tags.

    >>> as_tag({"env": "STORE_TOKEN"})
    {'!env': 'STORE_TOKEN'}
    """
    if isinstance(value, dict) and len(value) == 1:
        ((name, given),) = value.items()
        return {_TAG_OF.get(name, name): given}
    return value


def source_of(value: Json) -> Source | None:
    """Source that a tagged value refers to; None for anything else and for a malformed tag.

    >>> source_of({"!env": "DB_PASSWORD"})
    EnvironmentVariable(name='DB_PASSWORD')
    """
    return None if not is_tagged(value) or wrong_with(value) else _source(value)


def _source(value: JsonObject) -> Source:
    ((tag, given),) = value.items()
    if tag == ENV:
        return EnvironmentVariable(str(given))
    if tag == FILE:
        return SecretFile(str(given))
    assert isinstance(given, dict)
    return ClusterSecret(**{name: str(given[name]) for name in _MEMBERS})


def wrong_with(value: JsonObject) -> str:
    """What is wrong with a tagged value, worded to follow the tag; "" if it is well-formed. Never quotes the value."""
    ((tag, given),) = value.items()
    if tag == CLUSTER_SECRET:
        if not isinstance(given, dict):
            return "takes a mapping of `cluster`, `namespace`, `name` and `key`"
        names = ", ".join(f"`{name}`" for name in _MEMBERS if name not in given)
        if names:
            return f"lacks {names}"
        if set(given) - set(_MEMBERS):
            return "takes only `cluster`, `namespace`, `name` and `key`"
        if not all(isinstance(member, str) and member for member in given.values()):
            return "takes only non-empty strings"
        return _wrong_name(given)
    if not isinstance(given, str) or not given or len(given) > MOST_CHARACTERS or not given.isprintable():
        return "takes the name of an environment variable" if tag == ENV else "takes a path"
    if tag == ENV and _VARIABLE.fullmatch(given) is None:
        return "takes the name of an environment variable: letters, digits and `_`, not starting with a digit"
    return ""


def _wrong_name(given: JsonObject) -> str:
    """What is wrong with the names of a Kubernetes object; no others can be part of a request."""
    for member, limit in (("namespace", LABEL), ("name", SUBDOMAIN), ("key", ENTRY)):
        if not limit.accepts(str(given[member])):
            return f"takes a `{member}` that exists in Kubernetes: {limit.form}"
    return ""


def tagged_values(root: Json) -> Iterator[tuple[Path, JsonObject]]:
    """Every tagged value of a document with its path, in order."""
    stack: list[tuple[Path, Json]] = [((), root)]
    while stack:
        path, value = stack.pop()
        if is_tagged(value):
            yield path, value
        elif isinstance(value, dict):
            stack.extend(((*path, name), child) for name, child in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend(((*path, index), value[index]) for index in range(len(value) - 1, -1, -1))


def filled_in(value: Json, values: Callable[[Source], Json]) -> Json:
    """The value with every tagged value replaced by that of its source."""
    source = source_of(value)
    if source is not None:
        return values(source)
    if isinstance(value, dict):
        return {name: filled_in(child, values) for name, child in value.items()}
    if isinstance(value, list):
        return [filled_in(child, values) for child in value]
    return value


def nothing_at_hand(source: Source) -> NotAtHand:
    """The look-up of a pass that hands in no values."""
    return NotAtHand(f"{source} is not looked up here")
