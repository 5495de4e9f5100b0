"""Secret stores, the Agents that reach them, and the definitions that refer to them.

agent -> store -> definitions that refer to it; deletions the other way. A store that becomes primary comes before the
one that ceases to be: in between, the built-in store would be primary, and the mode of every deployment another one
(agent and operator 4).
"""

from collections.abc import Iterator, Sequence

from reconciler.model.kind import Kind
from reconciler.plan.action import Action, ActionId, Verb
from reconciler.plan.parts import agent_of_store, is_primary, stores_of


def store_edges(actions: Sequence[Action]) -> Iterator[tuple[ActionId, ActionId]]:
    """Edges between stores, Agents and definitions."""
    stores = [action for action in actions if action.key.kind is Kind.SECRET_STORE]
    if not stores:
        return
    for store in stores:
        yield from _agent_edges(store)
    promoted = [store for store in stores if becomes_primary(store)]
    for promotion in promoted:
        for other in stores:
            if other.key != promotion.key and ceases_to_be_primary(other):
                yield promotion.id, other.id
    for user in actions:
        if user.key.kind is Kind.DEFINITION:
            yield from _user_edges(user, stores, promoted)


def becomes_primary(store: Action) -> bool:
    """True for an action after which a store is primary that was not before."""
    return not store.is_deletion and is_primary(store.subject.desired) and not is_primary(store.subject.live)


def ceases_to_be_primary(store: Action) -> bool:
    """True for an action that takes the place of the primary store from a store."""
    return is_primary(store.subject.live) and (store.is_deletion or not is_primary(store.subject.desired))


def _agent_edges(store: Action) -> Iterator[tuple[ActionId, ActionId]]:
    """A store is registered after the Agent that reaches it, and stops using it before that is deleted."""
    if store.is_deletion:
        new, old = None, agent_of_store(store.subject.live)
    else:
        new, old = agent_of_store(store.subject.desired), agent_of_store(store.subject.live)
    if new is not None:
        yield (Verb.CREATE, new), store.id
    if old is not None and old != new:
        yield store.id, (Verb.DELETE, old)


def _user_edges(
    user: Action, stores: Sequence[Action], promoted: Sequence[Action]
) -> Iterator[tuple[ActionId, ActionId]]:
    """A definition comes after the stores that it needs, and stops using a store before that is deleted.

    References work only while another store than the built-in one is primary, so one that has any needs every store
    that becomes primary.
    """
    place = user.key.place
    new = frozenset[str]() if user.is_deletion else stores_of(user.subject.desired)
    old = stores_of(user.subject.live) - new
    if not new and not old:
        return
    for store in stores:
        if store.key.place != place:
            continue
        if store.is_deletion and store.key.id in old:
            yield user.id, store.id
        if not store.is_deletion and (store.key.id in new or (new and store in promoted)):
            yield store.id, user.id
