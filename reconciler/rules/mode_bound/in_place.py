"""The rule about what legacy mode ignores (compatibility rules, Leftovers): R109."""

from collections.abc import Iterator

from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.rules.rule import Confidence, Rule, Side


def _outside_legacy(scope: Scope) -> Iterator[Finding | Unknown]:
    named = [d for d in scope.definitions if d.entity.in_place_driver_change]
    if not named:
        return
    if scope.primary_store is None:
        yield Unknown(
            "R109",
            f"whether `{scope.organization}` is in legacy mode: its primary secret store is not known",
        )
        return
    if scope.primary_store != BUILT_IN_STORE:
        return
    for definition in named:
        yield Finding(
            "R109",
            Severity.WARNING,
            f"`in_place_driver_change` of definition `{definition.id}` has no effect: the organization is in "
            "legacy mode",
            definition.origin(("in_place_driver_change",)),
            key=scope.key(Kind.DEFINITION, definition.id),
            advice="Take it out, or make an external secret store the primary one first.",
        )


RULES = (
    Rule(
        id="R109",
        title="What needs an Operator is not asked for in legacy mode",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        check=_outside_legacy,
    ),
)
