import gc
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler.controller.loop import Loop, PassRequest, Reason
from reconciler.controller.status import ConditionStatus, ConditionType
from reconciler.errors import ExitCode, ReconcilerError, SourceError, UnauthorizedError, UnavailableError
from reconciler.passes.result import PassResult
from reconciler.plan.action import Status
from reconciler.settings import Watch
from tests.controller.moving import START, MovingClock, finding, outcome, passed, target

WATCH = Watch(poll_s=60, resync_s=600, backoff_max_s=900)
MIDDLE = 0.5
"""Draws no jitter from the intervals, and three quarters of each backoff."""


@pytest.fixture(scope="module", autouse=True)
def _small_heap() -> None:
    """Each pass ends with a garbage collection, which must not walk through what other tests left in this process."""
    gc.freeze()


class Repository:
    """A source with a revision to change and errors to raise; records when it was polled."""

    def __init__(self, clock: MovingClock) -> None:
        self.revision = "one"
        self.error: ReconcilerError | None = None
        self.asked_at: list[float] = []
        self._clock = clock

    def __call__(self) -> str:
        self.asked_at.append(self._clock.seconds)
        if self.error:
            raise self.error
        return self.revision

    def push(self, revision: str) -> None:
        self.revision = revision

    def fail(self, error: ReconcilerError | None) -> None:
        self.error = error


class World:
    """A loop with a clock that tests move. `ends` are what its passes return or raise, the last one repeatedly."""

    def __init__(self, *ends: PassResult | Exception, watch: Watch = WATCH) -> None:
        self.clock = MovingClock()
        self.repository = Repository(self.clock)
        self.passes: list[tuple[float, Reason, str]] = []
        self._ends = list(ends) or [passed()]
        self.loop = Loop(self.run_pass, self.repository, watch, clock=self.clock, random=lambda: MIDDLE)
        self.during: Callable[[PassRequest], None] = lambda request: None

    def run_pass(self, request: PassRequest) -> PassResult:
        self.passes.append((self.clock.seconds, request.reason, request.revision))
        self.during(request)
        end = self._ends.pop(0) if len(self._ends) > 1 else self._ends[0]
        if isinstance(end, Exception):
            raise end
        return end

    def run_until(self, seconds: float) -> ExitCode:
        self.clock.at(seconds, self.loop.stop)
        return self.loop.run()

    def status(self, kind: ConditionType) -> ConditionStatus:
        return self.loop.board.snapshot().conditions[kind].status


def test_the_first_poll_leads_to_a_pass() -> None:
    world = World()
    assert world.run_until(1) is ExitCode.DONE
    assert world.passes == [(0, Reason.FIRST, "one")]


def test_an_unchanged_repository_is_only_polled() -> None:
    """Nine polls between two resyncs, one `git ls-remote` each."""
    world = World()
    world.run_until(599)
    assert len(world.passes) == 1
    assert world.repository.asked_at == [0, 60, 120, 180, 240, 300, 360, 420, 480, 540]


def test_a_new_revision_leads_to_a_pass_at_the_next_poll() -> None:
    world = World()
    world.clock.at(70, lambda: world.repository.push("two"))
    world.run_until(300)
    assert world.passes[1:] == [(120, Reason.REVISION, "two")]


def test_the_resync_leads_to_a_pass_although_nothing_changed() -> None:
    world = World()
    world.run_until(1300)
    assert [(at, reason) for at, reason, _ in world.passes] == [
        (0, Reason.FIRST),
        (600, Reason.RESYNC),
        (1200, Reason.RESYNC),
    ]


def test_a_trigger_makes_the_loop_poll_at_once_and_pass_only_if_something_changed() -> None:
    world = World()
    world.clock.at(10, world.loop.look)
    world.clock.at(20, lambda: world.repository.push("two"))
    world.clock.at(20, world.loop.look)
    world.run_until(30)
    assert world.repository.asked_at == [0, 10, 20]
    assert world.passes[1:] == [(20, Reason.REVISION, "two")]


def test_a_transient_failure_is_tried_again_with_growing_waits() -> None:
    away = passed(target(error="503", is_transient=True))
    world = World(away, away, away, passed())
    world.run_until(200)
    assert [(at, reason) for at, reason, _ in world.passes] == [
        (0, Reason.FIRST),
        (3.75, Reason.RETRY),
        (11.25, Reason.RETRY),
        (26.25, Reason.RETRY),
    ]


def test_a_new_revision_does_not_wait_for_the_backoff() -> None:
    world = World(*[SourceError("away")] * 7, passed())
    world.clock.at(240, lambda: world.repository.push("two"))
    world.run_until(400)
    *_, (before, _, _), (at, reason, _) = world.passes
    assert (before, at, reason) == (236.25, 296.25, Reason.REVISION)


@pytest.mark.parametrize(
    "end",
    [passed(findings=(finding(),)), passed(target(outcome(Status.REFUSED))), UnauthorizedError("no")],
    ids=["findings", "rejected", "terminal error"],
)
def test_what_needs_a_person_is_not_tried_again_before_the_resync(end: PassResult | Exception) -> None:
    world = World(end)
    world.run_until(650)
    assert [(at, reason) for at, reason, _ in world.passes] == [(0, Reason.FIRST), (600, Reason.RESYNC)]
    assert world.status(ConditionType.STALLED) is ConditionStatus.TRUE


def test_what_needs_a_person_is_tried_again_with_the_next_revision() -> None:
    world = World(passed(findings=(finding(),)), passed())
    world.clock.at(90, lambda: world.repository.push("two"))
    world.run_until(200)
    assert world.passes[1:] == [(120, Reason.REVISION, "two")]
    assert world.status(ConditionType.STALLED) is ConditionStatus.FALSE
    assert world.status(ConditionType.READY) is ConditionStatus.TRUE


def test_no_pass_runs_before_the_time_given_by_the_server() -> None:
    """Not even for a new revision: it would only be refused again."""
    world = World(UnavailableError("slow down", status=429, retry_after_s=400), passed())
    world.clock.at(100, lambda: world.repository.push("two"))
    world.clock.at(101, world.loop.look)
    world.run_until(500)
    assert world.passes[1:] == [(420, Reason.REVISION, "two")]


@pytest.mark.parametrize("hint", [86_400.0, 1e9, 252_000_000_000.0])
@pytest.mark.parametrize("is_raised", [True, False], ids=["raised", "returned"])
def test_a_request_to_wait_for_days_is_shortened_and_said(hint: float, *, is_raised: bool) -> None:
    if is_raised:
        first: PassResult | Exception = UnavailableError("slow down", status=429, retry_after_s=hint)
    else:
        first = passed(replace(target(error="slow down", is_transient=True), retry_after_s=hint))
    world = World(first, passed())
    said: list[str] = []
    conditions = world.loop.board.snapshot
    world.clock.at(10, lambda: said.append(conditions().conditions[ConditionType.RECONCILING].message))
    world.run_until(1000)
    assert [at for at, _, _ in world.passes] == [0, 855]
    note = "the next attempt is made within 900 s (`watch.backoffMaxSeconds`)"
    assert said == [f"slow down; the server asks for {hint:.0f} s; {note}"]


def test_a_bug_in_a_pass_is_logged_with_its_traceback_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(ZeroDivisionError("oops"), passed())
    world.run_until(100)
    assert [reason for _, reason, _ in world.passes] == [Reason.FIRST, Reason.RETRY]
    (record,) = [record for record in caplog.records if record.message == "pass failed"]
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


def test_an_expected_error_is_logged_with_its_advice_and_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(SourceError("cannot clone", advice="check the URL"), passed())
    world.run_until(100)
    (record,) = [record for record in caplog.records if record.message == "pass failed"]
    assert not record.exc_info
    assert record.__dict__["advice"] == "check the URL"


def test_a_repository_that_cannot_be_polled_is_polled_again_with_growing_waits() -> None:
    world = World()
    world.clock.at(1, lambda: world.repository.fail(SourceError("no route")))
    world.clock.at(100, lambda: world.repository.fail(None))
    world.run_until(300)
    assert world.repository.asked_at == [0, 60, 63.75, 71.25, 86.25, 116.25, 176.25, 236.25, 296.25]
    assert world.passes[1:] == [(116.25, Reason.RETRY, "one")]
    assert world.status(ConditionType.READY) is ConditionStatus.TRUE


def test_a_missing_branch_is_looked_up_at_every_poll() -> None:
    from reconciler.errors import UnknownRevisionError

    world = World()
    world.repository.fail(UnknownRevisionError("no branch main"))
    world.clock.at(130, lambda: world.repository.fail(None))
    world.run_until(200)
    assert world.repository.asked_at == [0, 60, 120, 180]
    assert world.passes == [(180, Reason.FIRST, "one")]


def test_a_stop_reaches_the_running_pass_and_no_other_begins() -> None:
    world = World(passed(stopped=True))

    def stop_during(request: PassRequest) -> None:
        assert not request.stop.is_set()
        world.loop.stop()
        assert request.stop.is_set()

    world.during = stop_during
    assert world.loop.run() is ExitCode.DONE
    assert len(world.passes) == 1


def test_a_stop_before_the_run_starts_nothing() -> None:
    world = World()
    world.loop.stop()
    assert world.loop.run() is ExitCode.DONE
    assert not world.repository.asked_at


def test_a_stop_between_a_poll_and_a_wait_is_not_lost() -> None:
    """However late it comes before the wait, no further poll begins."""
    world = World()

    class StopsFirst(threading.Event):
        def clear(self) -> None:
            world.loop.stop()
            super().clear()

    world.loop._wake = StopsFirst()
    assert world.loop.run() is ExitCode.DONE
    assert world.repository.asked_at == []


def test_the_observed_revision_is_that_of_a_pass_that_finished() -> None:
    world = World(passed(revision="one"), passed(target(error="503", is_transient=True), revision="two"))
    world.clock.at(30, lambda: world.repository.push("two"))
    world.run_until(62)
    status = world.loop.board.snapshot()
    assert (status.observed_revision, status.attempted_revision) == ("one", "two")
    assert not status.is_reading


def test_a_quiet_repository_logs_one_line_for_each_pass(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="reconciler"):
        World().run_until(650)
    assert caplog.messages == ["watching", "pass finished", "pass finished", "stopped"]


def test_the_line_of_a_pass_has_its_verdict_counts_duration_and_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    result = passed(target(outcome(Status.DONE), outcome(Status.FAILED)), seconds=1.25, requests={"GET": 3})
    World(result).run_until(1)
    (record,) = [record for record in caplog.records if record.message == "pass finished"]
    facts = record.__dict__
    assert record.levelno == logging.ERROR
    assert (facts["verdict"], facts["reason"], facts["seconds"]) == ("partly applied", "first pass", 1.25)
    assert (facts["outcomes"], facts["requests"]) == ({"done": 1, "failed": 1}, 3)


def test_the_loop_announces_until_when_it_counts_as_alive() -> None:
    """While it waits: a minute more than the wait. During a pass: long enough for a long one."""
    world = World()
    during: list[float] = []
    world.during = lambda request: during.append(world.loop.board.snapshot().alive_until)
    world.run_until(30)
    assert during == [3600]
    assert world.loop.board.snapshot().alive_until == 60 + 60


def test_the_next_wake_is_known_while_waiting() -> None:
    world = World()
    seen: list[float] = []

    def note() -> None:
        at = world.loop.board.snapshot().next_wake_at
        assert at is not None
        seen.append((at - START).total_seconds())

    world.clock.at(10, note)
    world.run_until(20)
    assert seen == [60]


@pytest.fixture(autouse=True)
def captured(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO, logger="reconciler"):
        yield


def test_what_a_pass_leaves_behind_in_cycles_is_freed() -> None:
    class Answer:
        pass

    kept: list[weakref.ref[Answer]] = []

    def leave(_: PassRequest) -> None:
        answer = Answer()
        kept.append(weakref.ref(answer))
        vars(answer)["itself"] = answer

    world = World()
    world.during = leave
    gc.disable()
    try:
        world.run_until(1)
        assert [one() for one in kept] == [None]
    finally:
        gc.enable()
