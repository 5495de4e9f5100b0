"""The trees of one pass: the files it is about, and the base of a preview.

Each is opened once. Whatever is read of a commit, settings included, is of that commit, also where
the branch moves meanwhile.
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
from reconciler.source.git import OpenedCommit, merge_base, open_remote, open_revision
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree

if TYPE_CHECKING:
    from reconciler.model.key import PublicKey


class Trees:
    """What one pass reads. `listed` is what a look at the remote found, None to look now."""

    def __init__(self, request: Request, *, listed: Listed | None = None) -> None:
        self._request = request
        self._listed = listed
        self._launcher = Launcher(request.environment)
        self._head = ""

    @cached_property
    def commit(self) -> OpenedCommit | None:
        """The commit that the files are of; None for a folder as it is. Raises SourceError."""
        request = self._request
        if request.url is not None:
            listed = self._listed or look_up(self._launcher, request.url, request.ref)
            return open_remote(cache(request).fetched(listed))
        if request.rev is not None:
            return open_revision(request.directory, request.rev, self._launcher)
        return None

    def read(self, limits: Limits, settings: bytes | None) -> Tree:
        """Every file. `settings` is the file of the folder that is in force, None where it is from elsewhere.

        Raises SourceError, also where the settings of the folder changed since they were read.
        """
        if self.commit is not None:
            tree = self.commit.tree(limits)
        else:
            tree = read_directory(self._request.directory, limits, self._launcher)
            if settings is not None and tree.files.get(FILE_NAME, settings) != settings:
                raise SourceError(
                    f"{FILE_NAME} changed while the folder was read", advice="run again: nothing was done yet"
                )
        self._head = tree.revision
        return tree

    def read_base(self, against: str, limits: Limits) -> Tree:
        """The files of the commit that `against` and what was read both descend from. Raises SourceError."""
        directory = self._request.directory
        base = merge_base(directory, against, self._head or "HEAD", self._launcher)
        return open_revision(directory, base, self._launcher).tree(limits)


def cache(request: Request) -> Cache:
    """Repositories that were fetched (XDG Base Directory Specification)."""
    given = request.environment.get("XDG_CACHE_HOME", "")
    root = Path(given) if given.startswith("/") else Path(request.environment.get("HOME", ".")) / ".cache"
    return Cache(root / "reconciler", Launcher(request.environment))


def new_loader(settings: Settings) -> Loader:
    """A loader that remembers what it parsed."""

    def inspect(pem: str) -> "PublicKey":
        from reconciler.keystore.public_key import inspect_public_key  # noqa: PLC0415  only where there are keys

        return inspect_public_key(pem)

    return Loader(settings.limits, inspect)
