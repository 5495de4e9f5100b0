"""Secret stores that a definition creates on the cluster, read from the manifests of `base-env` definitions."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.definition import BASE_ENVIRONMENT_TYPE, DeclaredDefinition, dig
from reconciler.facts.manifest import OPERATOR_GROUP, STORE_KIND
from reconciler.facts.scope import Scope
from reconciler.model.json import Json, Path


@dataclass(frozen=True, slots=True)
class MadeStore:
    """A store in the manifests of a definition.

    `name` is "" if it is not known, and None if the text cannot be read: then there may be no store.
    """

    definition: DeclaredDefinition
    name: str | None
    path: Path


def made_stores(scope: Scope) -> Iterator[MadeStore]:
    """Stores of the Operator that `base-env` definitions create."""
    for definition in scope.of_type(BASE_ENVIRONMENT_TYPE):
        for path, value in definition.inputs():
            for name in _names(definition, value):
                yield MadeStore(definition, name, path)


def _names(definition: DeclaredDefinition, value: Json) -> Iterator[str | None]:
    """Names of the stores in one value; a mapping is not searched inside, a text is searched completely."""
    if isinstance(value, dict):
        if value.get("kind") == STORE_KIND and _is_of_operator(value.get("apiVersion")):
            name = dig(value, "metadata", "name")
            yield name if isinstance(name, str) else ""
    elif isinstance(value, str) and STORE_KIND in value and OPERATOR_GROUP in value:
        text = definition.read(value)
        if not text.is_readable:
            yield None
        for mapping in text.mappings():
            yield from _names(definition, mapping)
            for inner in mapping.values():
                # Only shorter texts: one that contains itself would never end.
                if isinstance(inner, str) and len(inner) < len(value):
                    yield from _names(definition, inner)


def _is_of_operator(version: Json) -> bool:
    return isinstance(version, str) and version.startswith(OPERATOR_GROUP)
