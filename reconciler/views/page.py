"""Lines of a given width, each with an optional tone. Colour is added last and never carries meaning alone."""

from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.views.visible import visible, wrapped


class Tone(StrEnum):
    """How a line is coloured, as an SGR parameter (ECMA-48, 8.3.117)."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    REMOVE = "31"
    ADD = "32"
    CHANGE = "33"
    ATTENTION = "35"


@dataclass(slots=True)
class Page:
    """Collects lines of at most `width` columns."""

    width: int = 80
    _lines: list[tuple[Tone, str]] = field(default_factory=list)

    def say(
        self, text: str, tone: Tone = Tone.PLAIN, *, indent: int = 0, hang: int = 0, lead: str = ""
    ) -> None:
        """Add a paragraph, wrapped; continuation lines are indented by `hang` more columns.

        `lead` starts the first line and is never separated from what follows.
        """
        first = " " * indent + lead
        rest = " " * (indent + hang)
        lines = wrapped(visible(text), self.width, first=first, rest=rest)
        self._lines += [(tone, line) for line in lines]

    def cut(self, text: str, tone: Tone = Tone.PLAIN, *, indent: int = 0) -> None:
        """Add one line, cut at the width with an ellipsis."""
        room = self.width - indent
        text = visible(text)
        if len(wrapped(text, room)) > 1:
            text = wrapped(text.replace(" ", "\xa0"), room - 1)[0].replace("\xa0", " ") + "…"
        self._lines.append((tone, " " * indent + text))

    def gap(self) -> None:
        """Add an empty line, unless the page is empty or ends with one."""
        if self._lines and self._lines[-1][1]:
            self._lines.append((Tone.PLAIN, ""))

    def text(self, *, color: bool) -> str:
        """All lines, each ending with a line break.

        A name at the start of a line must not become a command in the log of GitHub Actions, which has two forms.
        """
        lines = ((tone, _without_command(line)) for tone, line in self._lines)
        return "".join(f"{_painted(tone, line) if color else line}\n" for tone, line in lines)


def _without_command(line: str) -> str:
    if "::" not in line and "##[" not in line:
        return line
    shown = line.replace("##[", "#\\#[")
    start = len(shown) - len(shown.lstrip())
    return f"{shown[:start]}\\{shown[start:]}" if shown.startswith("::", start) else shown


def _painted(tone: Tone, line: str) -> str:
    return f"\x1b[{tone.value}m{line}\x1b[0m" if tone is not Tone.PLAIN and line else line
