"""Text from files, from APIs and from users made safe for Markdown and HTML, within limits."""

import html
import re
from collections.abc import Iterable, Sequence

from reconciler.model.wording import plural
from reconciler.views.visible import clipped, visible

LINE_LIMIT = 400
_RUN = re.compile(r"`+")


def size(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def kept(lines: Sequence[str], room: int, noun: str, *, line_limit: int = LINE_LIMIT) -> list[str]:
    """Leading lines that fit, each cut to the limit of a line first, then the number of those that do not."""
    kept: list[str] = []
    for line in lines:
        parts_of_line = [clipped(visible(part), line_limit) for part in line.split("\n")]
        text = "\n".join(parts_of_line)
        room -= size(text) + 1
        if room < 0:
            kept.append(f"… {plural(len(lines) - len(kept), f'more {noun}')} not shown")
            break
        kept.append(text)
    return kept


def bounded(lines: Sequence[str], room: int, noun: str) -> str:
    """Leading lines of Markdown that fit, then the number of those that do not."""
    text = ""
    for index, line in enumerate(lines):
        if size(text) + size(line) > room:
            return text + f"- … {plural(len(lines) - index, f'more {noun}')} not shown\n"
        text += line + "\n"
    return text


def fenced(lines: Iterable[str], language: str = "text") -> str:
    """Code block that no content can close."""
    body = "\n".join(lines)
    longest = max((len(run) for run in _RUN.findall(body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}\n"


def code(text: str) -> str:
    """Inline code that shows its content literally, whatever it is."""
    shown = clipped(visible(text), LINE_LIMIT)
    return f"<code>{escaped(shown)}</code>"


_MARKDOWN = re.compile(r"[!-/:-@\[-`{-~]")
_HARMLESS = "-+,;%=/.?^"


def escaped(text: str) -> str:
    """Text with ASCII punctuation as entities, except characters without meaning in HTML and Markdown."""
    return _MARKDOWN.sub(lambda match: match[0] if match[0] in _HARMLESS else f"&#{ord(match[0])};", text)


def words(text: str) -> str:
    """Fixed text in a heading; names of targets inside are escaped."""
    return html.escape(visible(text), quote=False).replace("@", "@\u200b").replace("#", "&#35;")
