"""Where views end: results to stdout, words about the run to stderr. Nothing else writes there."""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from reconciler.cli.session import Session
from reconciler.passes.result import PassResult, Purpose
from reconciler.views import json, markdown, outcome_text, text
from reconciler.views.page import Page

DEFAULT_WIDTH = 80
MIN_WIDTH = 40
MAX_WIDTH = 120
_PLAIN = str.maketrans({"→": "->", "…": "...", "·": "-"})


def show(result: PassResult, form: str, session: Session, *, detailed: bool = False) -> None:
    """Print a result in a `Format`; `detailed` as in `PassResult.exit_code`."""
    if form == "json":
        write_all(sys.stdout, json.stream(result, detailed=detailed))
    else:
        write(sys.stdout, _rendered(result, form, session, detailed=detailed))


def _rendered(result: PassResult, form: str, session: Session, *, detailed: bool) -> str:
    """A result in one of the other formats. Modules of formats that few ask for are imported when they are."""
    match form:
        case "markdown":
            return markdown.render(result)
        case "sarif":
            from reconciler.views import sarif  # noqa: PLC0415  as above

            return sarif.render(result, detailed=detailed)
        case "junit":
            from reconciler.views import junit  # noqa: PLC0415  as above

            return junit.render(result)
        case "github":
            from reconciler.views import github  # noqa: PLC0415  as above

            return github.render(result)
        case _:
            return text_of(result, session, sys.stdout)


def text_of(result: PassResult, session: Session, stream: TextIO) -> str:
    """Text for people, as wide and as colourful as `stream` is."""
    render = outcome_text.render if result.purpose is Purpose.APPLY else text.render
    return render(result, width=width_of(stream), color=session.is_colored(stream))


def announcement(planned: PassResult, session: Session, stream: TextIO) -> str:
    """The plan that is about to be carried out, for people, ending with an empty line."""
    shown = text.announce(planned, width=width_of(stream), color=session.is_colored(stream))
    return f"{shown}\n"


def notice(message: str) -> None:
    """Say one thing about the run on stderr."""
    page = Page(width_of(sys.stderr))
    page.say(message, hang=2)
    write(sys.stderr, page.text(color=False))


def signal_notice(message: str) -> None:
    """As `notice`, from a signal handler: buffered streams may be in use by what was interrupted."""
    with contextlib.suppress(OSError):
        os.write(2, f"{message}\n".encode())


def width_of(stream: TextIO) -> int:
    """Columns of the terminal within bounds, 80 elsewhere so that piped output does not depend on a window."""
    if not stream.isatty():
        return DEFAULT_WIDTH
    return max(MIN_WIDTH, min(shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns, MAX_WIDTH))


def write(stream: TextIO, content: str) -> None:
    """Write and flush. A reader that went away is no failure: the run goes on and keeps its exit code."""
    write_all(stream, (content,))


def write_all(stream: TextIO, pieces: Iterable[str]) -> None:
    """As `write`, what comes in pieces, and flush once."""
    _guarded(lambda: _write(stream, pieces), stream)


def _write(stream: TextIO, pieces: Iterable[str]) -> None:
    for piece in pieces:
        try:
            stream.write(piece)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            plain = piece.translate(_PLAIN)
            stream.write(plain.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _guarded(action: Callable[[], None], stream: TextIO) -> None:
    try:
        action()
    except BrokenPipeError:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)
