"""Environment types (v2 section 16)."""

import uuid

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.organization import ENV_TYPES
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.collections import ENVIRONMENTS, MODULE_RULES, RUNNER_RULES
from reconciler.emulator.v2.leaving import drop_destroyed
from reconciler.emulator.v2.organizations import require_organization
from reconciler.emulator.v2.paging import page, read_page
from reconciler.emulator.v2.schema_parts import slug
from reconciler.emulator.wire import Document

_NAME = {"type": "string", "maxLength": 60}
_CREATE = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": slug("id must be a valid identifier"), "display_name": _NAME},
}
_UPDATE = {"type": "object", "required": ["display_name"], "properties": {"display_name": _NAME}}


def _create(call: Call) -> Reply:
    body = call.payload
    require_organization(call)
    if call.state.get(ENV_TYPES, call.organization, body["id"]):
        raise ApiError(409, f"environment type with id {body['id']} already exists")
    document = {
        "id": body["id"],
        "uuid": str(uuid.uuid4()),
        "display_name": body.get("display_name") or body["id"],
        "created_at": microseconds(call.now),
    }
    call.state.put(ENV_TYPES, (call.organization, body["id"]), document)
    return Reply(201, document)


def _list(call: Call) -> Reply:
    return page(call, call.state.list(ENV_TYPES, call.organization), lambda item: (item["id"],), dict)


def _get(call: Call) -> Reply:
    return Reply(200, _env_type(call))


def _update(call: Call) -> Reply:
    document = {**_env_type(call), "display_name": call.payload["display_name"]}
    call.state.put(ENV_TYPES, (call.organization, document["id"]), document)
    return Reply(200, document)


def _delete(call: Call) -> Reply:
    document = _env_type(call)
    drop_destroyed(call)
    for key, _ in call.state.find(ENVIRONMENTS, "env_type", call.organization, document["id"]):
        raise ApiError(409, f"environment type is in use by app '{key[1]}' env '{key[2]}'")
    call.state.remove(ENV_TYPES, (call.organization, document["id"]))
    for collection in (RUNNER_RULES, MODULE_RULES):
        for key, _ in call.state.find(collection, "env_type", call.organization, document["id"]):
            call.state.remove(collection, key)
    return Reply(204)


def _env_type(call: Call) -> Document:
    document = call.state.get(ENV_TYPES, call.organization, call.path["env_type"])
    if document is None:
        raise ApiError(404, "environment type not found")
    return document


_ALL = "/orgs/{org}/env-types"
_ONE = "/orgs/{org}/env-types/{env_type}"
_KIND = ENV_TYPES.name

OPERATIONS = (
    Operation(Api.V2, "GET", _ALL, _KIND, _list, read_page, lists=True),
    Operation(Api.V2, "POST", _ALL, _KIND, _create, body_of("EnvironmentTypeCreateBody", _CREATE)),
    Operation(Api.V2, "GET", _ONE, _KIND, _get),
    Operation(Api.V2, "PATCH", _ONE, _KIND, _update, body_of("EnvironmentTypeUpdateBody", _UPDATE)),
    Operation(Api.V2, "DELETE", _ONE, _KIND, _delete),
)
