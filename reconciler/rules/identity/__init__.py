"""Ids, references between objects, and duplicates: R01 to R09."""

from reconciler.rules.identity import naming, registration, rename, uniqueness

RULES = (*naming.RULES, *registration.RULES, *uniqueness.RULES, *rename.RULES)
