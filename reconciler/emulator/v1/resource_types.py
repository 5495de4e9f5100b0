"""Resource types (v1 section 7.1): the built-in ones, and those of the organization.

Custom types are named `<org>/<name>`; all others are built in and cannot be changed.
"""

from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import CLASSES, RESOURCE_TYPES
from reconciler.emulator.v1.fields import filled_text, known_only, mapping, object_body, required_text, text
from reconciler.emulator.v1.identifiers import NAME
from reconciler.emulator.v1.references import (
    active_resources_naming,
    definitions_naming,
    drivers_naming,
    in_use,
)
from reconciler.emulator.wire import Document

_TEXTS = ("name", "category")
_SCHEMAS = ("inputs_schema", "outputs_schema")
_CHANGE_FIELDS = frozenset({"use", *_TEXTS, *_SCHEMAS})
_CREATE_FIELDS = _CHANGE_FIELDS | {"type"}

_USES = ("direct", "indirect", "implicit")
_OWN_USES = ("direct", "indirect")
"""Uses of an organization's types; only built-in ones can be implicit (v1 section 7.1)."""


def check_type_name(name: str) -> None:
    """Refuse a text that is neither a name nor `<org>/<name>`: 400."""
    owner, slash, rest = name.rpartition("/")
    if not NAME.fullmatch(rest) or (slash and not NAME.fullmatch(owner)):
        raise ApiError(400, f"{name!r} is not a valid resource type", details={"field": "type"})


def plant_type(call: Call, body: Document) -> Document:
    """Store a resource type that only the service could create; everything but `type` has a default."""
    body = known_only(call, body, _CREATE_FIELDS)
    name = filled_text(body, "type")
    body = {"use": "direct", "name": name, **body}
    if required_text(body, "use") not in _USES:
        raise ApiError(400, f"use must be one of {', '.join(_USES)}", details={"field": "use"})
    return _store_new(call, name, _complete(body))


def _list(call: Call) -> Reply:
    return Reply(200, call.state.list(RESOURCE_TYPES, call.organization))


def _create(call: Call) -> Reply:
    body = object_body(call, _CREATE_FIELDS)
    name = required_text(body, "type")
    if not _is_own(call, name) or not NAME.fullmatch(name.partition("/")[2]):
        raise ApiError(
            400,
            f"type must be {call.organization}/ followed by a name that matches {NAME.pattern}",
            details={"field": "type"},
        )
    _check_own_use(required_text(body, "use"))
    return Reply(200, _store_new(call, name, _complete(body)))


def _put(call: Call) -> Reply:
    stored = _changeable(call)
    body = object_body(call, _CHANGE_FIELDS)
    _check_own_use(required_text(body, "use"))
    return _changed(call, {"type": stored["type"], **_complete(body)})


def _patch(call: Call) -> Reply:
    stored = _changeable(call)
    body = object_body(call, _CHANGE_FIELDS)
    if "use" in body:
        _check_own_use(required_text(body, "use"))
    return _changed(call, {**stored, **_checked(body)})


def _delete(call: Call) -> Reply:
    name = _changeable(call)["type"]
    users = [definition["id"] for definition in definitions_naming(call, "type", name)]
    users += [driver["id"] for driver in drivers_naming(call, "type", name)]
    users += [resource["gu_res_id"] for resource in active_resources_naming(call, "type", name)]
    if users:
        raise in_use(400, "resource type", name, users)
    call.state.remove(RESOURCE_TYPES, (call.organization, name))
    for key, _ in call.state.find(CLASSES, "type", call.organization, name):
        call.state.remove(CLASSES, key)
    return Reply(204)


def _checked(body: Document) -> Document:
    """The members that were sent, each of the right JSON type."""
    for member in ("use", *_TEXTS):
        text(body, member)
    for member in _SCHEMAS:
        mapping(body, member)
    return {member: value for member, value in body.items() if member in _CHANGE_FIELDS}


def _complete(body: Document) -> Document:
    """Every member, empty if it was not sent: responses always contain all of them."""
    return {**dict.fromkeys(_TEXTS, ""), **{name: {} for name in _SCHEMAS}, **_checked(body)}


def _check_own_use(use: str) -> None:
    if use not in _OWN_USES:
        raise ApiError(400, f"use must be one of {', '.join(_OWN_USES)}", details={"field": "use"})


def _store_new(call: Call, name: str, content: Document) -> Document:
    key = (call.organization, name)
    if call.state.get(RESOURCE_TYPES, *key):
        raise ApiError(409, f"resource type {name} already exists", details={"field": "type"})
    resource_type = {"type": name, **content}
    call.state.put(RESOURCE_TYPES, key, resource_type)
    return resource_type


def _changed(call: Call, resource_type: Document) -> Reply:
    call.state.put(RESOURCE_TYPES, (call.organization, resource_type["type"]), resource_type)
    return Reply(200, resource_type)


def _changeable(call: Call) -> Document:
    name = call.path["type"]
    stored = call.state.get(RESOURCE_TYPES, call.organization, name)
    if stored is None:
        raise ApiError(404, f"resource type {name} not found")
    if not _is_own(call, name):
        raise ApiError(403, f"resource type {name} is built in and cannot be changed or deleted")
    return stored


def _is_own(call: Call, name: str) -> bool:
    return name.startswith(f"{call.organization}/")


_ALL = "/orgs/{org}/resources/types"
_ONE = "/orgs/{org}/resources/types/{type}"
_KIND = RESOURCE_TYPES.name

OPERATIONS = (
    Operation(Api.V1, "GET", _ALL, _KIND, _list, lists=True),
    Operation(Api.V1, "POST", _ALL, _KIND, _create),
    Operation(Api.V1, "PUT", _ONE, _KIND, _put),
    Operation(Api.V1, "PATCH", _ONE, _KIND, _patch),
    Operation(Api.V1, "DELETE", _ONE, _KIND, _delete),
)
