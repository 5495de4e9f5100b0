"""Ids as documents of the target write them, also those of documents that the reader refused."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.facts.definition import dig
from reconciler.facts.scope import Scope
from reconciler.model.declaration import AnyDeclared, Rejected
from reconciler.model.json import Path
from reconciler.model.origin import Origin

_ID: Path = ("metadata", "id")


@dataclass(frozen=True, slots=True)
class WrittenId:
    """The id of one document."""

    kind: str
    id: str
    document: AnyDeclared | Rejected

    @property
    def origin(self) -> Origin:
        """Place of the id."""
        return self.document.origin(_ID)


def written_ids(scope: Scope) -> Iterator[WrittenId]:
    """Ids of the target's documents by kind, and of refused documents where they are text."""
    declarations = scope.declarations
    by_kind: Sequence[tuple[str, Sequence[AnyDeclared]]] = (
        ("Definition", declarations.definitions),
        ("Agent", declarations.agents),
        ("Key", declarations.keys),
        ("Runner", declarations.runners),
        ("Operator", declarations.operators),
        ("SecretStore", declarations.secret_stores),
    )
    for kind, documents in by_kind:
        for declared in documents:
            yield WrittenId(kind, declared.document.metadata.id, declared)
    for rejected in declarations.rejected:
        name = dig(rejected.raw, *map(str, _ID))
        if isinstance(name, str):
            yield WrittenId(rejected.kind, name, rejected)
