"""Signals at the question before an apply, at the moment when they are easily missed."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys, threading

from reconciler.cli.interrupt import stop_on_signals
from reconciler.cli.session import Deeds

def elsewhere():
    # Taken by this thread, the signal does not interrupt what the main thread reads.
    signal.pthread_kill(threading.get_ident(), getattr(signal, sys.argv[1]))

before = signal.getsignal(signal.SIGINT)
try:
    with stop_on_signals(Deeds()) as interruption, interruption.asking():
        threading.Thread(target=elsewhere).start()
        os.read(0, 1)
except KeyboardInterrupt:
    print("interrupted", interruption.stop.is_set(), signal.getsignal(signal.SIGINT) is before)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_that_does_not_wake_the_reader_ends_the_question_anyway(name: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            process.wait(20)  # before its input is closed, which would answer the question
        finally:
            process.kill()
        assert process.stdout.read() == "interrupted False True\n"
