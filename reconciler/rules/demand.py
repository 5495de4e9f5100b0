"""What rules ask of an orchestrator beside the managed things, so that no list is read for nothing."""

from reconciler.model.placeholder import has_placeholder
from reconciler.model.surroundings import Beside
from reconciler.rules.agent_use.driver import unlisted_inputs
from reconciler.rules.operator.driver_key import needs_key
from reconciler.rules.references.self_hosted import own_drivers_with_agent
from reconciler.rules.scope import Scope


def demand(scope: Scope) -> frozenset[Beside]:
    """Collections that some rule would look at, given what is declared. One list request each.

    Stores decide the mode of every deployment, so they are asked for wherever a definition or a
    store is declared; accounts and drivers where a definition names an account, drivers also where
    one that is not known to take an Agent is given one or an Operator may need its key for one, and
    Operator keys where an Operator or a key of one is declared.
    """
    asked: set[Beside] = set()
    if scope.definitions or scope.secret_stores:
        asked.add(Beside.STORES)
    accounts = {definition.entity.driver_account for definition in scope.definitions}
    if any(account and not has_placeholder(account) for account in accounts):
        asked |= {Beside.ACCOUNTS, Beside.DRIVERS}
    elif (
        any(True for _ in unlisted_inputs(scope))
        or any(True for _ in own_drivers_with_agent(scope))
        or (scope.operators and any(needs_key(scope, definition) is None for definition in scope.definitions))
    ):
        asked.add(Beside.DRIVERS)
    if scope.operators or any(key.document.spec.for_.operator for key in scope.declarations.keys):
        asked.add(Beside.OPERATOR_KEYS)
    return frozenset(asked)
