"""Names that must exist in the orchestrator: R113 to R118, and names in placeholders: R119."""

from reconciler.rules.existence import name, placeholder

RULES = (*name.RULES, *placeholder.RULES)
