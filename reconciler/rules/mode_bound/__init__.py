"""Features that depend on the mode or on the Operator's version: R109 and R110."""

from reconciler.rules.mode_bound import in_place, made_store

RULES = (*in_place.RULES, *made_store.RULES)
