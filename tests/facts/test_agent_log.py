"""What the log of an Agent says: the samples are those of the vendor's documentation (2.12, 2.13)."""

import pytest

from reconciler.facts.agent_log import AgentLog, Connection, read_log

START = "level=INFO msg=Starting app=agent-client version=1.8.4 build=2024-08-01 sha=0123abc"
ESTABLISHED = 'level=INFO msg="websocket connection established"'
CONNECTED = 'level=INFO msg="Connected to websocket tunnel"'
LISTENS = 'level=INFO msg="Starting server" "listening to"=wss://agent-01.humanitec.io/tunnel connectionId=""'
REFUSED = (
    'level=ERROR msg="Can\'t connect to websocket" err="unable to establish websocket connection: '
    'unexpected HTTP response status: 401, { []}"'
)
NO_ROUTE = 'level=ERROR msg="Can\'t connect to websocket" err="dial tcp 192.0.2.1:443: i/o timeout"'


@pytest.mark.parametrize(
    ("lines", "connection", "version", "host"),
    [
        ([], Connection.UNKNOWN, "", ""),
        ([START], Connection.UNKNOWN, "1.8.4", ""),
        ([START, ESTABLISHED], Connection.UNKNOWN, "1.8.4", ""),
        ([START, ESTABLISHED, CONNECTED, LISTENS], Connection.CONNECTED, "1.8.4", "agent-01.humanitec.io"),
        ([CONNECTED, LISTENS], Connection.CONNECTED, "", "agent-01.humanitec.io"),
        ([START, REFUSED], Connection.REFUSED, "1.8.4", ""),
        ([START, NO_ROUTE], Connection.UNREACHABLE, "1.8.4", ""),
        ([START, REFUSED, CONNECTED], Connection.CONNECTED, "1.8.4", ""),
        ([START, CONNECTED, REFUSED], Connection.REFUSED, "1.8.4", ""),
        ([START, CONNECTED, START], Connection.UNKNOWN, "1.8.4", ""),
        (["binary \x00 rubbish", "{}"], Connection.UNKNOWN, "", ""),
    ],
)
def test_the_newest_line_about_the_connection_counts(
    lines: list[str], connection: Connection, version: str, host: str
) -> None:
    found = read_log(lines)
    assert (found.connection, found.version, found.host) == (connection, version, host)


def test_a_refused_key_and_a_closed_network_have_different_remedies() -> None:
    assert "register the mounted key" in AgentLog(Connection.REFUSED).trouble
    assert "agent-01.humanitec.io" in AgentLog(Connection.UNREACHABLE).trouble
    assert AgentLog(Connection.CONNECTED).trouble == ""
