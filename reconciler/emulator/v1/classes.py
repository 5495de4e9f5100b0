"""Resource classes (v1 section 7.1): registering one is optional, rules can name any."""

from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import CLASSES, RESOURCE_TYPES
from reconciler.emulator.v1.fields import object_body, required_text
from reconciler.emulator.v1.identifiers import NAME
from reconciler.emulator.v1.references import check_unused
from reconciler.emulator.wire import Document

_LONGEST_ID = 63
_LONGEST_DESCRIPTION = 1024


def _create(call: Call) -> Reply:
    resource_type = call.path["type"]
    if call.state.get(RESOURCE_TYPES, call.organization, resource_type) is None:
        raise ApiError(404, f"resource type {resource_type} not found")
    body = object_body(call, frozenset({"id", "description"}))
    class_id = required_text(body, "id")
    if len(class_id) > _LONGEST_ID or not NAME.fullmatch(class_id):
        raise ApiError(
            400,
            f"id must match {NAME.pattern} and have at most {_LONGEST_ID} characters",
            details={"field": "id"},
        )
    description = _description(body)
    key = (call.organization, resource_type, class_id)
    if call.state.get(CLASSES, *key):
        raise ApiError(409, f"class {class_id} of {resource_type} already exists", details={"field": "id"})
    resource_class = {
        "id": class_id,
        "resource_type": resource_type,
        "description": description,
        "created_by": call.actor,
        "created_at": milliseconds(call.now),
    }
    call.state.put(CLASSES, key, resource_class)
    return Reply(200, resource_class)


def _get(call: Call) -> Reply:
    return Reply(200, _class(call))


def _patch(call: Call) -> Reply:
    stored = _class(call)
    changed = {**stored, "description": _description(object_body(call, frozenset({"description"})))}
    call.state.put(CLASSES, (call.organization, stored["resource_type"], stored["id"]), changed)
    return Reply(200, changed)


def _delete(call: Call) -> Reply:
    stored = _class(call)
    check_unused(call, "class", stored["resource_type"], stored["id"])
    call.state.remove(CLASSES, (call.organization, stored["resource_type"], stored["id"]))
    return Reply(204)


def _description(body: Document) -> str:
    description = required_text(body, "description")
    if len(description) > _LONGEST_DESCRIPTION:
        raise ApiError(
            400,
            f"description is longer than {_LONGEST_DESCRIPTION} characters",
            details={"field": "description"},
        )
    return description


def _class(call: Call) -> Document:
    key = (call.organization, call.path["type"], call.path["class"])
    resource_class = call.state.get(CLASSES, *key)
    if resource_class is None:
        raise ApiError(404, f"class {key[2]} of {key[1]} not found")
    return resource_class


_ALL = "/orgs/{org}/resources/types/{type}/classes"
_ONE = "/orgs/{org}/resources/types/{type}/classes/{class}"
_KIND = CLASSES.name

OPERATIONS = (
    Operation(Api.V1, "POST", _ALL, _KIND, _create),
    Operation(Api.V1, "GET", _ONE, _KIND, _get),
    Operation(Api.V1, "PATCH", _ONE, _KIND, _patch),
    Operation(Api.V1, "DELETE", _ONE, _KIND, _delete),
)
