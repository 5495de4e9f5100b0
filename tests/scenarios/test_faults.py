"""Answers that get lost, cut or refused: what is reported has happened."""

from pathlib import Path
from threading import Event

import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ExitCode
from reconciler.passes.result import Verdict
from reconciler.plan.action import Outcome, Status
from tests.scenarios.test_crash_safety import counts, first, second, undisturbed
from tests.scenarios.world import Silent, World, actions, definition_yaml

LOSSES = [
    FaultKind.CUT_AFTER_EFFECT,
    FaultKind.ERROR_AFTER_EFFECT,
    pytest.param(FaultKind.CUT_BEFORE_EFFECT, marks=pytest.mark.whole),
    pytest.param(FaultKind.TRUNCATED_BODY, marks=pytest.mark.whole),
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", LOSSES)
def test_every_lost_answer_is_resolved_by_reading_again(tmp_path: Path, kind: FaultKind) -> None:
    """Each mutating request in turn loses its answer; the end and the counts stay the same."""
    (tmp_path / "undisturbed").mkdir()
    reference, requests = undisturbed(tmp_path / "undisturbed", 8)
    for number in range(requests):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = World.make(folder)
        first(world)
        world.apply()
        world.emulator.log.clear()
        second(world)
        world.emulator.faults.add(FaultRule(kind=kind, verb="POST|PUT|PATCH|DELETE", after=number))
        result = world.apply()
        assert result.verdict is Verdict.APPLIED, (number, [o for o in result.outcomes if o.message])
        assert world.live() == reference.live(), number
        assert counts(world) == counts(reference), number
        assert actions(world.plan()) == [], number


def test_one_refused_object_blocks_only_what_requires_it(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    first(world)
    world.emulator.faults.add(
        FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, status=400, verb="POST", path="/agents$", count=None)
    )
    result = world.apply()
    assert (result.verdict, result.exit_code()) == (Verdict.PARTIAL, ExitCode.PARTIAL)
    by_key = {str(outcome.action.key): outcome.status for outcome in result.outcomes}
    assert by_key["Agent/eu"] is Status.FAILED
    assert by_key["Definition/eu-link"] is Status.BLOCKED
    assert by_key["Definition/old"] is Status.DONE
    world.emulator.faults.clear()
    assert world.apply().verdict is Verdict.APPLIED
    assert actions(world.plan()) == []


def test_an_apply_that_changed_nothing_is_not_called_partly_applied(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    world.write("wanted.yaml", definition_yaml("wanted"))
    world.emulator.faults.add(
        FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, status=400, verb="POST", count=None)
    )
    result = world.apply()
    assert [outcome.status for outcome in result.outcomes] == [Status.FAILED]
    assert (result.verdict, result.exit_code()) == (Verdict.FAILED, ExitCode.PARTIAL)


def test_a_request_to_a_busy_server_is_repeated(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    first(world)
    world.emulator.faults.add(FaultRule(kind=FaultKind.TOO_MANY_REQUESTS, retry_after=1, count=3))
    assert world.apply().verdict is Verdict.APPLIED


@pytest.mark.parametrize("kind", [FaultKind.PARTIAL_LIST, FaultKind.STALE_LIST])
def test_a_wrong_list_deletes_nothing(tmp_path: Path, kind: FaultKind) -> None:
    """At worst, what is missing in a list is created again and the conflict resolved by reading."""
    world = World.make(tmp_path)
    first(world)
    world.apply()
    world.emulator.log.clear()
    world.emulator.faults.add(FaultRule(kind=kind, verb="GET", path="/resources/defs$", share=1.0))
    world.apply()
    assert not [what for what in counts(world) if what[0] == "deleted"]
    world.emulator.faults.clear()
    assert actions(world.plan()) == []


class StopsAfterOne(Silent):
    """Requests a stop as soon as the first action is finished."""

    def __init__(self, stop: Event) -> None:
        super().__init__()
        self._stop = stop

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        super().finished(outcome, done, total)
        self._stop.set()


def test_a_stop_finishes_the_current_action_and_starts_no_new_one(tmp_path: Path) -> None:
    world = World.make(tmp_path, apply={"concurrency": 1})
    for number in range(5):
        world.write(f"{number}.yaml", definition_yaml(f"bucket-{number}"))
    stop = Event()
    result = world.apply(stop=stop, observer=StopsAfterOne(stop))
    assert result.verdict is Verdict.INTERRUPTED
    assert sorted(str(outcome.status) for outcome in result.outcomes) == ["done"] + ["skipped"] * 4
    assert sum(world.effects().values()) == 1
    assert world.apply().verdict is Verdict.APPLIED
    assert sum(counts(world).values()) == 5


@pytest.mark.parametrize("is_second", [False, True])
def test_a_plan_sends_nothing_that_could_change_anything(tmp_path: Path, is_second: bool) -> None:  # noqa: FBT001
    """Dry-run lives in the transport (design decision 4.2)."""
    world = World.make(tmp_path)
    first(world)
    if is_second:
        world.apply()
        second(world)
    world.emulator.log.clear()
    assert world.plan().has_changes
    assert {entry.verb for entry in world.emulator.log.entries()} == {"GET"}
