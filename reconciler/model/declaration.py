"""What the files declare: validated documents with their places."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Generic, TypeVar

from reconciler.model.agent import AgentDocument
from reconciler.model.document import Frozen
from reconciler.model.finding import Finding
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.key import KeyDocument, PublicKey
from reconciler.model.operator import OperatorDocument
from reconciler.model.origin import Origin, Positions
from reconciler.model.resource_definition import DefinitionDocument
from reconciler.model.runner import RunnerDocument
from reconciler.model.secret_store import SecretStoreDocument

if TYPE_CHECKING:
    from reconciler.model.approvals import ApprovalsDocument

D = TypeVar("D", bound=Frozen)
TextReader = Callable[[str], tuple[Json, ...] | None]
"""Parses a YAML text inside a document; returns its documents, None if the text is not YAML."""


def read_nothing(_: str) -> None:
    """Text reader for declarations that do not come from files."""


class Placed:
    """A parsed YAML document with the places of its values."""

    __slots__ = ()
    raw: JsonObject
    positions: Positions

    @property
    def file(self) -> str:
        """Path relative to the root of the tree, separated by `/`."""
        return self.positions.file

    def origin(self, path: Path = ()) -> Origin:
        """Place of the value under `path`, or of its nearest existing ancestor."""
        return self.positions.origin(self.raw, path)

    def key_origin(self, path: Path = ()) -> Origin:
        """Place of the key under `path`, or of its nearest existing ancestor."""
        return self.positions.key_origin(self.raw, path)


@dataclass(frozen=True, slots=True)
class Declared(Placed, Generic[D]):
    """One document of a supported kind, as parsed and as validated."""

    document: D
    raw: JsonObject
    positions: Positions


AnyDeclared = (
    Declared[DefinitionDocument]
    | Declared[AgentDocument]
    | Declared[KeyDocument]
    | Declared[RunnerDocument]
    | Declared[OperatorDocument]
    | Declared[SecretStoreDocument]
)


@dataclass(frozen=True, slots=True)
class Foreign(Placed):
    """A YAML document of another format in the same tree (Kubernetes, Score, …)."""

    raw: JsonObject
    positions: Positions


@dataclass(frozen=True, slots=True)
class Rejected(Placed):
    """An invalid document of a supported kind. The reader has reported it; rules may explain it better.

    `rest` is the document without the members at `without`, for rules to check; None if nothing valid is left.
    """

    kind: str
    raw: JsonObject
    positions: Positions
    rest: "AnyDeclared | None" = None
    without: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class PrivateKeyPlace:
    """A private key found in a tracked file (rule R10). Never contains any part of the key."""

    origin: Origin
    form: str
    """How it is written: `PEM`, `escaped` (inside JSON, YAML or a program), `base64`, `DER`, `JWK`, `PKCS#12` or
    `PuTTY`."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """Everything a tree declares. `findings` are those of the reader; rules add theirs later.

    `public_keys` maps the origin of a `Key` or `Runner` document to its parsed key;
    a key that cannot be parsed is missing and has a finding.
    """

    definitions: tuple[Declared[DefinitionDocument], ...] = ()
    agents: tuple[Declared[AgentDocument], ...] = ()
    keys: tuple[Declared[KeyDocument], ...] = ()
    runners: tuple[Declared[RunnerDocument], ...] = ()
    operators: tuple[Declared[OperatorDocument], ...] = ()
    secret_stores: tuple[Declared[SecretStoreDocument], ...] = ()
    rejected: tuple[Rejected, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    public_keys: Mapping[Origin, PublicKey] = field(default_factory=dict)
    placed_keys: Mapping[Origin, tuple[PublicKey, ...]] = field(default_factory=dict)
    """Public halves of the keys that `Key` documents leave to the place of their private half, as far as that was read.

    During a rotation there are several.
    """
    private_keys: tuple[PrivateKeyPlace, ...] = ()
    findings: tuple[Finding, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    """Files that were not read, each with the reason."""
    file_count: int = 0
    left_alone: tuple[Foreign, ...] = ()
    """Documents of kinds that `humctl` accepts along with definitions and that are never applied here."""
    set_aside: "Declarations | None" = None
    """What is declared in files that do not count because of their extension; None if there are none."""
    read_text: TextReader = field(default=read_nothing, repr=False, compare=False)
    """Parses texts inside documents as the files were parsed."""
    approvals: "Declared[ApprovalsDocument] | Rejected | None" = None
    """The approvals file, None if there is none."""

    def with_rests(self) -> "Declarations":
        """The same with the valid rest of each invalid document included. For rules only: never applied."""
        rests = [one.rest for one in self.rejected if one.rest is not None]
        return replace(
            self,
            definitions=(*self.definitions, *_of(rests, DefinitionDocument)),
            agents=(*self.agents, *_of(rests, AgentDocument)),
            keys=(*self.keys, *_of(rests, KeyDocument)),
            runners=(*self.runners, *_of(rests, RunnerDocument)),
            operators=(*self.operators, *_of(rests, OperatorDocument)),
            secret_stores=(*self.secret_stores, *_of(rests, SecretStoreDocument)),
            rejected=tuple(one for one in self.rejected if one.rest is None),
        )

    def of_files(self, files: Collection[str]) -> "Declarations":
        """The documents in some of the files, with the keys that were parsed; nothing else."""
        return Declarations(
            definitions=_in(self.definitions, files),
            agents=_in(self.agents, files),
            keys=_in(self.keys, files),
            runners=_in(self.runners, files),
            operators=_in(self.operators, files),
            secret_stores=_in(self.secret_stores, files),
            public_keys=self.public_keys,
            placed_keys=self.placed_keys,
        )

    def public_keys_of(self, key: Declared[KeyDocument]) -> tuple[PublicKey, ...]:
        """Every public key of a document; none if it could not be read."""
        origin = key.origin()
        if key.document.spec.publicKey is None:
            return self.placed_keys.get(origin, ())
        found = self.public_keys.get(origin)
        return () if found is None else (found,)

    def runner_key(self, runner: Declared[RunnerDocument]) -> PublicKey | None:
        """The public key of a runner, of its own document or of its `Key`; None if it is not known."""
        own = self.public_keys.get(runner.origin())
        if own is not None:
            return own
        name = runner.document.metadata.id
        found = (self.public_keys_of(key) for key in self.keys if key.document.spec.for_.runner == name)
        return next((keys[0] for keys in found if keys), None)

    def documents(self) -> Iterator[AnyDeclared]:
        """Every document of a supported kind, by kind and in the order of the files."""
        return chain(
            self.definitions, self.agents, self.keys, self.runners, self.operators, self.secret_stores
        )


def _in(declared: Iterable[Declared[D]], files: Collection[str]) -> tuple[Declared[D], ...]:
    return tuple(one for one in declared if one.file in files)


def _of(declared: Iterable[AnyDeclared], kind: type[D]) -> Iterator[Declared[D]]:
    """The documents of one kind."""
    for one in declared:
        if isinstance(one.document, kind):
            yield Declared(one.document, one.raw, one.positions)
