"""Operators, and the modes of deployment that they make possible: R58 to R67."""

from reconciler.rules.operator import driver_key, installation, mode, resource_kinds

RULES = (*installation.RULES, *mode.RULES, *driver_key.RULES, *resource_kinds.RULES)
