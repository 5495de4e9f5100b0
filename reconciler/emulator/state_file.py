"""One SQLite file with a table per collection, used by one emulator at a time.

Uses a write-ahead log, so a process killed at any moment leaves the last complete
commit. Handles tables and JSON text, not the meaning of documents. Called by `store`.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reconciler.emulator.failure import StateFileError
from reconciler.emulator.wire import Document

_FORMAT = 1

Row = tuple[tuple[str, ...], int, Document]
"""Key, position in order of creation, and document."""

Change = tuple[str, tuple[str, ...], int, Document | None]
"""Table, key, position and document; without a document the row is deleted."""


class StateFile:
    """An open state file with the tables `names`.

    Raises StateFileError if it is in use by another emulator, or is not a state file.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._path = path
        self._connection = _open(path, names)

    def rows(self, name: str) -> Iterator[Row]:
        """Yield a table's rows in order of creation; StateFileError for invalid JSON."""
        query = f'SELECT key, position, document FROM "{name}" ORDER BY position'  # noqa: S608 - names come from the code
        for key, position, document in self._connection.execute(query):
            try:
                yield tuple(json.loads(key)), position, json.loads(document)
            except (ValueError, TypeError) as error:
                raise StateFileError(
                    f"{self._path} contains something in {name} that is not a document"
                ) from error

    def save(self, cleared: Iterable[str], changes: Iterable[Change]) -> None:
        """Empty tables and write changes in one commit."""
        with self._connection:
            for name in cleared:
                self._connection.execute(f'DELETE FROM "{name}"')  # noqa: S608 - names come from the code
            for name, key, position, document in changes:
                text = json.dumps(key)
                if document is None:
                    self._connection.execute(f'DELETE FROM "{name}" WHERE key = ?', (text,))  # noqa: S608 - as above
                else:
                    self._connection.execute(
                        f'INSERT OR REPLACE INTO "{name}" VALUES (?, ?, ?)',  # noqa: S608 - as above
                        (text, position, json.dumps(document)),
                    )

    def close(self) -> None:
        """Release the file."""
        self._connection.close()


def _open(path: Path, names: Sequence[str]) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=0, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise StateFileError(f"{path} cannot be opened ({error})") from error
    try:
        _prepare(connection, path, names)
    except sqlite3.OperationalError as error:
        connection.close()
        raise StateFileError(
            f"{path} is in use by another emulator, or cannot be written ({error})"
        ) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StateFileError(f"{path} is not a state file of this emulator ({error})") from error
    except StateFileError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, names: Sequence[str]) -> None:
    # Exclusive because reads come from memory, so the writes of another process would go unnoticed.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    # Checked first: setting the journal mode would change another program's file.
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found not in (0, _FORMAT):
        raise StateFileError(f"{path} has format {found}, this emulator reads {_FORMAT}; choose another file")
    if found == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StateFileError(f"{path} is a database of another program; choose another file")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for name in names:
            connection.execute(
                f'CREATE TABLE IF NOT EXISTS "{name}"'
                " (key TEXT PRIMARY KEY, position INTEGER NOT NULL, document TEXT NOT NULL) WITHOUT ROWID"
            )
        connection.execute(f"PRAGMA user_version = {_FORMAT}")
