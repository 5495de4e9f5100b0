"""SIGTERM and SIGINT: the first asks to stop, the second ends the process at once.

The numbers arrive through a socket that the interpreter writes to in its C handler
(`signal.set_wakeup_fd`), read by a thread of ours. So no lock is ever taken inside a signal
handler, where the interrupted thread may hold it, and the second signal works even while the
main thread is stuck in a system call.
"""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_log = logging.getLogger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on the first SIGTERM or SIGINT; exit with 128 + its number on the second.

    Only for the main thread (ValueError elsewhere). What was there before is put back at the end.
    """
    receiver, sender = socket.socketpair()
    sender.settimeout(0)
    listener = threading.Thread(target=_listen, args=(receiver, stop), name="signals", daemon=True)
    wakeup_before = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    handlers_before = {number: signal.signal(number, _arrives_elsewhere) for number in _SIGNALS}
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in handlers_before.items():
            signal.signal(number, handler)
        sender.close()
        listener.join()
        receiver.close()


def _arrives_elsewhere(number: int, frame: object) -> None:
    """Replace the default action; `_listen` does the work."""


def _listen(receiver: socket.socket, stop: Callable[[], None]) -> None:
    asked = False
    while received := receiver.recv(64):
        for number in received:
            if number not in _SIGNALS:
                continue
            name = signal.Signals(number).name
            if asked:
                _log.error(
                    "exiting at once; the next run reads again what became of the last action",
                    extra={"signal": name},
                )
                os._exit(128 + number)
            asked = True
            _log.warning("stopping after the current action", extra={"signal": name})
            stop()
