"""The rule about secret stores that a definition creates on the cluster (compatibility rules, Leftovers): R110."""

from collections.abc import Iterator
from functools import partial

from reconciler.facts.made_store import MadeStore, made_stores
from reconciler.facts.pattern import could_be, is_open
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.unseen import unspecified
from reconciler.rules.over import Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.version import is_older, parsed

OLDEST_OPERATOR = "0.21.0"


def _made(scope: Scope) -> Iterator[Subject[MadeStore]]:
    for made in made_stores(scope):
        definition = made.definition
        key = scope.key(Kind.DEFINITION, definition.id)
        yield Subject(
            made, scope, f"definition `{definition.id}`", partial(definition.origin, made.path), key
        )


MADE_STORES = Over("secret store that a definition creates", _made)


def _new_enough(store: Subject[MadeStore]) -> Iterator[Answer]:
    if store.fact.name is None:
        yield store.doubts(
            f"whether {store.name} creates a SecretStore", unspecified("its manifests cannot be read")
        )
        return
    versions = [(operator, operator.document.spec.appVersion or "") for operator in store.scope.operators]
    if not versions or any(parsed(version) is None for _, version in versions):
        yield store.doubts(
            f"whether the Operator supports the SecretStore of {store.name}",
            unspecified("its declared version is missing or not numeric"),
        )
    for operator, version in versions:
        if is_older(version, OLDEST_OPERATOR):
            yield store.says(
                f"Definition `{store.fact.definition.id}` creates a SecretStore, which needs Operator "
                f"{OLDEST_OPERATOR}; Operator `{operator.document.metadata.id}` is {version}",
                others=(operator.origin(("spec", "appVersion")),),
                advice=f"Upgrade the Operator to {OLDEST_OPERATOR} or later; the first deployment may still miss "
                "the store.",
            )
    if is_open(store.fact.name):
        yield from _fixed_reference(store, store.fact.name)


def _fixed_reference(store: Subject[MadeStore], name: str) -> Iterator[Answer]:
    declared = {known.document.metadata.id for known in store.scope.secret_stores}
    for definition in store.scope.definitions:
        for path, value in definition.inputs():
            named = value.get("store") if isinstance(value, dict) and "ref" in value else None
            if path[1] != "secret_refs" or not isinstance(named, str) or named in declared:
                continue
            if could_be(name, named):
                yield store.says(
                    f"The SecretStore of {store.name} has a name with placeholders, but definition "
                    f"`{definition.id}` refers to the fixed name `{named}`",
                    others=(definition.origin((*path, "store")),),
                    advice="Give the store a fixed name; references to stores cannot contain placeholders.",
                    severity=Severity.WARNING,
                )
                return


RULES = (
    Rule(
        id="R110",
        title="The Operator supports secret stores created per environment",
        severity=Severity.ERROR,
        confidence=Confidence.THIRD_PARTY,
        sides=(Side.FILE, Side.CLUSTER),
        over=MADE_STORES,
        check=_new_enough,
    ),
)
