"""The trees of one pass: its files, and the base of a preview.

Each is opened once. Everything, settings included, is read from that same commit, even if the
branch moves in the meantime.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.request import Request
from reconciler.errors import SourceError
from reconciler.repository.cache import Cache
from reconciler.repository.launch import Launcher
from reconciler.repository.remote import Listed, look_up
from reconciler.settings import FILE_NAME, Limits, Settings
from reconciler.source.directory import read_directory
from reconciler.source.git import OpenedCommit, is_ancestor, merge_base, open_remote, open_revision
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree

if TYPE_CHECKING:
    from reconciler.model.key import PublicKey


class Trees:
    """Trees that one pass reads. `listed` is what an earlier lookup of the remote found; None: look it up now."""

    def __init__(self, request: Request, *, listed: Listed | None = None) -> None:
        self._request = request
        self._listed = listed
        self._launcher = Launcher(request.environment)
        self._opened: dict[str, OpenedCommit] = {}
        self._base: OpenedCommit | None = None

    @cached_property
    def commit(self) -> OpenedCommit | None:
        """The commit that the files are read from; None for a working folder. Raises SourceError."""
        request = self._request
        if request.url is not None:
            with request.waits.on("for the remote repository"):
                listed = self._listed or look_up(self._launcher, request.url, request.ref)
                return open_remote(cache(request).fetched(listed))
        if request.rev is not None:
            return open_revision(request.directory, request.rev, self._launcher)
        return None

    def read(self, limits: Limits, settings: bytes | None) -> Tree:
        """Every file. `settings` is the settings file of the folder as read before, None where it is from elsewhere.

        Raises SourceError, also where that file has changed since it was read.
        """
        if self.commit is not None:
            tree = self.commit.tree(limits)
        else:
            tree = read_directory(self._request.directory, limits, self._launcher)
            if settings is not None and tree.files.get(FILE_NAME, settings) != settings:
                raise SourceError(
                    f"{FILE_NAME} changed while the folder was read", advice="run again; nothing was done yet"
                )
        return tree

    def tip(self, against: str) -> OpenedCommit:
        """The commit that `against` names. Raises SourceError."""
        if against not in self._opened:
            self._opened[against] = open_revision(self._request.directory, against, self._launcher)
        return self._opened[against]

    def base(self, against: str) -> OpenedCommit:
        """The merge base of `against` and the commit that is read. Raises SourceError."""
        if self._base is None:
            here = "HEAD" if self.commit is None else self.commit.revision
            directory = self._request.directory
            base = merge_base(directory, against, here, self._launcher)
            tip = self._opened.get(against)
            if tip is None or tip.revision != base:
                tip = open_revision(directory, base, self._launcher)
            self._base = tip
        return self._base

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """True if the first commit is an ancestor of the second; None for a remote, of which no history is fetched."""
        if self._request.url is not None:
            return None
        return is_ancestor(self._request.directory, older, newer, self._launcher)

    def read_base(self, against: str, limits: Limits) -> Tree:
        """The files of the merge base of `against` and the commit that is read. Raises SourceError."""
        return self.base(against).tree(limits)


def cache(request: Request) -> Cache:
    """The cache of fetched repositories (XDG Base Directory Specification)."""
    given = request.environment.get("XDG_CACHE_HOME", "")
    root = Path(given) if given.startswith("/") else Path(request.environment.get("HOME", ".")) / ".cache"
    return Cache(root / "reconciler", Launcher(request.environment))


def new_loader(settings: Settings) -> Loader:
    """A loader that remembers what it parsed."""

    def inspect(pem: str) -> "PublicKey":
        from reconciler.keystore.public_key import inspect_public_key  # noqa: PLC0415  only where there are keys

        return inspect_public_key(pem)

    return Loader(settings.limits, inspect)
