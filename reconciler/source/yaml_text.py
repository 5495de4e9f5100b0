"""YAML text to plain values, with the place of every node and a finding for every problem.

Knows YAML and its limits, but not the handled kinds (`reconciler.source.loader` does). A text is read at
most twice: `clean_yaml` reads the values of text that uses only mappings, lists and scalars, which is nearly
all; `composer` reads everything else, reports problems, and finds places on demand. Only the composer reads with the
slow parser, so that no text is read twice with it.
"""

import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from functools import partial

from reconciler.model.finding import Finding
from reconciler.model.json import Json
from reconciler.model.origin import Origin, Places, Positions
from reconciler.model.reading_rule import problem
from reconciler.settings import Limits
from reconciler.source.clean_yaml import NotCleanError, read_clean
from reconciler.source.composer import BoundExceededError, Composer
from reconciler.source.tag import with_tags_as_mappings
from reconciler.source.yaml_event import MOST_SLOW_BYTES, OLD_GRAMMAR, SlowReading, YamlError, read_events

_NOT_PRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
"""Compiled only when needed, because that takes 10 ms."""
_QUOTE = (
    f"put the text with the colon in quotes; without them, at most {MOST_SLOW_BYTES} bytes of files are read"
)
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document. If `findings` is not empty, `value` is a best effort."""

    value: Json
    positions: Positions
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class YamlText:
    """The documents of one text that are not empty, and the reason if reading ended early."""

    documents: tuple[YamlDocument, ...]
    failure: Finding | None = None


def parse_yaml(content: bytes, file: str, limits: Limits, slow: SlowReading | None = None) -> YamlText:
    """The documents of `content`. Never raises, whatever the content. `slow` is shared by the texts of one tree."""
    text = _decoded(content, file)
    if isinstance(text, Finding):
        return YamlText((), text)
    try:
        clean = read_events(text, lambda next_event: read_clean(next_event, limits))
    except (NotCleanError, YamlError):
        return compose(text, file, limits, SlowReading() if slow is None else slow)
    places = _LatePlaces(text, file, limits)
    documents = (
        YamlDocument(value, Positions(file, start, partial(places.of, index)))
        for index, (value, start) in enumerate(clean)
    )
    return YamlText(tuple(documents))


def read_text(text: str, limits: Limits, slow: SlowReading | None = None) -> tuple[Json, ...] | None:
    """Values of the documents in a text that is embedded in a document, None if it is not YAML."""
    try:
        return tuple(
            value for value, _ in read_events(text, lambda next_event: read_clean(next_event, limits))
        )
    except (NotCleanError, YamlError):
        found = compose(text, "", limits, SlowReading() if slow is None else slow)
        return None if found.failure else tuple(document.value for document in found.documents)


def compose(text: str, file: str, limits: Limits, slow: SlowReading | None = None) -> YamlText:
    """The documents of `text`, each with all its places and findings."""
    composer = Composer(file, limits)
    failure: Finding | None = None
    try:
        read_events(text, lambda next_event: composer.compose(with_tags_as_mappings(next_event)), slow)
    except BoundExceededError as error:
        failure = error.finding
    except YamlError as error:
        failure = _unprintable(text, file) if error.is_about_a_character else _syntax(error, file)
    documents = (
        YamlDocument(document.value, Positions.known(file, document.places), document.findings)
        for document in composer.documents
    )
    return YamlText(tuple(documents), failure)


class _LatePlaces:
    """Places of the documents of a clean text, all found when the first is requested.

    Most are never requested: places are needed only for findings.
    """

    __slots__ = ("_file", "_found", "_limits", "_text")

    def __init__(self, text: str, file: str, limits: Limits) -> None:
        self._text = text
        self._file = file
        self._limits = limits
        self._found: list[Places] | None = None

    def of(self, index: int) -> Places:
        """Places of the document with this number."""
        if self._found is None:
            composer = Composer(self._file, self._limits)
            read_events(self._text, composer.compose)
            self._found = [document.places for document in composer.documents]
        return self._found[index]


def lines_of(text: str) -> list[str]:
    """Lines as the parsers count them, without their ends."""
    return _LINE_BREAK.split(text)


def _decoded(content: bytes, file: str) -> str | Finding:
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")):
        return problem("F01", "the file is UTF-16 or UTF-32", Origin(file, 1, 1), advice="save it as UTF-8")
    nul = content.find(b"\0")
    if nul >= 0:
        message = "the file contains a NUL byte; it is binary, or text in UTF-16"
        return problem("F01", message, _byte_place(content, nul, file), advice="save it as UTF-8")
    skipped = len(BOM_UTF8) if content.startswith(BOM_UTF8) else 0
    try:
        return content[skipped:].decode()
    except UnicodeDecodeError as error:
        start = error.start + skipped
        message = f"byte 0x{content[start]:02X} is not UTF-8; the text may be Latin-1"
        return problem("F01", message, _byte_place(content, start, file), advice="save it as UTF-8")


def _byte_place(content: bytes, offset: int, file: str) -> Origin:
    before = content[:offset].decode("utf-8-sig", "replace")
    return _place(before, len(before), file)


def _place(text: str, index: int, file: str) -> Origin:
    line, start = 1, 0
    for match in _LINE_BREAK.finditer(text, 0, index):
        line, start = line + 1, match.end()
    return Origin(file, line, index - start + 1)


def _unprintable(text: str, file: str) -> Finding:
    match = re.search(_NOT_PRINTABLE, text)
    if match is None:
        return problem("F01", "the text contains a character that YAML does not allow", Origin(file))
    message = f"the character U+{ord(match[0]):04X} is not allowed in YAML"
    advice = 'remove it, or write it as an escape in a double-quoted string ("\\x07")'
    return problem("F01", message, _place(text, match.start(), file), advice=advice)


def _syntax(error: YamlError, file: str) -> Finding:
    what = (error.what or "the YAML cannot be parsed").split("\n", 1)[0][:200]
    # Both parsers quote single characters and tokens; a longer quotation may be text of the file, so it is masked.
    what = re.sub(r"'[^']{16,}'|\"[^\"]{16,}\"", "text", what)
    shown = error.place or error.context_place
    place = Origin(file) if shown is None else Origin(file, *shown)
    others: tuple[Origin, ...] = ()
    if error.context:
        what = f"{what}, {error.context}"
        if error.context_place is not None:
            others = (Origin(file, *error.context_place),)
            what += f" that starts on line {error.context_place[0]}"
    advice = _QUOTE if error.what == OLD_GRAMMAR else ""
    return problem(
        "F02", what, place, advice=advice, others=tuple(other for other in others if other != place)
    )
