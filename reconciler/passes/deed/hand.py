"""Performs single actions in one organization. The only code that changes an orchestrator.

A change whose answer was lost is never repeated blindly: the object is read again and compared
(design decision 4.4).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.diff.change import Visibility
from reconciler.diff.fields import is_same, visible_differences
from reconciler.errors import (
    AbsentError,
    ConflictError,
    InUseError,
    LostAnswerError,
    OrchestratorError,
    UnauthorizedError,
    UnavailableError,
)
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.secret import Literal
from reconciler.model.state import Resource
from reconciler.passes.deed.deed import Deed, deed, secrets_differ
from reconciler.passes.ledger import Ledger
from reconciler.plan.action import Action, ActionId, Outcome, Status, Verb
from reconciler.plan.withheld import withheld

if TYPE_CHECKING:
    from reconciler.orchestrator.client import Orchestrator  # brings httpx

_LOST = "answer lost, found done when read again"
_NOT_DONE = (Status.FAILED, Status.BLOCKED, Status.REFUSED, Status.SKIPPED, Status.UNKNOWN)
_LOOKED_AT_AFTERWARDS = (Kind.CRITERION, Kind.RUNNER_RULE)
"""Kinds with many objects that can only be read in lists: a look before each delete would cost too much."""

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
        seen: Collection[ResourceKey] = (),
    ) -> None:
        """`actions` are all that were planned for the place, `seen` is what was live there then.

        `read` gets an object of any place.
        """
        self._orchestrator = orchestrator
        self._ledger = ledger
        self._read = read
        self._seen = seen
        self._uncertain: set[ActionId] = set()
        """Creates that may have happened although reading did not show it: their marks stay."""
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
        if (ended := self._look_before(action, sending)) is not None:
            return ended
        for attempt in range(1, ATTEMPTS + 1):
            outcome = self._attempt(action, sending, attempt)
            if outcome is not None:
                return outcome
        raise AssertionError("the last attempt always returns")

    def _forget(self, action: Action) -> Outcome:
        """Outcome of dropping an entry of the record whose object a list did not show.

        The list may have been stale or cut, and so may one answer about the object itself. An entry that is
        dropped too early leaves the object behind for ever, so two runs have to find it absent.
        """
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
            if not self._ledger.miss(action.key):
                return Outcome(
                    action, Status.UNCHANGED, "not found; forgotten once another run does not find it either"
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
        return self._still_unauthorized(action)

    def _still_unauthorized(self, action: Action) -> Outcome | None:
        """Outcome of an action while none of the keys that its agent may use is authorized; None if one is."""
        for key in action.awaits_any:
            try:
                found = self._read(key)
            except OrchestratorError as error:
                return _failure(action, error)
            if found is not None and found.is_accepted:
                return None
        if not action.awaits_any:
            return None
        keys = " or ".join(map(str, action.awaits_any))
        return Outcome(
            action,
            Status.BLOCKED,
            f"waits until {keys} is authorized in {action.key.place}; run again afterwards",
            is_transient=True,
        )

    def _look_before(self, action: Action, sending: Deed) -> Outcome | None:
        """Outcome if a look right before the call shows that it must not, or need not, be sent; else None.

        The lists of the pass may be old or incomplete. A create with secrets looks so that it never overwrites an
        unmanaged object, a delete so that nothing unmanaged is deleted with the object.
        """
        if action.verb is Verb.CREATE:
            return self._look_before_create(action, sending)
        if action.verb is not Verb.DELETE or action.key.kind in _LOOKED_AT_AFTERWARDS:
            return None
        try:
            found = sending.look()
            dependents = self._orchestrator.dependents(found) if found is not None else ()
        except OrchestratorError as error:
            return _failure(action, error)
        if found is None:
            return self._gone(action, Status.UNCHANGED, "was already gone")
        live = action.subject.live
        if live is not None and not is_same(dict(live.document), dict(found.document)):
            message = "not sent: it changed since the plan was made; run again to compare it"
            return Outcome(action, Status.FAILED, message, is_transient=True)
        others = [one.key for one in dependents if not self._may_be_deleted(one.key)]
        if others:
            names = ", ".join(map(str, sorted(others)))
            return Outcome(
                action,
                Status.REFUSED,
                f"not sent: it would also delete {names}, which the plan did not show and the record does not have",
            )
        return None

    def _look_before_create(self, action: Action, sending: Deed) -> Outcome | None:
        is_owned = action.key.kind is not Kind.CRITERION and self._ledger.is_owned(action.key)
        if not is_owned and not _creates_literals(action):
            return None
        try:
            found = sending.look()
        except OrchestratorError as error:
            return _failure(action, error)
        if found is None:
            return None
        if not is_owned:
            return _taken(action, "not sent")
        if sending.happened(found) and not _creates_literals(action):
            self._record(action, found)
            return Outcome(action, Status.UNCHANGED, "already exists, equal: a list did not show it")
        return Outcome(
            action,
            Status.FAILED,
            "exists, although a list did not show it; run again to compare it",
            is_transient=True,
        )

    def _may_be_deleted(self, key: ResourceKey) -> bool:
        """True for what the plan showed, where guards judged it, and for what this record owns."""
        return key in self._seen or self._ledger.is_owned(key)

    def _attempt(self, action: Action, sending: Deed, attempt: int) -> Outcome | None:
        """Outcome of sending once; None if reading shows that nothing happened, and attempts are left."""
        try:
            live = sending.send()
        except UnauthorizedError as error:
            return _failure(action, error)
        except OrchestratorError as error:
            if error.status or isinstance(error, LostAnswerError):
                return self._after_failure(action, sending, error, attempt)
            return _failure(action, error)
        return self._done(action, live)

    def _done(self, action: Action, live: Resource | None, how: str = "") -> Outcome:
        """Outcome of a change that happened; `live` is what reads back, `how` tells how that is known.

        A value that the server accepts and does not keep is reported, and is a failure when it is sent again.
        """
        desired = action.subject.desired
        altered = _reads_back(action, live)
        is_ignored_again = altered != "" and desired is not None and self._ledger.was_not_kept(desired)
        self._record(action, live)
        message = "; ".join(filter(None, (how, altered)))
        if is_ignored_again:
            return Outcome(
                action, Status.FAILED, f"{message}: accepted and not kept, for at least the second time"
            )
        return Outcome(action, Status.DONE, message)

    def _after_failure(
        self, action: Action, sending: Deed, error: OrchestratorError, attempt: int
    ) -> Outcome | None:
        """Outcome of a change that was sent and failed, after reading again. No status proves that nothing happened.

        None if nothing happened and the change may be sent again.
        """
        try:
            live = sending.look()
        except OrchestratorError as second:
            return self._unknown(action, f"{error}; reading again failed too: {second}")
        may_repeat = isinstance(error, LostAnswerError) and attempt < ATTEMPTS
        # Sending an update of secrets again does no harm, and makes certain what reading only suggests.
        is_certain = not (may_repeat and action.verb is Verb.UPDATE and secrets_differ(action.subject.fields))
        if sending.happened(live) and is_certain:
            return self._found_done(action, live, error, attempt)
        if isinstance(error, InUseError):
            return Outcome(action, Status.REFUSED, f"{error}; {error.advice}")
        if _is_taken(action, live):
            return _taken(action, str(error))
        if may_repeat:
            return None
        if isinstance(error, LostAnswerError | UnavailableError):
            self._uncertain.add(action.id)
        if _hides_its_effect(action):
            return self._unknown(
                action, f"{error}; its secrets cannot be read, so they are sent again next time"
            )
        if isinstance(error, LostAnswerError):
            message = f"{error}; not done after {ATTEMPTS} attempts"
            return Outcome(action, Status.FAILED, message, is_transient=True)
        is_transient = error.is_transient or isinstance(error, AbsentError)
        return replace(_failure(action, error), is_transient=is_transient)

    def _found_done(
        self, action: Action, live: Resource | None, error: OrchestratorError, attempt: int
    ) -> Outcome:
        """Outcome of a change whose call failed and whose effect is there."""
        if action.verb is Verb.DELETE:
            if isinstance(error, AbsentError):
                return self._gone(action, Status.DONE, f"{_LOST}: {error}")
            return self._done(action, None, f"{_LOST}: {error}")
        if live is not None and _creates_literals(action):
            if isinstance(error, ConflictError) and attempt == 1:
                # A copy of this very request, or somebody else: overwriting would destroy their secrets.
                return self._unknown(
                    action,
                    f"{error}; an equal object exists, and its secrets cannot be read: it is shown as contested",
                    is_marked=False,
                )
            return self._send_secrets_again(action, live)
        return self._done(
            action, live if action.key.kind is not Kind.CRITERION else None, f"{_LOST}: {error}"
        )

    def _gone(self, action: Action, status: Status, message: str) -> Outcome:
        """Outcome of a delete whose object was already gone: its entries stay until another run misses it too."""
        if action.key.kind is Kind.CRITERION or action.key in self._created:
            self._record(action, None)
        else:
            for change in (action.subject, *action.carried):
                self._ledger.miss(change.key)
        return Outcome(action, status, message)

    def _unknown(self, action: Action, message: str, *, is_marked: bool = True) -> Outcome:
        if is_marked:
            self._uncertain.add(action.id)
        return Outcome(action, Status.UNKNOWN, message, is_transient=True)

    def _send_secrets_again(self, action: Action, live: Resource) -> Outcome:
        """Outcome of a create that shows in all but its secrets: only sending these again makes them certain."""
        desired = action.subject.desired
        assert desired is not None
        try:
            written = self._orchestrator.update(live, desired, secrets_changed=True)
        except OrchestratorError as error:
            return self._unknown(action, f"created; its secrets are uncertain: {error}")
        return self._done(action, written, f"{_LOST}, secrets sent again")

    def conclude(self, outcome: Outcome) -> None:
        """Remove the marks of an action that certainly did not happen; an uncertain one keeps them."""
        action = outcome.action
        if (
            action.verb not in (Verb.CREATE, Verb.DELETE)
            or action.key.kind is Kind.CRITERION
            or outcome.status not in _NOT_DONE
            or action.id in self._uncertain
        ):
            return
        for change in (action.subject, *action.carried):
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


def _reads_back(action: Action, live: Resource | None) -> str:
    """What the server stored otherwise than it was sent, "" if nothing."""
    desired = action.subject.desired
    if desired is None or live is None or action.key.kind is Kind.CRITERION:
        return ""
    fields = visible_differences(desired, live)
    if not fields:
        return ""
    names = ", ".join(".".join(map(str, change.path)) for change in fields[:3])
    return f"reads back differently: {names}"


def _taken(action: Action, why: str) -> Outcome:
    message = f"{why}; somebody else created it in the meantime: left alone"
    return Outcome(action, Status.FAILED, message, is_transient=True)


def _hides_its_effect(action: Action) -> bool:
    """True for updates of secrets alone: what reads back is the same whether they arrived or not."""
    fields = action.subject.fields
    return (
        action.verb is Verb.UPDATE
        and secrets_differ(fields)
        and all(field.visibility is Visibility.HIDDEN for field in fields)
    )


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
    message = error.with_advice
    return Outcome(action, Status.FAILED, message, is_transient=error.is_transient)
