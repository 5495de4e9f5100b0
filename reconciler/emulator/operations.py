"""Every operation of both APIs; a new collection adds its module here."""

from reconciler.emulator.dataplane import deployments, polling
from reconciler.emulator.exchange import Operation
from reconciler.emulator.v1 import (
    accounts,
    active_resources,
    agent_keys,
    agents,
    applications,
    classes,
    criteria,
    definitions,
    drivers,
    operator_keys,
    secret_stores,
    versions,
)
from reconciler.emulator.v1 import env_types as v1_env_types
from reconciler.emulator.v1 import resource_types as v1_resource_types
from reconciler.emulator.v2 import (
    available_resource_types,
    env_types,
    environments,
    module_providers,
    module_rules,
    modules,
    organizations,
    projects,
    resource_types,
    runner_rules,
    runners,
)

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
        operator_keys,
        v1_resource_types,
        classes,
        drivers,
        accounts,
        applications,
        v1_env_types,
        organizations,
        env_types,
        projects,
        environments,
        runners,
        runner_rules,
        resource_types,
        available_resource_types,
        module_providers,
        modules,
        module_rules,
        polling,
        deployments,
    )
    for operation in module.OPERATIONS
)
