"""Every operation of both APIs; a new collection adds its module here."""

from reconciler.emulator.exchange import Operation
from reconciler.emulator.v1 import (
    active_resources,
    agent_keys,
    agents,
    catalogue,
    criteria,
    definitions,
    secret_stores,
    versions,
)
from reconciler.emulator.v2 import env_types, environments, organizations, projects, runner_rules, runners

OPERATIONS: tuple[Operation, ...] = tuple(
    operation
    for module in (
        agents,
        agent_keys,
        definitions,
        criteria,
        versions,
        active_resources,
        secret_stores,
        catalogue,
        organizations,
        env_types,
        projects,
        environments,
        runners,
        runner_rules,
    )
    for operation in module.OPERATIONS
)
