"""Names that must exist on the orchestrator: R113 to R118, and inside placeholders: R119."""

from reconciler.rules.existence import name, placeholder

RULES = (*name.RULES, *placeholder.RULES)
