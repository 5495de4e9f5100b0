"""The end of the process, without taking apart everything that it built.

Python frees each object and module before it exits: a quarter of the time of a `validate` of one file. The system
frees them at once.
"""

import atexit
import os
import sys
import threading
from typing import NoReturn


def leave(ended: SystemExit) -> NoReturn:
    """Exit with the code of `ended`, after all output is written and every exit handler has run.

    Exits in the ordinary way where another thread still runs, or output cannot be written: that way waits
    for the one and reports the other.
    """
    if threading.active_count() > 1 or not isinstance(ended.code, int | None):
        raise ended
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        raise ended from None
    atexit._run_exitfuncs()  # noqa: SLF001  there is no public way to run them early
    os._exit(ended.code or 0)
