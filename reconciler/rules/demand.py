"""What rules ask of an orchestrator beside the managed things, so that no list is read for nothing."""

from reconciler.model.placeholder import has_placeholder
from reconciler.model.surroundings import Beside
from reconciler.rules.scope import Scope


def demand(scope: Scope) -> frozenset[Beside]:
    """Collections that some rule would look at, given what is declared. One list request each.

    Stores decide the mode of every deployment, so they are asked for wherever a definition or a
    store is declared; accounts and drivers where a definition names an account, and Operator
    keys where an Operator or a key of one is declared.
    """
    asked: set[Beside] = set()
    if scope.definitions or scope.secret_stores:
        asked.add(Beside.STORES)
    accounts = {definition.entity.driver_account for definition in scope.definitions}
    if any(account and not has_placeholder(account) for account in accounts):
        asked |= {Beside.ACCOUNTS, Beside.DRIVERS}
    if scope.operators or any(key.document.spec.for_.operator for key in scope.declarations.keys):
        asked.add(Beside.OPERATOR_KEYS)
    return frozenset(asked)
