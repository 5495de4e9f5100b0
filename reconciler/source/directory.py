"""The tree of a folder: in a Git work tree the files that Git sees, elsewhere every file.

Never writes. Files may change, vanish or become unreadable during the read; what could not be read
is in the tree's findings or in `unread`.
"""

# Paths are bytes, as Git and the system return them: names need not be UTF-8, and pathlib accepts only text.
# ruff: noqa: PTH114, PTH115, PTH118

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import SourceError
from reconciler.repository.folder import check_patterns, enclosing_git
from reconciler.repository.launch import GitError, Launcher
from reconciler.repository.own_configuration import without_filters
from reconciler.settings import Limits
from reconciler.source.collection import Collection
from reconciler.source.tree import Tree, display_path, is_document, is_json, is_own, is_yaml

_REMOVED = b"R"
_SKIPPED = b"S"
_UNTRACKED = b"??"
_OUTPUTS = (".md", ".sarif", ".xml", ".log")
"""Names of files that pipelines write and that no document can be in."""
_OUTPUT_MARKS = (b'"kind": "ReconcilerPlan"', b'"name": "reconciler"', b"sarif-schema", b"/sarif-")
"""What a JSON file begins with that this program wrote: a saved plan, a result, SARIF."""
_BEGINNING_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class _State:
    """Commit id of HEAD, "" where there is none, and the paths that differ from it, as Git reports them."""

    revision: str
    changed: tuple[bytes, ...] = ()
    has_no_commit: bool = False

    @property
    def is_dirty(self) -> bool:
        return self.has_no_commit or bool(self.changed)


def read_directory(root: Path, limits: Limits, launcher: Launcher) -> Tree:
    """Read the files below `root`.

    In a Git work tree these are the tracked files and the untracked ones that are not ignored;
    the revision is that of `HEAD`. Raises SourceError if the folder does not exist or is empty, or
    if Git refuses to read it.
    """
    if not root.exists():
        raise SourceError(
            f"there is no folder {root}", advice="check the path, or start with: reconciler init"
        )
    if not root.is_dir():
        raise SourceError(f"{root} is not a folder", advice="name the folder that contains the files")
    folder = root.resolve()
    collection = Collection(limits)
    is_repository = enclosing_git(folder) is not None and _is_work_tree(folder, launcher)
    paths = _listed(folder, collection, launcher) if is_repository else _walked(folder, collection)
    by_name = {display_path(path): path for path in paths}
    for name in collection.bounded(sorted(name for name in by_name if not is_own(name))):
        _read(folder, by_name[name], name, collection)
    if not collection.files and not collection.links and not collection.unread and not collection.findings:
        what = "no files that Git tracks or would track" if is_repository else "no files"
        raise SourceError(f"{root} contains {what}", advice="add files, or start with: reconciler init")
    state = _state(folder, launcher) if is_repository else _State("")
    return collection.finish(
        str(root), state.revision, is_dirty=state.is_dirty, uncommitted=_count(state.changed, by_name)
    )


def folder_state(root: Path, launcher: Launcher) -> tuple[str, bool]:
    """Commit of a folder, and whether the folder differs from it; ("", False) outside a work tree.

    Raises SourceError if Git refuses to read it.
    """
    folder = root.resolve()
    is_repository = enclosing_git(folder) is not None and _is_work_tree(folder, launcher)
    state = _state(folder, launcher) if is_repository else _State("")
    return state.revision, state.is_dirty


def _is_work_tree(folder: Path, launcher: Launcher) -> bool:
    try:
        return launcher.output(["rev-parse", "--is-inside-work-tree"], folder=folder).strip() == b"true"
    except GitError as error:
        if "not a git repository" in error.text:
            return False
        raise SourceError(
            f"Git cannot read {folder}: {error.text}", advice="check it with: git status"
        ) from error


def _listed(folder: Path, collection: Collection, launcher: Launcher) -> list[bytes]:
    """Paths as listed by Git: tracked, or untracked and not ignored; without those deleted in the folder."""
    check_patterns(folder)
    try:
        output = launcher.output(
            ["ls-files", "-z", "-t", "--cached", "--others", "--deleted", "--exclude-standard"], folder=folder
        )
    except GitError as error:
        raise SourceError(
            f"Git cannot list {folder}: {error.text}", advice="check it with: git status"
        ) from error
    found: set[bytes] = set()
    removed: set[bytes] = set()
    for line in output.split(b"\0"):
        mark, _, path = line.partition(b" ")
        if not path:
            continue
        if mark == _REMOVED:
            removed.add(path)
        elif path.endswith(b"/"):
            collection.unread[display_path(path[:-1])] = "a nested repository"
        elif mark == _SKIPPED and not os.path.lexists(os.path.join(os.fsencode(folder), path)):
            collection.unreadable(display_path(path), "it is not checked out (sparse checkout)")
        else:
            found.add(path)
    return sorted(found - removed)


def _walked(folder: Path, collection: Collection) -> list[bytes]:
    """Paths of all files and links; links to folders are not followed."""
    found: list[bytes] = []
    top = os.fsencode(folder)

    def unreadable(error: OSError) -> None:
        name = display_path(os.path.relpath(os.fsencode(error.filename), top))
        collection.closed_folder(name, error.strerror or "no reason given")

    for parent, folders, files in os.walk(top, onerror=unreadable):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in folders:
            if name not in links and is_yaml(os.fsdecode(name)):
                # As a container runtime makes it where the file to mount is missing.
                path = os.path.relpath(os.path.join(parent, name), top)
                collection.unreadable(display_path(path), "a folder is in its place")
        folders[:] = sorted(name for name in folders if name not in links and not is_own(os.fsdecode(name)))
        below = os.path.relpath(parent, top)
        found.extend(name if below == b"." else os.path.join(below, name) for name in (*files, *links))
        if len(found) > collection.limits.max_files * 2:
            break
    return found


def _read(folder: Path, path: bytes, name: str, collection: Collection) -> None:
    whole = os.path.join(os.fsencode(folder), path)
    try:
        facts = os.lstat(whole)
        if stat.S_ISLNK(facts.st_mode):
            collection.links[name] = display_path(os.readlink(whole))
        elif stat.S_ISDIR(facts.st_mode):
            collection.unreadable(name, "a folder is in its place" if is_document(name) else "a submodule")
        elif not stat.S_ISREG(facts.st_mode):
            collection.unreadable(name, "it is neither a file nor a folder")
        elif collection.fits(name, facts.st_size):
            collection.files[name] = _content(whole, facts.st_size, collection.limits.max_file_bytes)
    except FileNotFoundError:
        collection.unreadable(name, "it vanished while the folder was read")
    except OSError as error:
        collection.unreadable(name, error.strerror or "no reason given")


def _content(path: bytes, size: int, most_bytes: int) -> bytes:
    """Content of a file of about `size` bytes. A file object would cost more than the read itself."""
    # The file may have been replaced since it was listed: do not follow a link, do not block on a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        content = os.read(descriptor, min(size, most_bytes) + 1)
        while len(content) <= most_bytes and (more := os.read(descriptor, most_bytes + 1 - len(content))):
            content += more
    finally:
        os.close(descriptor)
    if len(content) > most_bytes:
        raise OSError(0, "it grew while the folder was read")
    return content


def _state(folder: Path, launcher: Launcher) -> _State:
    """Commit of HEAD and what differs from it."""
    try:
        revision = launcher.output(["rev-parse", "--quiet", "--verify", "HEAD^{commit}"], folder=folder)
    except GitError:
        return _State("", has_no_commit=True)
    try:
        changes = launcher.output(
            ["status", "--porcelain", "-z", "--no-renames", "--ignore-submodules", "--untracked-files=normal",
             "--", "."],
            folder=folder,
            settings=without_filters(folder, launcher),
        )  # fmt: skip
    except GitError as error:
        raise SourceError(
            f"Git cannot read {folder}: {error.text}", advice="check it with: git status"
        ) from error
    # Two letters and a space before each path. What a run or its pipeline writes does not count as a change.
    lines = ((line[:2], line[3:]) for line in changes.split(b"\0") if line)
    changed = tuple(
        path
        for mark, path in lines
        if not is_own(display_path(path)) and not (mark == _UNTRACKED and _is_output(folder, path))
    )
    return _State(revision.decode("ascii").strip(), changed)


def _is_output(folder: Path, path: bytes) -> bool:
    """True for an untracked file that a pipeline wrote beside the documents: a comment, a report, a saved plan."""
    name = display_path(path)
    if name.lower().endswith(_OUTPUTS):
        return True
    if not is_json(name):
        return False
    try:
        descriptor = os.open(
            os.path.join(os.fsencode(folder), path),
            os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
        )
    except OSError:
        return False
    try:
        start = os.read(descriptor, _BEGINNING_BYTES)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return any(mark in start for mark in _OUTPUT_MARKS)


def _count(changed: Iterable[bytes], listed: Mapping[str, bytes]) -> int:
    """Number of files that differ; of a folder without tracked files, Git reports the name alone."""
    return sum(
        max(sum(one.startswith(path) for one in listed.values()), 1) if path.endswith(b"/") else 1
        for path in changed
    )
