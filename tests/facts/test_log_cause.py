"""Lines of logs and errors of deployments, and the cause that each shows."""

import pytest

from reconciler.facts.log_cause import REMEDIES, Cause, cause_of, symptom

CANNOT = 'level=ERROR msg="Can\'t connect to websocket" err="unable to establish websocket connection: '
POLL = 'level=error msg="failed to poll" url=/orgs/acme/remote-runners/eu/actions/poll-requests '
CONNECTED = 'level=INFO msg="Connected to websocket tunnel"'
LINES = {
    CANNOT + 'unexpected HTTP response status: 401, { []}"': Cause.KEY_REFUSED,
    CANNOT + 'dial tcp 34.102.177.245:443: i/o timeout"': Cause.UNREACHABLE,
    CANNOT + 'dial tcp: lookup agent-01.humanitec.io: no such host"': Cause.NAME_UNKNOWN,
    CANNOT + 'tls: x509: certificate signed by unknown authority"': Cause.INSPECTED,
    "open /keys/private_key.pem: permission denied": Cause.KEY_FILE,
    'Unable to determine cluster version: Get "https://10.0.0.1/version": Bad Gateway': Cause.TUNNEL_DOWN,
    'Unable to determine cluster version: Get "https://10.0.0.1/version": i/o timeout': Cause.NO_AGENT,
    POLL + "status=401": Cause.RUNNER_REFUSED,
    POLL + "failed to validate JWT token": Cause.RUNNER_REFUSED,
    POLL + "failed to validate JWT token: runner not found": Cause.RUNNER_UNKNOWN,
    POLL + "status=404": Cause.RUNNER_UNKNOWN,
    "failed to validate JWT token: unexpected runner type kubernetes expected runner type is kubernetes-agent": (
        Cause.RUNNER_TYPE
    ),
    POLL + "dial tcp: i/o timeout": Cause.RUNNER_UNREACHABLE,
}


@pytest.mark.parametrize(("line", "cause"), LINES.items())
def test_each_documented_message_has_its_cause(line: str, cause: Cause) -> None:
    assert cause_of(line) is cause


@pytest.mark.parametrize(
    "line",
    [
        "",
        CONNECTED,
        "level=INFO msg=Starting app=agent-client version=1.8.4 build=1 sha=1",
        'level=INFO msg="request served" status=401',
        POLL + "status=204",
    ],
)
def test_other_lines_say_nothing(line: str) -> None:
    assert cause_of(line) is None


def test_every_cause_has_a_remedy_and_a_line() -> None:
    assert set(REMEDIES) == set(Cause) == set(LINES.values())
    assert all(remedy.steps for remedy in REMEDIES.values())


def test_a_connection_that_came_about_later_ends_what_was_wrong() -> None:
    refused = next(iter(LINES))
    assert symptom([refused, CONNECTED]) is None
    found = symptom([CONNECTED, refused, "another line"])
    assert found is not None
    assert found.line == refused


def test_an_agent_without_a_route_is_asked_four_questions() -> None:
    assert len(REMEDIES[Cause.UNREACHABLE].steps) == 4
