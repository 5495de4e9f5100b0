"""Documents by collection, in memory, written through to one SQLite file.

Reads never use the file. One request is one transaction: if its block succeeds, all its
writes go to the file in one commit (`state_file`); if it raises, memory is restored.
Uniqueness and references use indexes, never a scan.

Independent of agents or runners: collections declare their keys and indexes.
Called by `emulator`; collections see only `Transaction`.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.emulator.failure import StateFileError
from reconciler.emulator.state_file import StateFile
from reconciler.emulator.wire import Document

Key = tuple[str, ...]
"""Identity of a document; the first part is always its organization."""


@dataclass(frozen=True, eq=False)
class Collection:
    """A kind of document: the name of its table, and its indexes.

    An index maps key and document to its index keys.
    """

    name: str
    indexes: Mapping[str, Callable[[Key, Document], Iterable[Key]]] = field(default_factory=dict)


@dataclass
class _Shelf:
    """One collection in memory: documents by organization, in order of creation."""

    collection: Collection
    partitions: dict[str, dict[Key, Document]] = field(default_factory=dict)
    positions: dict[Key, int] = field(default_factory=dict)
    indexes: dict[str, dict[Key, dict[Key, None]]] = field(default_factory=dict)

    def get(self, key: Key) -> Document | None:
        return self.partitions.get(key[0], {}).get(key)

    def put(self, key: Key, document: Document, position: int) -> None:
        old = self.get(key)
        if old is not None:
            self._unindex(key, old)
        self.partitions.setdefault(key[0], {})[key] = document
        self.positions.setdefault(key, position)
        for name, keys_of in self.collection.indexes.items():
            index = self.indexes.setdefault(name, {})
            for index_key in keys_of(key, document):
                index.setdefault(index_key, {})[key] = None

    def remove(self, key: Key) -> None:
        document = self.partitions[key[0]].pop(key)
        del self.positions[key]
        self._unindex(key, document)

    def restore_order(self, organization: str) -> None:
        partition = self.partitions[organization]
        self.partitions[organization] = dict(
            sorted(partition.items(), key=lambda item: self.positions[item[0]])
        )

    def _unindex(self, key: Key, document: Document) -> None:
        for name, keys_of in self.collection.indexes.items():
            index = self.indexes[name]
            for index_key in keys_of(key, document):
                members = index.get(index_key, {})
                members.pop(key, None)
                if not members:
                    index.pop(index_key, None)

    def copy(self) -> "_Shelf":
        return _Shelf(
            self.collection,
            {name: dict(partition) for name, partition in self.partitions.items()},
            dict(self.positions),
            {
                name: {key: dict(members) for key, members in index.items()}
                for name, index in self.indexes.items()
            },
        )


@dataclass(frozen=True)
class Write:
    """One change of a transaction: `before` is None for a creation, `after` for a deletion."""

    collection: Collection
    key: Key
    before: Document | None
    after: Document | None
    position: int


class Transaction:
    """The reads and writes of one request; every read sees earlier writes."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self.writes: list[Write] = []
        self.cleared: dict[str, _Shelf] | None = None
        """All shelves before `clear`."""

    def get(self, collection: Collection, *key: str) -> Document | None:
        """The document under `key`, or None."""
        return self._store.shelf(collection).get(key)

    def list(self, collection: Collection, organization: str) -> list[Document]:
        """An organization's documents, oldest first."""
        return list(self._store.shelf(collection).partitions.get(organization, {}).values())

    def organizations(self, collection: Collection) -> tuple[str, ...]:
        """The organizations that have any document in a collection."""
        return tuple(name for name, found in self._store.shelf(collection).partitions.items() if found)

    def find(self, collection: Collection, index: str, *index_key: str) -> Iterator[tuple[Key, Document]]:
        """Yield keys and documents found under `index_key`, oldest entry first."""
        shelf = self._store.shelf(collection)
        for key in list(shelf.indexes.get(index, {}).get(index_key, ())):
            document = shelf.get(key)
            if document is not None:
                yield key, document

    def put(self, collection: Collection, key: Key, document: Document) -> None:
        """Create or replace the document under `key`; no write if it is equal."""
        shelf = self._store.shelf(collection)
        before = shelf.get(key)
        if before == document:
            return
        position = shelf.positions.get(key) or self._store.next_position()
        shelf.put(key, document, position)
        self.writes.append(Write(collection, key, before, document, position))

    def remove(self, collection: Collection, key: Key) -> None:
        """Delete the document under `key`; no write if it is absent."""
        shelf = self._store.shelf(collection)
        before = shelf.get(key)
        if before is None:
            return
        self.writes.append(Write(collection, key, before, None, shelf.positions[key]))
        shelf.remove(key)

    def clear(self) -> None:
        """Delete every document of every collection; must come before any write."""
        if self.writes or self.cleared is not None:
            raise RuntimeError("a transaction can be cleared only once, before any write")
        self.cleared = self._store.empty_shelves()

    def undo(self) -> None:
        """Restore memory to the state before the first write."""
        if self.cleared is not None:
            self._store.restore_shelves(self.cleared)
            self.writes.clear()
            return
        for write in reversed(self.writes):
            shelf = self._store.shelf(write.collection)
            if write.before is None:
                shelf.remove(write.key)
            else:
                shelf.put(write.key, write.before, write.position)
                if write.after is None:
                    shelf.restore_order(write.key[0])
        self.writes.clear()


class Store:
    """All collections, and the lock under which requests run one at a time.

    Without `state_file` nothing persists beyond the process. Raises StateFileError if the
    file is in use by another emulator or is not a state file.
    """

    def __init__(self, collections: Sequence[Collection], state_file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._shelves = {collection.name: _Shelf(collection) for collection in collections}
        self._position = 0
        self._watchers: list[tuple[Callable[[], None], frozenset[str]]] = []
        self._file = StateFile(state_file, tuple(self._shelves)) if state_file else None
        if self._file:
            self._load(self._file)

    def shelf(self, collection: Collection) -> _Shelf:
        """A collection's place in memory; for `Transaction` only."""
        return self._shelves[collection.name]

    def holds(self, collection: Collection) -> bool:
        """Whether a collection has any document."""
        return bool(self.shelf(collection).positions)

    def watch(self, changed: Callable[[], None], *collections: Collection) -> None:
        """Call `changed`, under the lock, after every transaction that wrote one of `collections`."""
        self._watchers.append((changed, frozenset(collection.name for collection in collections)))

    def empty_shelves(self) -> dict[str, _Shelf]:
        """Replace all shelves with empty ones and return the old ones; for `Transaction` only."""
        old = self._shelves
        self._shelves = {name: _Shelf(shelf.collection) for name, shelf in old.items()}
        return old

    def restore_shelves(self, shelves: dict[str, _Shelf]) -> None:
        """Restore what `empty_shelves` returned; for `Transaction` only."""
        self._shelves = shelves

    def next_position(self) -> int:
        """A number that increases with every creation."""
        self._position += 1
        return self._position

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Run a block in which all writes take effect, or none."""
        with self.lock:
            transaction = Transaction(self)
            try:
                yield transaction
                self._save(transaction)
            except BaseException:
                transaction.undo()
                raise
            self._tell(transaction)

    def copy(self) -> "Store":
        """A copy in memory that later writes do not change."""
        with self.lock:
            twin = Store([shelf.collection for shelf in self._shelves.values()])
            twin._shelves = {name: shelf.copy() for name, shelf in self._shelves.items()}
            twin._position = self._position
            return twin

    def close(self) -> None:
        """Release the state file; the store must not be used afterwards."""
        with self.lock:
            if self._file:
                self._file.close()
                self._file = None

    def _tell(self, transaction: Transaction) -> None:
        written = {write.collection.name for write in transaction.writes}
        for changed, names in self._watchers:
            if transaction.cleared is not None or not names.isdisjoint(written):
                changed()

    def _save(self, transaction: Transaction) -> None:
        if self._file and (transaction.writes or transaction.cleared):
            self._file.save(
                transaction.cleared or (),
                (
                    (write.collection.name, write.key, write.position, write.after)
                    for write in transaction.writes
                ),
            )

    def _load(self, file: StateFile) -> None:
        try:
            for name, shelf in self._shelves.items():
                for key, position, document in file.rows(name):
                    shelf.put(key, document, position)
                    self._position = max(self._position, position)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            file.close()
            raise StateFileError(f"the state file contains documents of another version in {name}") from error
        except StateFileError:
            file.close()
            raise
