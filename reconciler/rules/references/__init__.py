"""What definitions may ask of each other: R91 to R99."""

from reconciler.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
