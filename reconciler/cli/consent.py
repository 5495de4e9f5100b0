"""What a person has to agree to on the command line before anything is written."""

import sys
from collections.abc import Callable

from reconciler.cli.request import Request
from reconciler.errors import UsageError
from reconciler.source.tree import Tree


def require_terminal(request: Request) -> None:
    """Raise UsageError where nobody can be asked: silence is no approval.

    The question goes to stderr and the answer comes from stdin, so both have to be a terminal.
    """
    if sys.stdin.isatty() and sys.stderr.isatty():
        return
    line = request.line_with("--yes")
    raise UsageError(
        "there is no terminal to ask on, so nothing is applied",
        advice=f"to apply without a question: {line}" if line else "to apply without a question, add --yes",
    )


def uncommitted(place: str, request: Request) -> UsageError:
    """What stops a `watch` over a folder whose files are not all committed."""
    line = request.line_with("--allow-uncommitted")
    return UsageError(
        f"the folder {place} has uncommitted changes, and watch would apply each one as soon as it is saved",
        advice="commit or discard them; to practise with them all the same, "
        + (f"start: {line}" if line else "add --allow-uncommitted"),
    )


def committed_only(read_tree: Callable[[], Tree], request: Request) -> Callable[[], Tree]:
    """Return a reader that raises `uncommitted` for a tree that differs from its commit."""

    def read() -> Tree:
        tree = read_tree()
        if tree.is_dirty:
            raise uncommitted(tree.location, request)
        return tree

    return read
