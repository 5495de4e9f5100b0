"""The table of all rules, by id. A new rule is a new entry of its subject's module, or a new module here."""

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType

from reconciler.rules import gitops, gitops_surroundings, keys, naming, references, uniqueness
from reconciler.rules.rule import Check, Confidence, Rule, Side

__all__ = ["RULES", "Check", "Confidence", "Rule", "Side", "catalogue"]

_SUBJECTS = (
    naming.RULES,
    references.RULES,
    uniqueness.RULES,
    keys.RULES,
    gitops.RULES,
    gitops_surroundings.RULES,
)


def catalogue(*groups: tuple[Rule, ...]) -> Mapping[str, Rule]:
    """Sort rules by id. Raises `ValueError` where two share one: that is our bug."""
    table: dict[str, Rule] = {}
    for rule in sorted(chain(*groups), key=lambda rule: rule.id):
        if rule.id in table:
            raise ValueError(f"two rules have id {rule.id}")
        table[rule.id] = rule
    return MappingProxyType(table)


RULES: Mapping[str, Rule] = catalogue(*_SUBJECTS)
"""Every rule by id, sorted."""
