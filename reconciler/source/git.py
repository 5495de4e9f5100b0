"""Trees from Git: a revision of a local repository, or of a remote one through a bare cache.

Never touches a work tree, runs no hook, no submodule, no filter. What is read from a repository at
hand never reaches the network.
"""

import fcntl
import hashlib
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from reconciler.errors import SourceError, UnknownRevisionError
from reconciler.settings import Limits
from reconciler.source.collection import Collection
from reconciler.source.git_process import NETWORK, TIMEOUT_S, GitError, run_git
from reconciler.source.git_url import (
    COMMIT_ID,
    check_local_revision,
    check_remote_revision,
    check_url,
    masked,
    secrets_of,
)
from reconciler.source.tree import Tree, display_path, is_own

_REMOTE = "source"
_LINK = "120000"
_SUBMODULE = "160000"
_LONGEST_LINK_BYTES = 4096


def read_revision(repository: Path, revision: str, limits: Limits) -> Tree:
    """Read the files of a commit, below the folder `repository` of a local repository.

    Raises UnknownRevisionError where there is no such commit, SourceError where there is no
    repository or it cannot be read.
    """
    check_local_revision(revision)
    if not repository.is_dir():
        raise SourceError(f"there is no folder {repository}", advice="name a folder inside a Git repository")
    try:
        prefix = run_git(["rev-parse", "--show-prefix"], folder=repository).rstrip(b"\n")
    except GitError as error:
        raise SourceError(
            f"{repository} is not inside a Git repository: {error.text}",
            advice="name a folder inside a Git repository, or leave the revision out",
        ) from error
    commit = _commit(repository, revision)
    if commit is None:
        raise UnknownRevisionError(
            f"{repository} has no revision {revision!r}",
            advice="fetch it first, or check its name with: git branch -a; git tag",
        )
    try:
        return _read_commit(repository, commit, prefix, str(repository), limits)
    except GitError as error:
        raise SourceError(
            f"revision {revision!r} of {repository} cannot be read: {error.text}",
            advice="check the repository with: git fsck",
        ) from error


def is_tracked(folder: Path) -> bool:
    """True where Git tracks any file but `.gitignore` at or below `folder`, by the index of the repository around it.

    False outside a work tree and where the folder does not exist. Raises SourceError where it
    cannot be known.
    """
    if not folder.is_dir():
        return False
    try:
        is_inside = run_git(["rev-parse", "--is-inside-work-tree"], folder=folder).strip() == b"true"
    except GitError as error:
        if "not a git repository" in error.text:
            return False
        raise _unknown_tracking(folder, error) from error
    if not is_inside:
        return False
    try:
        tracked = run_git(["ls-files", "-z", "--", "."], folder=folder).split(b"\0")
    except GitError as error:
        raise _unknown_tracking(folder, error) from error
    return any(path and path.rpartition(b"/")[2] != b".gitignore" for path in tracked)


def _unknown_tracking(folder: Path, error: GitError) -> SourceError:
    return SourceError(
        f"whether Git tracks {folder} cannot be read: {error.text}",
        advice="check the repository with: git fsck",
    )


def merge_base(repository: Path, revision: str, other: str) -> str:
    """Return the newest commit that both revisions descend from, as a full id.

    Raises UnknownRevisionError where the history that is here shows none (a shallow clone), and as
    `read_revision`.
    """
    for name in (revision, other):
        check_local_revision(name)
    ids = [_commit(repository, name) for name in (revision, other)]
    for name, commit in zip((revision, other), ids, strict=True):
        if commit is None:
            raise UnknownRevisionError(
                f"{repository} has no revision {name!r}",
                advice="fetch it first, or check its name with: git branch -a; git tag",
            )
    try:
        found = run_git(["merge-base", *(commit for commit in ids if commit)], folder=repository)
    except GitError as error:
        raise UnknownRevisionError(
            f"the history in {repository} shows no commit that {revision} and {other} both descend from",
            advice="the clone may be shallow: fetch its history with: git fetch --unshallow",
        ) from error
    return found.decode("ascii").strip()


def remote_revision(url: str, revision: str | None) -> str:
    """Return the full id of the commit that a branch or tag (None: the default branch) points to.

    Costs exactly one `git ls-remote`. A whole commit id is returned as it is, once the remote
    answered. Raises UnknownRevisionError, or SourceError where the remote cannot be reached.
    """
    return _listed(check_url(url), revision).commit


def read_remote(url: str, revision: str | None, cache: Path, limits: Limits) -> Tree:
    """Read the files of a branch, tag or commit (None: the default branch) of a remote repository.

    Fetches one commit without history into a bare repository below `cache`, and nothing where it
    is there already. Several processes may share `cache`; a damaged one is made anew.
    Raises UnknownRevisionError, or SourceError where the remote cannot be reached.
    """
    listed = _listed(check_url(url), revision)
    place = cache / hashlib.sha256(url.encode()).hexdigest()[:32]
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(place.with_suffix(".lock")):
            return _read_cached(url, listed, place.with_suffix(".git"), limits)
    except OSError as error:
        raise SourceError(
            f"the cache {cache} cannot be used: {error.strerror}", advice="name a folder that can be written"
        ) from error


class _Listed(NamedTuple):
    """What the remote says about a revision. `source` is what to fetch."""

    source: str
    commit: str


def _listed(url: str, revision: str | None) -> _Listed:
    if revision is not None:
        check_remote_revision(revision)
    is_commit = revision is not None and COMMIT_ID.fullmatch(revision) is not None
    if revision is None or is_commit:
        names = ["HEAD"]
    elif revision.startswith("refs/"):
        names = [revision]
    else:
        names = [f"refs/heads/{revision}", f"refs/tags/{revision}"]
    patterns = [*names, *(f"{name}^{{}}" for name in names)]
    try:
        output = run_git(
            ["ls-remote", "--", _REMOTE, *patterns],
            folder=Path("/"),
            transports=NETWORK,
            settings={f"remote.{_REMOTE}.url": url},
        )
    except GitError as error:
        raise _unreachable(url, error) from error
    if revision is not None and is_commit:
        return _Listed(revision.lower(), revision.lower())
    lines = (line.partition("\t") for line in output.decode("utf-8", "replace").splitlines())
    commits = {name: commit for commit, tab, name in lines if tab}
    for name in names:
        if name in commits:
            # a tag with a message lists the commit it points to under `^{}`
            return _Listed(name, commits.get(f"{name}^{{}}", commits[name]))
    if revision is None:
        raise UnknownRevisionError(
            f"{masked(url)} has no default branch", advice="name a branch, or push a first commit"
        )
    raise UnknownRevisionError(
        f"{masked(url)} has no branch or tag {revision!r}",
        advice="check the name; a commit must be given by its whole id",
    )


def _unreachable(url: str, error: GitError) -> SourceError:
    text = error.text
    for secret in secrets_of(url):
        text = text.replace(secret, "***")
    return SourceError(
        f"{masked(url)} cannot be read: {text}",
        advice="check the URL, the network, and the credentials that git is given",
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes, waiting for it as long as one fetch may take."""
    deadline = time.monotonic() + TIMEOUT_S
    with path.open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise SourceError(
                        "another process holds the cache of this repository", advice="try again later"
                    ) from error
                time.sleep(0.05)
        yield


def _read_cached(url: str, listed: _Listed, place: Path, limits: Limits) -> Tree:
    was_there = place.exists()
    try:
        return _fetch_and_read(url, listed, place, limits)
    except GitError as error:
        if not was_there:
            raise _fetch_failure(url, listed, error) from error
    _remove(place)
    try:
        return _fetch_and_read(url, listed, place, limits)
    except GitError as error:
        raise _fetch_failure(url, listed, error) from error


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink()


def _fetch_failure(url: str, listed: _Listed, error: GitError) -> SourceError:
    if "not our ref" in error.text or "couldn't find remote ref" in error.text:
        return UnknownRevisionError(
            f"{masked(url)} has no revision {listed.source!r}, or does not hand it out",
            advice="name a branch or tag that contains it",
        )
    return _unreachable(url, error)


def _fetch_and_read(url: str, listed: _Listed, place: Path, limits: Limits) -> Tree:
    if not place.exists():
        run_git(["init", "--quiet", "--bare", "--template=", str(place)], folder=place.parent)
    if not place.is_dir():
        raise GitError("the cache is not a folder")
    kept = "refs/reconciler/" + hashlib.sha256(listed.source.encode()).hexdigest()[:32]
    commit = _commit(place, kept)
    if commit != listed.commit:
        run_git(
            ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--force",
             "--", _REMOTE, f"+{listed.source}:{kept}"],
            folder=place,
            transports=NETWORK,
            settings={f"remote.{_REMOTE}.url": url},
        )  # fmt: skip
        commit = _commit(place, kept)
    if commit is None:
        raise GitError("the revision is not a commit")
    return _read_commit(place, commit, b"", masked(url), limits)


def _commit(folder: Path, revision: str) -> str | None:
    """Full id of a commit; None where the repository has none of that name."""
    try:
        output = run_git(
            ["rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}"], folder=folder
        )
    except GitError:
        return None
    return output.decode("ascii").strip()


class _Entry(NamedTuple):
    """One line of a tree listing."""

    mode: str
    object_id: str
    size: int
    path: str


def _read_commit(folder: Path, commit: str, prefix: bytes, location: str, limits: Limits) -> Tree:
    collection = Collection(limits)
    treeish = f"{commit}:{prefix.decode('utf-8', 'surrogateescape').rstrip('/')}" if prefix else commit
    try:
        output = run_git(["ls-tree", "-r", "-z", "--long", "--full-tree", treeish], folder=folder)
    except GitError as error:
        if prefix:
            raise SourceError(
                f"revision {commit[:12]} has no folder {display_path(prefix)}",
                advice="name a folder that the revision has",
            ) from error
        raise
    entries = {entry.path: entry for entry in _entries(output)}
    wanted: list[_Entry] = []
    for path in collection.bounded(sorted(path for path in entries if not is_own(path))):
        entry = entries[path]
        if entry.mode == _SUBMODULE:
            collection.unread[path] = "a submodule"
        elif entry.mode == _LINK:
            if entry.size <= _LONGEST_LINK_BYTES:
                wanted.append(entry)
        elif collection.fits(path, entry.size):
            wanted.append(entry)
    for entry, content in zip(wanted, _contents(folder, wanted), strict=True):
        if content is None:
            collection.unreadable(entry.path, "the repository does not hold its content (a partial clone)")
        elif entry.mode == _LINK:
            collection.links[entry.path] = content.decode("utf-8", "backslashreplace")
        else:
            collection.files[entry.path] = content
    return collection.finish(location, commit, is_dirty=False)


def _entries(output: bytes) -> Iterator[_Entry]:
    """Parse `mode type id size<TAB>path`, NUL between lines."""
    for line in output.split(b"\0"):
        if line:
            facts, _, path = line.partition(b"\t")
            mode, _, object_id, size = facts.decode("ascii").split()
            yield _Entry(mode, object_id, int(size) if size.isdecimal() else 0, display_path(path))


def _contents(folder: Path, entries: Sequence[_Entry]) -> Iterator[bytes | None]:
    """Content of each entry in order; None where the repository lacks it."""
    if not entries:
        return
    asked = "".join(f"{entry.object_id}\n" for entry in entries).encode("ascii")
    output = run_git(["cat-file", "--batch", "--buffer"], folder=folder, given=asked)
    at = 0
    for _ in entries:
        end = output.index(b"\n", at)
        facts = output[at:end].split()
        at = end + 1
        if len(facts) == 3:
            size = int(facts[2])
            yield output[at : at + size]
            at += size + 1
        else:
            yield None
