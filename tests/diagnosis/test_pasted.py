"""Output of commands that a person pasted, as the vendor's documentation and the tools show it."""

import json

import pytest

from reconciler.diagnosis.check import Status
from reconciler.diagnosis.pasted import pasted_checks

# `az container show … | jq '.containers[0].instanceView.currentState'` (build lists, 3.3)
CURRENT_STATE = {
    "detailStatus": "",
    "exitCode": None,
    "finishTime": None,
    "startTime": "2024-05-02T09:14:31.000000+00:00",
    "state": "Running",
}
LOG = """\
time=2024-05-02T09:14:32.000Z level=INFO msg=Starting app=agent-client version=1.2.0 build=7 sha=abc
time=2024-05-02T09:14:33.000Z level=INFO msg="websocket connection estabilished"
time=2024-05-02T09:14:33.000Z level=INFO msg="Connected to websocket tunnel"
time=2024-05-02T09:14:33.000Z level=INFO msg="Starting server" "listening to"=wss://agent-01.humanitec.io/tunnel
"""
REFUSED = (
    'level=ERROR msg="Can\'t connect to websocket" err="unable to establish websocket connection: '
    'unexpected HTTP response status: 401, { []}"'
)


def group(state: dict[str, object], restarts: int = 0) -> str:
    view = {"currentState": state, "restartCount": restarts}
    return json.dumps(
        {"name": "g", "containers": [{"name": "humanitec-agent", "instanceView": view}]}, indent=2
    )


def inspected(status: str, code: int, restarts: int) -> str:
    state = {"Status": status, "ExitCode": code, "Error": ""}
    return json.dumps([{"Name": "/humanitec-agent", "RestartCount": restarts, "State": state}])


CASES = {
    "state of a group": (json.dumps(CURRENT_STATE), ["ok state container is Running"]),
    "state and log": (
        json.dumps(CURRENT_STATE, indent=2) + "\n" + LOG,
        [
            "ok state container is Running",
            "ok log connected to agent-01.humanitec.io",
            "ok version reports version 1.2.0",
        ],
    ),
    "whole group": (
        group({**CURRENT_STATE, "state": "Terminated", "exitCode": 1, "detailStatus": "Error"}, 4),
        [
            "problem state humanitec-agent is Terminated, exit code 1 (Error)",
            "warning restarts humanitec-agent was restarted 4 times",
        ],
    ),
    "group that waits": (
        group({"state": "Waiting", "detailStatus": "ImagePulling"}),
        ["warning state humanitec-agent is Waiting (ImagePulling)"],
    ),
    "docker inspect": (
        inspected("running", 0, 2),
        [
            "ok state humanitec-agent is running",
            "warning restarts humanitec-agent was restarted 2 times",
        ],
    ),
    "docker exited": (inspected("exited", 1, 0), ["problem state humanitec-agent is exited, exit code 1"]),
    "refused": (
        LOG + REFUSED,
        ["problem log the text: its key is refused (401); the network is fine", "ok version"],
    ),
    "nc open": (
        "agent-01.humanitec.io (34.102.177.245:443) open",
        ["ok egress the host is reached"],
    ),
    "nc closed": (
        "nc: agent-01.humanitec.io (34.102.177.245:443): Connection timed out",
        ["problem egress the host is not reached"],
    ),
    "deployment": (
        'Unable to determine cluster version: Get "https://10.0.0.1/version": Bad Gateway',
        ["problem log the text: a deployment does not get through the tunnel"],
    ),
    "nothing": ("hello\n{ not json\n", ["unknown pasted nothing in it"]),
    "empty": ("", ["unknown pasted nothing in it"]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_was_pasted_is_read(case: str) -> None:
    text, expected = CASES[case]
    found = [f"{check.status} {check.id} {check.what}" for check in pasted_checks(text)]
    assert len(found) == len(expected), found
    for line, words in zip(found, expected, strict=True):
        assert line.startswith(words)


def test_organizations_that_accept_no_key_are_named_as_the_cause() -> None:
    (check,) = pasted_checks(REFUSED, ("shop has no key of the Agent",))
    assert check.status is Status.PROBLEM
    assert "organization shop has no key of the Agent" in check.what


def test_lines_of_windows_are_read_too() -> None:
    found = list(pasted_checks(LOG.replace("\n", "\r\n")))
    assert [check.status for check in found] == [Status.OK, Status.OK]
