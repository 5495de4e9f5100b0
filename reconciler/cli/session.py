"""What the options before the command say, and what has happened so far in this process."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import click

INTERRUPTED = "Interrupted. Nothing was changed. Running again is safe."
"""Said of a run that ended before its first change."""


class ColorChoice(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(slots=True)
class Deeds:
    """What this run did to the world so far, for the message that a bug leaves behind."""

    doing: str = ""
    done: list[str] = field(default_factory=list)
    under_way: set[str] = field(default_factory=set)

    @property
    def has_begun(self) -> bool:
        """True once the first change was about to be sent."""
        return bool(self.done or self.under_way)


@dataclass(slots=True)
class Session:
    """Options that every command shares."""

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

    def is_colored(self, stream: TextIO) -> bool:
        """Whether to colour what goes to `stream`: the option, then NO_COLOR and FORCE_COLOR, then the terminal.

        See https://no-color.org: a variable that is empty counts as unset.
        """
        if self.color is not ColorChoice.AUTO:
            return self.color is ColorChoice.ALWAYS
        if self.environment.get("NO_COLOR"):
            return False
        if self.environment.get("FORCE_COLOR"):
            return True
        return stream.isatty() and self.environment.get("TERM") != "dumb"

    def configure_logging(self, *, level: str = "warning", form: str = "console") -> None:
        """Send logs to stderr; `level` and `form` hold where no option says otherwise."""
        from reconciler.log import LogFormat, configure  # noqa: PLC0415  help and completion need no logging

        configure(self.log_level or level, LogFormat(self.log_format or form), sys.stderr)


def session() -> Session:
    """The session of the command that runs now."""
    return click.get_current_context().ensure_object(Session)
