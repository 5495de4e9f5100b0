"""Deployments as their jobs see them: a bundle to fetch, results to leave (v2 section 9.4).

The deployment's own token is the credential. `jobs` starts deployments and shows their
results; `polling` delivers their messages.
"""

import base64
import binascii
import hmac
from datetime import datetime, timedelta

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Identity, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.store import Transaction
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.collections import AGENT_MESSAGES, DEPLOYMENTS
from reconciler.emulator.v2.parameters import uuid_parameter
from reconciler.emulator.v2.schema import Schema
from reconciler.emulator.v2.schema_parts import FREE, TEXT
from reconciler.emulator.wire import Document

REACH = timedelta(seconds=120)
"""How long a message is tried before its deployment fails (v2 section 9.3)."""

_HEADER = "X-Deployment-Token"
_ENDED = ("success", "failure")

_COUNTS = ("num_resources", "num_resources_added", "num_resources_removed", "num_resources_changed")
_RESULT: Schema = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "string", "enum": list(_ENDED)},
        "outputs": TEXT,
        "error": {
            "type": "object",
            "required": ["error", "message"],
            "properties": {"error": TEXT, "message": TEXT, "details": FREE},
        },
        "tf_resource_counts": {
            "type": "object",
            "required": list(_COUNTS),
            "properties": {name: {"type": "integer"} for name in _COUNTS},
        },
        "metadata": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["node_id", "metadata"],
                "properties": {"node_id": TEXT, "metadata": FREE},
            },
        },
    },
}
_read_result = body_of("DeploymentResultsUpdateBody", _RESULT)


def next_message(state: Transaction, organization: str, runner: str, now: datetime) -> Document | None:
    """Take the oldest message for an agent of a runner."""
    give_up(state, organization, now)
    for key, waiting in state.find(AGENT_MESSAGES, "runner", organization, runner):
        state.remove(AGENT_MESSAGES, key)
        mark_delivered(state, organization, waiting["deployment"], now)
        message: Document = waiting["message"]
        return message
    return None


def mark_delivered(state: Transaction, organization: str, deployment: str, now: datetime) -> None:
    """Record the time at which an agent first got a message about a deployment."""
    document = state.get(DEPLOYMENTS, organization, deployment)
    if document is not None and document["status"] == "pending":
        delivered = {**document, "status": "delivered", "delivered_at": microseconds(now)}
        state.put(DEPLOYMENTS, (organization, deployment), delivered)


def give_up(state: Transaction, organization: str, now: datetime) -> None:
    """Drop messages that found no agent in time, and fail their deployments."""
    for waiting in state.list(AGENT_MESSAGES, organization):
        until = datetime.fromisoformat(waiting["queued_at"]) + REACH
        if until > now:
            continue
        state.remove(AGENT_MESSAGES, (organization, waiting["id"]))
        document = state.get(DEPLOYMENTS, organization, waiting["deployment"])
        if document is not None and document["status"] not in _ENDED:
            error = {
                "error": "REMOTE_RUNNER",
                "message": f'kubernetes-agent runner "{waiting["runner"]}" not reachable,'
                " please check your network connectivity and configuration",
            }
            _end(state, document, {"status": "failure", "error": error}, until)


def _end(state: Transaction, document: Document, result: Document, moment: datetime) -> None:
    ended = {
        **document,
        "status": result["status"],
        "completed_at": microseconds(moment),
        "result": result,
    }
    state.put(DEPLOYMENTS, (document["org_id"], document["id"]), ended)


def _accept(call: Call) -> str:
    """Read id and token; the token is compared when the deployment is looked up."""
    deployment = uuid_parameter(call, "deployment", "deploymentId")
    if _HEADER.lower() not in call.headers:
        raise ApiError(400, f'parameter "{_HEADER}" in header has an error: value is required but missing')
    return deployment


def _accept_result(call: Call) -> tuple[str, Document]:
    deployment = _accept(call)
    result = _read_result(call)
    try:
        base64.b64decode(result.get("outputs", ""), validate=True)
    except (ValueError, binascii.Error) as error:
        raise ApiError(400, "outputs must be base64") from error
    return deployment, result


def _bundle(call: Call) -> Reply:
    document = _deployment(call, call.payload)
    return Reply(200, base64.b64decode(document["bundle"]), {"Content-Type": "application/x-gzip"})


def _take_result(call: Call) -> Reply:
    deployment, result = call.payload
    document = _deployment(call, deployment)
    if document["status"] in _ENDED:
        raise ApiError(409, "deployment is already completed")
    _end(call.state, document, result, call.now)
    return Reply(204)


def _deployment(call: Call, deployment: str) -> Document:
    give_up(call.state, call.organization, call.now)
    document = call.state.get(DEPLOYMENTS, call.organization, deployment)
    # A wrong token gets the same response as a wrong id.
    sent = call.headers[_HEADER.lower()].encode()
    if document is None or not hmac.compare_digest(sent, document["deployment_token"].encode()):
        raise ApiError(404, "deployment not found")
    return document


_ONE = "/orgs/{org}/deployments/{deployment}"
_KIND = DEPLOYMENTS.name

OPERATIONS = (
    Operation(Api.V2, "GET", f"{_ONE}/bundle", _KIND, _bundle, _accept, identity=Identity.NOT_ASKED),
    Operation(
        Api.V2, "POST", f"{_ONE}/results", _KIND, _take_result, _accept_result, identity=Identity.NOT_ASKED
    ),
)
