"""Standard streams that are closed, full or without a reader.

Small, because the entry point needs it before anything else is imported.
"""

import os
import sys
from typing import TextIO

_MODES = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)
"""Of stdin, stdout and stderr."""


def open_closed() -> None:
    """Connect every standard stream that was closed by the caller (`>&-`) to the null device.

    Python sets such a stream to None. Its number would go to the next file that is opened, and a message for stderr
    would be written into that file.
    """
    for number, mode in enumerate(_MODES):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  a number, open to the end
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  as above
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  as above


def discard(stream: TextIO) -> None:
    """Send all further output of the stream to the null device, including what is buffered."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def is_refused(stream: TextIO) -> bool:
    """True if the stream has output that cannot be written; it stays in the buffer and fails at every attempt."""
    try:
        stream.flush()
    except OSError:
        return True
    return False
