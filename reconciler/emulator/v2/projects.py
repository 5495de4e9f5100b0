"""Projects (v2 section 16)."""

import uuid

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.collections import ENVIRONMENTS, MODULE_RULES, PROJECTS, RUNNER_RULES
from reconciler.emulator.v2.leaving import drop_destroyed
from reconciler.emulator.v2.organizations import require_organization
from reconciler.emulator.v2.paging import page, read_page
from reconciler.emulator.v2.parameters import boolean_parameter
from reconciler.emulator.v2.schema_parts import DISPLAY_NAME, slug
from reconciler.emulator.wire import Document

_CREATE = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": slug("id must be a valid identifier"), "display_name": DISPLAY_NAME},
}
_UPDATE = {"type": "object", "required": ["display_name"], "properties": {"display_name": DISPLAY_NAME}}


def _create(call: Call) -> Reply:
    body = call.payload
    require_organization(call)
    if call.state.get(PROJECTS, call.organization, body["id"]):
        raise ApiError(409, f"project with id {body['id']} already exists")
    moment = microseconds(call.now)
    document = {
        "id": body["id"],
        "uuid": str(uuid.uuid4()),
        "display_name": body.get("display_name", body["id"]),
        "created_at": moment,
        "updated_at": moment,
        "status": "active",
    }
    call.state.put(PROJECTS, (call.organization, body["id"]), document)
    return Reply(201, document)


def _list(call: Call) -> Reply:
    return page(call, call.state.list(PROJECTS, call.organization), lambda item: (item["id"],), dict)


def _get(call: Call) -> Reply:
    return Reply(200, _project(call))


def _update(call: Call) -> Reply:
    changes = {"display_name": call.payload["display_name"], "updated_at": microseconds(call.now)}
    document = {**_project(call), **changes}
    call.state.put(PROJECTS, (call.organization, document["id"]), document)
    return Reply(200, document)


def _accept_delete(call: Call) -> bool:
    return boolean_parameter(call, "deleteRules")


def _delete(call: Call) -> Reply:
    document = _project(call)
    drop_destroyed(call)
    if any(call.state.find(ENVIRONMENTS, "project", call.organization, document["id"])):
        raise ApiError(409, "project contains environments")
    rules = [
        (collection, key)
        for collection in (RUNNER_RULES, MODULE_RULES)
        for key, _ in call.state.find(collection, "project", call.organization, document["id"])
    ]
    if rules and not call.payload:
        raise ApiError(409, "project is in use by rules")
    call.state.remove(PROJECTS, (call.organization, document["id"]))
    for collection, key in rules:
        call.state.remove(collection, key)
    return Reply(204)


def _project(call: Call) -> Document:
    document = call.state.get(PROJECTS, call.organization, call.path["project"])
    if document is None:
        raise ApiError(404, "project not found")
    return document


_ALL = "/orgs/{org}/projects"
_ONE = "/orgs/{org}/projects/{project}"
_KIND = PROJECTS.name

OPERATIONS = (
    Operation(Api.V2, "GET", _ALL, _KIND, _list, read_page, lists=True),
    Operation(Api.V2, "POST", _ALL, _KIND, _create, body_of("ProjectCreateBody", _CREATE)),
    Operation(Api.V2, "GET", _ONE, _KIND, _get),
    Operation(Api.V2, "PATCH", _ONE, _KIND, _update, body_of("ProjectUpdateBody", _UPDATE)),
    Operation(Api.V2, "DELETE", _ONE, _KIND, _delete, _accept_delete),
)
