"""Texts that the template driver fills in, read as far as they are known beforehand.

A text is YAML or JSON with Go template expressions and placeholders of the orchestrator. Both are masked while
it is parsed, because their braces and quotes have another meaning there. What depends on a condition, and what an
expression may add, is never treated as certain: such a value is *computed*.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from reconciler.model.declaration import TextReader
from reconciler.model.json import Json, JsonObject

_ACTION = re.compile(
    r"""\{\{(?P<body>-?\s*/\*.*?\*/\s*-?|(?:[^"`{}]|"(?:[^"\\\n]|\\.)*"|`[^`]*`|\}(?!\})|\{(?!\{))*?)\}\}""",
    re.DOTALL,
)
_PLACEHOLDER = re.compile(r"\$\{[^{}\n]*\}")
_OPEN, _CLOSE = "\ue000", "\ue001"
_MASKED = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_ALONE = re.compile(rf"(?m)^[ \t]*(?:{_OPEN}[0-9]+{_CLOSE}[ \t]*)+$")
_MARGIN = re.compile(r"(?m)^[ \t]+")
_SILENT = re.compile(r"-?\s*(?:/\*|\$\w*\s*:?=|(?:break|continue)\b)")
_BEGIN = re.compile(r"-?\s*(if|range|with|define|block)\b")
_ELSE = re.compile(r"-?\s*else\b")
_END = re.compile(r"-?\s*end\b")


class Given(Enum):
    """Whether a value is given; `COMPUTED` ones are known only at deployment."""

    YES = "yes"
    NO = "no"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True)
class TemplateText:
    """Content of a template text. `is_open`: it may produce more than is known here.

    `documents` is everything that it may produce, `certain` what it produces whatever its conditions; both are
    empty if the text could not be read. Expressions appear in values as they were written.
    """

    documents: tuple[Json, ...] = ()
    certain: tuple[Json, ...] = ()
    is_open: bool = True

    @property
    def is_readable(self) -> bool:
        """False if nothing is known about the output."""
        return bool(self.documents) or not self.is_open

    @property
    def names(self) -> frozenset[str]:
        """Top-level names that the text may produce."""
        return frozenset(self.outermost)

    @property
    def values(self) -> JsonObject:
        """Top-level values that are certain, some of them with expressions."""
        surely = _only_mapping(self.certain)
        return {
            name: value for name, value in self.outermost.items() if name in surely and surely[name] == value
        }

    @property
    def outermost(self) -> JsonObject:
        """Top-level values that the text may produce; only one of several alternatives."""
        return {name: value for name, value in _only_mapping(self.documents).items() if "{{" not in name}

    def get(self, name: str) -> tuple[Given, Json]:
        """The value of a top-level name, None unless it is given.

        >>> TemplateText(({"a": 1},), ({"a": 1},), is_open=False).get("a")
        (<Given.YES: 'yes'>, 1)
        """
        value = self.values.get(name)
        if value is not None and value != "":
            return Given.YES, value
        if self.is_open or (name in self.names and name not in self.values):
            return Given.COMPUTED, None
        return Given.NO, None

    def mappings(self) -> Iterator[JsonObject]:
        """Every mapping that the text may produce, at any depth."""
        stack: list[Json] = list(reversed(self.documents))
        while stack:
            value = stack.pop()
            if isinstance(value, dict):
                yield value
                stack.extend(reversed(value.values()))
            elif isinstance(value, list):
                stack.extend(reversed(value))


UNREADABLE = TemplateText()


class Templates:
    """Reader of template texts that caches each result."""

    __slots__ = ("_known", "_read")

    def __init__(self, read: TextReader) -> None:
        self._read = read
        self._known: dict[str, TemplateText] = {}

    def read(self, text: str) -> TemplateText:
        """Content of a text."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = read_template(text, self._read)
        return found


def read_template(text: str, read: TextReader) -> TemplateText:
    """Content of a template text, parsed with a YAML reader."""
    masked = _masked(text.replace("\r\n", "\n"))
    if masked is None:
        return UNREADABLE
    everything, was_cut = _documents(masked.everything, masked, read)
    certain, _ = (
        (everything, False) if not masked.is_conditional else _documents(masked.certain, masked, read)
    )
    if everything is None or certain is None:
        return UNREADABLE
    is_plain = not everything or (len(everything) == 1 and isinstance(everything[0], dict))
    has_open_name = any("{{" in name for name in _only_mapping(everything))
    return TemplateText(
        everything, certain, was_cut or masked.is_conditional or not is_plain or has_open_name
    )


@dataclass(slots=True)
class _Blocks:
    """Blocks that are open at a position of the text: their keywords, and how many of them are `define`."""

    open: list[str] = field(default_factory=list)
    defining: int = 0
    was_conditional: bool = False

    def begin(self, word: str) -> None:
        self.open.append(word)
        self.defining += word == "define"
        self.was_conditional = self.was_conditional or word != "define"

    def end(self) -> None:
        self.defining -= self.open.pop() == "define"


@dataclass(slots=True)
class _Masked:
    """A text without template syntax: with everything that depends on conditions, and without it."""

    everything: str
    certain: str
    is_conditional: bool
    cut: list[str]

    def restored(self, value: Json) -> Json:
        """The value with its masked parts restored."""
        if isinstance(value, dict):
            return {self._text(name): self.restored(child) for name, child in value.items()}
        if isinstance(value, list):
            return [self.restored(child) for child in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        # Twice, because a placeholder may contain an expression. An expression contains nothing masked.
        for _ in range(2):
            if _OPEN not in text:
                break
            text = _MASKED.sub(lambda found: self.cut[int(found[1])], text)
        return text


def _masked(text: str) -> _Masked | None:
    """The text with masks; None if the template syntax is broken or the text contains mask characters."""
    if _OPEN in text or _CLOSE in text:
        return None
    cut: list[str] = []

    def mask(found: str) -> str:
        cut.append(found)
        return f"{_OPEN}{len(cut) - 1}{_CLOSE}"

    everything: list[str] = []
    certain: list[str] = []
    blocks = _Blocks()
    at = 0
    while (start := text.find("{{", at)) != -1:
        action = _ACTION.match(text, start)
        if action is None:
            return None
        _add(text[at:start], everything, certain, blocks)
        at, body = action.end(), action["body"]
        if begun := _BEGIN.match(body):
            blocks.begin(begun[1])
        elif _END.match(body):
            if not blocks.open:
                return None
            blocks.end()
        elif not _ELSE.match(body) and not _SILENT.match(body):
            _add(mask(action[0]), everything, certain, blocks)
    _add(text[at:], everything, certain, blocks)
    whole, sure = "".join(everything), "".join(certain)
    if blocks.open:
        return None
    whole = _PLACEHOLDER.sub(lambda found: mask(found[0]), whole)
    sure = _PLACEHOLDER.sub(lambda found: mask(found[0]), sure)
    return _Masked(whole, sure, blocks.was_conditional, cut)


def _add(text: str, everything: list[str], certain: list[str], blocks: _Blocks) -> None:
    """Add a piece that may be part of the output; the content of `define` is only output where it is called."""
    if not blocks.defining:
        everything.append(text)
        if not blocks.open:
            certain.append(text)


def _documents(text: str, masked: _Masked, read: TextReader) -> tuple[tuple[Json, ...] | None, bool]:
    """Documents of a masked text, and whether lines that consist of expressions were dropped to parse it."""
    if text.lstrip()[:1] in ("{", "["):
        # JSON can be indented with tabs, YAML cannot.
        text = _MARGIN.sub(lambda found: " " * len(found[0]), text)
    found, was_cut = read(text), False
    if found is None and _ALONE.search(text):
        found, was_cut = read(_ALONE.sub("", text)), True
    return (None if found is None else tuple(map(masked.restored, found))), was_cut


def _only_mapping(documents: tuple[Json, ...]) -> JsonObject:
    first = documents[0] if len(documents) == 1 else None
    return first if isinstance(first, dict) else {}
