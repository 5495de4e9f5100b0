"""The global options, and what has happened so far in this process."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import click

from reconciler.views.detail import BRIEF, Detail

INTERRUPTED = "Interrupted. Nothing was changed. Running again is safe."
"""Printed for a run that ended before its first change."""


class ColorChoice(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(slots=True)
class Deeds:
    """Changes this run has made so far, for the message after a bug or a signal."""

    doing: str = ""
    done: list[str] = field(default_factory=list)
    under_way: set[str] = field(default_factory=set)

    @property
    def has_begun(self) -> bool:
        """True once the first change was about to be sent."""
        return bool(self.done or self.under_way)


@dataclass(slots=True)
class Session:
    """Options that every command shares, and the state of the run."""

    config: Path | None = None
    directory: Path = Path()
    color: ColorChoice = ColorChoice.AUTO
    log_level: str | None = None
    log_format: str | None = None
    is_debugging: bool = False
    arguments: tuple[str, ...] = ()
    """The command line of this run, without the program's name."""
    is_interrupted: bool = False
    """True once a Ctrl-C was acknowledged."""
    deeds: Deeds = field(default_factory=Deeds)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    detail: Detail = BRIEF
    """How much of a result text shows."""

    def is_colored(self, stream: TextIO) -> bool:
        """True where output to `stream` is coloured: the option, then NO_COLOR and FORCE_COLOR, then the terminal.

        An empty variable counts as unset (https://no-color.org).
        """
        if self.color is not ColorChoice.AUTO:
            return self.color is ColorChoice.ALWAYS
        if self.environment.get("NO_COLOR"):
            return False
        if self.environment.get("FORCE_COLOR"):
            return True
        return stream.isatty() and self.environment.get("TERM") != "dumb"

    def configure_logging(self, *, level: str = "warning", form: str = "console") -> None:
        """Send logs to stderr; `level` and `form` are the defaults of the options."""
        from reconciler.log import LogFormat, configure  # noqa: PLC0415  help and completion need no logging

        configure(self.log_level or level, LogFormat(self.log_format or form), sys.stderr)


def session() -> Session:
    """The session of the running command."""
    return click.get_current_context().ensure_object(Session)
