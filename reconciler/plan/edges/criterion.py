"""A criterion with an action of its own waits for the action of its definition."""

from collections.abc import Iterator, Sequence

from reconciler.model.kind import Kind
from reconciler.plan.action import Action, ActionId, Verb


def criterion_edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """Edges from a definition to its criteria."""
    for action in actions:
        if action.key.kind is Kind.CRITERION:
            yield (Verb.CREATE, action.subject.key), action.id
            yield (Verb.UPDATE, action.subject.key), action.id
