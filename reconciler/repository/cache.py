"""A cache of bare repositories in one folder, one for each URL; several processes can share it.

A damaged repository is created again.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reconciler.errors import RepositoryError, SourceError, UnknownRevisionError
from reconciler.model.url import masked
from reconciler.repository.commit import Command, commit_id
from reconciler.repository.launch import INSTALL, NOT_INSTALLED, REMOTE, GitError, Launcher
from reconciler.repository.remote import Listed, unreachable

if TYPE_CHECKING:
    from reconciler.repository.bare import BareRepository

T = TypeVar("T")
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Cache:
    """Repositories in the folder `root`, used through `launcher`."""

    root: Path
    launcher: Launcher

    def made(self, url: str) -> Path:
        """Path of the bare repository for a URL, created if it does not exist; nothing is fetched.

        Raises RepositoryError.
        """
        with self._locked(url) as place:
            if not (place / "HEAD").is_file():
                try:
                    _init(place, self.launcher)
                except GitError as error:
                    raise _unusable(self.root, error.text) from error
            return place

    def fetched(self, listed: Listed) -> "CachedCommit":
        """The commit that a remote listed, fetched without history if it is not in the cache.

        A newer commit if the remote has changed since it was listed. Raises UnknownRevisionError, or
        SourceError if the remote cannot be reached.
        """
        commit = self._repaired(
            listed.url, lambda git: _fetch(git, listed.source, listed.commit), listed.source
        )
        return CachedCommit(self, listed, commit)

    def _repaired(self, url: str, work: Callable[[Command], T], source: str) -> T:
        """Run `work` on the repository for a URL; if it fails, run it on a new repository, which then replaces it.

        If that fails too, the repository stays: a remote that cannot be reached takes no fetched commit away.
        """
        with self._locked(url) as place:
            made = place.with_suffix(".new") if place.exists() else place
            if made is not place:
                try:
                    return work(self._opened(place, url))
                except GitError:
                    _remove(made)
            try:
                _init(made, self.launcher)
                result = work(self._opened(made, url))
            except GitError as error:
                _remove(made)
                raise _fetch_failure(url, source, error) from error
            if made is not place:
                _remove(place)
                made.rename(place)
            return result

    def _opened(self, place: Path, url: str) -> "BareRepository":
        try:
            from reconciler.repository.bare import BareRepository  # noqa: PLC0415  brings GitPython
        except ModuleNotFoundError:
            raise
        except ImportError as error:  # GitPython looks for git when it is imported
            raise RepositoryError(NOT_INSTALLED, advice=INSTALL) from error
        return BareRepository(place, self.launcher, url=url)

    @contextmanager
    def _locked(self, url: str) -> Iterator[Path]:
        """Path for a URL, locked against other processes; waits for the lock as long as one fetch can take."""
        place = self.root / hashlib.sha256(url.encode()).hexdigest()[:32]
        deadline = time.monotonic() + self.launcher.timeout_s
        try:
            _make_private(self.root)
            lock = os.fdopen(
                os.open(place.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            )
        except OSError as error:
            raise _unusable(self.root, error.strerror) from error
        with lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline:
                        raise RepositoryError(
                            "another process is using the cache of this repository", advice="try again later"
                        ) from error
                    time.sleep(_LOOK_EVERY_S)
            try:
                yield place.with_suffix(".git")
            except OSError as error:
                raise _unusable(self.root, error.strerror) from error


@dataclass(frozen=True, slots=True)
class CachedCommit:
    """One commit of a remote; every read is of this commit."""

    cache: Cache
    listed: Listed
    id: str

    def read(self, work: Callable[[Command], T]) -> T:
        """Run `work` on the repository that contains the commit; if it is damaged, the commit is fetched again."""

        def on_commit(git: Command) -> T:
            _fetch_again(git, self.listed.source, self.id)
            return work(git)

        return self.cache._repaired(self.listed.url, on_commit, self.id)  # noqa: SLF001  one module


def _fetch(git: Command, source: str, wanted: str) -> str:
    """Id of the commit of a source, fetched unless the cached commit is the wanted one."""
    kept = "refs/reconciler/" + hashlib.sha256(source.encode()).hexdigest()[:32]
    commit = commit_id(git, kept)
    if commit != wanted:
        git(
            "fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--force",
            "--", REMOTE, f"+{source}:{kept}",
        )  # fmt: skip
        commit = commit_id(git, kept)
    if commit is None:
        raise GitError("the revision is not a commit")
    return commit


def _fetch_again(git: Command, source: str, wanted: str) -> None:
    """Make sure that the commit is in the repository, fetched by name or by id."""
    if commit_id(git, wanted) is not None:
        return
    if _fetch(git, source, wanted) != wanted:
        _fetch(git, wanted, wanted)


def _make_private(folder: Path) -> None:
    """Create the folder, and every missing one above it, for this user only; an existing one is closed to others."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def _init(place: Path, launcher: Launcher) -> None:
    # Shared with nobody: git creates every file with mode 0600, whatever the umask.
    launcher.output(
        ["init", "--quiet", "--bare", "--template=", "--shared=0600", place.name], folder=place.parent
    )


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _fetch_failure(url: str, source: str, error: GitError) -> SourceError:
    if "not our ref" in error.text or "couldn't find remote ref" in error.text:
        return UnknownRevisionError(
            f"{masked(url)} has no revision {source!r}, or does not allow it to be fetched",
            advice="name a branch or tag that contains it",
        )
    return unreachable(url, error)


def _unusable(root: Path, reason: str | None) -> RepositoryError:
    return RepositoryError(
        f"the cache {root} cannot be used: {reason or 'no reason given'}",
        advice="set XDG_CACHE_HOME to a writable folder",
    )
