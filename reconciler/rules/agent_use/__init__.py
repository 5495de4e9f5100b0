"""Agent definitions and what uses them: R50 to R57."""

from reconciler.rules.agent_use import (
    agent_definition,
    driver,
    matching,
    placed_input,
    private_cluster,
    workload,
)
from reconciler.rules.rule import AnyRule

RULES: tuple[AnyRule, ...] = (
    *agent_definition.RULES,
    *matching.RULES,
    *placed_input.RULES,
    *driver.RULES,
    *private_cluster.RULES,
    *workload.RULES,
)
