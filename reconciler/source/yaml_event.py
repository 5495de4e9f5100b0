"""Events of YAML text from the fastest available parser, and parse errors in one form.

Two parsers give the same events: libyaml (through PyYAML), and the pure Python parser of ruamel.yaml, a hundred
times slower, which is used if libyaml is not available, or refuses what YAML 1.2 allows. How much may be read so
is limited (`SlowReading`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from yaml.error import YAMLError

try:
    from yaml.cyaml import CParser
except ImportError:  # PyYAML without libyaml
    CParser = None

MOST_SLOW_BYTES = 1_048_576
"""Of one tree. The slow parser needs a quarter of a minute for it."""

T = TypeVar("T")
NextEvent = Callable[[], Any]
"""Returns the next event; the last one is a `StreamEndEvent`."""

OLD_GRAMMAR = "found unexpected ':'"
"""Error of libyaml for `{a:?b}`: YAML 1.1 forbids it, 1.2 allows it (7.3.3)."""


@dataclass(slots=True)
class SlowReading:
    """How much text of one tree the slow parser may still read.

    Without a limit, a folder of large files, each with one `{a:?b}`, holds up a pass for minutes.
    """

    left_bytes: int = MOST_SLOW_BYTES
    refused: int = 0
    """Number of texts for which too little was left."""

    def take(self, text: str) -> bool:
        """Count a text, once for each time it is read; False if too little is left."""
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > self.left_bytes:
            self.refused += 1
            return False
        self.left_bytes -= size
        return True


@dataclass
class YamlError(Exception):
    """The text is not YAML. Places are lines and columns, counted from 1."""

    what: str = ""
    place: tuple[int, int] | None = None
    context: str = ""
    context_place: tuple[int, int] | None = None
    is_about_a_character: bool = False
    """True if the text contains a character that YAML never allows."""


def read_events(text: str, read: Callable[[NextEvent], T], slow: SlowReading | None = None) -> T:
    """Result of `read` for the events of a text. Raises YamlError.

    If libyaml fails and `slow` permits it, `read` is called again with the events of the other parser, from the
    start. Without libyaml, there is no limit on that parser: nothing could be read.
    """
    if CParser is not None:
        try:
            return _read_fast(text, read)
        except YamlError as error:
            if error.what != OLD_GRAMMAR or slow is None or not slow.take(text):
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
    """The error of either package as a YamlError; they differ only in their classes."""
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
