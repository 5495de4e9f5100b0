"""Paragraphs, laid out in a given width. Colour is added last and never carries meaning alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reconciler.views.visible import columns, visible, wrapped

UNBOUNDED = 1_000_000_000
"""Width of a page whose lines are not wrapped, as for a pipe."""


_MAX_HANG = 4


class Tone(StrEnum):
    """How a line is coloured, as an SGR parameter (ECMA-48, 8.3.117)."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    REMOVE = "31"
    ADD = "32"
    CHANGE = "33"
    ATTENTION = "35"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text that is wrapped; continuation lines are indented by `hang` more columns.

    `lead` starts the first line and is never separated from what follows. `aside` stands at the right margin of the
    first line, or below where it does not fit. One that `is_cut` is a single line that ends with an ellipsis instead.
    """

    text: str
    tone: Tone = Tone.PLAIN
    indent: int = 0
    hang: int = 0
    lead: str = ""
    aside: str = ""
    is_cut: bool = False

    def lines(self, width: int) -> list[tuple[Tone, str]]:
        """Its lines of at most `width` columns."""
        if self.is_cut:
            return [(self.tone, " " * self.indent + _cut(self.text, width - self.indent))]
        first, rest = " " * self.indent + self.lead, " " * (self.indent + self.hang)
        if columns(first) > width // 2 and columns(first + self.text) > width:
            # Beside such a long name there is no room for a text.
            whole = replace(self, text=f"{self.lead}{self.text}", lead="", hang=min(self.hang, _MAX_HANG))
            return whole.lines(width)
        if not self.aside:
            return [(self.tone, line) for line in wrapped(self.text, width, first=first, rest=rest)]
        used = columns(first + self.text) + columns(self.aside)
        if used + 2 <= width:
            gap = 2 if width >= UNBOUNDED else width - used
            return [(self.tone, f"{first}{self.text}{' ' * gap}{self.aside}")]
        return [
            *((self.tone, line) for line in wrapped(self.text, width, first=first, rest=rest)),
            *((Tone.FAINT, line) for line in wrapped(self.aside, width, first=" " * 4, rest=" " * 6)),
        ]


@dataclass(slots=True)
class Page:
    """Collects paragraphs for lines of at most `width` columns."""

    width: int = 80
    _paragraphs: list[Paragraph] = field(default_factory=list)

    @property
    def paragraphs(self) -> Sequence[Paragraph]:
        """Everything said so far."""
        return self._paragraphs

    def say(
        self,
        text: str,
        tone: Tone = Tone.PLAIN,
        *,
        indent: int = 0,
        hang: int = 0,
        lead: str = "",
        aside: str = "",
    ) -> None:
        """Add a paragraph."""
        self._paragraphs.append(Paragraph(visible(text), tone, indent, hang, visible(lead), visible(aside)))

    def cut(self, text: str, tone: Tone = Tone.PLAIN, *, indent: int = 0) -> None:
        """Add one line, cut at the width with an ellipsis."""
        self._paragraphs.append(Paragraph(visible(text), tone, indent, is_cut=True))

    def add(self, paragraph: Paragraph) -> None:
        """Add a paragraph whose texts come from elsewhere."""
        self._paragraphs.append(
            replace(
                paragraph,
                text=visible(paragraph.text),
                lead=visible(paragraph.lead),
                aside=visible(paragraph.aside),
            )
        )

    def gap(self) -> None:
        """Add an empty line, unless the page is empty or ends with one."""
        if self._paragraphs and (self._paragraphs[-1].text or self._paragraphs[-1].lead):
            self._paragraphs.append(Paragraph(""))

    def text(self, *, color: bool) -> str:
        """All lines, each ending with a line break.

        A name at the start of a line must not become a command in the log of GitHub Actions, which has two forms.
        """
        lines = (
            (tone, _without_command(line))
            for paragraph in self._paragraphs
            for tone, line in paragraph.lines(self.width)
        )
        return "".join(f"{_painted(tone, line) if color else line}\n" for tone, line in lines)


def _cut(text: str, room: int) -> str:
    if len(wrapped(text, room)) > 1:
        return wrapped(text.replace(" ", "\xa0"), room - 1)[0].replace("\xa0", " ") + "…"
    return text


def _without_command(line: str) -> str:
    if "::" not in line and "##[" not in line:
        return line
    shown = line.replace("##[", "#\\#[")
    start = len(shown) - len(shown.lstrip())
    return f"{shown[:start]}\\{shown[start:]}" if shown.startswith("::", start) else shown


def _painted(tone: Tone, line: str) -> str:
    return f"\x1b[{tone.value}m{line}\x1b[0m" if tone is not Tone.PLAIN and line else line
