"""The record of ownership in a folder: `<instance>/<target>.json`.

For one machine, or a volume that one controller mounts. Writers of the same folder take a lock
and check that the record did not change since they read it; a reader always finds a complete
record, because a new one replaces the old one by renaming.
"""

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import InventoryConflictError, InventoryError
from reconciler.inventory.private_file import make_private_folder, read_private, replace_private, sync_folder
from reconciler.inventory.store import MAX_RECORD_BYTES, checked_name, decode, encode
from reconciler.model.record import Inventory

_LOCK_WAIT_S = 10.0
_LOCK_RETRY_S = 0.02


class FileInventory:
    """Stores the record of each target in a file with mode 0600, in a folder with mode 0700."""

    def __init__(self, directory: Path, instance: str, *, lock_wait_s: float = _LOCK_WAIT_S) -> None:
        self._directory = directory
        self._instance = checked_name(instance, what="instance")
        self._lock_wait_s = lock_wait_s
        self._read_digest: dict[str, str | None] = {}

    def read(self, target: str) -> Inventory:
        """The record; see `InventoryStore.read`."""
        path = self._path(target)
        content = self._content(path)
        if content is None:
            inventory = Inventory(self._instance, target, exists=False)
        else:
            inventory = decode(content, instance=self._instance, target=target, place=str(path))
        self._read_digest[target] = _digest(content)
        return inventory

    def write(self, inventory: Inventory) -> None:
        """Replace the record; see `InventoryStore.write`."""
        if inventory.instance != self._instance:
            raise InventoryError(
                f"a record of instance {inventory.instance!r} cannot be written for instance {self._instance!r}"
            )
        path = self._path(inventory.target)
        content = encode(inventory)
        try:
            make_private_folder(self._directory)
            make_private_folder(path.parent)
            _keep_out_of_git(path.parent / ".gitignore")
            with self._locked(path):
                if _digest(self._content(path)) != self._read_digest.get(inventory.target):
                    raise InventoryConflictError(
                        f"another run wrote {path} after this one read it",
                        advice="run again; the record is then read again",
                    )
                _remove_left_over(path)
                replace_private(path, content)
                sync_folder(path.parent)
        except OSError as error:
            raise InventoryError(
                f"cannot write {path}: {error.strerror}",
                advice="make the folder writable, or set another one in `inventory.file.directory`",
            ) from error
        self._read_digest[inventory.target] = _digest(content)

    def _path(self, target: str) -> Path:
        return self._directory / self._instance / f"{checked_name(target, what='target')}.json"

    def _content(self, path: Path) -> bytes | None:
        try:
            content, _ = read_private(path, max_bytes=MAX_RECORD_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
            raise InventoryError(
                f"cannot read {path}: {reason}",
                advice="the record must be a regular file that this user can read",
            ) from error
        return content

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        """Hold the lock of a target. The operating system releases it when the process ends."""
        lock = path.with_name(f".{path.stem}.lock")
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            deadline = time.monotonic() + self._lock_wait_s
            while not _try_lock(descriptor):
                if time.monotonic() >= deadline:
                    raise InventoryConflictError(
                        f"another run has held {lock} for more than {self._lock_wait_s:g} s",
                        advice="wait until the other run has ended, then run again",
                    )
                time.sleep(_LOCK_RETRY_S)
            yield
        finally:
            os.close(descriptor)


def _keep_out_of_git(path: Path) -> None:
    """Make `git add --all` skip the records: a record that Git tracks is not trusted."""
    if not os.path.lexists(path):
        replace_private(path, b"*\n")


def _remove_left_over(path: Path) -> None:
    """Remove temporary files of killed writers. Call only under the lock, when no writer is active."""
    for left_over in path.parent.glob(f".{path.name}.*.tmp"):
        left_over.unlink(missing_ok=True)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()
