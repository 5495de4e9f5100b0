"""The rule about built-in definitions where the Operator provisions (compatibility rules, table E): R95."""

from collections.abc import Iterator

from reconciler.facts.built_in_use import built_in_uses
from reconciler.facts.definition import CLUSTER_TYPE
from reconciler.facts.deployment_mode import known_mode
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.unseen import UnseenError
from reconciler.rules.over import TARGET
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.settings import Mode


def _own(target: Subject[Scope]) -> Iterator[Answer]:
    scope, graph = target.scope, target.scope.references
    if scope.primary.mode is Mode.LEGACY and not scope.git_targets:
        return
    if not graph.asked_types and not scope.of_type(CLUSTER_TYPE):
        return
    _ = target.seen.live(Kind.DEFINITION)
    for use in built_in_uses(scope):
        try:
            mode = known_mode(scope, use.user)
        except UnseenError as error:
            yield target.doubts(f"in which mode built-in definition `{use.found.id}` is used", error.unseen)
            continue
        if mode is not Mode.LEGACY:
            yield target.says(
                f"Built-in definition `{use.found.id}` is the only match in {mode}, where {use.words}; it may rely on "
                "the built-in store, which the Operator cannot read",
                at=use.origin,
                key=scope.key(Kind.DEFINITION, use.found.id),
                advice=f"Declare your own definition of type `{use.found.type}`.",
            )


RULES = (
    Rule(
        id="R95",
        title="No built-in definition is used where the Operator provisions",
        severity=Severity.WARNING,
        confidence=Confidence.CONTRADICTORY,
        sides=(Side.LIVE,),
        over=TARGET,
        check=_own,
    ),
)
