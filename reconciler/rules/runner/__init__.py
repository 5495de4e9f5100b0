"""Runners of the v2 orchestrator, and what belongs to one product only: R100 to R110."""

from reconciler.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
