"""Whether a path leads into the tree of files, which must not contain secrets."""

import os
from pathlib import Path


def real(path: Path) -> Path:
    """The path with links followed; the files of a mounted Kubernetes Secret are links."""
    return Path(os.path.realpath(path))


def is_inside(tree: Path, *paths: Path) -> bool:
    """True where a path is inside the tree, before or after links are followed."""
    roots = {_spelled_out(tree), real(tree)}
    spellings = (spelling for path in paths for spelling in (_spelled_out(path), real(path)))
    return any(spelling.is_relative_to(root) for spelling in spellings for root in roots)


def _spelled_out(path: Path) -> Path:
    """The absolute path without `..`; links are not followed."""
    return Path(os.path.normpath(Path.cwd() / path))


def work_tree(path: Path, *marks: str) -> Path | None:
    """The nearest folder around a path that is a Git work tree or repository, or contains one of `marks`; None if none.

    As the path is spelled and after links are followed.
    """
    for spelling in (_spelled_out(path), real(path)):
        for folder in spelling.parents:
            if any((folder / mark).exists() for mark in (".git", *marks)) or _is_repository(folder):
                return folder
    return None


def _is_repository(folder: Path) -> bool:
    """True for a bare repository and for the inside of `.git` (gitrepository-layout)."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
