"""Runs the actions of all places, each as soon as what it requires is done.

Every place has its own workers, so that a slow organization does not delay another. Workers take
actions themselves: no dispatching thread limits the rate.
"""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from contextvars import Context, copy_context
from dataclasses import replace
from threading import Condition, Event, Lock, Thread
from time import monotonic
from types import MappingProxyType
from typing import Protocol

from reconciler.model.place import Place
from reconciler.plan.action import Action, ActionId, Gate, Outcome, Status


class Observer(Protocol):
    """Sees progress, from several threads, one call at a time."""

    def started(self, action: Action) -> None:
        """Called before an action is sent."""

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        """Called when an action has an outcome; `done` of `total` actions have one."""


class Performer(Protocol):
    """Performs the actions of one place."""

    def perform(self, action: Action) -> Outcome:
        """Send one action. Expected failures are outcomes; whatever is raised ends the run."""

    def conclude(self, outcome: Outcome) -> None:
        """Called once for every outcome, also of actions that were never started."""


class Schedule:
    """One run over a plan's actions. A failed action blocks only what requires it."""

    def __init__(
        self,
        actions: Sequence[Action],
        hands: Mapping[Place, Performer],
        *,
        stop: Event,
        observer: Observer,
    ) -> None:
        self._actions = {action.id: action for action in actions}
        self._hands = hands
        self._stop = stop
        self._observer = observer
        self._lock = Lock()
        self._observing = Lock()
        self._outcomes: dict[ActionId, Outcome] = {}
        self._reported = 0
        self._ready: dict[Place, deque[ActionId]] = {action.key.place: deque() for action in actions}
        self._changed = {place: Condition(self._lock) for place in self._ready}
        self._failure: BaseException | None = None
        self._followers: dict[ActionId | Gate, list[ActionId | Gate]] = defaultdict(list)
        self._missing: dict[ActionId | Gate, int] = {}
        self._unmet: set[ActionId | Gate] = set()
        self._causes: dict[ActionId | Gate, set[ActionId]] = defaultdict(set)
        """Actions that were not done, by what waited for them directly or through a gate."""
        for action in actions:
            self._missing[action.id] = len(action.requires) + (action.gate is not None)
            for before in action.requires:
                self._followers[before].append(action.id)
            if action.gate is not None:
                self._add_gate(action.gate, action.id)

    def _add_gate(self, gate: Gate, follower: ActionId) -> None:
        self._followers[gate].append(follower)
        if gate not in self._missing:
            self._missing[gate] = len(gate.members)
            for member in gate.members:
                self._followers[member].append(gate)

    def outcomes(
        self, concurrency: int, waiting: Mapping[Place, int] = MappingProxyType({})
    ) -> tuple[Outcome, ...]:
        """Run everything, `concurrency` actions at once in each place; one outcome for each, in plan order.

        `waiting` replaces that number in places whose actions mostly wait, and whose performer limits the rest.
        When `stop` is set, the running actions are finished and no new one is started. What a
        performer raises is raised here, after the running actions.
        """
        for action in self._actions.values():
            if not self._missing[action.id]:
                self._ready[action.key.place].append(action.id)
        # What a target that is left out would have to do first is never done in this run.
        for action in self._actions.values():
            if not self._is_whole(action):
                self._settle(self._blocked(action))
        workers = [
            Thread(target=self._work, args=(place, copy_context()), name=f"apply {place} {number}")
            for place, ready in self._ready.items()
            for number in range(min(waiting.get(place, concurrency), self._count(place)))
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if self._failure is not None:
            raise self._failure
        for action in self._actions.values():
            if action.id not in self._outcomes:
                self._report(Outcome(action, Status.SKIPPED, "not reached: the run was stopped"))
        return tuple(self._outcomes[identifier] for identifier in self._actions)

    def _count(self, place: Place) -> int:
        return sum(identifier[1].place == place for identifier in self._actions)

    def _work(self, place: Place, context: Context) -> None:
        try:
            while (action := self._next(place)) is not None:
                self._settle(context.run(self._perform, action))
        except BaseException as error:  # noqa: BLE001  raised again by the thread that waits for the run
            with self._lock:
                self._failure = self._failure or error
                self._wake_all()

    def _next(self, place: Place) -> Action | None:
        """The next action of a place, after waiting for it; None when the run is over."""
        ready, changed = self._ready[place], self._changed[place]
        with self._lock:
            while True:
                if self._stop.is_set() or self._failure is not None:
                    self._wake_all()
                    return None
                if ready:
                    return self._actions[ready.popleft()]
                if len(self._outcomes) == len(self._actions):
                    return None
                changed.wait()

    def _wake_all(self) -> None:
        for changed in self._changed.values():
            changed.notify_all()

    def _perform(self, action: Action) -> Outcome:
        with self._observing:
            self._observer.started(action)
        started = monotonic()
        outcome = self._hands[action.key.place].perform(action)
        return replace(outcome, seconds=monotonic() - started)

    def _settle(self, outcome: Outcome) -> None:
        """Record an outcome, and that of everything it blocks; free what required it."""
        settled = [outcome]
        while settled:
            outcome = settled.pop()
            self._report(outcome)
            with self._lock:
                settled.extend(self._freed(outcome))
                if len(self._outcomes) == len(self._actions) or self._stop.is_set():
                    self._wake_all()

    def _report(self, outcome: Outcome) -> None:
        self._hands[outcome.action.key.place].conclude(outcome)
        with self._lock:
            self._outcomes[outcome.action.id] = outcome
        with self._observing:
            self._reported += 1
            self._observer.finished(outcome, self._reported, len(self._actions))

    def _freed(self, outcome: Outcome) -> list[Outcome]:
        """Outcomes of what is blocked by this one; what waited for nothing else is made ready."""
        blocked = []
        if outcome.status not in (Status.DONE, Status.UNCHANGED):
            self._unmet.add(outcome.action.id)
        settled: list[ActionId | Gate] = [outcome.action.id]
        while settled:
            node = settled.pop()
            for follower in self._followers[node]:
                if node in self._unmet:
                    self._causes[follower].update(self._causes.get(node) or {outcome.action.id})
                    if isinstance(follower, Gate):
                        self._unmet.add(follower)
                self._missing[follower] -= 1
                if self._missing[follower]:
                    continue
                if isinstance(follower, Gate):
                    settled.append(follower)
                elif follower in self._causes:
                    blocked.append(self._blocked(self._actions[follower]))
                else:
                    place = follower[1].place
                    self._ready[place].append(follower)
                    self._changed[place].notify()
        return [outcome for outcome in blocked if outcome.action.id not in self._outcomes]

    def _is_whole(self, action: Action) -> bool:
        """True if everything that is required is part of this run."""
        if not action.requires <= self._actions.keys():
            return False
        return action.gate is None or action.gate.members <= self._actions.keys()

    def _blocked(self, action: Action) -> Outcome:
        """Outcome of an action whose requirements were not done, or are not part of this run."""
        absent = action.required - self._actions.keys()
        causes = sorted(f"{verb} {key}" for verb, key in self._causes.get(action.id, set()) | absent)
        return Outcome(action, Status.BLOCKED, "requires " + ", ".join(causes))
