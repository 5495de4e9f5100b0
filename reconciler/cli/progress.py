"""Progress of an apply: a line for each finished action, and a bar on a terminal.

Implements `reconciler.passes.schedule.Observer`, and records what was done for the message after a bug or a signal.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from reconciler.cli.output import width_of, write
from reconciler.cli.session import Session
from reconciler.errors import OutputError
from reconciler.plan.action import Action, Outcome, Status
from reconciler.views.outcome_text import outcome_line, tone_of
from reconciler.views.page import Page

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressLines:
    """Prints to `stream`; safe to call from any thread. The bar is shown on stderr if that is a terminal."""

    def __init__(self, session: Session, stream: TextIO) -> None:
        self._session = session
        self._stream = stream
        self._lock = Lock()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415  costs start-up time and is for terminals only
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415  as above

            console = Console(stderr=True, no_color=not self._session.is_colored(sys.stderr))
            self._bar = Progress(
                TextColumn("applying"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
            )
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def paused(self, question: Callable[[], bool]) -> bool:
        """The answer to `question`, asked with the bar hidden."""
        if self._bar is None:
            return question()
        self._bar.stop()
        try:
            return question()
        finally:
            self._bar.start()

    def started(self, action: Action) -> None:
        """Record that the action is under way."""
        with self._lock:
            self._session.deeds.under_way.add(f"{action.verb} {action.key}")

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        """Record the outcome and print its line."""
        with self._lock:
            name = f"{outcome.action.verb} {outcome.action.key}"
            self._session.deeds.under_way.discard(name)
            if outcome.status is Status.UNKNOWN:
                self._session.deeds.done.append(f"{name} (effect unknown)")
            elif outcome.is_written:
                self._session.deeds.done.append(f"{name} (written, without full effect yet)")
            elif outcome.status in (Status.DONE, Status.UNCHANGED):
                self._session.deeds.done.append(name)
            self._line(outcome)
            self._advance(done, total)

    def _line(self, outcome: Outcome) -> None:
        if self._session.detail.quiet and outcome.status in (Status.DONE, Status.UNCHANGED):
            return
        page = Page(width_of(self._stream))
        page.say(outcome_line(outcome), tone_of(outcome), hang=4)
        line = page.text(color=self._session.is_colored(self._stream))
        if self._bar is not None and self._stream.isatty():
            from rich.text import Text  # noqa: PLC0415  as above

            # Both are on one terminal: only the bar's own console can print above it.
            self._bar.console.print(Text.from_ansi(line.rstrip("\n")))
        else:
            # A full disk must not end the run half-way. The result is written to the same stream and raises it again.
            with suppress(OutputError):
                write(self._stream, line)

    def _advance(self, done: int, total: int) -> None:
        if self._bar is None:
            return
        if self._task is None:
            self._task = self._bar.add_task("", total=total)
        self._bar.update(self._task, completed=done, total=total)
