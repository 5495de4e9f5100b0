"""Operators, and the modes of deployment that they make possible: R58 to R67."""

from reconciler.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
