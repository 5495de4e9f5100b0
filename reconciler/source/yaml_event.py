"""Events of YAML text, from the fastest parser there is, and its errors in one form.

Two parsers give the same events: libyaml (by PyYAML), and the one of ruamel.yaml in Python, a hundred times
slower, where the first is not built or refuses what YAML 1.2 allows. What events mean is left to their readers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from yaml.error import YAMLError

try:
    from yaml.cyaml import CParser
except ImportError:  # PyYAML without libyaml
    CParser = None

T = TypeVar("T")
NextEvent = Callable[[], Any]
"""Returns one event after the other, the last one a `StreamEndEvent`."""

_OLD_GRAMMAR = "found unexpected ':'"
"""What libyaml says of `{a:?b}`: YAML 1.1 forbids it, 1.2 allows it (7.3.3)."""


@dataclass
class YamlError(Exception):
    """The text is no YAML. Places are lines and columns, counted from 1."""

    what: str = ""
    place: tuple[int, int] | None = None
    context: str = ""
    context_place: tuple[int, int] | None = None
    is_about_a_character: bool = False
    """True where the text holds a character that YAML does not allow anywhere."""


def read_events(text: str, read: Callable[[NextEvent], T]) -> T:
    """Return what `read` makes of the events of a text; it may be called twice, and begins again then.

    Raises YamlError.
    """
    if CParser is not None:
        try:
            return _read_fast(text, read)
        except YamlError as error:
            if error.what != _OLD_GRAMMAR:
                raise
    return _read_slow(text, read)


def every(next_event: NextEvent) -> Iterator[Any]:
    """All events to the end of the stream."""
    while True:
        event = next_event()
        yield event
        if type(event).__name__ == "StreamEndEvent":
            return


def _read_fast(text: str, read: Callable[[NextEvent], T]) -> T:
    try:
        return read(CParser(text).get_event)
    except (YAMLError, UnicodeError) as error:
        raise _same(error) from error


def _read_slow(text: str, read: Callable[[NextEvent], T]) -> T:
    from ruamel.yaml import YAML  # noqa: PLC0415  costs start-up time, and is seldom needed
    from ruamel.yaml import error as kinds  # noqa: PLC0415  as above

    try:
        events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        return read(events.__next__)
    except (kinds.YAMLError, kinds.YAMLStreamError, UnicodeError) as error:
        raise _same(error) from error


def _same(error: Any) -> YamlError:
    """One error for those of both packages, which are alike in all but their classes."""
    if not hasattr(error, "problem_mark"):
        return YamlError(is_about_a_character=type(error).__name__ == "ReaderError")
    return YamlError(
        str(error.problem or ""),
        _place(error.problem_mark),
        str(getattr(error, "context", None) or ""),
        _place(getattr(error, "context_mark", None)),
    )


def _place(mark: Any) -> tuple[int, int] | None:
    return None if mark is None else (mark.line + 1, mark.column + 1)
