"""The poll of agents and the push of messages to them (v2 section 9.3).

A message reaches every agent of its runner that is waiting at that moment and is not stored.
Messages queued by `jobs` are delivered here as well, oldest first.
"""

from datetime import timedelta

from reconciler.emulator.dataplane.agent_token import authenticate_agent
from reconciler.emulator.dataplane.deployments import next_message
from reconciler.emulator.exchange import Api, Call, Identity, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.schema import Schema
from reconciler.emulator.v2.schema_parts import FREE, TEXT

_MOMENT = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _message(**fields: Schema) -> Schema:
    properties = {"action": TEXT, "job_id": TEXT, "namespace": TEXT, "deployment_token": TEXT, **fields}
    return {"type": "object", "required": list(properties), "properties": properties}


_MESSAGE: Schema = {
    "type": "object",
    "x-discriminator": "action",
    "x-variants": {
        "create-job": _message(configuration=FREE),
        "check-job-status": _message(expires_at={"type": "string", "pattern": _MOMENT}),
    },
}


def _poll(call: Call) -> Reply:
    message = next_message(call.state, call.organization, call.path["runner"], call.now)
    if message is not None:
        return Reply(200, message)
    until = call.now + timedelta(seconds=call.choices.poll_seconds)
    return Reply(204, waiting=call.polls.join((call.organization, call.path["runner"]), until))


def _push(call: Call) -> Reply:
    if not call.polls.push((call.organization, call.path["runner"]), call.payload):
        raise ApiError(503, "runner is not connected")
    return Reply(204)


_ACTIONS = "/orgs/{org}/remote-runners/{runner}/actions"

OPERATIONS = (
    Operation(
        Api.V2,
        "POST",
        f"{_ACTIONS}/poll-requests",
        "remote_runners",
        _poll,
        authenticate_agent,
        identity=Identity.NOT_ASKED,
    ),
    Operation(
        Api.V2,
        "POST",
        f"/internal{_ACTIONS}/push-message",
        "remote_runners",
        _push,
        body_of("RemoteRunnerMessage", _MESSAGE),
        identity=Identity.NOT_ASKED,
    ),
)
