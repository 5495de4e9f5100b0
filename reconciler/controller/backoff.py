"""Delay until the next pass, from what happened (pure).

A pass reports what happened; only this module decides how long to wait. It has no clock and no
random numbers of its own: both are arguments. Called by `loop`.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from itertools import takewhile

from reconciler.errors import ExitCode, ReconcilerError
from reconciler.passes.result import PassResult, TargetResult, Verdict
from reconciler.plan.action import Outcome, Status
from reconciler.settings import Watch

FIRST_BACKOFF_S = 5.0
"""Wait after the first of consecutive failures; each further failure doubles it."""

_POLL_SPREAD = 0.2
_BACKOFF_SPREAD = 0.5
_HINT_SPREAD = 0.1


class Progress(StrEnum):
    """Result of one iteration of the loop, as far as it matters to the next.

    `STALLED` does not resolve by itself (findings, guards, terminal errors): only a new revision or
    the resync starts another pass. `TRANSIENT` may resolve, so the pass is tried again with backoff.
    """

    FINISHED = "finished"
    STALLED = "stalled"
    TRANSIENT = "transient"


def next_delay(
    history: Sequence[Progress], watch: Watch, *, retry_after_s: float | None, random: float
) -> timedelta:
    """Delay after the last entry of `history`, which is in chronological order.

    Finished and stalled: the poll interval, plus or minus a tenth. Transient: 5 s, doubled for each
    consecutive failure, at most `watch.backoff_max_s`, less up to half so that instances spread out.
    The server's own hint (`retry_after_s`, seconds) replaces the backoff and is the minimum, as far as it does not
    exceed `watch.backoff_max_s`: an hour of silence would hide every new revision. `random` is in [0, 1).

    >>> failed = Progress.TRANSIENT
    >>> [next_delay([failed] * n, Watch(), retry_after_s=None, random=0.0).seconds for n in (1, 2, 3, 9)]
    [5, 10, 20, 900]
    >>> next_delay([failed], Watch(), retry_after_s=30, random=0.0).seconds
    30
    """
    if not history or history[-1] is not Progress.TRANSIENT:
        return poll_delay(watch, random=random)
    if retry_after_s is not None:
        if retry_after_s > watch.backoff_max_s:
            return timedelta(seconds=watch.backoff_max_s * (1 - _HINT_SPREAD * random))
        hint_s = max(0.0, retry_after_s) * (1 + _HINT_SPREAD * random)
        return timedelta(seconds=min(hint_s, watch.backoff_max_s))
    failures = sum(1 for _ in takewhile(lambda entry: entry is Progress.TRANSIENT, reversed(history)))
    # 2**62 s is far above any ceiling; the bound keeps the power within the range of a float.
    wait_s = min(watch.backoff_max_s, FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 62))
    return timedelta(seconds=wait_s * (1 - _BACKOFF_SPREAD * random))


def poll_delay(watch: Watch, *, random: float) -> timedelta:
    """Delay until the next poll of the repository: the poll interval, plus or minus a tenth."""
    return _spread(watch.poll_s, random)


def resync_delay(watch: Watch, *, random: float) -> timedelta:
    """Delay from one pass to the next when nothing changes: the resync interval, plus or minus a tenth."""
    return _spread(watch.resync_s, random)


def progress_of_result(result: PassResult) -> Progress:
    """Progress of a pass that returned: transient where reading again may help, stalled where people must act."""
    verdict = result.verdict
    if verdict in (Verdict.EMPTY, Verdict.APPLIED, Verdict.CHANGES):
        return Progress.FINISHED
    if verdict in (Verdict.STALE, Verdict.INTERRUPTED, Verdict.NOT_STARTED):
        return Progress.TRANSIENT
    if result.error:
        passing = result.error_code in (ExitCode.UNREADABLE, ExitCode.LEASED, None)
        return Progress.TRANSIENT if passing else Progress.STALLED
    hopeful = any(_may_pass(target) for target in result.targets)
    return Progress.TRANSIENT if hopeful else Progress.STALLED


def retry_hint(result: PassResult) -> float | None:
    """The longest wait, in seconds, that a server asked for; None without a hint."""
    given = (target.retry_after_s for target in result.targets)
    return max((seconds for seconds in given if seconds is not None), default=None)


def shortened_hint(retry_after_s: float | None, watch: Watch) -> str:
    """Sentence about a hint that is not followed to its end; "" if it is.

    >>> shortened_hint(86400.0, Watch()), shortened_hint(30.0, Watch())
    ('the server asks for 86400 s; the next attempt is made within 900 s (`watch.backoffMaxSeconds`)', '')
    """
    if retry_after_s is None or retry_after_s <= watch.backoff_max_s:
        return ""
    return (
        f"the server asks for {retry_after_s:.0f} s; "
        f"the next attempt is made within {watch.backoff_max_s:.0f} s (`watch.backoffMaxSeconds`)"
    )


def progress_of_error(error: ReconcilerError) -> Progress:
    """Progress of a pass, or of a poll of the repository, that raised."""
    return Progress.TRANSIENT if error.is_transient else Progress.STALLED


def _may_pass(target: TargetResult) -> bool:
    if target.inventory_error or (target.error and target.is_transient):
        return True
    return any(_may_succeed_later(outcome) for outcome in target.outcomes)


def _may_succeed_later(outcome: Outcome) -> bool:
    """True where another pass may help. Unknown: it reads the effect; skipped: the run was only stopped."""
    return outcome.is_transient or outcome.status in (Status.UNKNOWN, Status.SKIPPED)


def _spread(seconds: float, random: float) -> timedelta:
    return timedelta(seconds=seconds * (1 - _POLL_SPREAD / 2 + _POLL_SPREAD * random))
