"""Performs single actions in one organization. The only code that changes an orchestrator.

A change whose answer was lost is never repeated blindly: the object is read again and compared
(design decision 4.4).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.diff.change import Visibility
from reconciler.diff.fields import differences
from reconciler.errors import AbsentError, ConflictError, InUseError, LostAnswerError, OrchestratorError
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.secret import Literal
from reconciler.model.state import Resource
from reconciler.passes.deed.deed import Deed, deed, secrets_differ
from reconciler.passes.ledger import Ledger
from reconciler.plan.action import Action, Outcome, Status, Verb
from reconciler.plan.withheld import withheld

if TYPE_CHECKING:
    from reconciler.orchestrator.client import Orchestrator  # brings httpx

ATTEMPTS = 3
"""How many times one change is sent when answers are lost; again only after reading."""


class Hand:
    """Performs single actions. Expected failures become outcomes; anything else is a bug and propagates."""

    def __init__(
        self,
        orchestrator: "Orchestrator",
        ledger: Ledger,
        actions: Iterable[Action],
        *,
        read: Callable[[ResourceKey], Resource | None],
    ) -> None:
        """`actions` are all that were planned for the place; `read` gets an object of any place."""
        self._orchestrator = orchestrator
        self._ledger = ledger
        self._read = read
        self._lock = Lock()
        planned = list(actions)
        self._withheld = withheld(planned)
        self._created = {action.key for action in planned if action.verb is Verb.CREATE}
        self._criteria_left = Counter(
            action.subject.key for action in planned if action.key.kind is Kind.CRITERION
        )

    def perform(self, action: Action) -> Outcome:
        """Outcome of sending one action."""
        if action.verb is Verb.ADOPT:
            return self._adopt(action)
        if action.verb is Verb.FORGET:
            return self._forget(action)
        if (why := self._withheld.get(action.id)) is not None:
            return Outcome(action, Status.FAILED, f"not sent: {why}")
        if (blocked := self._still_awaited(action)) is not None:
            return blocked
        sending = deed(self._orchestrator, action)
        for attempt in range(1, ATTEMPTS + 1):
            outcome = self._attempt(action, sending, attempt)
            if outcome is not None:
                return outcome
        raise AssertionError("the last attempt always returns")

    def _forget(self, action: Action) -> Outcome:
        """Drop an entry of the record, if the object itself does not exist: a list may have been stale."""
        if action.subject.live is None:
            try:
                found = self._orchestrator.get(action.key)
            except OrchestratorError as error:
                return _failure(action, error)
            if found is not None:
                return Outcome(
                    action,
                    Status.FAILED,
                    "the list did not show it, but it exists: it stays in the record",
                    is_transient=True,
                )
        self._ledger.drop(action.key)
        return Outcome(action, Status.DONE)

    def _still_awaited(self, action: Action) -> Outcome | None:
        """Outcome of an action while a key it waits for is not accepted; None if all are."""
        for key in action.awaits:
            try:
                found = self._read(key)
            except OrchestratorError as error:
                return _failure(action, error)
            if found is None or not found.is_accepted:
                lacks = "registered" if found is None else "authorized"
                return Outcome(
                    action,
                    Status.BLOCKED,
                    f"waits until {key} is {lacks} in {key.place}; run again afterwards",
                    is_transient=True,
                )
        return None

    def _attempt(self, action: Action, deed: Deed, attempt: int) -> Outcome | None:
        """Outcome of sending once; None if the answer was lost, nothing happened, and attempts are left."""
        try:
            live = deed.send()
        except LostAnswerError as error:
            return self._after_lost_answer(action, deed, error, attempt)
        except InUseError as error:
            return Outcome(action, Status.REFUSED, f"{error}; {error.advice}")
        except ConflictError as error:
            late = self._after_late_effect(action, deed, error) if attempt > 1 else None
            return late or self._after_conflict(action, deed, error)
        except AbsentError as error:
            if action.verb is not Verb.DELETE:
                return Outcome(action, Status.FAILED, str(error), is_transient=True)
            self._record(action, None)
            return Outcome(action, Status.UNCHANGED, "was already gone")
        except OrchestratorError as error:
            return _failure(action, error)
        self._record(action, live)
        return Outcome(action, Status.DONE, self._reads_back(action, live))

    def _after_lost_answer(
        self, action: Action, deed: Deed, error: LostAnswerError, attempt: int
    ) -> Outcome | None:
        """Outcome after reading again; None if nothing happened and the change may be sent again."""
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

    def _found_done(self, action: Action, deed: Deed, live: Resource | None) -> Outcome | None:
        """Outcome of a change whose answer was lost and that happened; None if it did not."""
        if not deed.happened(live):
            return None
        if live is not None and _creates_literals(action):
            return self._send_secrets_again(action, live)
        self._record(action, live)
        return Outcome(action, Status.DONE, "the answer was lost; found done when read again")

    def _send_secrets_again(self, action: Action, live: Resource) -> Outcome:
        """Outcome of a create that shows in all but its secrets: only sending these again makes them certain."""
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

    def _after_late_effect(self, action: Action, deed: Deed, error: ConflictError) -> Outcome | None:
        """Outcome of a create that was refused when sent again: the first attempt may have taken effect late."""
        if action.verb is not Verb.CREATE:
            return None
        try:
            live = deed.look()
        except OrchestratorError as second:
            return Outcome(
                action, Status.UNKNOWN, f"{error}; reading again failed: {second}", is_transient=True
            )
        return self._found_done(action, deed, live)

    def _after_conflict(self, action: Action, deed: Deed, error: ConflictError) -> Outcome:
        try:
            live = deed.look()
        except OrchestratorError as second:
            return Outcome(
                action, Status.FAILED, f"{error}; reading again failed: {second}", is_transient=True
            )
        if action.verb is Verb.CREATE and deed.happened(live) and not _creates_literals(action):
            self._record(action, live)
            return Outcome(action, Status.UNCHANGED, "already existed, equal")
        if _is_taken(action, live):
            return Outcome(
                action, Status.FAILED, f"{error}; somebody else created it in the meantime", is_transient=True
            )
        return Outcome(action, Status.FAILED, str(error), is_transient=True)

    def conclude(self, outcome: Outcome) -> None:
        """Remove the mark of a create or delete that certainly did not happen; an uncertain one keeps it."""
        if outcome.action.verb not in (Verb.CREATE, Verb.DELETE) or outcome.action.key.kind is Kind.CRITERION:
            return
        if outcome.status in (Status.FAILED, Status.BLOCKED, Status.REFUSED, Status.SKIPPED):
            for change in (outcome.action.subject, *outcome.action.carried):
                self._ledger.unmark(change.key)

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
            # A replacement: its create follows, and a crash in between must leave it owned.
            if desired is not None and action.key in self._created:
                self._ledger.expect(desired)
            return
        if desired is None:
            raise AssertionError("only desired things are created or updated")
        sent = action.verb is Verb.CREATE or secrets_differ(action.subject.fields)
        self._ledger.settle(desired, live, sent_secrets=sent)
        for change in action.carried:
            if change.desired is not None:
                self._ledger.settle(change.desired, None, sent_secrets=True)

    def _reads_back(self, action: Action, live: Resource | None) -> str:
        """What the server stored otherwise than it was sent, "" if nothing."""
        desired = action.subject.desired
        if desired is None or live is None or action.key.kind is Kind.CRITERION:
            return ""
        fields = [c for c in differences(desired, live, None) if c.visibility is Visibility.SHOWN]
        if not fields:
            return ""
        names = ", ".join(".".join(map(str, change.path)) for change in fields[:3])
        return f"reads back differently: {names}"


def _is_taken(action: Action, live: Resource | None) -> bool:
    """True if a create met another object with its id; a criterion is read as part of its definition."""
    return action.verb is Verb.CREATE and action.key.kind is not Kind.CRITERION and live is not None


def _creates_literals(action: Action) -> bool:
    """True for creates that send literal secrets: reading again does not show whose they are."""
    return action.verb is Verb.CREATE and _has_literals(action)


def _has_literals(action: Action) -> bool:
    desired = action.subject.desired
    return (
        desired is not None
        and action.key.kind is not Kind.CRITERION
        and any(isinstance(leaf, Literal) for leaf in desired.secrets.values())
    )


def _failure(action: Action, error: OrchestratorError) -> Outcome:
    message = f"{error}. {error.advice}" if error.advice else str(error)
    return Outcome(action, Status.FAILED, message, is_transient=error.is_transient)
