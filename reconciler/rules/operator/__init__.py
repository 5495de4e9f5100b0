"""Operators, and the deployment modes that depend on them: R58 to R67."""

from reconciler.rules.operator import driver_key, installation, mode, resource_kinds

RULES = (*installation.RULES, *mode.RULES, *driver_key.RULES, *resource_kinds.RULES)
