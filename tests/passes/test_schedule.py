"""The order of actions over several places, and what happens to the rest if one fails or the run stops."""

from collections.abc import Callable, Sequence
from threading import Barrier, Event, Lock

import pytest

from reconciler.diff.change import Change, Group
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.place import Place, organization
from reconciler.passes.schedule import Schedule
from reconciler.plan.action import Action, ActionId, Gate, Outcome, Status, Verb

ACME, BETA = organization("acme"), organization("beta")


def action(name: str, *requires: Action, place: Place = ACME, gate: Sequence[Action] = ()) -> Action:
    key = ResourceKey(place, Kind.DEFINITION, name)
    return Action(
        Verb.CREATE,
        key,
        Change(key, Group.CREATION),
        requires=frozenset(one.id for one in requires),
        gate=Gate(frozenset(one.id for one in gate)) if gate else None,
    )


class Hand:
    """Performs actions by a table of names, and records them in order."""

    def __init__(
        self, fails: frozenset[str] = frozenset(), during: Callable[[str], None] = lambda _: None
    ) -> None:
        self.performed: list[str] = []
        self.concluded: list[str] = []
        self._fails = fails
        self._during = during
        self._lock = Lock()

    def perform(self, action: Action) -> Outcome:
        self._during(action.key.id)
        with self._lock:
            self.performed.append(action.key.id)
        return Outcome(action, Status.FAILED if action.key.id in self._fails else Status.DONE)

    def conclude(self, outcome: Outcome) -> None:
        with self._lock:
            self.concluded.append(outcome.action.key.id)


class Watching:
    """Records how many actions were done when each one ended."""

    def __init__(self) -> None:
        self.counts: list[tuple[int, int]] = []

    def started(self, action: Action) -> None:
        pass

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        self.counts.append((done, total))


def run(
    actions: Sequence[Action], *, hand: Hand | None = None, stop: Event | None = None, concurrency: int = 4
) -> dict[str, Outcome]:
    given = hand or Hand()
    places: dict[Place, Hand] = {one.key.place: given for one in actions}
    schedule = Schedule(actions, places, stop=stop or Event(), observer=Watching())
    return {outcome.action.key.id: outcome for outcome in schedule.outcomes(concurrency)}


@pytest.mark.parametrize("concurrency", [1, 8])
def test_every_action_runs_after_what_it_requires(concurrency: int) -> None:
    first = action("first")
    middle = [action(f"middle-{i}", first) for i in range(10)]
    last = action("last", *middle)
    hand = Hand()
    outcomes = run([last, *middle, first], hand=hand, concurrency=concurrency)
    assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}
    assert (hand.performed[0], hand.performed[-1]) == ("first", "last")
    assert sorted(hand.concluded) == sorted(hand.performed)


def test_what_failed_blocks_only_what_requires_it_and_is_named() -> None:
    bad, good = action("bad"), action("good")
    direct, indirect = action("direct", bad), action("other", good)
    far = action("far", direct)
    outcomes = run([bad, good, direct, indirect, far], hand=Hand(frozenset({"bad"})))
    assert outcomes["other"].status is Status.DONE
    assert {outcomes[name].status for name in ("direct", "far")} == {Status.BLOCKED}
    assert outcomes["far"].message == "requires create Definition/bad"


def test_a_gate_opens_when_every_member_is_done_and_never_when_one_failed() -> None:
    members = [action(f"m{i}") for i in range(5)]
    behind = [action(f"b{i}", gate=members) for i in range(5)]
    hand = Hand()
    run([*behind, *members], hand=hand)
    assert {name[0] for name in hand.performed[:5]} == {"m"}
    outcomes = run([*behind, *members], hand=Hand(frozenset({"m3"})))
    assert {outcomes[f"b{i}"].status for i in range(5)} == {Status.BLOCKED}
    assert outcomes["b0"].message == "requires create Definition/m3"


def test_places_run_in_parallel_and_wait_for_each_other_only_where_required() -> None:
    """Each place has one worker; both must be inside an action at once."""
    meeting = Barrier(2, timeout=20)

    def during(name: str) -> None:
        if name in ("a", "b"):
            meeting.wait()

    here, there = action("a"), action("b", place=BETA)
    after = action("c", here, place=BETA)
    hand = Hand(during=during)
    outcomes = run([here, there, after], hand=hand, concurrency=1)
    assert {outcome.status for outcome in outcomes.values()} == {Status.DONE}
    assert hand.performed[-1] == "c"


@pytest.mark.parametrize("gated", [False, True])
def test_what_requires_something_outside_the_run_is_blocked_at_once(gated: bool) -> None:  # noqa: FBT001  a table's column
    absent = action("absent")
    waiting = action("waiting", gate=[absent]) if gated else action("waiting", absent)
    outcomes = run([waiting, action("free")])
    assert outcomes["waiting"].status is Status.BLOCKED
    assert outcomes["waiting"].message == "requires create Definition/absent"
    assert outcomes["free"].status is Status.DONE


def test_after_a_stop_the_running_action_is_finished_and_no_other_starts() -> None:
    stop = Event()
    first = action("first")
    rest = [action(f"r{i}", first) for i in range(3)]
    hand = Hand(during=lambda _: stop.set())
    outcomes = run([first, *rest], hand=hand, stop=stop)
    assert hand.performed == ["first"]
    assert {outcomes[f"r{i}"].status for i in range(3)} == {Status.SKIPPED}
    assert sorted(hand.concluded) == ["first", "r0", "r1", "r2"]


def test_an_exception_of_a_performer_ends_the_run_and_propagates() -> None:
    def during(name: str) -> None:
        raise ZeroDivisionError(name)

    with pytest.raises(ZeroDivisionError):
        run([action(f"x{i}") for i in range(20)], hand=Hand(during=during))


def test_progress_counts_every_outcome_once() -> None:
    bad = action("bad")
    actions = [bad, *(action(f"x{i}", bad) for i in range(5))]
    watching = Watching()
    hands: dict[Place, Hand] = {ACME: Hand(frozenset({"bad"}))}
    Schedule(actions, hands, stop=Event(), observer=watching).outcomes(4)
    assert watching.counts == [(number, 6) for number in range(1, 7)]


def test_outcomes_are_in_the_order_of_the_plan() -> None:
    actions = [action(f"x{i:02}") for i in range(30)]
    schedule = Schedule(actions, {ACME: Hand()}, stop=Event(), observer=Watching())
    ids: list[ActionId] = [outcome.action.id for outcome in schedule.outcomes(8)]
    assert ids == [one.id for one in actions]


def test_an_empty_plan_ends() -> None:
    assert Schedule([], {}, stop=Event(), observer=Watching()).outcomes(4) == ()
