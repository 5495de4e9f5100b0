"""What only some modes, or a new enough Operator, can do: R109 and R110."""

from reconciler.rules.mode_bound import in_place, made_store

RULES = (*in_place.RULES, *made_store.RULES)
