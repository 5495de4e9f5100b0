"""Secrets, and the stores that hold them: R76 to R90."""

from reconciler.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
