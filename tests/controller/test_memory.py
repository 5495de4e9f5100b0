"""Threads of later passes use the memory of earlier ones: by default, each would keep some of its own."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.controller import memory
from tests.cli.running import call

PROGRAM = """
import ctypes, sys, threading
libc = ctypes.CDLL(None)
if sys.argv[1] == "few":
    from reconciler.controller.memory import use_few_arenas
    use_few_arenas()
everyone = threading.Barrier(9)

def work():
    held = [bytearray(10_000) for _ in range(20)]
    everyone.wait()
    del held

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
everyone.wait()
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stream)
libc.fflush(stream)
"""


def arenas(which: str) -> int:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, which], capture_output=True, text=True, timeout=60, check=True
    )
    return ended.stdout.count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="another C library than glibc")
def test_all_threads_share_two_arenas() -> None:
    assert arenas("default") > 2
    assert arenas("few") <= 2


class _CalledError(Exception):
    pass


def test_watch_limits_them_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def called() -> None:
        raise _CalledError

    monkeypatch.setattr(memory, "use_few_arenas", called)
    _, _, said = call(tmp_path, "watch")
    assert "_CalledError" in said
