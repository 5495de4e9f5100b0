"""Documents by collection, in memory, written through to one SQLite file.

Reads never touch the file. One request is one transaction: when its block ends well,
all its writes go to the file in one commit; when it raises, memory is put back. The
file uses a write-ahead log, so a process killed at any moment leaves the last finished
transaction. Uniqueness and references are answered by indexes, never by a scan.

Knows nothing about agents or runners: collections declare their keys and indexes.
Called by `emulator`; collections see only `Transaction`.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.emulator.failure import StateFileError
from reconciler.emulator.wire import Document

Key = tuple[str, ...]
"""Identity of a document; the first part is always its organization."""

_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Collection:
    """A kind of document: the name of its table, and its indexes.

    An index maps key and document to the index keys under which it is found.
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
    """What one request may read and write; every read sees its own writes."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self.writes: list[Write] = []

    def get(self, collection: Collection, *key: str) -> Document | None:
        """Return the document under `key`, or None."""
        return self._store.shelf(collection).get(key)

    def list(self, collection: Collection, organization: str) -> list[Document]:
        """Return an organization's documents, oldest first."""
        return list(self._store.shelf(collection).partitions.get(organization, {}).values())

    def find(self, collection: Collection, index: str, *index_key: str) -> Iterator[tuple[Key, Document]]:
        """Yield keys and documents found under `index_key`, oldest entry first."""
        shelf = self._store.shelf(collection)
        for key in list(shelf.indexes.get(index, {}).get(index_key, ())):
            document = shelf.get(key)
            if document is not None:
                yield key, document

    def put(self, collection: Collection, key: Key, document: Document) -> None:
        """Create or replace the document under `key`; an equal one is no write."""
        shelf = self._store.shelf(collection)
        before = shelf.get(key)
        if before == document:
            return
        position = shelf.positions.get(key) or self._store.next_position()
        shelf.put(key, document, position)
        self.writes.append(Write(collection, key, before, document, position))

    def remove(self, collection: Collection, key: Key) -> None:
        """Delete the document under `key`; absent is no write."""
        shelf = self._store.shelf(collection)
        before = shelf.get(key)
        if before is None:
            return
        self.writes.append(Write(collection, key, before, None, shelf.positions[key]))
        shelf.remove(key)

    def undo(self) -> None:
        """Put memory back to where it was before the first write."""
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

    Without `state_file` nothing outlives the process. Raises StateFileError when the
    file belongs to another running emulator or is not one of ours.
    """

    def __init__(self, collections: Sequence[Collection], state_file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._shelves = {collection.name: _Shelf(collection) for collection in collections}
        self._position = 0
        self._file = _open(state_file, collections) if state_file else None
        if self._file:
            self._load(self._file)

    def shelf(self, collection: Collection) -> _Shelf:
        """Return a collection's place in memory; for `Transaction` only."""
        return self._shelves[collection.name]

    def holds(self, collection: Collection) -> bool:
        """Tell whether a collection has any document."""
        return bool(self.shelf(collection).positions)

    def next_position(self) -> int:
        """Return a number that grows with every creation."""
        self._position += 1
        return self._position

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Run a block in which all writes take effect, or none."""
        with self.lock:
            transaction = Transaction(self)
            try:
                yield transaction
                self._save(transaction.writes)
            except BaseException:
                transaction.undo()
                raise

    def copy(self) -> "Store":
        """Return a copy in memory that later writes do not reach."""
        with self.lock:
            twin = Store([shelf.collection for shelf in self._shelves.values()])
            twin._shelves = {name: shelf.copy() for name, shelf in self._shelves.items()}
            twin._position = self._position
            return twin

    def clear(self) -> None:
        """Forget every document of every collection."""
        with self.lock:
            if self._file:
                with self._file:
                    for name in self._shelves:
                        self._file.execute(f'DELETE FROM "{name}"')  # noqa: S608 - names are ours
            self._shelves = {name: _Shelf(shelf.collection) for name, shelf in self._shelves.items()}

    def close(self) -> None:
        """Give the state file back; the store must not be used afterwards."""
        with self.lock:
            if self._file:
                self._file.close()
                self._file = None

    def _save(self, writes: Sequence[Write]) -> None:
        if not self._file or not writes:
            return
        with self._file:
            for write in writes:
                key = json.dumps(write.key)
                name = write.collection.name
                if write.after is None:
                    self._file.execute(f'DELETE FROM "{name}" WHERE key = ?', (key,))  # noqa: S608 - names are ours
                else:
                    self._file.execute(
                        f'INSERT OR REPLACE INTO "{name}" VALUES (?, ?, ?)',  # noqa: S608 - names are ours
                        (key, write.position, json.dumps(write.after)),
                    )

    def _load(self, connection: sqlite3.Connection) -> None:
        for name, shelf in self._shelves.items():
            query = f'SELECT key, position, document FROM "{name}" ORDER BY position'  # noqa: S608 - names are ours
            for key, position, document in connection.execute(query):
                shelf.put(tuple(json.loads(key)), json.loads(document), position)
                self._position = max(self._position, position)


def _open(path: Path, collections: Sequence[Collection]) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=0, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise StateFileError(f"{path} cannot be opened ({error})") from error
    try:
        _prepare(connection, path, collections)
    except sqlite3.OperationalError as error:
        connection.close()
        raise StateFileError(
            f"{path} is in use by another emulator, or cannot be written ({error})"
        ) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StateFileError(f"{path} is no state file of this emulator ({error})") from error
    except StateFileError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, collections: Sequence[Collection]) -> None:
    # Exclusive: memory is the truth for reads, so a second writer would go unseen.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found not in (0, _FORMAT):
        raise StateFileError(f"{path} has format {found}, this emulator reads {_FORMAT}; choose another file")
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for collection in collections:
            connection.execute(
                f'CREATE TABLE IF NOT EXISTS "{collection.name}"'
                " (key TEXT PRIMARY KEY, position INTEGER NOT NULL, document TEXT NOT NULL) WITHOUT ROWID"
            )
        connection.execute(f"PRAGMA user_version = {_FORMAT}")
