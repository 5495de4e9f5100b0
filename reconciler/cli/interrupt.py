"""Signals during a command.

In an apply, the first signal requests a stop and a second Ctrl-C exits immediately. At the question before an
apply any signal ends it, because nothing is under way. Commands that only read end at the first Ctrl-C.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from reconciler.cli.output import signal_notice
from reconciler.cli.session import INTERRUPTED, Deeds, Session
from reconciler.controller.signals import SIGNALS, hearing_signals
from reconciler.errors import ExitCode
from reconciler.views.visible import visible

_AGAIN_AFTER_S = 0.1
_RAISE_AGAIN_AFTER_S = 1.0
_UNWINDING_S = 0.5
_SHOW_CURSOR = "\x1b[?25h"


class Interruption:
    """Effect of signals on one run. `stop` is set once no new action may start."""

    def __init__(self, deeds: Deeds) -> None:
        self.stop = threading.Event()
        self._deeds = deeds
        self._lock = threading.Lock()
        self._is_asking = False
        self._is_interrupted = False
        self._answered = threading.Event()

    def arrived(self, number: signal.Signals) -> None:
        """Handle one signal; called from the listener thread."""
        if self._interrupts_question(number) or self._is_interrupted:
            return
        if self.stop.is_set() and number == signal.SIGINT:
            self._end()
        self.stop.set()
        again = "\nPress Ctrl-C again to exit immediately" if number == signal.SIGINT else ""
        signal_notice(f"stopping: finishing the actions under way, starting no new ones{again}")

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Raise KeyboardInterrupt in the main thread for a signal that arrives inside."""
        raised_at = -_RAISE_AGAIN_AFTER_S

        def end(_number: int, _frame: object) -> None:
            # Python drops an exception that a handler raises inside a finalizer; the next signal, sent by the
            # listener, then raises it again. The delay keeps that from interrupting the clean-up.
            nonlocal raised_at
            self._is_interrupted = True
            if monotonic() - raised_at >= _RAISE_AGAIN_AFTER_S:
                raised_at = monotonic()
                raise KeyboardInterrupt

        before = {number: signal.signal(number, end) for number in SIGNALS}
        self._answered.clear()
        self._is_asking = True
        try:
            yield
        finally:
            with self._lock:
                self._is_asking = False
            self._answered.set()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupts_question(self, number: signal.Signals) -> bool:
        """True where a question was pending. Its read is interrupted again until the question is over.

        A signal that arrives just before the main thread blocks in reading would be noticed only
        at the next key. The signal sent from here is heard by the listener too, which calls this again.
        """
        if not self._is_asking:
            return False
        self._answered.wait(_AGAIN_AFTER_S)
        with self._lock:
            if self._is_asking:
                signal.pthread_kill(threading.main_thread().ident or 0, number)
        return True

    def _end(self) -> None:
        """Exit without waiting for the actions under way: a thread in a request cannot be stopped."""
        try:
            done, under_way = tuple(self._deeds.done), tuple(self._deeds.under_way)
            lines = ["exiting immediately"]
            if done:
                lines += ["Finished actions:", *(f"  {visible(deed)}" for deed in done)]
            if under_way:
                lines += ["Under way, with unknown effect:", *(f"  {visible(deed)}" for deed in under_way)]
            has_begun = bool(done or under_way)
            lines.append(
                "Running again is safe and useful: it first reads what became of them."
                if has_begun
                else "Nothing was changed. Running again is safe."
            )
            # A progress bar hides the cursor, and os._exit skips the code that restores it.
            signal_notice((_SHOW_CURSOR if os.isatty(2) else "") + "\n".join(lines))
        finally:
            os._exit(ExitCode.PARTIAL if self._deeds.has_begun else ExitCode.UNREADABLE)


@contextmanager
def stop_on_signals(deeds: Deeds) -> Iterator[Interruption]:
    """Handle SIGINT and SIGTERM inside the block; the previous handlers are restored after it."""
    interruption = Interruption(deeds)
    with hearing_signals(interruption.arrived):
        yield interruption


@contextmanager
def ending_at_once(session: Session) -> Iterator[None]:
    """Acknowledge Ctrl-C immediately and raise KeyboardInterrupt; only for runs that change nothing.

    Threads waiting for an answer would keep the process alive: after a short delay it exits without them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    noticed = threading.Event()

    def end(_number: int, _frame: object) -> None:
        noticed.set()
        if not session.is_interrupted:
            session.is_interrupted = True
            signal_notice(INTERRUPTED)
            watchdog = threading.Timer(_UNWINDING_S, os._exit, [ExitCode.UNREADABLE])
            watchdog.daemon = True
            watchdog.start()
        raise KeyboardInterrupt

    def send_again(number: signal.Signals) -> None:
        # The main thread would notice a signal that arrives just before it blocks only when it wakes.
        if not noticed.wait(_AGAIN_AFTER_S):
            signal.pthread_kill(threading.main_thread().ident or 0, number)

    with hearing_signals(send_again, [signal.SIGINT], end):
        yield
