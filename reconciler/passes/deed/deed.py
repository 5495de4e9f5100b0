"""How single actions are sent, and how reading again shows whether they happened."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.diff.change import FieldChange, Visibility
from reconciler.diff.fields import criteria_change, visible_differences
from reconciler.model.kind import Kind
from reconciler.model.state import Resource
from reconciler.plan.action import Action, Verb
from reconciler.plan.parts import criterion_selector

if TYPE_CHECKING:
    from reconciler.orchestrator.client import Orchestrator  # brings httpx


@dataclass(frozen=True, slots=True)
class Deed:
    """How one action is sent, and how reading again shows whether it happened.

    `send` returns the object as the server answers it. `look` reads it; `happened` judges what was read
    (None: absent).
    """

    send: Callable[[], Resource | None]
    look: Callable[[], Resource | None]
    happened: Callable[[Resource | None], bool]


def deed(orchestrator: "Orchestrator", action: Action) -> Deed:
    """How an action that writes to the orchestrator is sent."""
    if action.key.kind is Kind.CRITERION:
        return _criterion_deed(orchestrator, action)
    match action.verb:
        case Verb.CREATE:
            return _creation(orchestrator, action)
        case Verb.UPDATE:
            return _update(orchestrator, action)
        case Verb.DELETE:
            return _deletion(orchestrator, action)
        case Verb.ADOPT | Verb.FORGET | Verb.VERIFY:
            raise AssertionError("these send nothing to an orchestrator")


def _creation(orchestrator: "Orchestrator", action: Action) -> Deed:
    desired = action.subject.desired
    assert desired is not None
    first_key = action.carried[0].desired if action.carried else None
    return Deed(
        send=lambda: orchestrator.create(desired, first_key=first_key),
        look=lambda: orchestrator.get(action.key),
        happened=lambda live: live is not None and is_equal(desired, live),
    )


def _update(orchestrator: "Orchestrator", action: Action) -> Deed:
    desired, live = action.subject.desired, action.subject.live
    assert desired is not None
    assert live is not None
    fields = action.subject.fields
    changed = secrets_differ(fields)
    # Secrets do not read back: an update of secrets alone never counts as happened. Other fields of the same
    # request show that it arrived.
    shows = any(field.visibility is Visibility.SHOWN for field in fields)
    return Deed(
        send=lambda: orchestrator.update(live, desired, secrets_changed=changed),
        look=lambda: orchestrator.get(action.key),
        happened=lambda found: (
            found is not None and (shows or not changed) and is_equal(replace(desired, criteria=None), found)
        ),
    )


def _deletion(orchestrator: "Orchestrator", action: Action) -> Deed:
    live = action.subject.live
    assert live is not None

    def send() -> None:
        orchestrator.delete(live, force=action.forces)

    return Deed(
        send=send,
        look=lambda: orchestrator.get(action.key),
        happened=lambda found: found is None or _is_other(live, found),
    )


def _criterion_deed(orchestrator: "Orchestrator", action: Action) -> Deed:
    selector = criterion_selector(action.key)
    definition = action.subject.key
    if action.verb is Verb.CREATE:
        fields = action.subject.criteria.added[selector]

        def create() -> None:
            orchestrator.create_criterion(definition, fields)

        return Deed(
            send=create,
            look=lambda: orchestrator.get(definition),
            happened=lambda found: found is not None and selector in (found.criteria or {}),
        )
    live = action.subject.live
    assert live is not None

    def delete() -> None:
        orchestrator.delete_criterion(definition, live.handle[selector], force=action.forces)

    return Deed(
        send=delete,
        look=lambda: orchestrator.get(definition),
        happened=lambda found: found is None or selector not in (found.criteria or {}),
    )


def is_equal(desired: Resource, live: Resource) -> bool:
    """True if everything that can be compared is equal; literals cannot be compared."""
    return not criteria_change(desired, live) and not visible_differences(desired, live)


def _is_other(live: Resource, found: Resource) -> bool:
    """True if an object with the same natural key is not the one that was to be deleted."""
    return live.key.kind is Kind.RUNNER_RULE and live.handle.get("id") != found.handle.get("id")


def secrets_differ(fields: tuple[FieldChange, ...]) -> bool:
    """True if a change sends secrets."""
    return any(change.visibility is Visibility.HIDDEN for change in fields) or any(
        change.path[:1] == ("secrets",) for change in fields
    )
