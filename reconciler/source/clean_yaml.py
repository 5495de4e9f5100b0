"""Values of YAML that uses only mappings with string keys, lists and scalars.

Nearly every file is of this form, and reading them takes most of the time for a large tree; so one loop reads
the values, without places. Everything else (anchors, aliases, tags, merges, keys that are repeated or not
strings, values that JSON cannot represent, documents over a limit) is left to `reconciler.source.composer`,
which returns the same values for clean text.
"""

from sys import intern
from typing import Any, Final

from yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.model.json import Json
from reconciler.settings import Limits
from reconciler.source.scalar import RESOLVABLE_START, plain_value
from reconciler.source.yaml_event import NextEvent

_ITEM: Final = object()
"""Used in place of a key if the open container is a list."""


class NotCleanError(Exception):
    """The text must be read by the composer."""


def read_clean(next_event: NextEvent, limits: Limits) -> list[tuple[Json, int]]:
    """Value of each document that is not empty, and its start: `line << 32 | column`, both from 1.

    Accepts events of PyYAML. Raises NotCleanError, and whatever `next_event` raises.
    """
    documents: list[tuple[Json, int]] = []
    next_event()
    while type(event := next_event()) is DocumentStartEvent:
        first = next_event()
        mark = first.start_mark
        value = _read_root(first, next_event, limits)
        if value is not None:
            documents.append((value, (mark.line + 1 << 32) | (mark.column + 1)))
        next_event()
    if type(event) is not StreamEndEvent:
        raise NotCleanError
    return documents


def _read_root(first: Any, next_event: NextEvent, limits: Limits) -> Json:
    if first.anchor is not None or first.tag is not None:
        raise NotCleanError
    if type(first) is MappingStartEvent:
        root: dict[str, Json] | list[Json] = {}
    elif type(first) is SequenceStartEvent:
        root = []
    elif type(first) is ScalarEvent and first.value == "" and first.implicit[0]:
        return None
    else:
        raise NotCleanError
    try:
        nodes = _fill(root, next_event, limits.max_depth)
    except ValueError as error:  # a number that JSON cannot represent
        raise NotCleanError from error
    if nodes > limits.max_nodes:
        raise NotCleanError
    return root


def _fill(root: Any, next_event: NextEvent, max_depth: int) -> int:  # noqa: C901, PLR0912  one loop, for its speed
    """Fill an open mapping or list up to its end, and return the number of its values.

    Raises NotCleanError, and the ValueError of `plain_value`.

    Inlined on purpose: a call for each event would double the time.
    """
    container, key = root, None if type(root) is dict else _ITEM
    outer: list[Any] = []
    nodes = 1
    while True:
        event = next_event()
        kind = type(event)
        if kind is ScalarEvent:
            if event.anchor is not None or event.tag is not None:
                raise NotCleanError
            value = text = event.value
            if text[:1] in RESOLVABLE_START and event.implicit[0]:
                value = plain_value(text)
            if key is None:
                if value is not text or text == "<<" or text in container:
                    raise NotCleanError
                key = intern(text)
            elif key is _ITEM:
                container.append(value)
            else:
                container[key] = value
                key = None
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            nodes += len(container)
            if not outer:
                return nodes
            container = outer.pop()
            key = None if type(container) is dict else _ITEM
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if event.anchor is not None or event.tag is not None or key is None:
                raise NotCleanError
            inner: Any = {} if kind is MappingStartEvent else []
            if key is _ITEM:
                container.append(inner)
            else:
                container[key] = inner
            outer.append(container)
            if len(outer) >= max_depth:
                raise NotCleanError
            container, key = inner, None if kind is MappingStartEvent else _ITEM
        else:
            raise NotCleanError
