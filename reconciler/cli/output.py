"""Output: results go to stdout, notices about the run to stderr. Nothing else writes to either."""

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from reconciler.cli.session import Session
from reconciler.cli.stream import discard
from reconciler.errors import OutputError
from reconciler.passes.result import PassResult, Purpose
from reconciler.views import text
from reconciler.views.page import UNBOUNDED, Page

DEFAULT_WIDTH = 80
"""Columns of a terminal that does not say how many it has."""
MIN_WIDTH = 40
MAX_WIDTH = 120
_DIGITS = re.compile(r"[1-9][0-9]{0,5}")
_PLAIN = str.maketrans({"→": "->", "…": "...", "·": "-"})


def show(
    result: PassResult,
    form: str,
    session: Session,
    *,
    detailed: bool = False,
    announced: PassResult | None = None,
) -> None:
    """Print a result in a `Format`; `detailed` as in `PassResult.exit_code`.

    `announced` is the plan that was printed before, if there is one; text does not repeat its findings.
    """
    if form == "json":
        from reconciler.views import json  # noqa: PLC0415  each format is imported only when it is used

        write_all(sys.stdout, json.stream(result, detailed=detailed))
    else:
        write(sys.stdout, _rendered(result, form, session, detailed=detailed, announced=announced))


def _rendered(
    result: PassResult, form: str, session: Session, *, detailed: bool, announced: PassResult | None
) -> str:
    """The result as text in any format but JSON."""
    match form:
        case "markdown":
            from reconciler.cli.edges.pull_request import pull_request  # noqa: PLC0415  as above
            from reconciler.views import markdown  # noqa: PLC0415  as above

            return markdown.render(result, pull_request(session.environment, session.directory))
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
            return text_of(result, session, sys.stdout, announced)


def text_of(result: PassResult, session: Session, stream: TextIO, announced: PassResult | None = None) -> str:
    """The result as text for people, in the width and colours of `stream`; `announced` as in `show`."""
    width, color, detail = width_of(stream), session.is_colored(stream), session.detail
    if result.purpose is Purpose.APPLY:
        from reconciler.views import outcome_text  # noqa: PLC0415  as above

        shown = outcome_text.render(result, width=width, color=color, announced=announced, detail=detail)
        return shown if announced is None else f"\n{shown}"
    return text.render(result, width=width, color=color, detail=detail)


def announcement(planned: PassResult, session: Session, stream: TextIO) -> str:
    """The plan about to be applied, as text for people that ends with an empty line."""
    shown = text.announce(
        planned, width=width_of(stream), color=session.is_colored(stream), detail=session.detail
    )
    return f"{shown}\n"


def notice(message: str) -> None:
    """Print one message about the run to stderr."""
    page = Page(width_of(sys.stderr))
    page.say(message, hang=2)
    write(sys.stderr, page.text(color=False))


def signal_notice(message: str) -> None:
    """Like `notice`, safe in a signal handler: the interrupted code may be using the buffered stream."""
    with contextlib.suppress(OSError):
        os.write(2, f"{message}\n".encode())


def width_of(stream: TextIO) -> int:
    """Columns of the terminal, within bounds.

    Elsewhere what COLUMNS says; without it lines are not wrapped: what reads them searches for whole ones.
    """
    if not stream.isatty():
        asked = os.environ.get("COLUMNS", "")
        return max(MIN_WIDTH, int(asked)) if _DIGITS.fullmatch(asked) else UNBOUNDED
    return max(MIN_WIDTH, min(shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns, MAX_WIDTH))


def write(stream: TextIO, content: str) -> None:
    """Write and flush.

    A reader that has gone away is not an error: the run continues and keeps its exit code. The same applies to
    every failure of stderr, since there is no place left to report it. Raises OutputError for stdout.
    """
    write_all(stream, (content,))


def write_all(stream: TextIO, pieces: Iterable[str]) -> None:
    """Like `write`, for content in pieces; flushes once."""
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
        discard(stream)
    except OSError as error:
        if stream is sys.stderr:
            discard(stream)
        else:
            raise OutputError(error) from error
