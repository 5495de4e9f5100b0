"""When to come back, from what happened (pure).

A pass says what happened; this module alone decides how long to wait. It keeps no clock and
draws no random numbers: both are arguments. Called by `loop`.
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
"""Wait after the first failure in a row; each further one doubles it."""

_POLL_SPREAD = 0.2
_BACKOFF_SPREAD = 0.5
_HINT_SPREAD = 0.1


class Progress(StrEnum):
    """What a turn of the loop came to, as far as the next one is concerned.

    `STALLED` will not pass by itself (findings, guards, terminal errors): only a new revision or
    the resync is worth another pass. `TRANSIENT` may pass, so it is tried again with backoff.
    """

    FINISHED = "finished"
    STALLED = "stalled"
    TRANSIENT = "transient"


def next_delay(
    history: Sequence[Progress], watch: Watch, *, retry_after_s: float | None, random: float
) -> timedelta:
    """How long to wait after the last entry of `history`, oldest entry first.

    Finished and stalled: the poll interval, give or take a tenth. Transient: 5 s doubled for every
    failure in a row, at most `watch.backoff_max_s`, less up to half so that instances part. The
    server's own hint (`retry_after_s`, seconds) replaces the backoff, ceiling included, and is
    never undercut. `random` is in [0, 1).

    >>> failed = Progress.TRANSIENT
    >>> [next_delay([failed] * n, Watch(), retry_after_s=None, random=0.0).seconds for n in (1, 2, 3, 9)]
    [5, 10, 20, 900]
    >>> next_delay([failed], Watch(), retry_after_s=30, random=0.0).seconds
    30
    """
    if not history or history[-1] is not Progress.TRANSIENT:
        return poll_delay(watch, random=random)
    if retry_after_s is not None:
        return timedelta(seconds=max(0.0, retry_after_s) * (1 + _HINT_SPREAD * random))
    failures = sum(1 for _ in takewhile(lambda entry: entry is Progress.TRANSIENT, reversed(history)))
    # 2**62 s is far above any ceiling; the bound keeps the power a number that a float holds.
    wait_s = min(watch.backoff_max_s, FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 62))
    return timedelta(seconds=wait_s * (1 - _BACKOFF_SPREAD * random))


def poll_delay(watch: Watch, *, random: float) -> timedelta:
    """How long until the next look at the repository: the poll interval, give or take a tenth."""
    return _spread(watch.poll_s, random)


def resync_delay(watch: Watch, *, random: float) -> timedelta:
    """How long after a pass the next one is due although nothing changed: give or take a tenth."""
    return _spread(watch.resync_s, random)


def progress_of_result(result: PassResult) -> Progress:
    """Sort a pass that returned. What reading again may cure is transient; the rest waits for people."""
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
    """The longest time, in seconds, that a server asked to be left alone; None without a hint."""
    given = (target.retry_after_s for target in result.targets)
    return max((seconds for seconds in given if seconds is not None), default=None)


def progress_of_error(error: ReconcilerError) -> Progress:
    """Sort a pass, or a look at the repository, that raised."""
    return Progress.TRANSIENT if error.is_transient else Progress.STALLED


def _may_pass(target: TargetResult) -> bool:
    if target.inventory_error or (target.error and target.is_transient):
        return True
    return any(_may_succeed_later(outcome) for outcome in target.outcomes)


def _may_succeed_later(outcome: Outcome) -> bool:
    """Unknown means reading again tells; skipped means only that the run was stopped."""
    return outcome.is_transient or outcome.status in (Status.UNKNOWN, Status.SKIPPED)


def _spread(seconds: float, random: float) -> timedelta:
    return timedelta(seconds=seconds * (1 - _POLL_SPREAD / 2 + _POLL_SPREAD * random))
