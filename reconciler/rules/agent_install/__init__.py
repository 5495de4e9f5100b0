"""Agents on their hosts: R28 to R49."""

from reconciler.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
