"""Runners and the rules that choose them: a rule exists only as long as its runner."""

from collections.abc import Iterator, Sequence

from reconciler.model.kind import Kind
from reconciler.plan.action import Action, ActionId, Verb
from reconciler.plan.parts import runner_of


def runner_edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """Edges between rules and the runners they choose.

    A rule that moves to another runner is deleted only after that runner is created.
    """
    deleted = {action.key for action in actions if action.verb is Verb.DELETE}
    for action in actions:
        if action.key.kind is not Kind.RUNNER_RULE:
            continue
        new, old = runner_of(action.subject.desired), runner_of(action.subject.live)
        if new is not None and (action.verb is Verb.CREATE or new not in deleted):
            yield (Verb.CREATE, new), action.id
        if old is not None and action.verb is Verb.DELETE:
            yield action.id, (Verb.DELETE, old)
