"""The tags `!env`, `!file` and `!secret`: how they become values, and where a document can use them.

A tagged node becomes a mapping with one member, the tag (`reconciler.model.handed`). The mapping is built from
events, before the composer sees them, so that places and limits treat it like any other mapping.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from reconciler.model.handed import FORMS, TAGS, tagged_values, wrong_with
from reconciler.model.json import Json, JsonObject, Path, dotted
from reconciler.model.runner import WRITE_ONLY_AUTH
from reconciler.source.yaml_event import NextEvent

_STARTS = frozenset(("MappingStartEvent", "SequenceStartEvent"))
_ENDS = frozenset(("MappingEndEvent", "SequenceEndEvent"))


@dataclass(slots=True)
class MappingStartEvent:
    """Replaces the parser's event of this name, whose tag cannot be removed."""

    start_mark: Any
    end_mark: Any
    anchor: str | None = None
    tag: None = None


@dataclass(slots=True)
class SequenceStartEvent:
    """As above."""

    start_mark: Any
    end_mark: Any
    anchor: None = None
    tag: None = None


@dataclass(slots=True)
class ScalarEvent:
    """As above. `implicit` is false: the value is a string, whatever it looks like."""

    start_mark: Any
    end_mark: Any
    value: str
    anchor: None = None
    tag: None = None
    implicit: tuple[bool, bool] = (False, True)


@dataclass(slots=True)
class MappingEndEvent:
    """As above."""

    start_mark: Any
    end_mark: Any
    anchor: None = None
    tag: None = None


def with_tags_as_mappings(next_event: NextEvent) -> NextEvent:
    """The same events, with a mapping around every node that has one of the three tags."""
    waiting: deque[Any] = deque()
    open_containers: list[int] = []
    """For each open tagged container, the number of open containers in it, itself included; the innermost last."""

    def step() -> Any:
        if waiting:
            return waiting.popleft()
        event = next_event()
        kind = type(event).__name__
        is_tagged = getattr(event, "tag", None) in TAGS
        if is_tagged and kind == "ScalarEvent":
            first, last = event.start_mark, event.end_mark
            waiting.append(ScalarEvent(first, first, event.tag))
            waiting.append(ScalarEvent(first, last, event.value))
            waiting.append(MappingEndEvent(last, last))
            return MappingStartEvent(first, first, event.anchor)
        if is_tagged and kind in _STARTS:
            first, last = event.start_mark, event.end_mark
            bare = MappingStartEvent if kind == "MappingStartEvent" else SequenceStartEvent
            waiting.extend((ScalarEvent(first, first, event.tag), bare(first, last)))
            open_containers.append(1)
            return MappingStartEvent(first, first, event.anchor)
        if open_containers:
            if kind in _STARTS:
                open_containers[-1] += 1
            elif kind in _ENDS:
                open_containers[-1] -= 1
                if not open_containers[-1]:
                    open_containers.pop()
                    waiting.append(MappingEndEvent(event.start_mark, event.end_mark))
        return event

    return step


_ANY = "*"
"""One or more steps of any name."""
_POSITIONS: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "Definition": (
            ("entity", "driver_inputs", "secrets", _ANY),
            ("entity", "driver_inputs", "secret_refs", _ANY),
        ),
        "Runner": tuple(
            ("spec", "runner_configuration", "cluster", "auth", name) for name in WRITE_ONLY_AUTH
        ),
        "SecretStore": (("spec", "orchestrator", "auth", _ANY),),
    }
)
"""Secret positions of documents by kind: the only places where a tag is allowed."""
_REFERENCE_MEMBERS = ("store", "ref", "version")


def wrong_tags(raw: JsonObject, kind: str) -> Iterator[tuple[Path, tuple[str, str]]]:
    """Paths of tags that are malformed or not in a secret position, each with a message and advice."""
    for path, value in tagged_values(raw):
        (tag,) = value
        wrong = wrong_with(value)
        if not _is_secret_position(raw, kind, path):
            message = f"`{tag}` at `{dotted(path)}` hands in a secret where no secret is allowed"
            yield path, (message, _instead(kind, path))
        elif wrong:
            yield path, (f"`{tag}` at `{dotted(path)}` {wrong}", f"write {FORMS}")


def _is_secret_position(raw: JsonObject, kind: str, path: Path) -> bool:
    if (
        path[-1:]
        and path[-1] in _REFERENCE_MEMBERS
        and "secret_refs" in path[:-1]
        and _is_reference(raw, path)
    ):
        return False
    if kind == "Runner" and _at(raw, ("spec", "runner_configuration", "type")) != "kubernetes":
        return False
    return any(_fits(path, pattern) for pattern in _POSITIONS.get(kind, ()))


def _fits(path: Path, pattern: tuple[str, ...]) -> bool:
    if pattern[-1] == _ANY:
        return len(path) >= len(pattern) and path[: len(pattern) - 1] == pattern[:-1]
    return path == pattern


def _is_reference(raw: JsonObject, path: Path) -> bool:
    """True if the member belongs to a reference, not to a branch that happens to have one of its names."""
    leaf = _at(raw, path[:-1])
    return isinstance(leaf, dict) and set(leaf) <= {*_REFERENCE_MEMBERS, "value"}


def _at(value: Json, path: Path) -> Json:
    for step in path:
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _instead(kind: str, path: Path) -> str:
    if kind == "Definition" and path[:3] == ("entity", "driver_inputs", "values"):
        return "values are not kept secret: move it to `driver_inputs.secrets`, or write the value itself"
    if kind in _POSITIONS:
        places = {
            "Definition": "`driver_inputs.secrets` and `driver_inputs.secret_refs`",
            "Runner": "`cluster.auth` of runners of type `kubernetes`",
            "SecretStore": "`orchestrator.auth`",
        }[kind]
        return f"write the value itself; tags are for secrets, in {places}"
    return "write the value itself; tags are for the secrets of definitions, runners and secret stores"
