"""What rules need from an orchestrator apart from the managed things, so that no list is read needlessly."""

from collections.abc import Mapping

from reconciler.facts.agent_input import own_drivers_with_agent, unlisted_inputs
from reconciler.facts.driver import needs_key
from reconciler.facts.mention import always_asked, names_to_show
from reconciler.facts.scope import Scope
from reconciler.model.placeholder import has_placeholder
from reconciler.model.surroundings import Beside


def demand(scope: Scope) -> frozenset[Beside]:
    """Collections that some rule reads, given what is declared. Each takes one list request.

    Stores decide the mode of every deployment, so they are needed if a definition or a store is
    declared. Accounts and drivers are needed if a definition names an account; drivers also if an Agent
    is given to one that is not known to accept it, or if an Operator may need its key for one; Operator
    keys if an Operator or a key of one is declared; environment types and applications if criteria name
    one.
    """
    asked: set[Beside] = set(always_asked(scope))
    if scope.definitions or scope.secret_stores:
        asked.add(Beside.STORES)
    accounts = {definition.entity.driver_account for definition in scope.definitions}
    if any(account and not has_placeholder(account) for account in accounts):
        asked |= {Beside.ACCOUNTS, Beside.DRIVERS}
    elif (
        any(True for _ in unlisted_inputs(scope))
        or any(True for _ in own_drivers_with_agent(scope))
        or (
            scope.operators
            and any(
                needs_key(definition, scope.surroundings.drivers) is None for definition in scope.definitions
            )
        )
    ):
        asked.add(Beside.DRIVERS)
    if scope.operators or any(key.document.spec.for_.operator for key in scope.declarations.keys):
        asked.add(Beside.OPERATOR_KEYS)
    return frozenset(asked)


def named(scope: Scope) -> Mapping[Beside, frozenset[str]]:
    """Names in collections that are listed only if nothing live proves that the names exist."""
    return names_to_show(scope)
