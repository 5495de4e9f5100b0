"""Table of all rules by id. A new rule is a new entry in a module of its subject's folder."""

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType

from reconciler.rules import (
    agent_install,
    agent_use,
    existence,
    gitops,
    identity,
    keys,
    mode_bound,
    operator,
    references,
    runner,
    stores,
)
from reconciler.rules.rule import AnyRule, Check, Confidence, Rule, Side

__all__ = ["RULES", "AnyRule", "Check", "Confidence", "Rule", "Side", "catalogue"]

_SUBJECTS = (
    identity.RULES,
    keys.RULES,
    agent_install.RULES,
    agent_use.RULES,
    operator.RULES,
    gitops.RULES,
    stores.RULES,
    references.RULES,
    runner.RULES,
    mode_bound.RULES,
    existence.RULES,
)


def catalogue(*groups: tuple[AnyRule, ...]) -> Mapping[str, AnyRule]:
    """Rules by id, sorted by number. Raises `ValueError` where two share an id, which is a bug in this package."""
    table: dict[str, AnyRule] = {}
    for rule in sorted(chain(*groups), key=lambda rule: int(rule.id.removeprefix("R"))):
        if rule.id in table:
            raise ValueError(f"two rules have id {rule.id}")
        table[rule.id] = rule
    return MappingProxyType(table)


RULES: Mapping[str, AnyRule] = catalogue(*_SUBJECTS)
"""Every rule by id, in numerical order."""
