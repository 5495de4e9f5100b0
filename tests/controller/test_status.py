from datetime import timedelta

from reconciler.controller.backoff import Progress
from reconciler.controller.status import ConditionStatus, ConditionType, StatusBoard
from tests.controller.moving import START, finding, passed, target

LATER, LATEST = START + timedelta(seconds=10), START + timedelta(seconds=20)


def test_nothing_is_known_before_the_first_pass() -> None:
    status = StatusBoard(START).snapshot()
    assert {condition.status for condition in status.conditions.values()} == {ConditionStatus.UNKNOWN}
    assert not status.is_reading


def test_a_condition_keeps_its_time_while_its_status_is_the_same() -> None:
    board = StatusBoard(START)
    board.finished(passed(), Progress.FINISHED, "one", LATER)
    board.finished(passed(), Progress.FINISHED, "two", LATEST)
    ready = board.snapshot().conditions[ConditionType.READY]
    assert (ready.status, ready.since) == (ConditionStatus.TRUE, LATER)


def test_a_new_message_does_not_change_the_time_of_a_condition() -> None:
    board = StatusBoard(START)
    board.raised("no route", "SourceError", Progress.TRANSIENT, LATER)
    board.finished(passed(findings=(finding(),)), Progress.STALLED, "one", LATEST)
    ready = board.snapshot().conditions[ConditionType.READY]
    assert (ready.status, ready.reason, ready.since) == (ConditionStatus.FALSE, "Invalid", LATER)


def test_a_new_status_changes_the_time_of_a_condition() -> None:
    board = StatusBoard(START)
    board.finished(passed(), Progress.FINISHED, "one", LATER)
    board.raised("no route", "SourceError", Progress.TRANSIENT, LATEST)
    assert board.snapshot().conditions[ConditionType.READY].since == LATEST


def test_a_running_pass_is_reconciling_and_leaves_ready_as_it_was() -> None:
    board = StatusBoard(START)
    board.finished(passed(), Progress.FINISHED, "one", LATER)
    board.started("two", "new revision", LATEST)
    conditions = board.snapshot().conditions
    assert conditions[ConditionType.RECONCILING].status is ConditionStatus.TRUE
    assert conditions[ConditionType.READY].status is ConditionStatus.TRUE


def test_a_pass_with_findings_counts_as_observed_but_not_as_successful() -> None:
    board = StatusBoard(START)
    board.finished(passed(findings=(finding(),)), Progress.STALLED, "one", LATER)
    status = board.snapshot()
    assert status.observed_revision == "one"
    assert status.is_reading
    assert status.last_success_at is None


def test_a_pass_with_an_unreadable_target_does_not_count_as_observed() -> None:
    board = StatusBoard(START)
    board.finished(passed(target(), target(error="503", is_transient=True)), Progress.TRANSIENT, "one", LATER)
    status = board.snapshot()
    assert status.observed_revision == ""
    assert not status.is_reading
    assert status.conditions[ConditionType.RECONCILING].status is ConditionStatus.TRUE


def test_an_interrupted_pass_does_not_count_as_observed() -> None:
    board = StatusBoard(START)
    board.finished(passed(stopped=True), Progress.TRANSIENT, "one", LATER)
    assert board.snapshot().observed_revision == ""
