"""References between definitions: R91 to R99, and definitions that are never chosen: R111, R112."""

from reconciler.rules.references import (
    account,
    built_in,
    container_family,
    orchestrator_type,
    reachability,
    runner_configuration,
    self_hosted,
    stored_secret,
)
from reconciler.rules.rule import AnyRule

RULES: tuple[AnyRule, ...] = (
    *stored_secret.RULES,
    *orchestrator_type.RULES,
    *built_in.RULES,
    *account.RULES,
    *self_hosted.RULES,
    *container_family.RULES,
    *runner_configuration.RULES,
    *reachability.RULES,
)
