"""The rule about secret stores that a definition makes on the cluster (compatibility rules, Leftovers): R110."""

from collections.abc import Iterator

from reconciler.facts.made_store import MadeStore, made_stores
from reconciler.facts.pattern import could_be, is_open
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.vendor.version import is_older, parsed

OLDEST_OPERATOR = "0.21.0"


def _new_enough(scope: Scope) -> Iterator[Finding | Unknown]:
    for made in made_stores(scope):
        yield from _operator_version(scope, made)
        if is_open(made.name):
            yield from _fixed_reference(scope, made)


def _operator_version(scope: Scope, made: MadeStore) -> Iterator[Finding | Unknown]:
    versions = [(operator, operator.document.spec.appVersion) for operator in scope.operators]
    if not versions or any(parsed(version or "") is None for _, version in versions):
        yield Unknown(
            "R110",
            f"the version of the Operator that would take the SecretStore of definition `{made.definition.id}` "
            "is not declared as numbers",
        )
    for operator, version in versions:
        if version is not None and is_older(version, OLDEST_OPERATOR):
            yield Finding(
                "R110",
                Severity.ERROR,
                f"Definition `{made.definition.id}` makes a SecretStore, which needs Operator {OLDEST_OPERATOR}; "
                f"Operator `{operator.document.metadata.id}` is {version}",
                made.definition.origin(made.path),
                key=scope.key(Kind.DEFINITION, made.definition.id),
                others=(operator.origin(("spec", "appVersion")),),
                advice=f"Upgrade the Operator to {OLDEST_OPERATOR} or later; the first deployment may still miss "
                "the store.",
            )


def _fixed_reference(scope: Scope, made: MadeStore) -> Iterator[Finding]:
    declared = {store.document.metadata.id for store in scope.secret_stores}
    for definition in scope.definitions:
        for path, value in definition.inputs():
            store = value.get("store") if isinstance(value, dict) and "ref" in value else None
            if path[1] != "secret_refs" or not isinstance(store, str) or store in declared:
                continue
            if could_be(made.name, store):
                yield Finding(
                    "R110",
                    Severity.WARNING,
                    f"The SecretStore of definition `{made.definition.id}` has a name made from placeholders, "
                    f"and definition `{definition.id}` refers to `{store}`, which is fixed",
                    made.definition.origin(made.path),
                    key=scope.key(Kind.DEFINITION, made.definition.id),
                    others=(definition.origin((*path, "store")),),
                    advice="Give the store a fixed name; references to stores cannot contain placeholders.",
                )
                return


RULES = (
    Rule(
        id="R110",
        title="Secret stores made for an environment are understood by the Operator",
        severity=Severity.ERROR,
        confidence=Confidence.THIRD_PARTY,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_new_enough,
    ),
)
