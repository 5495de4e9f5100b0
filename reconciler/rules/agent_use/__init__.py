"""Definitions of agents, and what goes through them: R50 to R57."""

from reconciler.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
