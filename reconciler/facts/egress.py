"""What the output of `nc` says about a connection to the host that Agents connect to (the vendor's troubleshooting)."""

import re

from reconciler.facts.agent_log import HOST

PORT = 443
TIMEOUT_S = 10
COMMAND = f"nc -v -w {TIMEOUT_S} {HOST} {PORT}"
"""What the vendor's documentation tries."""
_OPEN = re.compile(r"\bopen\b|\bsucceeded\b|\bConnected\b")
_CLOSED = re.compile(
    r"timed out|refused|bad address|unreachable|no route|not known|resolution|can't connect|forward host lookup failed",
    re.IGNORECASE,
)


def reaches(line: str) -> bool | None:
    """Whether a line says that the host was reached; None if it is not about that.

    >>> reaches("agent-01.humanitec.io (34.102.177.245:443) open"), reaches("nc: bad address 'agent-01.humanitec.io'")
    (True, False)
    """
    if HOST not in line and not line.startswith("nc:"):
        return None
    if "websocket" in line:
        return None
    if _CLOSED.search(line):
        return False
    return True if HOST in line and _OPEN.search(line) else None
