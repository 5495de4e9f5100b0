"""Parts of the configuration of a user's repository: what is taken from it, and what must not run.

Whoever made the folder chose this configuration, and much of it names programs. The configuration of the user
and of the system is trusted.
"""

from collections.abc import Iterator
from pathlib import Path

from reconciler.errors import RepositoryError
from reconciler.repository.launch import Launcher

_OF_REPOSITORY = frozenset((b"local", b"worktree"))
_NOTHING_MATCHES = 1
"""Exit code of `git config --get-regexp` (git-config)."""
_PROGRAMS = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))


def without_filters(folder: Path, launcher: Launcher) -> tuple[tuple[str, str], ...]:
    """Settings that disable the filters that the repository itself defines: `git status` would run them.

    Raises RepositoryError.
    """
    names = {
        key.rpartition(".")[0]
        for key, _ in _own(folder, None, launcher, r"^filter\..*\.(clean|smudge|process)$")
    }
    return tuple((f"{name}.{part}", value) for name in sorted(names) for part, value in _PROGRAMS)


def headers(folder: Path, git_dir: Path, launcher: Launcher) -> tuple[tuple[str, str], ...]:
    """The HTTP headers that the repository sets; CI systems pass credentials this way. Raises RepositoryError."""
    return tuple(_own(folder, git_dir, launcher, r"^http\.(.*\.)?extraheader$"))


def _own(folder: Path, git_dir: Path | None, launcher: Launcher, pattern: str) -> Iterator[tuple[str, str]]:
    """Names and values that match and come from the repository, included files among them."""
    answer = launcher.run(
        ["config", "--show-scope", "-z", "--get-regexp", pattern], folder=folder, git_dir=git_dir
    )
    if answer.code == _NOTHING_MATCHES:
        return
    if answer.code:
        raise RepositoryError(f"the configuration of {folder} cannot be read: {answer.message}")
    fields = answer.output.split(b"\0")
    for scope, pair in zip(fields[::2], fields[1::2], strict=False):
        name, _, value = pair.decode("utf-8", "surrogateescape").partition("\n")
        if scope in _OF_REPOSITORY:
            yield name, value
