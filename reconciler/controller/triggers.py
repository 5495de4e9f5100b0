"""Triggers that make the loop poll early, and the revision of a plain folder.

A trigger only requests a poll; the poll finds what changed. So a trigger may be lost, duplicated,
late or ineffective, and the regular poll makes up for it. A repository has no trigger: the loop
polls it with one `git ls-remote`.

In a folder, only files that can matter count: YAML and key files by their names (`COUNTED_SUFFIXES`, in
any case), and links, because a link can refer to a folder of them. Any other file, such as a log written
there, would look like a new revision at every change; if it matters after all, the resync finds it.
Nothing below `.git`, `.reconciler` and `.venv` counts.
"""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from watchfiles import Change, watch

from reconciler.errors import SourceError

_log = logging.getLogger(__name__)
COUNTED_SUFFIXES = (".yaml", ".yml", ".json", ".pem", ".pub", ".key", ".crt")
_IGNORED = frozenset({".git", ".reconciler", ".venv"})
_DEBOUNCE_MS = 400
QUIET_S = 1.0
"""Time without a change after which files count as complete: a checkout writes many in a second."""
PATIENCE_S = 30.0
"""How long to wait for that. Longer than a checkout takes, shorter than people wait for a pass."""


class FolderTrigger:
    """Calls `look` from its own thread soon after files in a folder change.

    A context manager. Where the system cannot watch (no such folder, too many watches), a warning is
    logged once and `look` is never called.
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
        # For a folder that is moved here, the system reports no event for its files.
        is_brought = change is Change.added and (Path(path).is_dir() or Path(path).is_symlink())
        return is_brought or _is_counted(path)


def wait_until_quiet(folder: Path, stop: threading.Event, *, lock: Path | None = None) -> None:
    """Return when no file that counts has changed for `QUIET_S`, or `stop` is set.

    While a checkout or an editor replaces files, some are absent for a moment, which would look as if they had been
    removed. The file `lock`, which Git holds meanwhile, counts as a change for `PATIENCE_S`. Raises SourceError, also
    where files change for longer than that.
    """
    revision = folder_revision(folder)
    ends_s = time.monotonic() + PATIENCE_S
    while not stop.wait(QUIET_S):
        newer = folder_revision(folder)
        is_late = time.monotonic() > ends_s
        if newer == revision and (is_late or lock is None or not lock.exists()):
            return
        if is_late:
            raise SourceError(
                f"the files in {folder} have been changing for {PATIENCE_S:.0f} s",
                advice="wait until what writes them is done; nothing was read yet",
            )
        revision = newer


def folder_revision(folder: Path) -> str:
    """Text that changes when a file that counts does, used in place of a revision.

    Computed from names, sizes and modification times (`folder:` and 40 hex digits); no file is
    opened and no link followed. Raises SourceError.
    """
    state = hashlib.sha256()
    try:
        for path, status in _files(folder):
            state.update(os.fsencode(path))
            state.update(b"\0%d %d\0" % (status.st_size, status.st_mtime_ns))
    except OSError as error:
        raise SourceError(
            f"cannot read {folder}: {error.strerror}", advice="check that it exists and can be read"
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
