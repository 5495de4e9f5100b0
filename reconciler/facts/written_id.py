"""Ids as written in documents of the target, including documents that the reader refused."""

from collections.abc import Iterator, Mapping, Sequence
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


def written_ids(scope: Scope, kind: str) -> Iterator[WrittenId]:
    """Ids of the target's documents of one kind, including refused ones whose id is text."""
    yield from accepted_ids(scope, kind)
    yield from (refused for refused in refused_ids(scope) if refused.kind == kind)


def accepted_ids(scope: Scope, *kinds: str) -> Iterator[WrittenId]:
    """Ids of the target's valid documents of some kinds, kind by kind."""
    declarations = scope.declarations
    by_kind: Mapping[str, Sequence[AnyDeclared]] = {
        "Definition": declarations.definitions,
        "Agent": declarations.agents,
        "Key": declarations.keys,
        "Runner": declarations.runners,
        "Operator": declarations.operators,
        "SecretStore": declarations.secret_stores,
    }
    for kind in kinds:
        for declared in by_kind[kind]:
            yield WrittenId(kind, declared.document.metadata.id, declared)


def refused_ids(scope: Scope) -> Iterator[WrittenId]:
    """Ids of the target's refused documents of every kind, if they are text."""
    for rejected in scope.declarations.rejected:
        name = dig(rejected.raw, *map(str, _ID))
        if isinstance(name, str):
            yield WrittenId(rejected.kind, name, rejected)
