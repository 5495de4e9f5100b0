"""Trees from Git: a commit of a local repository, or of a remote one through a bare cache.

Never touches a work tree, and runs no hooks, submodules or filters. Reading a local repository never
reaches the network. `reconciler.repository` runs git.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from reconciler.errors import SourceError, UnknownRevisionError
from reconciler.model.url import masked
from reconciler.repository.cache import CachedCommit
from reconciler.repository.commit import Command, Entry, commit_id, contents, entries
from reconciler.repository.launch import MOST_OUTPUT_BYTES, GitError, Launcher
from reconciler.repository.url import COMMIT_ID, check_local_revision
from reconciler.settings import Limits
from reconciler.source.collection import Collection
from reconciler.source.tree import Tree, display_path, is_own

T = TypeVar("T")
_FILE = "100"
"""Prefix of the modes of regular files."""
_LINK = "120000"
_SUBMODULE = "160000"
_LONGEST_LINK_BYTES = 4096


class Commit(Protocol):
    """A commit in some repository; every read is of this commit."""

    def read(self, work: Callable[[Command], T]) -> T:
        """Run `work` on the repository that contains the commit. Raises SourceError."""
        ...


@dataclass(frozen=True, slots=True)
class OpenedCommit:
    """The files of one commit, listed once; `revision` is its full id.

    `location` is a path or a URL without credentials.
    """

    location: str
    revision: str
    _commit: Commit
    _entries: tuple[Entry, ...]

    def file(self, path: str, limits: Limits) -> bytes | None:
        """Content of one file, None if the commit has no such file. Raises SourceError if it cannot be read."""
        entry = next((entry for entry in self._entries if display_path(entry.path) == path), None)
        if entry is None:
            return None
        if entry.mode == _LINK:
            return self.tree(limits).files.get(path)
        what = f"{path} of {self.location} at {self.revision[:12]}"
        if not entry.mode.startswith(_FILE):
            raise SourceError(f"{what} is not a regular file", advice="replace it with a regular file")
        if entry.size > limits.max_file_bytes:
            raise SourceError(
                f"{what} has {entry.size} bytes; the limit is {limits.max_file_bytes}",
                advice="make the file smaller",
            )
        [content] = self._commit.read(lambda git: contents(git, [entry]))
        if content is None:
            raise SourceError(
                f"the content of {what} is missing from the repository (a partial clone)",
                advice="fetch it first",
            )
        return content

    def tree(self, limits: Limits) -> Tree:
        """All files within the limits."""
        collection = Collection(limits)
        found = {display_path(entry.path): entry for entry in self._entries}
        wanted: dict[str, Entry] = {}
        for path in collection.bounded(sorted(path for path in found if not is_own(path))):
            entry = found[path]
            if entry.mode == _SUBMODULE:
                collection.unreadable(path, "a submodule")
            elif entry.mode == _LINK:
                if entry.size <= _LONGEST_LINK_BYTES:
                    wanted[path] = entry
                else:
                    collection.unreadable(path, f"the link is longer than {_LONGEST_LINK_BYTES} bytes")
            elif collection.fits(path, entry.size):
                wanted[path] = entry
        read = self._commit.read(lambda git: contents(git, list(wanted.values())))
        for (path, entry), content in zip(wanted.items(), read, strict=True):
            if content is None:
                collection.unreadable(path, "its content is missing from the repository (a partial clone)")
            elif entry.mode == _LINK:
                collection.links[path] = content.decode("utf-8", "backslashreplace")
            else:
                collection.files[path] = content
        return collection.finish(self.location, self.revision, is_dirty=False)


def open_remote(commit: CachedCommit) -> OpenedCommit:
    """Files of a commit that was fetched into the cache. Raises SourceError."""
    listing = commit.read(lambda git: entries(git, commit.id))
    return OpenedCommit(masked(commit.listed.url), commit.id, commit, tuple(listing))


def open_revision(repository: Path, revision: str, launcher: Launcher) -> OpenedCommit:
    """Files of a commit, below the folder `repository` of a local repository.

    Raises UnknownRevisionError if there is no such commit, SourceError if there is no repository or
    it cannot be read.
    """
    check_local_revision(revision)
    if not repository.is_dir():
        raise SourceError(f"there is no folder {repository}", advice="name a folder inside a Git repository")
    local = _LocalCommit(repository, revision, launcher)
    try:
        prefix = local.git("rev-parse", "--show-prefix").rstrip(b"\n")
    except GitError as error:
        raise SourceError(
            f"{repository} is not inside a Git repository: {error.text}",
            advice="name a folder inside a Git repository, or omit the revision",
        ) from error
    commit = _known(repository, revision, launcher)
    if prefix and _is_missing(local, f"{commit}:{_path(prefix)}"):
        raise SourceError(
            f"revision {commit[:12]} has no folder {display_path(prefix)}",
            advice="name a folder that exists in this revision",
        )
    listing = local.read(lambda git: entries(git, commit, prefix))
    return OpenedCommit(str(repository), commit, local, tuple(listing))


@dataclass(frozen=True, slots=True)
class _LocalCommit:
    """A commit of a repository that the user named."""

    repository: Path
    revision: str
    launcher: Launcher

    def git(self, *arguments: str, given: bytes = b"", most_bytes: int | None = None) -> bytes:
        """Run one command; implements `reconciler.repository.commit.Command`."""
        return self.launcher.output(
            arguments,
            folder=self.repository,
            given=given,
            most_bytes=MOST_OUTPUT_BYTES if most_bytes is None else most_bytes,
        )

    def read(self, work: Callable[[Command], T]) -> T:
        """Run `work` on the repository. Raises SourceError."""
        try:
            return work(self.git)
        except GitError as error:
            raise SourceError(
                f"revision {self.revision!r} of {self.repository} cannot be read: {error.text}",
                advice="check the repository with: git fsck",
            ) from error


def _path(prefix: bytes) -> str:
    return prefix.decode("utf-8", "surrogateescape").rstrip("/")


def _is_missing(local: _LocalCommit, name: str) -> bool:
    try:
        local.git("rev-parse", "--quiet", "--verify", "--end-of-options", name)
    except GitError:
        return True
    return False


def _known(repository: Path, revision: str, launcher: Launcher) -> str:
    """Full id of a commit. Raises UnknownRevisionError."""
    commit = commit_id(_LocalCommit(repository, revision, launcher).git, revision)
    if commit is None:
        raise UnknownRevisionError(
            f"{repository} has no revision {revision!r}",
            advice="fetch it first, or check its name with: git branch -a; git tag",
        )
    return commit


def merge_base(repository: Path, revision: str, other: str, launcher: Launcher) -> str:
    """Full id of the newest commit that both revisions descend from.

    Raises UnknownRevisionError if the local history contains none (a shallow clone), and the errors
    of `open_revision`.
    """
    for name in (revision, other):
        check_local_revision(name)
    commits = [_known(repository, name, launcher) for name in (revision, other)]
    try:
        found = launcher.output(["merge-base", *commits], folder=repository)
    except GitError as error:
        raise UnknownRevisionError(
            f"{revision} and {other} have no common ancestor in the history of {repository}",
            advice="the clone may be shallow; fetch its history with: git fetch --unshallow",
        ) from error
    return found.decode("ascii").strip()


def is_ancestor(repository: Path, older: str, newer: str, launcher: Launcher) -> bool | None:
    """True if the first commit is a proper ancestor of the second; None where the history is not at hand."""
    if not (COMMIT_ID.fullmatch(older) and COMMIT_ID.fullmatch(newer)) or older == newer:
        return False
    answer = launcher.run(["merge-base", "--is-ancestor", older, newer], folder=repository)
    return {0: True, 1: False}.get(answer.code)


def is_tracked(folder: Path, launcher: Launcher) -> bool:
    """True if Git tracks any file other than `.gitignore` at or below `folder`, according to the index.

    False outside a work tree and for a folder that does not exist. Raises SourceError if git cannot
    answer.
    """
    if not folder.is_dir():
        return False
    try:
        is_inside = launcher.output(["rev-parse", "--is-inside-work-tree"], folder=folder).strip() == b"true"
    except GitError as error:
        if "not a git repository" in error.text:
            return False
        raise _unknown_tracking(folder, error) from error
    if not is_inside:
        return False
    try:
        tracked = launcher.output(["ls-files", "-z", "--", "."], folder=folder).split(b"\0")
    except GitError as error:
        raise _unknown_tracking(folder, error) from error
    return any(path and path.rpartition(b"/")[2] != b".gitignore" for path in tracked)


def _unknown_tracking(folder: Path, error: GitError) -> SourceError:
    return SourceError(
        f"cannot determine whether Git tracks {folder}: {error.text}",
        advice="check the repository with: git fsck",
    )
