"""What keeps the resident memory of a process that runs for months where it was after its first passes.

Without either function, memory grows with every failed pass. `benchmarks/watching.py` measures it.
"""

import ctypes
import gc
from contextlib import suppress

_M_ARENA_MAX = -8
"""Number of the parameter in glibc's `malloc.h`."""
_ARENAS = 2


def use_few_arenas() -> None:
    """Let all threads share two arenas of glibc's malloc; nothing where there is another C library.

    Each pass starts new threads. By default glibc gives them up to eight arenas for each processor, and each keeps
    what its largest pass needed. As the interpreter runs one thread at a time, more arenas save no time.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def release_pass() -> None:
    """Free what a pass left behind in cycles.

    An error refers to its traceback, and that to the frames which hold the error and the answers that were read. The
    collector runs by itself only after many new objects, and a small pass makes few.
    """
    gc.collect()
