"""The consent that the command line requires before anything is written."""

import sys
from collections.abc import Callable

from reconciler.cli.request import Request
from reconciler.errors import UsageError
from reconciler.source.tree import Tree


def require_terminal(request: Request, option: str = "--yes") -> None:
    """Raise UsageError unless there is a terminal to ask for approval on.

    With `option` there is no question. It goes to stderr and the answer comes from stdin, so both must be a terminal.
    """
    if sys.stdin.isatty() and sys.stderr.isatty():
        return
    line = request.line_with(option)
    raise UsageError(
        "there is no terminal to ask for approval, so nothing is applied",
        advice=f"to apply without asking: {line}" if line else f"to apply without asking, add {option}",
    )


def uncommitted(place: str, request: Request) -> UsageError:
    """The error that stops `watch` on a folder with uncommitted changes."""
    line = request.line_with("--allow-uncommitted")
    return UsageError(
        f"the folder {place} has uncommitted changes, and watch would apply each one as soon as it is saved",
        advice="commit or discard them; to apply them anyway for practice, "
        + (f"run: {line}" if line else "add --allow-uncommitted"),
    )


def committed_only(read_tree: Callable[[], Tree], request: Request) -> Callable[[], Tree]:
    """A reader that raises `uncommitted` for a tree that differs from its commit."""

    def read() -> Tree:
        tree = read_tree()
        if tree.is_dirty:
            raise uncommitted(tree.location, request)
        return tree

    return read
