"""Secret stores that a definition makes on the cluster, read from the texts of `base-env` definitions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.definition import BASE_ENVIRONMENT_TYPE, DeclaredDefinition
from reconciler.facts.manifest import OPERATOR_GROUP, STORE_KIND
from reconciler.facts.scope import Scope
from reconciler.model.json import Json, Path

_STORE = re.compile(r"^[ \t]*kind:[ \t]*[\"']?SecretStore\b", re.MULTILINE)
_GROUP = re.compile(r"^[ \t]*apiVersion:[ \t]*[\"']?humanitec\.io/", re.MULTILINE)
_NAME = re.compile(r"^[ \t]*name:[ \t]*[\"']?([^\s\"'#]+(?:[^\n\"'#]*\}\}?)?)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MadeStore:
    """A store in the manifests of a definition; `name` is "" where it cannot be told."""

    definition: DeclaredDefinition
    name: str
    path: Path


def made_stores(scope: Scope) -> Iterator[MadeStore]:
    """Stores of the Operator that `base-env` definitions make."""
    for definition in scope.of_type(BASE_ENVIRONMENT_TYPE):
        for path, value in definition.inputs():
            if isinstance(value, str) and _STORE.search(value) and _GROUP.search(value):
                named = _NAME.search(value)
                yield MadeStore(definition, named[1].strip() if named else "", path)
            elif isinstance(value, dict) and value.get("kind") == STORE_KIND and _is_ours(value):
                metadata = value.get("metadata")
                name = metadata.get("name") if isinstance(metadata, dict) else None
                yield MadeStore(definition, name if isinstance(name, str) else "", path)


def _is_ours(value: dict[str, Json]) -> bool:
    version = value.get("apiVersion")
    return isinstance(version, str) and version.startswith(OPERATOR_GROUP)
