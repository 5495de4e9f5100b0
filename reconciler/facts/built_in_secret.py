"""Secrets that the built-in store keeps, which no Operator can read (agent and operator 4.3)."""

from collections.abc import Iterator

from reconciler.facts.definition import ORCHESTRATOR_TYPES
from reconciler.facts.scope import Scope
from reconciler.model.json import Json
from reconciler.model.kind import Kind
from reconciler.model.secret import Reference
from reconciler.model.state import Resource
from reconciler.model.surroundings import BUILT_IN_STORE


def provisioned_by_operator(live: Resource) -> bool:
    """True for a live definition that an Operator provisions outside legacy mode; the others keep their secrets."""
    return live.key.kind is Kind.DEFINITION and live.document.get("type") not in ORCHESTRATOR_TYPES


def built_in_secrets(live: Resource, references: Json) -> Iterator[str]:
    """Places of secrets in the built-in store that `references`, the declared `secret_refs`, do not move elsewhere."""
    for place, leaf in live.secrets.items() if provisioned_by_operator(live) else ():
        is_there = isinstance(leaf, Reference) and leaf.store == BUILT_IN_STORE
        if is_there and not (references and _is_moved(references, place)):
            yield place.lstrip("/").replace("/", ".")


def references_of(scope: Scope, identifier: str) -> Json:
    """The `secret_refs` that the files declare for a definition; None if there are none."""
    for definition in scope.with_secrets:
        if definition.id == identifier and definition.entity.driver_inputs is not None:
            return definition.entity.driver_inputs.secret_refs
    return None


def _is_moved(references: Json, place: str) -> bool:
    """True where the files have a reference to another store here, so that applying them moves the secret."""
    value = references
    for step in place.lstrip("/").split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(name)] if name.isdecimal() and int(name) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return isinstance(value, dict) and value.get("store") not in (None, "", BUILT_IN_STORE)
