"""Which actions must be done before which: each module is one relation between actions.

A relation is a function from all actions of a plan, of every place, to pairs of ids (must come
first, comes after). Either may be missing in the plan; such a pair has no effect.
"""

from collections.abc import Iterator, Sequence

from reconciler.plan.action import Action, ActionId
from reconciler.plan.edges.agent import agent_edges
from reconciler.plan.edges.claim import claim_edges
from reconciler.plan.edges.criterion import criterion_edges
from reconciler.plan.edges.installation import installation_edges
from reconciler.plan.edges.runner import runner_edges
from reconciler.plan.edges.store import store_edges

__all__ = ["claim_edges", "edges"]

Edge = tuple[ActionId, ActionId]


def edges(actions: Sequence[Action]) -> Iterator[Edge]:
    """Every pair of every relation except claims, whose pairs the graph also records as `frees`."""
    yield from agent_edges(actions)
    yield from criterion_edges(actions)
    yield from runner_edges(actions)
    yield from store_edges(actions)
    yield from installation_edges(actions)
