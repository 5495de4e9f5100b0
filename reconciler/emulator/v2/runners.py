"""Runners (v2 section 5)."""

from typing import Any

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2 import runner_configuration, runner_schemas
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.collections import CREDENTIALS, ENVIRONMENTS, RUNNER_RULES, RUNNERS
from reconciler.emulator.v2.leaving import drop_destroyed
from reconciler.emulator.v2.organizations import require_organization
from reconciler.emulator.v2.paging import page, read_page
from reconciler.emulator.wire import Document

_NAMED_ENVIRONMENTS = 10
"""Maximum number of environments named in a refusal to delete a runner (v2 section 5.5)."""


def _stored(call: Call, body: Document) -> Document:
    require_organization(call)
    storage = body["state_storage_configuration"]
    configuration = runner_configuration.checked(
        runner_configuration.strictly_decoded(body["runner_configuration"]), storage
    )
    if call.state.get(RUNNERS, call.organization, body["id"]):
        raise ApiError(409, f"runner with id {body['id']} already exists")
    shown, credentials = runner_configuration.without_credentials(configuration)
    moment = microseconds(call.now)
    document: Document = {"org_id": call.organization, "id": body["id"]}
    if "description" in body:
        document["description"] = body["description"]
    document |= {
        "runner_configuration": shown,
        "state_storage_configuration": storage,
        "created_at": moment,
        "updated_at": moment,
    }
    call.state.put(RUNNERS, (call.organization, body["id"]), document)
    _keep_credentials(call, body["id"], credentials)
    return document


def _keep_credentials(call: Call, runner_id: str, credentials: Document | None) -> None:
    if credentials is None:
        return
    key = (call.organization, runner_id)
    version = (call.state.get(CREDENTIALS, *key) or {"version": 0})["version"]
    call.state.put(CREDENTIALS, key, {"version": version + 1, "auth": credentials})


def _create(call: Call) -> Reply:
    try:
        return Reply(201, _stored(call, call.payload))
    except ApiError as error:
        if error.status != 409 or not call.state.get(RUNNERS, call.organization, call.payload["id"]):
            raise
        # The server writes the credential before it detects that the id is in use (v2 section 5.6),
        # so this refusal must keep its writes: it is returned, not raised.
        _, credentials = runner_configuration.without_credentials(call.payload["runner_configuration"])
        _keep_credentials(call, call.payload["id"], credentials)
        return Reply(409, {"error": "HTTP-409", "message": error.message})


def _list(call: Call) -> Reply:
    # `byRunnerType` is published and has no effect (v2 section 4).
    return page(call, call.state.list(RUNNERS, call.organization), lambda item: (item["id"],), _summary)


def _summary(runner: Document) -> Document:
    summary = dict(runner)
    for name in ("runner_configuration", "state_storage_configuration"):
        summary[name] = {"type": runner[name]["type"]}
    return summary


def _get(call: Call) -> Reply:
    return Reply(200, _runner(call))


def _update(call: Call) -> Reply:
    stored = _runner(call)
    body: dict[str, Any] = call.payload
    sent = body.get("runner_configuration")
    configuration = stored["runner_configuration"]
    if sent is not None:
        configuration = runner_configuration.merged(
            configuration, runner_configuration.strictly_decoded(sent)
        )
    storage: Document = {**stored, **body}["state_storage_configuration"]
    configuration = runner_configuration.checked(configuration, storage)
    if sent is not None and "cluster" in sent:
        configuration, credentials = runner_configuration.without_credentials(configuration)
        _keep_credentials(call, stored["id"], credentials)
    document = {
        **stored,
        **{name: value for name, value in body.items() if name == "description"},
        "runner_configuration": configuration,
        "state_storage_configuration": storage,
        "updated_at": microseconds(call.now),
    }
    call.state.put(RUNNERS, (call.organization, stored["id"]), document)
    return Reply(200, document)


def _delete(call: Call) -> Reply:
    runner_id = _runner(call)["id"]
    drop_destroyed(call)
    bound = call.state.find(ENVIRONMENTS, "runner", call.organization, runner_id)
    names = sorted(f"{key[1]}/{key[2]}" for key, _ in bound)
    if names:
        listed = ", ".join(names[:_NAMED_ENVIRONMENTS])
        raise ApiError(409, f"runner {runner_id} is in use by the environments: {listed}")
    call.state.remove(RUNNERS, (call.organization, runner_id))
    call.state.remove(CREDENTIALS, (call.organization, runner_id))
    for key, _ in call.state.find(RUNNER_RULES, "runner", call.organization, runner_id):
        call.state.remove(RUNNER_RULES, key)
    return Reply(204)


def _runner(call: Call) -> Document:
    runner = call.state.get(RUNNERS, call.organization, call.path["runner"])
    if runner is None:
        raise ApiError(404, "runner not found")
    return runner


_ALL = "/orgs/{org}/runners"
_ONE = "/orgs/{org}/runners/{runner}"
_KIND = RUNNERS.name

OPERATIONS = (
    Operation(Api.V2, "GET", _ALL, _KIND, _list, read_page, lists=True),
    Operation(Api.V2, "POST", _ALL, _KIND, _create, body_of("RunnerCreateBody", runner_schemas.CREATE)),
    Operation(Api.V2, "GET", _ONE, _KIND, _get),
    Operation(Api.V2, "PATCH", _ONE, _KIND, _update, body_of("RunnerUpdateBody", runner_schemas.UPDATE)),
    Operation(Api.V2, "DELETE", _ONE, _KIND, _delete),
)
