"""What makes the loop look before its next poll, and what it looks at in a plain folder.

A trigger says only "look": what changed is found by looking. So a trigger may be lost, doubled
or late, or fail altogether, and the poll makes up for it. Polling a repository is the loop's
own: its `revision` is one `git ls-remote`.

In a folder only what can matter counts: YAML and key files by their names (`COUNTED_SUFFIXES`, in
any case), and links, because one may point to a folder of them. Anything else, such as a log that
is written there, would look like a new revision all the time; where it matters all the same, the
resync finds it. Nothing below `.git`, `.reconciler` and `.venv` counts.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from watchfiles import Change, watch

from reconciler.errors import SourceError

_log = logging.getLogger(__name__)
COUNTED_SUFFIXES = (".yaml", ".yml", ".json", ".pem", ".pub", ".key", ".crt")
_IGNORED = frozenset({".git", ".reconciler", ".venv"})
_DEBOUNCE_MS = 400


class FolderTrigger:
    """Calls `look` from its own thread soon after files below a folder change.

    A context manager. Where the system cannot watch (no such folder, too many watches) a warning is
    logged once and nothing is called.
    """

    def __init__(self, folder: Path, look: Callable[[], None]) -> None:
        self._folder = folder.resolve()
        self._look = look
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="folder-trigger", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            for _ in watch(
                self._folder,
                watch_filter=self._counts,
                debounce=_DEBOUNCE_MS,
                stop_event=self._stop,
                raise_interrupt=False,
            ):
                self._look()
        except OSError as error:
            _log.warning(
                "cannot watch the folder; changes are found by polling",
                extra={"folder": str(self._folder), "error": str(error)},
            )

    def _counts(self, change: Change, path: str) -> bool:
        if not _IGNORED.isdisjoint(Path(path).parts[len(self._folder.parts) :]):
            return False
        # a folder that is moved here brings files of which the system says nothing
        is_brought = change is Change.added and (Path(path).is_dir() or Path(path).is_symlink())
        return is_brought or _is_counted(path)


def folder_revision(folder: Path) -> str:
    """Return text that changes when a file that counts does, used as a revision.

    Made of names, sizes and modification times (`folder:` and 40 hex digits); no file is
    opened, no link followed. Raises SourceError.
    """
    state = hashlib.sha256()
    try:
        for path, status in _files(folder):
            state.update(os.fsencode(path))
            state.update(b"\0%d %d\0" % (status.st_size, status.st_mtime_ns))
    except OSError as error:
        raise SourceError(
            f"cannot look at {folder}: {error.strerror}", advice="check that it exists and can be read"
        ) from error
    return f"folder:{state.hexdigest()[:40]}"


def _is_counted(name: str) -> bool:
    return name.lower().endswith(COUNTED_SUFFIXES)


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every file and link that counts, in an order that depends on names only."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name in _IGNORED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif entry.is_symlink() or _is_counted(entry.name):
            yield entry.path, entry.stat(follow_symlinks=False)
