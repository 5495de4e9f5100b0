"""Carries a plan out, action by action, with an outcome for each. The only code that changes anything.

A change whose answer was lost is never repeated blindly: the thing is read again and
compared (design decision 4.4). Before the first create, a pending mark is written for every
create of the plan; so an apply that is killed at any point leaves a record from which the
next pass knows its own objects.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, replace
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from reconciler.diff.change import FieldChange, Group, Visibility
from reconciler.diff.compare import criteria_digest, leaves_digest
from reconciler.diff.fields import criteria_change, differences, literal_digests, reference_text
from reconciler.errors import (
    AbsentError,
    ConflictError,
    LostAnswerError,
    OrchestratorError,
)
from reconciler.model.identity import ResourceKey
from reconciler.model.inventory import Inventory, Ownership, Phase
from reconciler.model.json import digest
from reconciler.model.kind import Kind
from reconciler.model.secret import Literal
from reconciler.model.state import Resource
from reconciler.plan.action import Action, ActionId, Outcome, Status, TargetPlan, Verb
from reconciler.plan.order import criterion_selector

if TYPE_CHECKING:
    from reconciler.orchestrator.client import Orchestrator  # brings httpx

ATTEMPTS = 3
"""How often one change is sent when answers get lost; each time after reading again."""


class Observer(Protocol):
    """Told of progress, from several threads, one call at a time."""

    def started(self, action: Action) -> None:
        """Called before an action is sent."""

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        """Called when an action has an outcome; `done` of `total` have one now."""


class Ledger:
    """What we own, while it changes. `save` writes it; thread-safe.

    Entries of the plan's creates are marked pending at the start and settled one by one.
    """

    def __init__(
        self, inventory: Inventory, digest_key: bytes | None, write: Callable[[Inventory], None], *, run: str
    ) -> None:
        self._run = run
        self._inventory = inventory
        self._entries = dict(inventory.entries)
        self._digest_key = digest_key
        self._write = write
        self._lock = Lock()
        self._saved = dict(inventory.entries)

    def begin(self, actions: Iterable[Action]) -> None:
        """Mark every thing that is about to be created, and write the marks.

        Where anything will be sent, the record is written in any case: of two runs at once, the
        second meets InventoryConflictError here, before it changes anything.
        """
        planned = list(actions)
        for action in planned:
            if action.verb is Verb.CREATE and action.key.kind is not Kind.CRITERION:
                created = [action.subject, *action.carried]
                for change in created:
                    if change.desired is not None and change.key not in self._entries:
                        self._entries[change.key] = self._entry(change.desired, None, Phase.PENDING)
        if any(action.writes_orchestrator for action in planned):
            self._inventory = replace(self._inventory, exists=False)
        self.save()

    def settle(self, desired: Resource, live: Resource | None, *, sent_secrets: bool) -> None:
        """Record that `desired` is live. `live` is what was read back, None where nothing was."""
        with self._lock:
            entry = self._entry(desired, live, Phase.OWNED)
            known = self._entries.get(desired.key)
            if known is not None and known.phase is Phase.OWNED:
                if not sent_secrets:
                    entry = replace(entry, secrets=known.secrets, references=known.references)
                if live is not None and criteria_change(desired, live):
                    entry = replace(entry, criteria=known.criteria)
            self._entries[desired.key] = entry

    def settle_criteria(self, desired: Resource) -> None:
        """Record that the criteria of `desired` are live."""
        with self._lock:
            known = self._entries.get(desired.key)
            if known is not None:
                self._entries[desired.key] = replace(known, criteria=criteria_digest(desired))

    def expect(self, desired: Resource) -> None:
        """Record that `desired` was deleted and is about to be created anew."""
        with self._lock:
            self._entries[desired.key] = self._entry(desired, None, Phase.PENDING)

    def drop(self, key: ResourceKey) -> None:
        """Record that `key` is not ours any more, or never came to be."""
        with self._lock:
            self._entries.pop(key, None)

    def renew(self, entries: Mapping[ResourceKey, Ownership]) -> None:
        """Replace entries of things that were seen unchanged."""
        with self._lock:
            self._entries.update(entries)

    def is_pending(self, key: ResourceKey) -> bool:
        """True while a create of it has not been settled."""
        with self._lock:
            entry = self._entries.get(key)
            return entry is not None and entry.phase is Phase.PENDING

    def save(self) -> None:
        """Write the record if it changed since it was last written. Raises InventoryError."""
        with self._lock:
            if self._entries == self._saved and self._inventory.exists:
                return
            self._inventory = self._inventory.with_entries(self._entries, run=self._run)
            self._write(self._inventory)
            self._saved = dict(self._entries)

    def _entry(self, desired: Resource, live: Resource | None, phase: Phase) -> Ownership:
        return ownership(desired, live, phase, self._digest_key)


def ownership(desired: Resource, live: Resource | None, phase: Phase, digest_key: bytes | None) -> Ownership:
    """The record of one thing that was, or is about to be, made live."""
    literals = [at for at, leaf in desired.secrets.items() if isinstance(leaf, Literal)]
    return Ownership(
        key=desired.key,
        phase=phase,
        applied=digest(desired.document),
        criteria=criteria_digest(desired),
        leaves=leaves_digest(desired),
        secrets=literal_digests(desired, digest_key),
        references={at: reference_text(live.secrets.get(at)) for at in literals} if live is not None else {},
        observed_at=live.updated_at if live is not None else "",
    )


def carry_out(
    plan: TargetPlan,
    orchestrator: "Orchestrator",
    ledger: Ledger,
    *,
    concurrency: int,
    stop: Event,
    observer: Observer,
) -> tuple[Outcome, ...]:
    """Carry out every action whose requirements were met; one outcome for each, in plan order.

    A failed action blocks only what requires it. When `stop` is set the running actions are
    finished and no new one is started. The ledger is settled but not saved at the end.
    """
    run = _Run(plan.actions, _Hand(orchestrator, ledger, plan.actions), stop, observer)
    contested = tuple(
        Outcome(
            Action(Verb.UPDATE, change.key, change),
            Status.REFUSED,
            "differs from the files and is not ours; left alone",
        )
        for change in plan.contested
    )
    return (*run.outcomes(concurrency), *contested)


class _Run:
    """Schedules actions over a bounded pool of threads."""

    def __init__(self, actions: Sequence[Action], hand: "_Hand", stop: Event, observer: Observer) -> None:
        self._actions = {action.id: action for action in actions}
        self._hand = hand
        self._stop = stop
        self._observer = observer
        self._outcomes: dict[ActionId, Outcome] = {}
        self._lock = Lock()
        self._followers: dict[ActionId, list[ActionId]] = defaultdict(list)
        self._missing: dict[ActionId, int] = {}
        for action in actions:
            self._missing[action.id] = len(action.requires)
            for before in action.requires:
                self._followers[before].append(action.id)

    def outcomes(self, concurrency: int) -> tuple[Outcome, ...]:
        ready = [identifier for identifier in self._actions if not self._missing[identifier]]
        ready.reverse()
        running: dict[Future[Outcome], ActionId] = {}
        with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="apply") as pool:
            while ready or running:
                while ready and len(running) < concurrency and not self._stop.is_set():
                    identifier = ready.pop()
                    action = self._actions[identifier]
                    if not self._is_blocked(action):
                        running[pool.submit(copy_context().run, self._perform, action)] = identifier
                    else:
                        ready.extend(reversed(self._settle(action, self._blocked(action))))
                if not running:
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    action = self._actions[running.pop(future)]
                    ready.extend(reversed(self._settle(action, future.result())))
        for action in self._actions.values():
            if action.id not in self._outcomes:
                self._settle(action, Outcome(action, Status.SKIPPED, "not reached: the run was stopped"))
        return tuple(self._outcomes[identifier] for identifier in self._actions)

    def _perform(self, action: Action) -> Outcome:
        with self._lock:
            self._observer.started(action)
        started = monotonic()
        outcome = self._hand.perform(action)
        return replace(outcome, seconds=monotonic() - started)

    def _is_blocked(self, action: Action) -> bool:
        return any(not _is_met(self._outcomes[before]) for before in action.requires)

    def _blocked(self, action: Action) -> Outcome:
        causes = sorted(
            f"{verb} {key}" for verb, key in action.requires if not _is_met(self._outcomes[verb, key])
        )
        return Outcome(action, Status.BLOCKED, "requires " + ", ".join(causes))

    def _settle(self, action: Action, outcome: Outcome) -> list[ActionId]:
        """Record an outcome and return the actions it sets free."""
        self._outcomes[action.id] = outcome
        self._hand.conclude(outcome)
        with self._lock:
            self._observer.finished(outcome, len(self._outcomes), len(self._actions))
        free = []
        for follower in self._followers[action.id]:
            self._missing[follower] -= 1
            if not self._missing[follower]:
                free.append(follower)
        return free


def _is_met(outcome: Outcome) -> bool:
    return outcome.status in (Status.DONE, Status.UNCHANGED)


@dataclass(frozen=True, slots=True)
class _Deed:
    """How one action is sent, and how reading again tells whether it happened.

    `send` returns what reads back. `look` reads; `happened` judges what was read (None: absent).
    """

    send: Callable[[], Resource | None]
    look: Callable[[], Resource | None]
    happened: Callable[[Resource | None], bool]


class _Hand:
    """Performs single actions. Expected failures become outcomes; anything else rises as our bug."""

    def __init__(self, orchestrator: "Orchestrator", ledger: Ledger, actions: Iterable[Action]) -> None:
        self._orchestrator = orchestrator
        self._ledger = ledger
        self._lock = Lock()
        planned = list(actions)
        self._created = {action.key for action in planned if action.verb is Verb.CREATE}
        self._criteria_left = Counter(
            action.subject.key for action in planned if action.key.kind is Kind.CRITERION
        )

    def perform(self, action: Action) -> Outcome:
        if action.verb is Verb.ADOPT:
            return self._adopt(action)
        if action.verb is Verb.FORGET:
            self._ledger.drop(action.key)
            return Outcome(action, Status.DONE)
        deed = self._deed(action)
        for attempt in range(1, ATTEMPTS + 1):
            outcome = self._attempt(action, deed, attempt)
            if outcome is not None:
                return outcome
        raise AssertionError("the last attempt always returns")

    def _attempt(self, action: Action, deed: _Deed, attempt: int) -> Outcome | None:
        """Send once. None means that the answer was lost, nothing happened, and there are attempts left."""
        try:
            live = deed.send()
        except LostAnswerError as error:
            return self._after_lost_answer(action, deed, error, attempt)
        except ConflictError as error:
            late = self._after_late_effect(action, deed, error) if attempt > 1 else None
            return late or self._after_conflict(action, deed, error)
        except AbsentError as error:
            if action.verb is not Verb.DELETE:
                return Outcome(action, Status.FAILED, str(error), is_transient=True)
            self._record(action, None)
            return Outcome(action, Status.UNCHANGED, "was gone already")
        except OrchestratorError as error:
            return _failure(action, error)
        self._record(action, live)
        return Outcome(action, Status.DONE, self._reads_back(action, live))

    def _after_lost_answer(
        self, action: Action, deed: _Deed, error: LostAnswerError, attempt: int
    ) -> Outcome | None:
        """Read again; None means that nothing happened and the change may be sent once more."""
        try:
            live = deed.look()
        except OrchestratorError as second:
            return Outcome(
                action, Status.UNKNOWN, f"{error}; reading again failed too: {second}", is_transient=True
            )
        done = self._found_done(action, deed, live)
        if done is not None:
            return done
        if _is_taken(action, live):
            return Outcome(
                action, Status.FAILED, f"{error}; found something else under this id when read again"
            )
        if attempt == ATTEMPTS:
            return Outcome(
                action, Status.FAILED, f"{error}; not done after {ATTEMPTS} attempts", is_transient=True
            )
        return None

    def _found_done(self, action: Action, deed: _Deed, live: Resource | None) -> Outcome | None:
        """Settle a change whose answer was lost and whose effect is there; None where it is not."""
        if not deed.happened(live):
            return None
        if live is not None and _creates_literals(action):
            return self._send_secrets_again(action, live)
        self._record(action, live)
        return Outcome(action, Status.DONE, "the answer was lost; found done when read again")

    def _send_secrets_again(self, action: Action, live: Resource) -> Outcome:
        """Something equal but for secrets stands there: sending them once more makes it certain."""
        desired = action.subject.desired
        assert desired is not None
        try:
            written = self._orchestrator.update(live, desired, secrets_changed=True)
        except OrchestratorError as error:
            return Outcome(
                action, Status.UNKNOWN, f"created; its secrets are uncertain: {error}", is_transient=True
            )
        self._record(action, written)
        return Outcome(
            action, Status.DONE, "the answer was lost; found done when read again, secrets sent again"
        )

    def _after_late_effect(self, action: Action, deed: _Deed, error: ConflictError) -> Outcome | None:
        """Settle a create whose first answer was lost and whose second was refused: the first took effect late."""
        if action.verb is not Verb.CREATE:
            return None
        try:
            live = deed.look()
        except OrchestratorError as second:
            return Outcome(
                action, Status.UNKNOWN, f"{error}; reading again failed: {second}", is_transient=True
            )
        return self._found_done(action, deed, live)

    def _after_conflict(self, action: Action, deed: _Deed, error: ConflictError) -> Outcome:
        if action.verb is Verb.DELETE:
            return Outcome(action, Status.REFUSED, str(error))
        try:
            live = deed.look()
        except OrchestratorError as second:
            return Outcome(
                action, Status.FAILED, f"{error}; reading again failed: {second}", is_transient=True
            )
        if action.verb is Verb.CREATE and deed.happened(live) and not _creates_literals(action):
            self._record(action, live)
            return Outcome(action, Status.UNCHANGED, "was there already, equal")
        if _is_taken(action, live):
            return Outcome(
                action, Status.FAILED, f"{error}; somebody else made it meanwhile", is_transient=True
            )
        return Outcome(action, Status.FAILED, str(error), is_transient=True)

    def conclude(self, outcome: Outcome) -> None:
        """A create that certainly did not happen leaves no pending mark; an uncertain one keeps it."""
        if outcome.action.verb is not Verb.CREATE or outcome.action.key.kind is Kind.CRITERION:
            return
        if outcome.status in (Status.FAILED, Status.BLOCKED, Status.REFUSED, Status.SKIPPED):
            for change in (outcome.action.subject, *outcome.action.carried):
                if self._ledger.is_pending(change.key):
                    self._ledger.drop(change.key)

    def _adopt(self, action: Action) -> Outcome:
        change = action.subject
        if change.desired is None:
            raise AssertionError("only desired things are adopted")
        self._ledger.settle(change.desired, change.live, sent_secrets=not _has_literals(action))
        return Outcome(action, Status.DONE)

    def _record(self, action: Action, live: Resource | None) -> None:
        desired = action.subject.desired
        if action.key.kind is Kind.CRITERION:
            with self._lock:
                self._criteria_left[action.subject.key] -= 1
                is_last = not self._criteria_left[action.subject.key]
            if desired is not None and is_last:
                self._ledger.settle_criteria(desired)
            return
        if action.verb is Verb.DELETE:
            for change in (action.subject, *action.carried):
                self._ledger.drop(change.key)
            if desired is not None and action.key in self._created:
                self._ledger.expect(desired)
            return
        if desired is None:
            raise AssertionError("only desired things are created or updated")
        sent = action.verb is Verb.CREATE or _secrets_differ(action.subject.fields)
        self._ledger.settle(desired, live, sent_secrets=sent)
        for change in action.carried:
            if change.desired is not None:
                self._ledger.settle(change.desired, None, sent_secrets=True)

    def _reads_back(self, action: Action, live: Resource | None) -> str:
        """Say so where the server kept something else than was sent."""
        desired = action.subject.desired
        if desired is None or live is None or action.key.kind is Kind.CRITERION:
            return ""
        fields = [c for c in differences(desired, live, None, None) if c.visibility is Visibility.SHOWN]
        if not fields:
            return ""
        names = ", ".join(".".join(map(str, change.path)) for change in fields[:3])
        return f"reads back differently: {names}"

    def _deed(self, action: Action) -> _Deed:
        if action.key.kind is Kind.CRITERION:
            return self._criterion_deed(action)
        match action.verb:
            case Verb.CREATE:
                return self._creation(action)
            case Verb.UPDATE:
                return self._update(action)
            case Verb.DELETE:
                return self._deletion(action)
            case Verb.ADOPT | Verb.FORGET:
                raise AssertionError("these write only our own record")

    def _creation(self, action: Action) -> _Deed:
        desired = action.subject.desired
        assert desired is not None
        first_key = action.carried[0].desired if action.carried else None
        return _Deed(
            send=lambda: self._orchestrator.create(desired, first_key=first_key),
            look=lambda: self._orchestrator.get(action.key),
            happened=lambda live: live is not None and is_equal(desired, live),
        )

    def _update(self, action: Action) -> _Deed:
        desired, live = action.subject.desired, action.subject.live
        assert desired is not None
        assert live is not None
        changed = _secrets_differ(action.subject.fields)
        return _Deed(
            send=lambda: self._orchestrator.update(live, desired, secrets_changed=changed),
            look=lambda: self._orchestrator.get(action.key),
            happened=lambda found: (
                found is not None and not changed and is_equal(replace(desired, criteria=None), found)
            ),
        )

    def _deletion(self, action: Action) -> _Deed:
        live = action.subject.live
        assert live is not None

        def send() -> None:
            self._orchestrator.delete(live)

        return _Deed(
            send=send,
            look=lambda: self._orchestrator.get(action.key),
            happened=lambda found: found is None or _is_other(live, found),
        )

    def _criterion_deed(self, action: Action) -> _Deed:
        selector = criterion_selector(action.key)
        definition = action.subject.key
        if action.verb is Verb.CREATE:
            fields = action.subject.criteria.added[selector]

            def create() -> None:
                self._orchestrator.create_criterion(definition, fields)

            return _Deed(
                send=create,
                look=lambda: self._orchestrator.get(definition),
                happened=lambda found: found is not None and selector in (found.criteria or {}),
            )
        live = action.subject.live
        assert live is not None

        def delete() -> None:
            self._orchestrator.delete_criterion(definition, live.handle[selector])

        return _Deed(
            send=delete,
            look=lambda: self._orchestrator.get(definition),
            happened=lambda found: found is None or selector not in (found.criteria or {}),
        )


def is_equal(desired: Resource, live: Resource) -> bool:
    """Equal in everything that can be compared; literals cannot."""
    return not criteria_change(desired, live) and not any(
        change.visibility is Visibility.SHOWN for change in differences(desired, live, None, None)
    )


def _is_other(live: Resource, found: Resource) -> bool:
    """True where a thing under the same natural key is not the one that was to be deleted."""
    return live.key.kind is Kind.RUNNER_RULE and live.handle.get("id") != found.handle.get("id")


def _is_taken(action: Action, live: Resource | None) -> bool:
    """True where a create met something else under its id; a criterion is read as part of its definition."""
    return action.verb is Verb.CREATE and action.key.kind is not Kind.CRITERION and live is not None


def _creates_literals(action: Action) -> bool:
    """True for creates that carry plain secrets: reading again does not show whose those are."""
    return action.verb is Verb.CREATE and _has_literals(action)


def _has_literals(action: Action) -> bool:
    desired = action.subject.desired
    return (
        desired is not None
        and action.key.kind is not Kind.CRITERION
        and any(isinstance(leaf, Literal) for leaf in desired.secrets.values())
    )


def _secrets_differ(fields: tuple[FieldChange, ...]) -> bool:
    return any(change.visibility is Visibility.HIDDEN for change in fields) or any(
        change.path[:1] == ("secrets",) for change in fields
    )


def _failure(action: Action, error: OrchestratorError) -> Outcome:
    message = f"{error}. {error.advice}" if error.advice else str(error)
    return Outcome(action, Status.FAILED, message, is_transient=error.is_transient)


def unchanged_ownership(
    plan: TargetPlan, entries: Mapping[ResourceKey, Ownership], digest_key: bytes | None
) -> dict[ResourceKey, Ownership]:
    """Entries of unchanged things whose record is older than what was seen.

    A runner that was read anew gets its time stamp, so that the next pass need not read it.
    """
    renewed = {}
    for change in plan.diff.of(Group.UNCHANGED):
        entry = entries.get(change.key)
        if entry is None or change.desired is None or change.live is None:
            continue
        seen = ownership(change.desired, change.live, Phase.OWNED, digest_key)
        wanted = replace(
            entry,
            applied=seen.applied,
            criteria=seen.criteria,
            leaves=seen.leaves,
            observed_at=seen.observed_at or entry.observed_at,
        )
        if wanted != entry:
            renewed[change.key] = wanted
    return renewed
