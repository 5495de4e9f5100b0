"""What the log of an Agent says about its connection (agent and operator 2.12 and 2.13)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

HOST = "agent-01.humanitec.io"
"""Where Agents connect to, on port 443."""
CONNECTED = "Connected to websocket tunnel"
"""Only this line counts: one of the vendor's samples spells the line before it in another way."""
CANNOT_CONNECT = "Can't connect to websocket"
NOT_AUTHENTICATED = "status: 401"


class Connection(StrEnum):
    """What the newest line about the connection says."""

    UNKNOWN = "unknown"
    CONNECTED = "connected"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class AgentLog:
    """What a log says.

    `version` is that of the running program, "" if its first lines are not there; `host` is where it listens,
    "" if it does not; `line` is the newest line about the connection.
    """

    connection: Connection = Connection.UNKNOWN
    version: str = ""
    host: str = ""
    line: str = ""

    @property
    def trouble(self) -> str:
        """What is wrong and what to do, "" if nothing is."""
        return _TROUBLES.get(self.connection, "")


_TROUBLES = {
    Connection.REFUSED: (
        "the network is fine and its key is refused (401): register the mounted key in every organization of `ORGS`, "
        "and wait until it is authorized"
    ),
    Connection.UNREACHABLE: (
        f"it cannot connect: open TCP 443 to {HOST} from its pods (route, firewall or inspecting proxy, network policy)"
    ),
}
_START = re.compile(r'app="?agent-client"?.*?version="?([^\s"]+)')
_LISTENS = re.compile(r"wss://([^/\s\"]+)/tunnel")


def read_log(lines: Iterable[str]) -> AgentLog:
    """What a log says, oldest line first. Later lines replace what earlier ones said."""
    found = AgentLog()
    for line in lines:
        start = _START.search(line)
        if start is not None:
            found = AgentLog(version=start[1], line=line)
            continue
        connection = _connection(line)
        if connection is not None:
            found = AgentLog(connection, found.version, found.host, line)
        listens = _LISTENS.search(line)
        if listens is not None and "Starting server" in line:
            found = AgentLog(found.connection, found.version, listens[1], found.line)
    return found


def _connection(line: str) -> Connection | None:
    if CONNECTED in line:
        return Connection.CONNECTED
    if CANNOT_CONNECT in line:
        return Connection.REFUSED if NOT_AUTHENTICATED in line else Connection.UNREACHABLE
    return None
