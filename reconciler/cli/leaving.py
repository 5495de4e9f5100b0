"""Exit without the interpreter's teardown.

Python frees every object and module before it exits, which takes a quarter of the time of `validate` on one file.
The operating system frees them instantly.
"""

import atexit
import os
import sys
import threading
from typing import NoReturn


def leave(ended: SystemExit) -> NoReturn:
    """Exit with the code of `ended`, after all output is written and every exit handler has run.

    Exits normally where another thread still runs or output cannot be written: a normal exit waits for
    the thread and reports the write error.
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
