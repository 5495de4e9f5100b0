"""What a line of a log, or the error of a deployment, says is wrong: cause and remedy, as a table.

Sources: agent and operator 2.13, v2 reference 9.2 and 9.3, the vendor's troubleshooting. The words of lines that no
source prints are those of the Go libraries that both products use.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reconciler.facts.agent_log import CANNOT_CONNECT, CONNECTED, HOST, NOT_AUTHENTICATED


class Cause(StrEnum):
    """What is wrong."""

    KEY_REFUSED = "key-refused"
    UNREACHABLE = "unreachable"
    NAME_UNKNOWN = "name-unknown"
    INSPECTED = "inspected"
    KEY_FILE = "key-file"
    TUNNEL_DOWN = "tunnel-down"
    NO_AGENT = "no-agent"
    RUNNER_REFUSED = "runner-refused"
    RUNNER_UNKNOWN = "runner-unknown"
    RUNNER_TYPE = "runner-type"
    RUNNER_UNREACHABLE = "runner-unreachable"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a cause means, and what to do, one step each."""

    what: str
    steps: tuple[str, ...]


def egress_questions(host: str, *, port: int = 443) -> tuple[str, ...]:
    """The vendor's four questions about a connection that does not come about."""
    return (
        f"Is there a route from the pods out to {host}, such as a NAT gateway?",
        f"Does a firewall or a proxy that inspects traffic block it on TCP port {port}?",
        "What do the flow logs of the network show?",
        "Do network policies restrict the egress of its pods?",
    )


REMEDIES = {
    Cause.KEY_REFUSED: Remedy(
        "its key is refused (401); the network is fine",
        ("Register the mounted key in every organization of `ORGS`, and wait until it is authorized.",),
    ),
    Cause.UNREACHABLE: Remedy(f"it cannot connect to {HOST}", egress_questions(HOST)),
    Cause.NAME_UNKNOWN: Remedy(
        f"the name {HOST} is not resolved",
        ("Check the DNS of the cluster, and network policies on port 53.", *egress_questions(HOST)),
    ),
    Cause.INSPECTED: Remedy(
        "the certificate of the server is not accepted: something inspects the traffic",
        (f"Exempt {HOST} from the inspection.",),
    ),
    Cause.KEY_FILE: Remedy(
        "it cannot read the file of its key",
        ("The file needs mode 0600 and the user of the container as its owner (`podSecurity`).",),
    ),
    Cause.TUNNEL_DOWN: Remedy(
        "a deployment does not get through the tunnel (Bad Gateway): the Agent is down, or its key is not accepted",
        (
            "Check pods and logs of the Agent.",
            "Restart the Agent, which opens the tunnel again.",
            "Register the mounted key in every organization of `ORGS`.",
        ),
    ),
    Cause.NO_AGENT: Remedy(
        "a deployment does not reach the cluster, and no Agent is involved",
        (
            "Set `agent_url` in the cluster's definition, or let the orchestrator's addresses in.",
            "`reconciler explain target/NAME` shows how a target is deployed to.",
        ),
    ),
    Cause.RUNNER_REFUSED: Remedy(
        "the orchestrator refuses its polls (401): another key, runner id or organization than registered",
        (
            "Compare `RUNNER_ID` and `ORG_ID` of the Deployment with the registration.",
            "Register the public half of the mounted key.",
        ),
    ),
    Cause.RUNNER_UNKNOWN: Remedy(
        "the orchestrator does not know the runner",
        ("Register it, or correct `RUNNER_ID` and `ORG_ID` of the Deployment.",),
    ),
    Cause.RUNNER_TYPE: Remedy(
        "the runner is registered with another type",
        ("Only a runner of type `kubernetes-agent` polls: register it under another id.",),
    ),
    Cause.RUNNER_UNREACHABLE: Remedy(
        "it cannot connect to the API of the orchestrator",
        (
            "Check `REMOTE_URL` of the Deployment, which a self-hosted orchestrator needs.",
            *egress_questions("the API"),
        ),
    ),
}
_NO_NAME = re.compile(r"no such host|server misbehaving|name resolution|name not resolved", re.IGNORECASE)
_CERTIFICATE = re.compile(r"x509:|certificate signed by unknown authority", re.IGNORECASE)
_KEY_FILE = re.compile(r"permission denied.*(?:key|\.pem)|(?:key|\.pem).*permission denied", re.IGNORECASE)
_POLL = re.compile(r"poll-requests|remote-runners|\bpoll(?:ing|s)?\b", re.IGNORECASE)
_REFUSED = re.compile(r"\b401\b|Unauthorized|failed to validate JWT token|invalid Authorization header")
_NOT_FOUND = re.compile(r"runner not found|\b404\b")
_NETWORK = re.compile(
    r"dial tcp|no such host|i/o timeout|connection refused|connection reset|deadline exceeded|x509:"
)
_VERSION = "Unable to determine cluster version"


@dataclass(frozen=True, slots=True)
class Symptom:
    """A cause with the line that shows it."""

    cause: Cause
    line: str

    @property
    def remedy(self) -> Remedy:
        """What it means, and what to do."""
        return REMEDIES[self.cause]


def cause_of(line: str) -> Cause | None:
    """What a line says is wrong; None if it says nothing of it."""
    if _VERSION in line:
        return Cause.TUNNEL_DOWN if "Bad Gateway" in line else Cause.NO_AGENT
    if CANNOT_CONNECT in line:
        return _of_agent(line)
    if _KEY_FILE.search(line):
        return Cause.KEY_FILE
    return _of_runner(line)


def _of_agent(line: str) -> Cause:
    if NOT_AUTHENTICATED in line:
        return Cause.KEY_REFUSED
    if _NO_NAME.search(line):
        return Cause.NAME_UNKNOWN
    return Cause.INSPECTED if _CERTIFICATE.search(line) else Cause.UNREACHABLE


def _of_runner(line: str) -> Cause | None:
    if "unexpected runner type" in line:
        return Cause.RUNNER_TYPE
    if "JWT" not in line and not _POLL.search(line):
        return None
    if _NOT_FOUND.search(line):
        return Cause.RUNNER_UNKNOWN
    if _REFUSED.search(line):
        return Cause.RUNNER_REFUSED
    return Cause.RUNNER_UNREACHABLE if _NETWORK.search(line) else None


def symptom(lines: Iterable[str]) -> Symptom | None:
    """What the newest line that says anything shows, oldest line first; None if nothing is wrong.

    A connection that came about later ends what earlier lines say.
    """
    found = None
    for line in lines:
        if CONNECTED in line:
            found = None
        elif (cause := cause_of(line)) is not None:
            found = Symptom(cause, line)
    return found
