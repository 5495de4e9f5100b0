"""Reading of files that the user names; never blocks."""

import os
import stat
from pathlib import Path


class NotRegularError(Exception):
    """A folder, pipe, device or socket in place of a file."""


def content_of_file(path: Path, most_bytes: int) -> bytes:
    """Content of a regular file, at most `most_bytes` and one more. Raises NotRegularError and OSError."""
    # O_NONBLOCK: opening a pipe that nobody writes to must not hang.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise NotRegularError
        return stream.read(most_bytes + 1)
