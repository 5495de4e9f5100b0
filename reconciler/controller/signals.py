"""SIGTERM and SIGINT, handled in a listener thread instead of in a signal handler.

The interpreter's C handler writes the signal numbers to a socket (`signal.set_wakeup_fd`), from which the
listener reads them. So no lock is taken inside a signal handler, where the interrupted thread may hold it, and
a second signal works even while the main thread is blocked in a system call. `watch` uses `stop_on_signals`;
an apply uses `reconciler.cli.interrupt`.
"""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_log = logging.getLogger(__name__)
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def _arrives_elsewhere(number: int, frame: object) -> None:
    """Do nothing: this replaces the default handler, and the listener does the work."""


@contextmanager
def hearing_signals(
    arrived: Callable[[signal.Signals], None],
    numbers: Sequence[signal.Signals] = SIGNALS,
    handler: Callable[[int, FrameType | None], object] = _arrives_elsewhere,
) -> Iterator[None]:
    """Call `arrived` from another thread for each of the signals, and `handler` in the main thread.

    Only in the main thread (ValueError elsewhere). The previous handlers are restored at the end.
    """
    receiver, sender = socket.socketpair()
    sender.settimeout(0)
    listener = threading.Thread(
        target=_listen, args=(receiver, arrived, numbers), name="signals", daemon=True
    )
    wakeup_before = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    handlers_before = {number: signal.signal(number, handler) for number in numbers}
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, before in handlers_before.items():
            signal.signal(number, before)
        sender.close()
        listener.join()
        receiver.close()


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on the first SIGTERM or SIGINT; exit with 128 + its number on the second."""
    asked = False

    def arrived(number: signal.Signals) -> None:
        nonlocal asked
        if asked:
            _log.error(
                "exiting immediately; the next run reads again what became of the last action",
                extra={"signal": number.name},
            )
            os._exit(128 + number)
        asked = True
        _log.warning("stopping after the current action", extra={"signal": number.name})
        stop()

    with hearing_signals(arrived):
        yield


def _listen(
    receiver: socket.socket, arrived: Callable[[signal.Signals], None], numbers: Sequence[signal.Signals]
) -> None:
    while received := receiver.recv(64):
        for number in received:
            if number in numbers:
                arrived(signal.Signals(number))
