from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.controller.backoff import (
    Progress,
    next_delay,
    poll_delay,
    progress_of_error,
    progress_of_result,
    resync_delay,
)
from reconciler.errors import (
    ExitCode,
    InventoryConflictError,
    ReconcilerError,
    SettingsError,
    SourceError,
    UnauthorizedError,
    UnavailableError,
    UnknownRevisionError,
)
from reconciler.passes.result import PassResult
from reconciler.plan.action import Status, TargetPlan
from reconciler.plan.refusal import Refusal
from reconciler.settings import Watch
from tests.controller.moving import finding, outcome, passed, target

FINISHED, STALLED, TRANSIENT = Progress.FINISHED, Progress.STALLED, Progress.TRANSIENT
WATCH = Watch(poll_s=60, resync_s=600, backoff_max_s=900)


def refused() -> PassResult:
    blocked = target()
    plan = blocked.plan
    assert isinstance(plan, TargetPlan)
    from dataclasses import replace

    guard = Refusal("deletes", blocked.target, "too many", ())
    return passed(replace(blocked, plan=replace(plan, refusals=(guard,))))


@pytest.mark.parametrize(
    ("result", "progress"),
    [
        pytest.param(passed(), FINISHED, id="nothing to do"),
        pytest.param(passed(target(outcome(Status.DONE))), FINISHED, id="applied"),
        pytest.param(passed(findings=(finding(),)), STALLED, id="findings"),
        pytest.param(refused(), STALLED, id="guard"),
        pytest.param(passed(target(outcome(Status.REFUSED))), STALLED, id="the API refuses the content"),
        pytest.param(passed(target(outcome(Status.FAILED, is_transient=True))), TRANSIENT, id="may pass"),
        pytest.param(passed(target(outcome(Status.UNKNOWN))), TRANSIENT, id="lost answer"),
        pytest.param(passed(target(inventory_error="disk full")), TRANSIENT, id="record not written"),
        pytest.param(passed(target(error="503", is_transient=True)), TRANSIENT, id="API away"),
        pytest.param(passed(target(error="401")), STALLED, id="wrong token"),
        pytest.param(
            passed(target(error="401"), target(error="503", is_transient=True)), TRANSIENT, id="both"
        ),
        pytest.param(passed(error="no route", error_code=ExitCode.UNREADABLE), TRANSIENT, id="source away"),
        pytest.param(passed(error="bad settings", error_code=ExitCode.INVALID), STALLED, id="settings"),
        pytest.param(passed(changed=("input",)), TRANSIENT, id="stale"),
    ],
)
def test_a_result_says_whether_trying_again_helps(result: PassResult, progress: Progress) -> None:
    assert progress_of_result(result) is progress


@pytest.mark.parametrize(
    ("error", "progress"),
    [
        (SourceError("x"), TRANSIENT),
        (UnknownRevisionError("x"), STALLED),
        (UnavailableError("x"), TRANSIENT),
        (UnauthorizedError("x"), STALLED),
        (InventoryConflictError("x"), TRANSIENT),
        (SettingsError("x"), STALLED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_says_whether_trying_again_helps(error: ReconcilerError, progress: Progress) -> None:
    assert progress_of_error(error) is progress


def seconds(*history: Progress, hint: float | None = None, random: float = 0.0) -> float:
    return next_delay(history, WATCH, retry_after_s=hint, random=random).total_seconds()


def test_the_wait_doubles_up_to_the_ceiling() -> None:
    waits = [seconds(*[TRANSIENT] * failures) for failures in range(1, 12)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]


@pytest.mark.parametrize("good", [FINISHED, STALLED])
def test_anything_but_a_transient_failure_restarts_the_doubling(good: Progress) -> None:
    assert seconds(*[TRANSIENT] * 6, good, TRANSIENT) == 5


@pytest.mark.parametrize("last", [FINISHED, STALLED])
def test_waiting_for_a_new_revision_means_polling(last: Progress) -> None:
    assert seconds(last, random=0.5) == 60


@pytest.mark.parametrize("hint", [0.5, 5.0, 900.0])
def test_the_hint_of_the_server_wins_over_backoff(hint: float) -> None:
    assert seconds(*[TRANSIENT] * 4, hint=hint) == hint


@pytest.mark.parametrize("hint", [901.0, 86_400.0, 1e9, 1e15, float("inf")])
def test_a_hint_beyond_the_ceiling_is_the_ceiling(hint: float) -> None:
    assert seconds(TRANSIENT, hint=hint) == 900


RANDOM = st.floats(0, 1, exclude_max=True)


@given(st.lists(st.sampled_from(Progress), max_size=200), RANDOM)
def test_a_wait_is_never_zero_nor_above_the_ceiling(history: list[Progress], random: float) -> None:
    delay = next_delay(history, WATCH, retry_after_s=None, random=random)
    assert timedelta(seconds=2.5) <= delay <= timedelta(seconds=900)


@given(st.floats(0, 900), RANDOM)
def test_a_hint_up_to_the_ceiling_is_never_undercut(hint: float, random: float) -> None:
    """Adding up to a tenth spreads out instances that all received the same hint."""
    assert hint <= seconds(TRANSIENT, hint=hint, random=random) + 1e-6 <= hint * 1.1 + 1e-5


@given(RANDOM)
def test_intervals_are_spread_by_a_tenth_each_way(random: float) -> None:
    assert 54 <= poll_delay(WATCH, random=random).total_seconds() <= 66
    assert 540 <= resync_delay(WATCH, random=random).total_seconds() <= 660


def test_a_hint_just_below_the_limit_is_not_spread_beyond_it() -> None:
    delay = next_delay([Progress.TRANSIENT], Watch(backoff_max_s=100), retry_after_s=99, random=0.99)
    assert delay == timedelta(seconds=100)
