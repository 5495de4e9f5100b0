"""Folders that a user hands in: where Git's own files of them are, and whether they can be opened.

Git opens its configuration, refs and lists of patterns without looking: a pipe in their place would
make it wait for ever, and reading a device may do anything.
"""

import os
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from reconciler.errors import RepositoryError

_LONGEST_POINTER_BYTES = 4096
_MOST_FOLDERS = 5_000
_PATTERNS = (".gitignore", ".gitattributes")
_READ_FOLDERS = ("info", "objects/info", "objects/pack")
"""Besides the top and `refs`. Objects themselves are too many to look at, and git opens them by their names only."""


def enclosing_git(folder: Path) -> Path | None:
    """The nearest `.git`, a folder or a file, at or above a folder."""
    for parent in (folder, *folder.parents):
        if os.path.lexists(parent / ".git"):
            return parent / ".git"
    return None


def git_dir_of(repository: Path) -> Path:
    """Folder of the objects and refs: `.git`, what a `.git` file points at, or a bare repository itself.

    Raises RepositoryError.
    """
    inner = repository / ".git"
    return _pointed_at(inner) if os.path.lexists(inner) else repository


def check_plain(folder: Path, git_dir: Path | None = None) -> None:
    """Raise RepositoryError where Git would wait for a pipe, or read a device, in place of its own files."""
    for place in _git_folders(folder, git_dir):
        for path in _own_files(place):
            _check(path)


def check_patterns(folder: Path) -> None:
    """Raise RepositoryError where listing a work tree would wait for a pipe in place of a list of patterns.

    Looks at the folders above, up to the top of the work tree, and at `_MOST_FOLDERS` below; in a
    larger tree a pipe that is deeper ends only with the deadline of the command.
    """
    top = Path(os.path.abspath(folder))  # noqa: PTH100  by name, as git goes up: links are not resolved
    inner = enclosing_git(top)
    waiting = deque([top])
    if inner is not None:
        waiting.extend(parent for parent in top.parents if parent.is_relative_to(inner.parent))
    above = frozenset(waiting) - {top}
    seen = 0
    while waiting and seen < _MOST_FOLDERS:
        place = waiting.popleft()
        seen += 1
        for name in _PATTERNS:
            _check(place / name)
        if place not in above:
            waiting.extend(_folders(place))


def _folders(place: Path) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            return [
                Path(entry)
                for entry in entries
                if entry.name != ".git" and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []


def _check(path: Path) -> None:
    try:
        facts = path.stat()
        empty = os.stat(os.devnull)  # noqa: PTH116  a name, not a path
    except OSError:
        return
    mode = facts.st_mode
    is_device = (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and facts.st_rdev != empty.st_rdev
    if stat.S_ISFIFO(mode) or is_device:
        raise RepositoryError(
            f"{path} is a pipe or a device: reading it may never end",
            advice="remove it, or clone the repository again",
        )


def _git_folders(folder: Path, git_dir: Path | None) -> Iterator[Path]:
    for place in _found(folder) if git_dir is None else (git_dir,):
        yield place
        common = _pointer(place / "commondir")
        if common:
            yield place / common


def _found(folder: Path) -> Iterator[Path]:
    """Where git would look, from the folder upwards, to the first that can be a repository."""
    top = Path(os.path.abspath(folder))  # noqa: PTH100  by name, as git goes up: links are not resolved
    for parent in (top, *top.parents):
        inner = parent / ".git"
        place = _pointed_at(inner) if os.path.lexists(inner) else parent
        # A linked work tree keeps its objects elsewhere, where `commondir` says.
        if os.path.lexists(place / "HEAD") and any(
            os.path.lexists(place / name) for name in ("objects", "commondir")
        ):
            yield place
            return


def _pointed_at(inner: Path) -> Path:
    """What a `.git` is, or points at."""
    if inner.is_dir():
        return inner
    if not inner.is_file():
        raise RepositoryError(
            f"{inner} is neither a folder nor a file", advice="remove it, or clone the repository again"
        )
    text = _pointer(inner)
    if not text.startswith("gitdir:"):
        raise RepositoryError(f"{inner} does not say where the repository is", advice="clone it again")
    return Path(os.path.normpath(inner.parent / text.removeprefix("gitdir:").strip()))


def _pointer(path: Path) -> str:
    """Text of a small file; "" where there is none that can be read."""
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as stream:
            return stream.read(_LONGEST_POINTER_BYTES).decode("utf-8", "surrogateescape").strip()
    except OSError:
        return ""


def _own_files(git_dir: Path) -> Iterator[Path]:
    for name in ("", *_READ_FOLDERS):
        try:
            with os.scandir(git_dir / name) as entries:
                yield from (Path(entry.path) for entry in entries if not entry.is_dir())
        except OSError:
            continue
    for parent, _, files in os.walk(git_dir / "refs"):
        yield from (Path(parent, name) for name in files)
