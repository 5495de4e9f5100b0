"""Logging to stderr: one line per record, as JSON for machines or as text for people.

Messages are constant phrases and facts go into `extra`, so both formats come from the same call.
Only `reconciler.cli` calls `configure`; the code that runs a pass opens `pass_context`. Results are
not logged: the views print them.
"""

import contextlib
import contextvars
import json
import logging
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO

from reconciler.model.redaction import REDACTED
from reconciler.model.redaction import redact as redact  # noqa: PLC0414  imported from here
from reconciler.model.secret_name import field_names_secret

_pass: contextvars.ContextVar[Mapping[str, str] | None] = contextvars.ContextVar("pass", default=None)

_STANDARD = frozenset(
    {
        *logging.LogRecord("", 0, "", 0, "", (), None).__dict__,
        "message",
        "asctime",
        "taskName",
        "color_message",
    }
)


class LogFormat(StrEnum):
    """`CONSOLE` for people, `JSON` for collectors."""

    CONSOLE = "console"
    JSON = "json"


@contextlib.contextmanager
def pass_context(pass_id: str, revision: str) -> Iterator[None]:
    """Add the pass and the revision to every record made inside.

    They are a context variable: work passed to another thread has them only when run in
    `contextvars.copy_context()`.
    """
    mark = _pass.set({"pass": pass_id, "revision": revision})
    try:
        yield
    finally:
        _pass.reset(mark)


def configure(level: str, form: LogFormat, stream: TextIO) -> None:
    """Send records of this program at `level` and above, and warnings of libraries, to `stream`.

    `level` is a name such as `info`. Replaces the effect of an earlier call. Raises ValueError
    for an unknown level.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if form is LogFormat.JSON else ConsoleFormatter())
    handler.addFilter(_add_pass)
    root = logging.getLogger()
    for old in [old for old in root.handlers if old.get_name() == __name__]:
        root.removeHandler(old)
    handler.set_name(__name__)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("reconciler").setLevel(level.upper())


def _add_pass(record: logging.LogRecord) -> bool:
    for name, value in (_pass.get() or {}).items():
        if not hasattr(record, name):
            setattr(record, name, value)
    return True


class JsonFormatter(logging.Formatter):
    """One JSON object per line: `time`, `level`, `logger`, `message`, the fields, `traceback`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with secrets redacted."""
        line: dict[str, object] = {
            "time": _time_stamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        for name, value in _fields(record).items():
            line[f"field_{name}" if name in line else name] = value
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=lambda value: redact(str(value)))


class ConsoleFormatter(logging.Formatter):
    """Time, level, message and `name=value` pairs on one line; a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with secrets redacted and control characters escaped."""
        pairs = " ".join(f"{name}={_shown(value)}" for name, value in _fields(record).items())
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        message = _one_line(redact(record.getMessage()))
        line = f"{clock} {record.levelname.lower():<7} {message} {pairs}".rstrip()
        if record.exc_info:
            line += "\n" + redact(self.formatException(record.exc_info))
        return line


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """Fields from the caller's `extra` and from the filter, in that order, with secrets redacted."""
    return {name: _redacted(name, value) for name, value in record.__dict__.items() if name not in _STANDARD}


def _redacted(name: str, value: object) -> object:
    """The value, redacted by the name of the field first, then in every text inside it."""
    if field_names_secret(name) and not isinstance(value, bool | int | float):
        return REDACTED
    if isinstance(value, Mapping):
        return {str(key): _redacted(str(key), member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", member) for member in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = _one_line(text)
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text


def _one_line(text: str) -> str:
    """The text with control characters escaped: a value must not start a line or colour a terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _time_stamp(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
