"""What a person has to agree to on the command line before anything is written."""

import sys

from reconciler.cli.session import Session
from reconciler.errors import UsageError


def require_terminal(session: Session) -> None:
    """Raise UsageError where nobody can be asked: silence is no approval.

    The question goes to stderr and the answer comes from stdin, so both have to be a terminal.
    """
    if sys.stdin.isatty() and sys.stderr.isatty():
        return
    line = session.line_with("--yes")
    raise UsageError(
        "there is no terminal to ask on, so nothing is applied",
        advice=f"to apply without a question: {line}" if line else "to apply without a question, add --yes",
    )
