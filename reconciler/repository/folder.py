"""Folders named by the user: where Git's own files are, and whether they are safe to open.

Git opens its configuration, refs and pattern files without checking their type: a pipe in their place would
make it wait forever, and reading a device can have any effect.
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
"""As well as the top and `refs`. Objects are too many to check, and git opens them only by name."""


def enclosing_git(folder: Path) -> Path | None:
    """The nearest `.git`, folder or file, at or above a folder; None if there is none."""
    for parent in (folder, *folder.parents):
        if os.path.lexists(parent / ".git"):
            return parent / ".git"
    return None


def git_dir_of(repository: Path) -> Path:
    """Folder of the objects and refs: `.git`, the folder that a `.git` file points to, or a bare repository itself.

    Raises RepositoryError.
    """
    inner = repository / ".git"
    return _pointed_at(inner) if os.path.lexists(inner) else repository


def lock_around(folder: Path) -> Path | None:
    """Path of the lock that Git holds while it changes files of a folder; None if no repository is around it.

    Raises RepositoryError.
    """
    inner = enclosing_git(folder.resolve())
    return None if inner is None else git_dir_of(inner.parent) / "index.lock"


def check_plain(folder: Path, git_dir: Path | None = None) -> None:
    """Raise RepositoryError if one of Git's own files is a pipe or a device."""
    for place in _git_folders(folder, git_dir):
        for path in _own_files(place):
            _check(path)


def check_patterns(folder: Path) -> None:
    """Raise RepositoryError if a pattern file that Git reads to list a work tree is a pipe or a device.

    Checks the folders above, up to the top of the work tree, and `_MOST_FOLDERS` folders in total; in a
    larger tree, a pipe deeper down blocks git until the deadline of the command.
    """
    top = Path(os.path.abspath(folder))  # noqa: PTH100  like git, which goes up by name: links are not resolved
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
            f"{path} is a pipe or a device, so reading it might never end",
            advice="remove it, or clone the repository again",
        )


def _git_folders(folder: Path, git_dir: Path | None) -> Iterator[Path]:
    for place in _found(folder) if git_dir is None else (git_dir,):
        yield place
        common = _pointer(place / "commondir")
        if common:
            yield place / common


def _found(folder: Path) -> Iterator[Path]:
    """The repository that git would find, from the folder upwards; none or one."""
    top = Path(os.path.abspath(folder))  # noqa: PTH100  like git, which goes up by name: links are not resolved
    for parent in (top, *top.parents):
        inner = parent / ".git"
        place = _pointed_at(inner) if os.path.lexists(inner) else parent
        # A linked work tree has its objects elsewhere, in the folder that `commondir` names.
        if os.path.lexists(place / "HEAD") and any(
            os.path.lexists(place / name) for name in ("objects", "commondir")
        ):
            yield place
            return


def _pointed_at(inner: Path) -> Path:
    """The repository that a `.git` is or points to."""
    if inner.is_dir():
        return inner
    if not inner.is_file():
        raise RepositoryError(
            f"{inner} is neither a folder nor a file", advice="remove it, or clone the repository again"
        )
    text = _pointer(inner)
    if not text.startswith("gitdir:"):
        raise RepositoryError(
            f"{inner} does not say where the repository is", advice="clone the repository again"
        )
    return Path(os.path.normpath(inner.parent / text.removeprefix("gitdir:").strip()))


def _pointer(path: Path) -> str:
    """Text of a small file; "" if it does not exist or cannot be read."""
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
