"""Resource types (v2 section 16): what modules provide. As in servers before release 3."""

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.organization import ORGANIZATIONS
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.collections import MODULES, RESOURCE_TYPES
from reconciler.emulator.v2.organizations import require_organization
from reconciler.emulator.v2.paging import page, read_page
from reconciler.emulator.v2.schema import Schema
from reconciler.emulator.v2.schema_parts import DESCRIPTION, FREE, TRUTH, slug
from reconciler.emulator.wire import Document

_RESERVED = "workload"
"""The only built-in type whose name is public; listed, but not usable in any other way."""

_FIELDS: dict[str, Schema] = {
    "description": DESCRIPTION,
    "output_schema": FREE,
    "is_developer_accessible": TRUTH,
}
_CREATE: Schema = {
    "type": "object",
    "required": ["id", "output_schema"],
    "properties": {
        **_FIELDS,
        "id": slug("id must be a valid resource type identifier"),
        "is_developer_accessible": {**TRUTH, "default": True},
    },
}
_UPDATE: Schema = {"type": "object", "properties": _FIELDS}


def require_resource_type(call: Call, type_id: str) -> None:
    """Refuse a reference to a type that does not exist: 409."""
    if call.state.get(RESOURCE_TYPES, call.organization, type_id) is None:
        raise ApiError(409, f"resource type '{type_id}' not found")


def _create(call: Call) -> Reply:
    body = call.payload
    require_organization(call)
    if body["id"] == _RESERVED:
        raise ApiError(400, f"resource type id '{_RESERVED}' is reserved")
    if call.state.get(RESOURCE_TYPES, call.organization, body["id"]):
        raise ApiError(409, f"resource type with id {body['id']} already exists")
    document = {**body, "built_in": False, "created_at": microseconds(call.now)}
    call.state.put(RESOURCE_TYPES, (call.organization, body["id"]), document)
    return Reply(201, document)


def _list(call: Call) -> Reply:
    documents = call.state.list(RESOURCE_TYPES, call.organization)
    organization = call.state.get(ORGANIZATIONS, call.organization)
    if organization:
        documents.append(_built_in(organization))
    return page(call, documents, lambda item: (item["id"],), dict)


def _built_in(organization: Document) -> Document:
    return {
        "id": _RESERVED,
        "output_schema": {},
        "is_developer_accessible": True,
        "built_in": True,
        "created_at": organization["created_at"],
    }


def _get(call: Call) -> Reply:
    return Reply(200, _resource_type(call))


def _update(call: Call) -> Reply:
    document = {**_resource_type(call), **call.payload}
    call.state.put(RESOURCE_TYPES, (call.organization, document["id"]), document)
    return Reply(200, document)


def _delete(call: Call) -> Reply:
    type_id = _resource_type(call)["id"]
    if any(call.state.find(MODULES, "resource_type", call.organization, type_id)):
        raise ApiError(409, "modules are still using this resource type")
    call.state.remove(RESOURCE_TYPES, (call.organization, type_id))
    return Reply(204)


def _resource_type(call: Call) -> Document:
    document = call.state.get(RESOURCE_TYPES, call.organization, call.path["type"])
    if document is None:
        raise ApiError(404, "resource type not found")
    return document


_ALL = "/orgs/{org}/resource-types"
_ONE = "/orgs/{org}/resource-types/{type}"
_KIND = RESOURCE_TYPES.name

OPERATIONS = (
    Operation(Api.V2, "GET", _ALL, _KIND, _list, read_page, lists=True),
    Operation(Api.V2, "POST", _ALL, _KIND, _create, body_of("ResourceTypeCreateBody", _CREATE)),
    Operation(Api.V2, "GET", _ONE, _KIND, _get),
    Operation(Api.V2, "PATCH", _ONE, _KIND, _update, body_of("ResourceTypeUpdateBody", _UPDATE)),
    Operation(Api.V2, "DELETE", _ONE, _KIND, _delete),
)
